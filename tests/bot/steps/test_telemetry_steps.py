"""Steps that measure: metrics, queues, functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from bot.cloud import Datapoint
from bot.domain import AlarmMetric, Finding
from bot.errors import UpstreamError
from bot.shipping_cloud import Function
from bot.steps.alarm_metric import AlarmMetricStep
from bot.steps.function import FunctionStep
from bot.steps.metric import MetricStep, growth
from bot.steps.queue import QueueStep
from bot.telemetry import Concurrency
from tests.bot.steps.looking import look, metric, nowhere
from tests.fakes import NOON
from tests.scene import Scene

REFUSED = UpstreamError("AWS denied sqs:GetQueueAttributes; give the bot's role this permission.")


def minutely(*values: float) -> tuple[Datapoint, ...]:
    """A value a minute; the last began a minute ago, and has just ended."""
    return tuple(Datapoint(NOON - 60 * (len(values) - place), value) for place, value in enumerate(values))


def measure(scene: Scene, **options: Any) -> Finding | None:
    step = MetricStep.model_validate(
        {"do": "metric", "name": "cpu", "namespace": "AWS/ECS", "metric": "CPUUtilization", **options}
    )
    return step.run(look(scene), scene.world)


def test_a_metric_is_told_with_its_facts(scene: Scene) -> None:
    scene.metrics.points["CPUUtilization"] = minutely(10, 20, 30, 40, 50, 60)
    found = measure(scene, title="CPU")
    assert found is not None
    assert (found.title, found.weight) == ("CPU", 15)
    assert found.summary == "Average is 60 %, between 10 and 60 %, grown by 267 %"
    assert found.lines == ("▁▂▄▅▇█  last 60 min, every 60 s",)
    facts = {fact.name: fact.value for fact in found.facts}
    assert facts == {
        "cpu.last": 60.0,
        "cpu.max": 60.0,
        "cpu.min": 10.0,
        "cpu.avg": 35.0,
        "cpu.sum": 210.0,
        "cpu.growth": pytest.approx(266.67, abs=0.01),
    }


@pytest.mark.parametrize(
    ("limits", "weight"),
    [({"above": 55}, 60), ({"above": 60}, 15), ({"below": 45}, 60), ({"below": 40}, 15), ({}, 15)],
)
def test_latest_values_beyond_what_is_good_point_at_a_cause(
    scene: Scene, limits: dict[str, float], weight: int
) -> None:
    scene.metrics.points["CPUUtilization"] = minutely(99, 1, 40, 60, 50)
    found = measure(scene, **limits)
    assert found is not None
    assert (found.weight, "bad " in found.summary) == (weight, weight == 60)


def test_a_count_that_is_still_going_on_is_not_read_as_a_drop(scene: Scene) -> None:
    scene.metrics.points["CPUUtilization"] = (Datapoint(NOON - 90, 50.0), Datapoint(NOON - 30, 2.0))
    counted, averaged = measure(scene, stat="Sum"), measure(scene, stat="Average")
    assert counted is not None and averaged is not None
    assert (counted.fact("cpu.last"), averaged.fact("cpu.last")) == (50.0, 2.0)
    assert counted.fact("cpu.sum") == 52.0


def test_a_metric_without_data_names_what_was_asked(scene: Scene) -> None:
    found = measure(scene, dimensions={"ClusterName": "{cluster}", "ServiceName": "{ecs_service}"}, stat="p95")
    assert found is not None
    assert found.summary == ("AWS/ECS CPUUtilization (ClusterName=c, ServiceName=api) has no p95 in the last 60 min.")
    assert (found.facts, found.failed) == ((), False)


def test_a_metric_is_asked_with_its_dimensions_from_the_beginning_of_a_period(scene: Scene) -> None:
    asked: list[Any] = []

    def series(account: Any, metric: AlarmMetric, *, start: float, end: float) -> tuple[Datapoint, ...]:
        asked.append((account.region, metric.dimensions, metric.statistic, metric.period, start % 300, end))
        return ()

    scene.metrics.series = series  # type: ignore[method-assign]
    measure(scene, dimensions={"ClusterName": "{cluster}"}, period=300)
    assert asked == [("eu-west-1", {"ClusterName": "c"}, "Average", 300, 0.0, NOON + 60)]


def test_a_metric_of_another_kind_of_service_is_passed_over(scene: Scene) -> None:
    assert measure(scene, dimensions={"FunctionName": "{function}"}) is None


@pytest.mark.parametrize(
    "wrong", [{"stat": "avg"}, {"stat": "p101"}, {"period": 90}, {"period": 0}, {"name": "A"}, {"name": None}]
)
def test_a_metric_that_cloudwatch_would_refuse_is_refused_before(scene: Scene, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        measure(scene, **wrong)


@pytest.mark.parametrize(
    ("values", "percent"),
    [
        ([], 0.0),
        ([1, 2, 3, 4, 5], 0.0),
        ([1, 1, 1, 1, 2, 2], 100.0),
        ([2, 2, 9, 9, 1, 1], -50.0),
        ([0, 0, 1, 1, 5, 5], 100.0),
        ([0, 0, 0, 0, 0, 0], 0.0),
        ([0, 0, 0, 0, -1, -1], -100.0),
        ([-2, -2, 0, 0, -1, -1], 50.0),
        ([1, 1, 9, 9, 9, 2, 2], 100.0),
    ],
)
def test_growth_compares_the_last_third_with_the_first(values: list[float], percent: float) -> None:
    assert growth(values) == percent


@pytest.mark.parametrize(
    ("comparison", "values", "seconds"),
    [
        ("GreaterThanThreshold", (9, 5, 6, 7), 120.0),
        ("GreaterThanOrEqualToThreshold", (9, 5, 6, 7), 240.0),
        ("LessThanThreshold", (9, 1, 2, 3), 180.0),
        ("LessThanOrEqualToThreshold", (6, 5), 60.0),
        ("GreaterThanThreshold", (9, 5), 0.0),
        ("LessThanLowerOrGreaterThanUpperThreshold", (9, 5), None),
    ],
)
def test_how_long_an_alarms_metric_has_been_beyond_its_threshold_is_a_fact(
    scene: Scene, comparison: str, values: tuple[float, ...], seconds: float | None
) -> None:
    scene.metrics.points["Errors"] = minutely(*values)
    watched = metric(comparison=comparison)
    found = AlarmMetricStep(do="alarm_metric").run(look(scene, metric=watched), scene.world)
    assert found is not None
    assert found.fact("metric.breaching_for") == seconds


def waiting(scene: Scene, **options: Any) -> Finding | None:
    step = QueueStep.model_validate({"do": "queue", "queue": "jobs-{environment}", "name": "jobs", **options})
    return step.run(look(scene), scene.world)


def test_a_queue_is_told_with_its_age_and_what_failed(scene: Scene) -> None:
    dead = "arn:aws:sqs:eu-west-1:1:jobs-dead"
    scene.queues.add("jobs-production", 1200, 3, dead)
    scene.queues.add(dead, 7)
    scene.metrics.points["ApproximateAgeOfOldestMessage"] = minutely(100, 600)
    found = waiting(scene)
    assert found is not None
    assert (found.title, found.weight) == ("Queue jobs-production", 55)
    assert found.summary == f"1,200 wait, 3 in flight, the oldest for 10 min, 7 failed for good, in {dead}."
    assert [(fact.name, fact.value) for fact in found.facts] == [
        ("jobs.depth", 1200.0),
        ("jobs.in_flight", 3.0),
        ("jobs.age", 600.0),
        ("jobs.dead", 7.0),
    ]


def test_an_empty_queue_points_at_nothing(scene: Scene) -> None:
    scene.queues.add("jobs-production")
    found = waiting(scene)
    assert found is not None
    assert found.summary == "0 wait, 0 in flight, the oldest for 0 s."
    assert (found.weight, found.fact("jobs.dead"), found.fact("jobs.age")) == (5, None, 0.0)


def test_a_queue_is_told_though_its_dead_letter_queue_may_not_be_read(scene: Scene) -> None:
    scene.queues.add("jobs-production", 5)
    scene.queues.failures.add("queue jobs-dead", REFUSED)
    scene.metrics.failures.add("series", TimeoutError())
    found = waiting(scene, dead_letter="jobs-dead")
    assert found is not None and not found.failed
    assert found.lines == (
        "Age of the oldest message: no answer in time",
        f"Dead-letter queue: {REFUSED}",
    )
    assert (found.fact("jobs.depth"), found.fact("jobs.age"), found.fact("jobs.dead")) == (5.0, None, None)


def test_a_queue_that_may_not_be_read_says_which_permission_is_missing(scene: Scene) -> None:
    scene.queues.failures.add("queue jobs-production", REFUSED)
    with pytest.raises(UpstreamError, match="sqs:GetQueueAttributes"):
        waiting(scene)
    assert waiting(scene, queue="{function}-jobs") is None


def function(scene: Scene) -> Finding | None:
    return FunctionStep(do="function").run(look(scene, scene.target("bi/production/jobs")), scene.world)


def a_function(timeout: int) -> Function:
    return Function("jobs", "$LATEST", "Zip", "sha", "Active", "Successful", "", "r", NOON - 600, timeout=timeout)


def called(scene: Scene, throttles: float = 0, errors: float = 0, duration: float = 800) -> None:
    scene.functions.found["$LATEST"] = a_function(3)
    scene.metrics.points |= {
        "Invocations": minutely(100, 200),
        "Errors": minutely(0, errors),
        "Throttles": minutely(0, throttles),
        "ConcurrentExecutions": minutely(4, 9),
        "Duration": minutely(700, duration),
    }


def test_a_function_is_told_with_its_limits(scene: Scene) -> None:
    called(scene)
    found = function(scene)
    assert found is not None
    assert found.summary == "300 calls, 0 failed, 0 throttled in 60 min."
    assert found.lines == (
        "at most 9 at once; nothing is reserved for it; 1,000 of the account's 1,000 are shared",
        "95 of 100 calls within 800 ms; they are ended after 3000 ms",
    )
    facts = {fact.name.removeprefix("function."): fact.value for fact in found.facts}
    assert facts == {
        "invocations": 300.0,
        "errors": 0.0,
        "error_rate": 0.0,
        "throttles": 0.0,
        "concurrency": 9.0,
        "duration_p95": 800.0,
        "reserved": "none",
        "account_limit": 1000.0,
        "timeout": 3000.0,
    }
    assert found.weight == 10


@pytest.mark.parametrize(
    ("calls", "weight", "words"),
    [
        ({"throttles": 4}, 75, "calls are refused for want of concurrency"),
        ({"duration": 2900}, 60, "calls take about as long as they may"),
        ({"errors": 4}, 55, "4 failed"),
    ],
)
def test_what_a_function_suffers_from_is_said(scene: Scene, calls: dict[str, float], weight: int, words: str) -> None:
    called(scene, **calls)
    scene.functions.limits = Concurrency(9, 1000, 900)
    found = function(scene)
    assert found is not None
    assert (found.weight, found.fact("function.reserved")) == (weight, 9.0)
    assert words in found.summary
    assert "9 are reserved for it" in found.lines[0]


def test_errors_of_a_function_are_told_as_part_of_its_calls(scene: Scene) -> None:
    called(scene, errors=30)
    assert (found := function(scene)) is not None
    assert (found.fact("function.errors"), found.fact("function.error_rate")) == (30.0, 10.0)


def test_a_function_nobody_called_is_said_to_be_so(scene: Scene) -> None:
    assert (found := function(scene)) is not None
    assert found.summary == "CloudWatch has no call of jobs in the last 60 min."
    assert found.fact("function.invocations") == 0.0


def test_a_function_is_told_though_its_limits_may_not_be_read(scene: Scene) -> None:
    called(scene)
    denied = UpstreamError("AWS denied lambda:GetAccountSettings; give the bot's role this permission.")
    scene.functions.failures.add("concurrency", denied)
    found = function(scene)
    assert found is not None and not found.failed
    assert str(denied) in found.lines
    assert (found.fact("function.reserved"), found.fact("function.invocations")) == (None, 300.0)


def test_a_function_that_cannot_be_measured_says_why(scene: Scene) -> None:
    scene.metrics.failures.add("several", UpstreamError("AWS denied cloudwatch:GetMetricData."))
    with pytest.raises(UpstreamError, match="cloudwatch:GetMetricData"):
        function(scene)


def test_what_is_no_function_is_passed_over(scene: Scene) -> None:
    assert FunctionStep(do="function").run(look(scene), scene.world) is None
    assert FunctionStep(do="function").run(nowhere(scene), scene.world) is None


def test_the_version_behind_the_alias_is_what_is_looked_at(scene: Scene) -> None:
    called(scene)
    scene.functions.found["1"] = a_function(30)
    jobs = scene.target("bi/production/jobs")
    through = replace(jobs, service=jobs.service.model_copy(update={"alias": "live"}))
    found = FunctionStep(do="function").run(look(scene, through), scene.world)
    assert found is not None
    assert found.fact("function.timeout") == 30_000.0
