"""What each look of ``/health`` says of a service, well and ill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cloud import HealthAnswer
from bot.errors import UpstreamError
from bot.telemetry import Queue
from tests.commands.health_room import (
    AMBER,
    BEGINS,
    CACHE,
    MIB,
    a_function,
    answer,
    certificate,
    connections,
    first,
    measure,
    room,
    target,
)
from tests.fake_aws import a_deployment
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import ALICE, HEALTH, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Everything is well."""
    with room(tmp_path) as made:
        yield made


# ECS


def test_a_rollout_under_way_is_amber_and_says_how_far_it_is(scene: Scene) -> None:
    scene.deploy()
    scene.clock.advance(120)
    assert first(scene) == f"{AMBER}*api*: rolling out `v2` for 2 min, 0 of 2 new tasks run"
    assert "`v2` rolling out for 2 min by alice" in answer(scene)


def test_a_rollout_whose_tasks_fail_says_so(scene: Scene) -> None:
    running = scene.ecs.live[scene.api.key].deployments[0].task_definition
    stuck = a_deployment(running, rollout_state="IN_PROGRESS", failed_tasks=3, created_at=NOON - 60)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], deployments=(stuck,))
    assert first(scene) == f"{AMBER}*api*: rolling out `v1` for 1 min, 2 of 2 new tasks run, 3 tasks of it failed"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"running": 0}, f"{BEGINS}*api*: 0 of 2 tasks run"),
        ({"desired": 0, "running": 0}, f"{AMBER}*api*: it is scaled to no task at all"),
        ({"status": "DRAINING"}, f"{BEGINS}*api*: the ECS service is draining"),
    ],
)
def test_tasks(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_unhealthy_targets_say_why(scene: Scene) -> None:
    scene.ecs.health = (target("healthy"), target("unhealthy", "Health checks failed with these codes: [502]"))
    why = "(Health checks failed with these codes: [502])"
    assert first(scene) == f"{AMBER}*api*: 1 of 2 targets unhealthy {why}"
    scene.ecs.health = (target("unhealthy", "Health checks failed with these codes: [502]"), target("draining"))
    assert first(scene) == f"{BEGINS}*api*: no target of the load balancer is healthy {why}"


def test_targets_that_serve_nothing_yet_do_not_count(scene: Scene) -> None:
    scene.ecs.health = (target("healthy"), target("unused"), target("initial"))
    assert "1 healthy target ·" in answer(scene)


# the health address


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (HealthAnswer(False, 503, "HTTP 503 instead of 200"), "HTTP 503 instead of 200"),
        (HealthAnswer(False, 200, 'redis is "down" instead of "connected"'), 'redis is "down" instead of "connected"'),
        (HealthAnswer(False, 0, "not reached: Connection refused"), "not reached: Connection refused"),
        (HealthAnswer(True, 200, "", version="v0"), "it says version v0, and v1 was deployed"),
        (HealthAnswer(True, 200, ""), "it says version nothing, and v1 was deployed"),
    ],
)
def test_a_health_address_that_breaks_its_contract_is_red(scene: Scene, found: HealthAnswer, line: str) -> None:
    scene.web.answers[HEALTH] = found
    assert first(scene) == f"{BEGINS}*api*: health address: {line}"


def test_during_a_rollout_either_version_may_answer(scene: Scene) -> None:
    scene.web.answers[HEALTH] = HealthAnswer(True, 200, "", version="v1")
    scene.deploy()
    assert "health address" not in answer(scene)


def test_what_a_health_address_answers_is_text(scene: Scene) -> None:
    scene.web.answers[HEALTH] = HealthAnswer(False, 200, "status is <!channel> `*x*` password=hunter2hunter2\x1b[31m")
    said = answer(scene)
    assert "&lt;!channel&gt;" in said
    assert "hunter2hunter2" not in said


# functions, sites, queues


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"state": "Failed", "reason": "image deleted"}, f"{BEGINS}*jobs*: Lambda cannot run version 1: image deleted"),
        ({"update": "InProgress"}, f"{AMBER}*jobs*: version 1 is being made ready"),
    ],
)
def test_functions(scene: Scene, changes: dict[str, str], line: str) -> None:
    scene.functions.found["1"] = a_function(**changes)
    assert first(scene) == line


def test_a_canary_under_way_is_told_with_its_shares(scene: Scene) -> None:
    scene.functions.pointer = replace(scene.functions.pointer, weights={"2": 0.1})
    assert first(scene) == f"{AMBER}*jobs*: a canary is under way: 10% of calls get version 2"


def test_errors_and_throttles_of_a_function_are_counted(scene: Scene) -> None:
    measure(scene, Errors=7.0, Throttles=2.0)
    assert first(scene) == f"{AMBER}*jobs*: 60 calls in 15 min, 7 failed, 2 throttled"


def test_who_shipped_a_version_of_a_function_is_named(scene: Scene) -> None:
    jobs = "bi/production/jobs"
    past = a_past(jobs, facts={"version": "v7"}, results={"alias": {"version": "1"}}, actor=ALICE)
    scene.world = replace(scene.world, recent=FakeRecent(past))
    assert "`v7 (version 1)` published 1 h ago by alice" in answer(scene)


