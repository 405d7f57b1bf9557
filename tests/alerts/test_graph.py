"""The alarm's metric as a picture in its thread: who draws it, what is marked, and what there is no picture of."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import bot.graphs
from alerts.graph import graph_of, picture, span
from bot.catalog import Catalog
from bot.cloud import Curve, Datapoint, Transition
from bot.domain import Alarm, AlarmMetric, AlarmState, Target
from bot.errors import UpstreamError
from bot.graph import Graph, Mark, MarkKind
from bot.ports import Message
from bot.posts import post
from bot.shipping_cloud import ScalingActivity
from tests.fake_aws import a_record
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import Scene, the_systems

THEIRS = b"\x89PNG by CloudWatch"
DENIED = UpstreamError("AWS denied cloudwatch:GetMetricData.", code="AccessDenied")
SLOW = UpstreamError("AWS is throttling cloudwatch:GetMetricData.", retryable=True)
CPU = AlarmMetric(
    namespace="AWS/ECS",
    name="CPUUtilization",
    statistic="AVERAGE",
    period=60,
    threshold=75.0,
    comparison="GreaterThanThreshold",
)
BAND = CPU.model_copy(
    update={
        "name": "",
        "expression": "ANOMALY_DETECTION_BAND(m1, 2)",
        "threshold": None,
        "comparison": "LessThanLowerOrGreaterThanUpperThreshold",
    }
)
MATH = CPU.model_copy(update={"name": "", "expression": "m1 / m2", "label": "Errors of 100"})


def an_alarm(metric: AlarmMetric | None = CPU, **changes: Any) -> Alarm:
    fields: dict[str, Any] = {
        "arn": "arn:aws:cloudwatch:eu-west-1:1:alarm:api-cpu",
        "name": "api-cpu",
        "state": AlarmState.ALARM,
        "at": NOON - 60,
        "region": "eu-west-1",
        "metric": metric,
    }
    return Alarm(**(fields | changes))


class Drawing:
    """What was drawn here, instead of drawing it."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []

    def __call__(self, panels: tuple[Graph, ...]) -> bytes:
        self.graphs += panels
        return b"ours"


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    drawn = Drawing()
    monkeypatch.setattr(bot.graphs, "draw", drawn)
    return drawn


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """A service with a metric, to which all kinds of things happened."""
    scene.metrics.points["CPUUtilization"] = tuple(Datapoint(NOON - 60 * ago, 90.0) for ago in range(170, 0, -1))
    scene.metrics.went = [
        Transition(NOON - 60, "ALARM"),
        Transition(NOON - 4000, "OK"),
        Transition(NOON - 9000, "ALARM"),
    ]
    return scene


def drawn(scene: Scene, alarm: Alarm | None = None, target: Target | None = None) -> bytes | None:
    return graph_of(alarm or an_alarm(), target or scene.api, NOON - 60, NOON, scene.world)


def with_past(scene: Scene, *past: Any) -> None:
    object.__setattr__(scene.world, "recent", FakeRecent(*past))


def test_the_metric_is_drawn_with_its_threshold_and_the_time_before(busy: Scene, drawing: Drawing) -> None:
    assert drawn(busy) == b"ours"
    (graph,) = drawing.graphs
    assert graph.title == "CPUUtilization · bi/api production"
    assert (graph.unit, [limit.value for limit in graph.thresholds]) == ("%", [75.0])
    assert (graph.start, graph.end) == (NOON - 60 - 10_800 - (NOON - 60) % 60, NOON)
    (line,) = graph.series
    assert (line.label, len(line.points), line.period) == ("Average every 1 min", 170, 60)


