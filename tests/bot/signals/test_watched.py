"""What alarms watch: whose threshold is drawn where, and which metrics the team cares about besides."""

from __future__ import annotations

import pytest

from bot.graph import Threshold
from bot.signal import Limit
from bot.signals import balancers, ecs
from bot.signals.watched import limits_of, lines_of, others, with_alarms
from tests.bot.signals.readings import FRONT, a_ratio, a_service, an_alarm

ELB = "AWS/ApplicationELB"
BAD, ALL = f"{ELB}/HTTPCode_Target_5XX_Count", f"{ELB}/RequestCount"
REQUESTS, ERRORS, LATENCY = balancers.signals((FRONT,))
CPU = ecs.of_tasks(a_service())[0]
TASKS = {"ClusterName": "c", "ServiceName": "api"}


@pytest.mark.parametrize(
    ("expression", "limit", "percent"),
    [
        ("100 * a / b", 5.0, 5.0),
        ("a / b * 100", 5.0, 5.0),
        ("(a/b)*100", 5.0, 5.0),
        ("100 * FILL(a, 0) / b", 5.0, 5.0),
        ("a/b", 0.05, 5.0),
        ("100*(a/b)", 5.0, 5.0),
    ],
)
def test_the_threshold_of_an_error_rate_is_on_the_error_rate_however_its_math_is_written(
    expression: str, limit: float, percent: float
) -> None:
    alarm = a_ratio("rate", (BAD, ALL), FRONT, expression, limit)
    (found,) = limits_of(with_alarms(ERRORS, (alarm,)), (alarm,))
    assert found.alarm == "rate"
    assert found.threshold.value == pytest.approx(percent)


@pytest.mark.parametrize("expression", ["a - b", "100 * b / a", "SUM(METRICS())", "IF(a > 5, a / b)"])
def test_other_math_is_not_taken_for_it(expression: str) -> None:
    alarm = a_ratio("rate", (BAD, ALL), FRONT, expression, 5.0)
    assert limits_of(ERRORS, (alarm,)) == ()


def test_errors_are_counted_where_the_alarm_counts_them() -> None:
    alarm = an_alarm("5xx", BAD, FRONT, "Sum", 50.0, Period=300)
    counted = with_alarms(ERRORS, (alarm,))
    assert (counted.unit, counted.lines[0].share, counted.lines[0].per_minute) == ("/min", False, True)
    assert counted.lines[0].of == ERRORS.lines[0].of
    assert limits_of(counted, (alarm,)) == (Limit("5xx", Threshold(10.0, "GreaterThanThreshold")),)


def test_they_stay_a_share_where_an_alarm_watches_that_too() -> None:
    alarms = (an_alarm("5xx", BAD, FRONT, "Sum", 10.0), a_ratio("rate", (BAD, ALL), FRONT, "100*a/b", 5.0))
    assert with_alarms(ERRORS, alarms).lines == ERRORS.lines


def test_a_statistic_that_an_alarm_watches_has_a_line() -> None:
    alarm = an_alarm("slow", f"{ELB}/TargetResponseTime", FRONT, "Average", 2.0)
    found = with_alarms(LATENCY, (alarm, alarm))
    assert [line.label for line in found.lines] == ["p95", "p50", "p99", "average"]
    assert limits_of(found, (alarm,))[0].threshold.value == 2.0


def test_another_statistic_another_service_and_a_band_set_no_threshold() -> None:
    cpu = "AWS/ECS/CPUUtilization"
    elsewhere = an_alarm("a", cpu, {"ClusterName": "c", "ServiceName": "other"}, "Average", 80.0)
    minimum = an_alarm("b", cpu, TASKS, "Minimum", 80.0)
    band = an_alarm("c", cpu, TASKS, "Average", 2.0, ComparisonOperator="GreaterThanUpperThreshold")
    assert limits_of(CPU, (elsewhere, minimum, band)) == ()


def test_of_several_thresholds_the_one_that_is_reached_first_is_in_front() -> None:
    cpu = "AWS/ECS/CPUUtilization"
    high, low = (an_alarm(name, cpu, TASKS, "Average", limit) for name, limit in (("bad", 90.0), ("warn", 70.0)))
    assert [each.alarm for each in limits_of(CPU, (high, low))] == ["warn", "bad"]
    few = [
        an_alarm(name, ALL, FRONT, "Sum", limit, ComparisonOperator="LessThanThreshold")
        for name, limit in (("none", 1.0), ("few", 10.0))
    ]
    assert [each.alarm for each in limits_of(REQUESTS, few)] == ["few", "none"]


def test_what_else_alarms_watch_is_a_signal_each_once() -> None:
    pool = an_alarm("pool", "Arbor/Backend/PoolTimeouts", {"Environment": "production"}, "Sum", 0.0)
    cards = a_ratio("cards", ("BI/Cards/Timeouts", "BI/Cards/Executions"), {}, "100 * a / b", 10.0)
    known = an_alarm("cpu", "AWS/ECS/CPUUtilization", TASKS, "Average", 80.0)
    found = others((pool, pool, cards, known), (CPU,))
    assert [(each.name, each.title, each.unit) for each in found] == [
        ("Arbor/Backend/PoolTimeouts", "PoolTimeouts", "/min"),
        ("BI/Cards/Timeouts", "Bad of all", "%"),
    ]
    assert limits_of(found[1], (cards,))[0].threshold.value == 10.0


@pytest.mark.parametrize("definition", [{}, {"Metrics": []}, {"MetricName": "X"}, {"Threshold": "much"}])
def test_an_alarm_that_watches_no_metric_watches_nothing(definition: dict[str, object]) -> None:
    alarm = an_alarm("odd", "A/B", {}, "Sum", 1.0)
    odd = alarm.__class__(alarm.arn, alarm.name, "OK", "", 0.0, definition=definition)
    assert lines_of(odd) == ()
