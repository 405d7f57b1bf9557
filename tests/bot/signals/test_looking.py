"""One look: few calls, what cannot be read is said, and what happened meanwhile is beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import Transition
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError, UsageError
from bot.graph import MarkKind
from bot.signals.looking import Look, Wanted, look
from bot.signals.values import DAY
from tests.bot.signals.readings import GROUP, a_metric, a_service, an_alarm, behind, every_minute
from tests.fake_aws import a_record
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import Scene

HOUR = 3600.0
MINUTE = NOON - NOON % 60
DENIED = UpstreamError("AWS denied cloudwatch:GetMetricData; give the bot's role this permission.", code="AccessDenied")


def seen(scene: Scene, *words: str, **more: Any) -> Look:
    asked = Wanted(words=words, **({"start": NOON - HOUR, "end": NOON} | more))
    return look(behind(scene, GROUP), asked, scene.world)


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """A service with values, an alarm on its CPU, and two deployments."""
    scene.metrics.points = {
        "CPUUtilization": every_minute(MINUTE - 300, 40.0, 50.0, 60.0),
        "RequestCount": every_minute(MINUTE - 300, 100.0, 100.0),
    }
    where = {"ClusterName": "c", "ServiceName": "api"}
    alarm = an_alarm("api-errors", "AWS/ECS/CPUUtilization", where, "Average", 80.0)
    scene.metrics.readings = {"api-errors": alarm}
    return scene


def test_everything_is_one_call_and_every_metric_is_asked_once(scene: Scene) -> None:
    found = seen(scene)
    assert [reading.signal.name for reading in found.readings] == [
        *("requests", "errors", "latency", "cpu", "memory", "tasks")
    ]
    assert len(scene.metrics.windows) == 1
    names = [(each.name, each.statistic) for each in scene.metrics.read]
    assert len(names) == len(set(names)) == 11
    assert {each.period for each in scene.metrics.read} == {60}


def test_the_window_is_whole_periods(scene: Scene) -> None:
    seen(scene, "cpu", start=NOON - 86_401, end=NOON - 1)
    ((start, end),) = scene.metrics.windows
    assert (start % 600, end % 600) == (0.0, 0.0)
    assert start <= NOON - 86_401
    assert end >= NOON - 1


def test_yesterday_is_moved_to_the_same_hours_of_today(scene: Scene) -> None:
    scene.metrics.points["CPUUtilization"] = every_minute(MINUTE - DAY - 300, 30.0)
    (reading,) = seen(scene, "cpu", yesterday=True).readings
    assert [end - NOON < 60 for _, end in scene.metrics.windows] == [True, True]
    assert scene.metrics.windows[0][0] - scene.metrics.windows[1][0] == DAY
    assert reading.before[0][0].at == MINUTE - 300


def test_the_day_before_is_read_in_periods_that_cloudwatch_still_has_of_it(scene: Scene) -> None:
    start = NOON - 14.5 * DAY
    (reading,) = seen(scene, "cpu", start=start, end=start + 3 * HOUR, yesterday=True).readings
    assert (reading.period, {each.period for each in scene.metrics.read}) == (300, {300})
    scene.metrics.read.clear()
    seen(scene, "cpu", start=start, end=start + 3 * HOUR)
    assert {each.period for each in scene.metrics.read} == {60}


def test_thresholds_are_those_of_its_own_alarms_and_their_changes_are_marked(scene: Scene) -> None:
    scene.metrics.went = [Transition(NOON - 60, "OK", "ALARM"), Transition(NOON - 120, "ALARM", "OK")]
    found = seen(scene, "cpu", "memory")
    cpu, memory = found.readings
    assert [(limit.alarm, limit.threshold.value) for limit in cpu.limits] == [("api-errors", 80.0)]
    assert memory.limits == ()
    assert [mark.kind for mark in found.states["api-errors"]] == [MarkKind.ALARM, MarkKind.OK]


def test_what_happened_to_the_service_is_marked_within_the_time_only(scene: Scene) -> None:
    past = FakeRecent(
        a_past("bi/production/api", started_at=NOON - 600, facts={"version": "v2"}),
        a_past("bi/production/api", started_at=NOON - 2 * HOUR, asked_at=NOON - 600),
        a_past("bi/production/api", command="scale", started_at=NOON - 300, facts={"count": 4}),
    )
    world = replace(scene.world, recent=past)
    found = look(behind(scene, GROUP), Wanted(words=("cpu",), start=NOON - HOUR, end=NOON), world)
    assert [(mark.label, mark.kind) for mark in found.marks] == [
        ("deploy v2", MarkKind.DEPLOYMENT),
        ("scale to 4", MarkKind.SCALING),
    ]


def test_a_rollout_by_others_is_marked_with_the_service_and_its_revision(scene: Scene) -> None:
    definitions = ("arn:aws:ecs:r:1:task-definition/bi-production-api:9", "arn:aws:ecs:r:1:task-definition/shared:10")
    scene.ecs.records = [a_record(each, at=NOON - 600 + place) for place, each in enumerate(definitions)]
    assert [mark.label for mark in seen(scene, "cpu").marks] == ["api:9", "shared:10"]


def test_an_incident_is_marked_even_when_it_is_over(scene: Scene) -> None:
    scene.alarm("ALARM", "m1")
    scene.run(4)
    scene.alarm("OK", "m2", at=scene.clock.now())
    scene.run(4)
    target = scene.api
    asked = Wanted(words=("cpu",), start=NOON - 60, end=scene.clock.now())
    marks = look(target, asked, scene.world).marks
    assert [(mark.label, mark.kind) for mark in marks] == [("incident api-down", MarkKind.INCIDENT)]
    elsewhere = scene.target("bi/staging/api")
    assert look(elsewhere, asked, scene.world).marks == ()


def test_without_the_load_balancer_the_rest_is_shown_and_why_is_said(scene: Scene) -> None:
    target = behind(scene, GROUP)
    denied = UpstreamError("AWS denied elasticloadbalancing:DescribeTargetGroups.", code="AccessDenied")
    scene.balancers.failures.add("of", denied, denied)
    found = look(target, Wanted(start=NOON - HOUR, end=NOON), scene.world)
    assert [reading.signal.name for reading in found.readings] == ["cpu", "memory", "tasks"]
    assert found.notes == (
        "Only what needs no load balancer is shown: AWS denied elasticloadbalancing:DescribeTargetGroups.",
    )
    with pytest.raises(UpstreamError, match="DescribeTargetGroups"):
        look(target, Wanted(words=("latency",), start=NOON - HOUR, end=NOON), scene.world)


def test_alarms_that_cannot_be_read_cost_the_thresholds_only(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS denied cloudwatch:DescribeAlarms."))
    found = seen(scene, "cpu")
    assert found.notes == ("Thresholds are not shown: AWS denied cloudwatch:DescribeAlarms.",)
    assert found.readings[0].points[0]


def test_metrics_that_may_not_be_read_name_the_permission(scene: Scene) -> None:
    scene.metrics.failures.add("several", DENIED)
    with pytest.raises(UpstreamError, match="cloudwatch:GetMetricData"):
        seen(scene)


def test_yesterday_that_cannot_be_read_is_said_and_today_is_shown(scene: Scene) -> None:
    world = replace(scene.world, gather=_refusing("before", DENIED))
    asked = Wanted(words=("cpu",), start=NOON - HOUR, end=NOON, yesterday=True)
    found = look(behind(scene, GROUP), asked, world)
    assert found.notes == (f"Yesterday could not be read: {DENIED.message}",)
    assert found.readings[0].before == ()
    assert found.readings[0].points[0]


def test_a_read_that_is_too_late_is_said_as_that(scene: Scene) -> None:
    world = replace(scene.world, gather=_refusing("now", TimeoutError("no answer")))
    with pytest.raises(UpstreamError, match="AWS did not answer within 5 s"):
        look(scene.api, Wanted(words=("cpu",), start=NOON - HOUR, end=NOON), world)


def test_a_site_is_read_in_the_region_of_cloudfront(scene: Scene) -> None:
    asked: list[Account] = []
    site = a_service(kind="static_site", cluster="", bucket="b", distribution="E1")
    several = scene.metrics.several

    def told(account: Account, *args: Any, **kwargs: Any) -> Any:
        asked.append(account)
        return several(account, *args, **kwargs)

    scene.metrics.several = told  # type: ignore[method-assign]
    look(site, Wanted(start=NOON - HOUR, end=NOON), scene.world)
    assert [account.region for account in asked] == ["us-east-1"]


def test_any_metric_may_stand_beside_signals_and_what_is_not_shown_is_named(scene: Scene) -> None:
    scene.metrics.known = [a_metric("BI/Api/Visitors", "", Environment="production")]
    found = seen(scene, "cpu", "BI/Api/Visitors")
    assert [reading.signal.name for reading in found.readings] == ["cpu", "BI/Api/Visitors"]
    assert "latency" in found.also
    assert "cpu" not in found.also


def test_a_site_without_a_distribution_has_nothing_to_show(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="CloudWatch keeps no metrics of bi/web production"):
        look(scene.target("bi/production/web"), Wanted(start=NOON - HOUR, end=NOON), scene.world)


def test_an_unknown_word_asks_cloudwatch_for_no_values(scene: Scene) -> None:
    with pytest.raises(UsageError):
        seen(scene, "latencu")
    assert scene.metrics.windows == []


def _refusing(name: str, error: Exception) -> Any:
    def gather(reads: Any, *, seconds: float) -> Any:
        return {each: error if each == name else read() for each, read in reads.items()}

    return gather