def test_all_that_happened_is_marked(busy: Scene, drawing: Drawing) -> None:
    ours = a_past(busy.api.key, started_at=NOON - 3600, facts={"version": "v143"})
    scaled = a_past(busy.api.key, id="op-2", command="scale", started_at=NOON - 2000, facts={"count": 4})
    waits = a_past(busy.api.key, id="op-3", started_at=0.0)
    reads = a_past(busy.api.key, id="op-4", command="cancel", started_at=NOON - 1000)
    with_past(busy, ours, scaled, waits, reads)
    busy.ecs.records = [
        a_record("arn:aws:ecs:r:1:task-definition/api:8", at=NOON - 3590),
        a_record("arn:aws:ecs:r:1:task-definition/api:7", at=NOON - 8000),
        a_record("arn:aws:ecs:r:1:task-definition/api:6", at=NOON - 90_000),
    ]
    busy.scaling.log = (
        ScalingActivity(NOON - 500, "Setting desired count to 6.", "cpu", "Successful"),
        ScalingActivity(NOON - 400, "Setting desired count to 8.", "cpu", "Failed"),
    )
    drawn(busy)
    assert drawing.graphs[0].marks == (
        Mark(NOON - 9000, "ALARM", MarkKind.ALARM),
        Mark(NOON - 8000, "api:7", MarkKind.DEPLOYMENT),
        Mark(NOON - 4000, "OK", MarkKind.OK),
        Mark(NOON - 3600, "deploy v143", MarkKind.DEPLOYMENT),
        Mark(NOON - 2000, "scale to 4", MarkKind.SCALING),
        Mark(NOON - 500, "auto: 6 tasks", MarkKind.SCALING),
        Mark(NOON - 60, "ALARM", MarkKind.ALARM),
    )


def test_marks_that_cannot_be_read_are_left_out_and_the_alarm_is_marked_all_the_same(
    busy: Scene, drawing: Drawing
) -> None:
    busy.metrics.failures.add("transitions", DENIED)
    busy.ecs.failures.add("service_deployments", DENIED)
    with_past(busy, a_past(busy.api.key, facts={"version": "v143"}))
    drawn(busy)
    assert [mark.label for mark in drawing.graphs[0].marks] == ["deploy v143", "ALARM"]


def test_an_alarm_on_math_is_drawn_with_every_series(busy: Scene, drawing: Drawing) -> None:
    busy.metrics.computed["api-cpu"] = (Curve("fn-1", (Datapoint(NOON, 1.0),)), Curve("", (Datapoint(NOON, 2.0),)))
    drawn(busy, an_alarm(MATH))
    (graph,) = drawing.graphs
    assert graph.title == "Errors of 100 · bi/api production"
    assert [line.label for line in graph.series] == ["fn-1", "Errors of 100"]


def test_a_band_is_drawn_by_cloudwatch_with_what_happened(busy: Scene, drawing: Drawing) -> None:
    busy.metrics.pictures["api-cpu"] = THEIRS
    busy.metrics.computed["api-cpu"] = (Curve("m1", (Datapoint(NOON, 1.0),)),)
    with_past(busy, a_past(busy.api.key, facts={"version": "v143"}))
    assert drawn(busy, an_alarm(BAND)) == THEIRS
    assert "deploy v143" in [mark.label for mark in busy.metrics.marked[0]]
    assert drawing.graphs == []


def test_the_axis_is_in_the_zone_of_the_services_system(tmp_path: Path, drawing: Drawing) -> None:
    (system,) = the_systems()
    far = Scene(tmp_path, catalog=Catalog([system.model_copy(update={"zone": "Asia/Tokyo"})]))
    far.metrics.points["CPUUtilization"] = (Datapoint(NOON - 60, 90.0),)
    assert drawn(far) == b"ours"
    assert graph_of(an_alarm(), None, NOON - 60, NOON, far.world) == b"ours"
    assert [graph.zone for graph in drawing.graphs] == ["Asia/Tokyo", "UTC"]
    far.close()


def test_a_band_that_cloudwatch_does_not_draw_is_drawn_here(busy: Scene, drawing: Drawing) -> None:
    busy.metrics.failures.add("picture", DENIED)
    busy.metrics.computed["api-cpu"] = (Curve("m1", (Datapoint(NOON, 1.0),)),)
    assert drawn(busy, an_alarm(BAND)) == b"ours"
    assert drawing.graphs[0].thresholds == ()