def test_who_shipped_a_site_is_named(scene: Scene) -> None:
    past = a_past("bi/production/web", facts={"version": "v7"}, actor=ALICE)
    scene.world = replace(scene.world, recent=FakeRecent(past))
    assert "CloudFront deployed · certificate 30 days · `v7` shipped 1 h ago by alice" in answer(scene)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"enabled": False}, f"{BEGINS}*web*: its distribution E1 is disabled"),
        (
            {"status": "InProgress"},
            f"{AMBER}*web*: a change of its distribution E1 is on its way to all edge locations",
        ),
    ],
)
def test_sites(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.sites.front = replace(scene.sites.front, **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_an_invalidation_is_no_trouble(scene: Scene) -> None:
    scene.sites.front = replace(scene.sites.front, invalidating=1)
    assert "CloudFront deployed, 1 invalidation under way" in answer(scene)


def test_messages_that_wait_for_long_and_dead_letters_are_amber(scene: Scene) -> None:
    measure(scene, ApproximateAgeOfOldestMessage=1200.0)
    dead = "https://sqs.eu-west-1.amazonaws.com/1/jobs-dead"
    scene.queues.found[dead] = Queue("jobs-dead", dead, 2, 0, 0)
    said = answer(scene)
    assert "queue jobs: 3 messages waiting, the oldest for 20 min (and 1 more)" in said
    assert "*jobs*: 2 messages failed for good, in jobs-dead" in said


def test_a_queue_without_a_dead_letter_queue_is_well(scene: Scene) -> None:
    scene.queues.add("jobs")
    assert "queue jobs: 0 messages waiting · table seen:" in answer(scene)


def test_tables_say_what_was_used_and_throttled(scene: Scene) -> None:
    assert "table seen: 42 capacity units used in 15 min, nothing throttled" in answer(scene)
    measure(scene, ReadThrottleEvents=1.0, WriteThrottleEvents=2.0)
    assert first(scene) == f"{AMBER}*jobs*: table seen: 3 requests throttled in 15 min"


def test_of_a_table_without_values_it_is_only_said_that_it_was_not_used(scene: Scene) -> None:
    for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"):
        del scene.metrics.points[name]
    assert "table seen: not used in 15 min" in answer(scene)


def test_a_table_that_cannot_be_read_is_amber(scene: Scene) -> None:
    scene.metrics.failures.add("several", UpstreamError("AWS denied cloudwatch:GetMetricData."))
    assert "table seen: AWS denied cloudwatch:GetMetricData" in answer(scene)


# databases, caches, certificates


@pytest.mark.parametrize(
    ("opened", "begins"), [(79, ":large_green_circle:"), (80, ":large_yellow_circle:"), (95, ":red_circle:")]
)
def test_connections_of_a_database(scene: Scene, opened: float, begins: str) -> None:
    scene.databases.answers["bi/db"] = connections(opened)
    assert first(scene).startswith(begins)
    assert f"database {opened} of 100 connections, 6 active" in answer(scene)


def test_a_database_that_takes_nobody_is_red_and_one_that_cannot_be_reached_is_unknown(scene: Scene) -> None:
    scene.databases.answers["bi/db"] = UpstreamError("PostgreSQL takes no more connections: sorry", code="53300")
    assert first(scene) == f"{BEGINS}*api*: PostgreSQL takes no more connections: sorry"
    scene.databases.answers["bi/db"] = UpstreamError("PostgreSQL at db:5432 cannot be reached: no route.")
    assert first(scene) == f"{AMBER}*api*: database: PostgreSQL at db:5432 cannot be reached: no route"


def test_a_database_that_rds_counts_for_and_says_nothing_of_is_unknown(scene: Scene) -> None:
    scene.metrics.points.pop("DatabaseConnections")
    assert first(scene) == f"{AMBER}*jobs*: database: CloudWatch has no number of jobs-db of the last 15 min"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"used": 96 * MIB},
            f"{BEGINS}*api*: Redis ping 1.2 ms, 96 MiB of 100 MiB (96 %): it is full and refuses writes",
        ),
        (
            {"used": 96 * MIB, "policy": "allkeys-lru"},
            f"{AMBER}*api*: Redis ping 1.2 ms, 96 MiB of 100 MiB (96 %): almost full",
        ),
        ({"clients": 45}, f"{AMBER}*api*: Redis ping 1.2 ms, 37 MiB of 100 MiB (37 %): 45 of 50 clients"),
    ],
)
def test_caches(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.caches.states["cache:6379"] = replace(CACHE, **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_a_cache_that_takes_nobody_is_red(scene: Scene) -> None:
    scene.caches.states["cache:6379"] = UpstreamError("Redis is still loading its data.", code="LOADING")
    assert first(scene) == f"{BEGINS}*api*: Redis is still loading its data"


@pytest.mark.parametrize(
    ("days", "problem", "line"),
    [
        (13.5, "", f"{AMBER}*web*: certificate of www.example.com ends in 13 days"),
        (-2, "expired", f"{BEGINS}*web*: certificate of www.example.com ended 2 days ago"),
        (
            90,
            "for another name",
            f"{BEGINS}*web*: certificate of www.example.com is not to be trusted: for another name",
        ),
    ],
)
def test_certificates(scene: Scene, days: float, problem: str, line: str) -> None:
    scene.certificates.shown["www.example.com:443"] = certificate(days, problem)
    assert first(scene) == line
