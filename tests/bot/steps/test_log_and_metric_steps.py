"""Steps that look at what was written and measured."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cloud import Datapoint, LogLine
from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError
from bot.steps.alarm_metric import AlarmMetricStep
from bot.steps.base import minutes
from bot.steps.log_errors import LogErrorsStep
from tests.bot.steps.looking import look, metric, nowhere
from tests.scene import Scene

GROUP = "/ecs/api"


def errors(scene: Scene, target: Target | None = None) -> Any:
    return LogErrorsStep(do="log_errors").run(look(scene, target), scene.world)


def lines(scene: Scene, *messages: str) -> list[LogLine]:
    return [LogLine(scene.clock.now() - 120 + n * 30, text, f"s{n}") for n, text in enumerate(messages)]


def test_errors_are_grouped_by_what_they_say(scene: Scene) -> None:
    scene.logs.lines[GROUP] = lines(
        scene, "ERROR order 17 failed", "ERROR order 18 failed", "ERROR order 19 failed", "FATAL disk full"
    )
    found = errors(scene)
    assert found.summary.startswith("4 error lines in 15 min, mostly: ERROR order ")
    assert found.lines[0].startswith("3 × ERROR order ")
    assert found.lines[0].endswith("(new since the last deployment; first 2 min ago, last 60 s ago)")
    assert any("disk full" in line for line in found.lines)
    assert (found.fact("logs.errors"), found.weight) == (4.0, 34)


def test_no_error_is_said_with_where_was_looked(scene: Scene) -> None:
    scene.logs.lines[GROUP] = []
    found = errors(scene)
    assert (found.summary, found.weight, found.failed) == (f"No error in the last 15 min of {GROUP}.", 0, False)


def test_a_log_group_that_is_missing_is_said(scene: Scene) -> None:
    found = errors(scene)
    assert found.failed
    assert found.summary == f"{GROUP}: There is no log group {GROUP}."


def test_one_log_group_that_cannot_be_read_does_not_hide_another(scene: Scene) -> None:
    service = scene.api.service.model_copy(update={"log_groups": ("/extra",)})
    target = Target(**{**vars(scene.api), "service": service})
    scene.logs.lines[GROUP] = lines(scene, "ERROR x")
    scene.logs.failures.add("search /extra", TimeoutError())
    found = errors(scene, target)
    assert not found.failed
    assert found.summary.startswith("1 error line in 15 min")
    assert found.lines[-1] == "/extra: no answer in time"


def test_a_functions_own_log_group_is_known(scene: Scene) -> None:
    scene.logs.lines["/aws/lambda/jobs"] = []
    assert "/aws/lambda/jobs" in errors(scene, scene.target("bi/production/jobs")).summary


def test_what_has_no_logs_is_passed_over(scene: Scene) -> None:
    assert errors(scene, scene.target("bi/production/web")) is None
    assert LogErrorsStep(do="log_errors").run(nowhere(scene), scene.world) is None


def test_configured_log_groups_are_read_though_ecs_cannot_be_asked(scene: Scene) -> None:
    service = scene.api.service.model_copy(update={"log_groups": ("/extra",)})
    target = Target(**{**vars(scene.api), "service": service})
    scene.logs.lines["/extra"] = []
    scene.ecs.failures.add("service", UpstreamError("AWS refused."))
    assert errors(scene, target).summary == "No error in the last 15 min of /extra."
    scene.ecs.failures.add("service", NotFoundError("ECS has no such service."))
    with pytest.raises(NotFoundError):
        errors(scene)


@pytest.mark.parametrize("text", ["", " ", "\n", "\n\nERROR\n", "{}", '{"level": "error"}', "\x1b[31m", "\ud800"])
def test_odd_lines_break_nothing(scene: Scene, text: str) -> None:
    scene.logs.lines[GROUP] = lines(scene, text, text)
    assert errors(scene).summary


def points(*values: float) -> tuple[Datapoint, ...]:
    return tuple(Datapoint(float(n), value) for n, value in enumerate(values))


def measured(scene: Scene, **changes: Any) -> Any:
    return AlarmMetricStep(do="alarm_metric").run(look(scene, metric=metric(**changes)), scene.world)


def test_the_metric_is_shown_against_its_threshold(scene: Scene) -> None:
    scene.metrics.points["Errors"] = points(0, 2, 9, 7)
    found = measured(scene)
    assert found.summary == "Errors is 7; alarm when above 5; highest 9"
    assert found.lines[0].startswith("▁▂█▇")
    assert (found.fact("metric.last"), found.fact("metric.max")) == (7.0, 9.0)


def test_a_metric_whose_unit_is_known_is_told_in_it(scene: Scene) -> None:
    scene.metrics.points["CPUUtilization"] = points(20, 24.17)
    found = measured(scene, namespace="AWS/ECS", name="CPUUtilization", statistic="Average", threshold=80.0)
    assert found.summary == "CPUUtilization is 24.17 %; alarm when above 80 %; highest 24.17 %"


def test_a_metric_without_data_says_so(scene: Scene) -> None:
    assert measured(scene).summary == "Errors has no data in the last 60 min (alarm when above 5)."


def test_a_flat_metric_and_a_band_are_drawn(scene: Scene) -> None:
    scene.metrics.points["Errors"] = points(3, 3)
    found = measured(scene, threshold=None, comparison="LessThanLowerOrGreaterThanUpperThreshold")
    assert found.lines[0].startswith("▁▁")
    assert "its band" in found.summary


def test_metric_math_is_computed_as_the_alarm_does(scene: Scene) -> None:
    scene.metrics.points["api-errors"] = points(1, 12_345)
    found = measured(scene, name="", expression="100*e/n")
    assert found.summary == "100*e/n is 12,345; alarm when above 5; highest 12,345"


def test_metric_math_goes_by_the_name_that_somebody_gave_it(scene: Scene) -> None:
    scene.metrics.points["api-errors"] = points(1, 7)
    found = measured(scene, name="", expression="100*e/n", label="5xx answers, percent")
    assert found.summary == "5xx answers, percent: 7; alarm when above 5; highest 7"


def test_an_alarm_without_a_metric_has_nothing_to_show(scene: Scene) -> None:
    assert AlarmMetricStep(do="alarm_metric").run(look(scene), scene.world) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(-4, "0 s"), (40, "40 s"), (89, "89 s"), (90, "2 min"), (7200, "120 min")]
)
def test_how_long_ago_is_rough(seconds: float, words: str) -> None:
    assert minutes(seconds) == words