def test_what_may_not_be_read_is_drawn_by_cloudwatch(busy: Scene) -> None:
    busy.metrics.failures.add("series", DENIED)
    busy.metrics.pictures["api-cpu"] = THEIRS
    assert drawn(busy) == THEIRS


def test_what_nobody_may_read_is_an_error_that_names_the_permission(busy: Scene) -> None:
    busy.metrics.failures.add("series", DENIED)
    with pytest.raises(UpstreamError, match="cloudwatch:GetMetricData"):
        drawn(busy)


def test_what_is_away_for_a_while_is_worth_another_try(busy: Scene) -> None:
    for error in (SLOW, TimeoutError()):
        busy.metrics.failures.add("series", error)
        with pytest.raises(UpstreamError) as caught:
            drawn(busy)
        assert caught.value.retryable


def test_a_composite_alarm_is_shown_by_the_first_child_that_has_a_picture(busy: Scene) -> None:
    children = ("arn:aws:cloudwatch:eu-west-1:1:alarm:other", "arn:aws:cloudwatch:eu-west-1:1:alarm:a: b")
    busy.metrics.pictures["a: b"] = THEIRS
    assert drawn(busy, an_alarm(None, children=children)) == THEIRS


def test_what_watches_nothing_has_no_picture(busy: Scene) -> None:
    assert drawn(busy, an_alarm(None)) is None
    assert drawn(busy, an_alarm(None, children=("arn:aws:cloudwatch:eu-west-1:1:alarm:gone",))) is None
    assert drawn(busy, an_alarm(MATH)) is None
    assert graph_of(an_alarm(region=""), None, NOON, NOON, busy.world) is None


def test_an_alarm_of_no_service_is_drawn_too(busy: Scene, drawing: Drawing) -> None:
    assert graph_of(an_alarm(), None, NOON - 60, NOON, busy.world) == b"ours"
    assert drawing.graphs[0].title == "CPUUtilization"


@pytest.mark.parametrize(
    ("period", "before"),
    [(10, 10_800), (60, 10_800), (300, 18_000), (3600, 216_000), (86_400, 14 * 86_400), (0, 10_800)],
)
def test_how_far_back_a_picture_goes_depends_on_how_often_there_is_a_value(period: int, before: float) -> None:
    start, end = span(CPU.model_copy(update={"period": period}), 600_000.0, 600_500.0)
    assert (start, end) == (600_000.0 - before // 60 * 60, 600_500.0)


def test_the_picture_reaches_the_thread_of_its_incident(busy: Scene) -> None:
    busy.engine.add(post("inc:1:headline", "#bi", Message(text="api-cpu")))
    owed = picture("1", "inc:1:headline", an_alarm(), busy.api, channel="#bi", opened_at=NOON - 60, zone="UTC")
    busy.engine.add(owed)
    busy.engine.add(owed)
    busy.engine.add(
        picture(
            "1",
            "inc:1:headline",
            an_alarm(),
            busy.api,
            channel="#bi",
            opened_at=NOON - 60,
            zone="Asia/Tokyo",
            mark="fired:2",
        )
    )
    busy.run(3)
    first, second = busy.chat.files
    assert first.name != second.name
    assert first.thread_ts == busy.chat.by_key("inc:1:headline").ts
    assert first.title == "CPUUtilization · bi/api production"
    assert first.alt == (
        "Graph of CPUUtilization · bi/api production around 15:05 UTC on 15 Jun 2025; the alarm is on when it is > 75."
    )
    assert "around 00:05 Asia/Tokyo on 16 Jun 2025;" in second.alt
    assert Image.open(io.BytesIO(first.content)).size == (1600, 720)


def test_the_decision_of_who_draws_names_checks_that_exist() -> None:
    said = (Path(__file__).parents[2] / "docs/decisions/0012-who-draws.md").read_text(encoding="utf-8")
    checks = re.findall(r"`(test_\w+)`", said)
    assert len(checks) >= 3
    assert set(checks) <= set(globals())
