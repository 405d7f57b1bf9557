"""When code was last shipped: not every change ships, and what was gone back from no longer counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import Finding
from bot.errors import UpstreamError
from bot.ports import Past
from bot.rollouts import ServiceDeployment
from bot.shipping_cloud import Function
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.shipped import Version, shipped_at
from tests.bot.steps.looking import look
from tests.fake_aws import a_record, a_revision
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import Scene

API = "bi/production/api"
OLD, NEW = "arn:aws:ecs:r:1:task-definition/api:6", "arn:aws:ecs:r:1:task-definition/api:7"


def ours(command: str, ago: float, **changes: Any) -> Past:
    at = NOON - ago
    fields = {"command": command, "asked_at": at, "started_at": at, "ended_at": at + 60, "results": {"update": {}}}
    return a_past(API, **(fields | changes))


def theirs(before: str, after: str, ago: float, status: str = "SUCCESSFUL") -> ServiceDeployment:
    return a_record(after, status, at=NOON - ago, sources=(a_revision(before),))


def test_our_deployment_ships() -> None:
    assert shipped_at([ours("deploy", 600)], (), None) == NOON - 600
    assert shipped_at((), (), None) is None


@pytest.mark.parametrize("command", ["scale", "restart"])
def test_a_scale_and_a_restart_ship_nothing_and_hide_nothing(command: str) -> None:
    assert shipped_at([ours(command, 300)], (), None) is None
    restarted = [theirs(NEW, NEW, 299)]
    assert shipped_at([ours(command, 300), ours("deploy", 600)], restarted, None) == NOON - 600


@pytest.mark.parametrize("command", ["rollback", "cancel"])
def test_what_was_gone_back_from_is_shipped_no_more(command: str) -> None:
    assert shipped_at([ours(command, 300), ours("deploy", 600)], (), None) is None
    assert shipped_at([ours("deploy", 200), ours(command, 300)], (), None) == NOON - 200
    assert shipped_at([ours(command, 300, state="failed"), ours("deploy", 600)], (), None) == NOON - 600


def test_a_deployment_that_builds_still_or_failed_before_it_reached_anybody_ships_nothing() -> None:
    assert shipped_at([ours("deploy", 300, state="running", ended_at=0.0, results={"build": {}})], (), None) is None
    assert shipped_at([ours("deploy", 300, state="failed", results={})], (), None) is None


def test_a_deployment_that_built_first_shipped_when_ecs_began() -> None:
    built = ours("deploy", 900, ended_at=0.0, results={"register": {"task_definition": NEW}, "update": {}})
    assert shipped_at([built], [theirs(OLD, NEW, 100)], None) == NOON - 100


def test_what_ecs_took_back_is_shipped_no_more() -> None:
    assert shipped_at([ours("deploy", 300)], [theirs(OLD, NEW, 298, "ROLLBACK_SUCCESSFUL")], None) is None
    assert shipped_at((), [theirs(OLD, NEW, 298, "ROLLBACK_IN_PROGRESS")], None) is None


def test_a_rollout_by_others_ships_unless_it_restarts_or_goes_back() -> None:
    assert shipped_at((), [theirs(OLD, NEW, 300)], None) == NOON - 300
    assert shipped_at((), [a_record(NEW, at=NOON - 300)], None) == NOON - 300
    assert shipped_at((), [theirs(NEW, NEW, 300)], None) is None
    assert shipped_at((), [theirs(NEW, OLD, 300), theirs(OLD, NEW, 900)], None) is None


def test_a_rollout_by_others_is_not_taken_for_our_scale_of_the_same_minute() -> None:
    assert shipped_at([ours("scale", 300)], [theirs(OLD, NEW, 310)], None) == NOON - 310


def test_a_version_ships_until_we_go_back_from_it() -> None:
    version = Version("4", "live", NOON - 600)
    assert shipped_at((), (), version) == NOON - 600
    assert shipped_at([ours("rollback", 300)], (), version) is None


def changes(scene: Scene, alarm_at: float, *past: Past, alias: str = "") -> Finding:
    target = scene.api
    if alias:
        target = scene.target("bi/production/jobs")
        target = replace(target, service=target.service.model_copy(update={"alias": alias}))
    world = replace(scene.world, recent=FakeRecent(*past))
    found = RecentChangesStep(do="recent_changes").run(look(scene, target, at=alarm_at), world)
    assert found is not None
    return found


def test_whether_the_alarm_came_after_it_is_told(scene: Scene) -> None:
    scene.ecs.records = [theirs(OLD, NEW, 300)]
    after, before = changes(scene, NOON - 100), changes(scene, NOON - 400)
    assert (after.fact("shipped.age"), after.fact("shipped.before_alarm")) == (300.0, "yes")
    assert (before.fact("shipped.age"), before.fact("shipped.before_alarm")) == (300.0, "no")


def test_many_operations_of_scaling_do_not_hide_the_deployment(scene: Scene) -> None:
    scales = [ours("scale", 100.0 + n, id=f"s{n}") for n in range(8)]
    found = changes(scene, NOON, *scales, ours("deploy", 900))
    assert (found.fact("changes.age"), found.fact("shipped.age")) == (100.0, 900.0)


def test_our_deployments_count_though_ecs_own_record_cannot_be_read(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", UpstreamError("AWS refused."))
    assert changes(scene, NOON, ours("deploy", 900)).fact("shipped.age") == 900.0


def test_a_version_that_others_made_is_a_change(scene: Scene) -> None:
    scene.functions.found["1"] = Function("jobs", "1", "Zip", "sha", "Active", "Successful", "", "r", NOON - 600)
    found = changes(scene, NOON, alias="live")
    assert found.summary == "Last change 10 min ago: version 1, which live names, was made"
    assert (found.fact("changes.count"), found.fact("shipped.age")) == (1.0, 600.0)
