"""A look as one picture: what stands on which panel, and that it can be drawn again from its row."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from bot.cloud import Transition
from bot.graph import Mark, MarkKind, Threshold
from bot.signal import Limit, Line, Reading, Signal
from bot.signals.looking import Look, Wanted, look
from bot.signals.picture import graphs, make, owed
from tests.bot.signals.readings import a_metric, an_alarm, every_minute
from tests.fakes import NOON
from tests.scene import Scene

ASKED = Wanted(start=NOON - 3600, end=NOON)
CPU = Signal("cpu", "CPU", (Line("average", (a_metric("AWS/ECS/CPUUtilization", "Average"),)),), "%")
DEPLOYED = Mark(NOON - 600, "deploy v2", MarkKind.DEPLOYMENT)


def a_look(scene: Scene, *readings: Reading, **more: object) -> Look:
    return Look(scene.api, ASKED, readings, **more)  # type: ignore[arg-type]


def a_reading(*values: float, **more: object) -> Reading:
    return Reading(CPU, (every_minute(NOON - 600, *values),), **more)  # type: ignore[arg-type]


def test_what_happened_is_told_on_the_first_panel_and_marked_on_all(scene: Scene) -> None:
    first, second = graphs(a_look(scene, a_reading(1.0), a_reading(2.0), marks=(DEPLOYED,)))
    assert (first.title, second.title) == ("CPU · bi/api production", "CPU")
    assert [mark.label for mark in first.marks] == ["deploy v2"]
    assert [(mark.label, mark.at) for mark in second.marks] == [("", DEPLOYED.at)]


def test_an_alarm_is_marked_on_its_own_panel_only(scene: Scene) -> None:
    limit = Limit("cpu-high", Threshold(80.0, "GreaterThanThreshold"))
    states = {"cpu-high": (Mark(NOON - 60, "ALARM", MarkKind.ALARM),)}
    limited, other = graphs(a_look(scene, a_reading(1.0, limits=(limit,)), a_reading(2.0), states=states))
    assert limited.thresholds == (limit.threshold,)
    assert [mark.kind for mark in limited.marks] == [MarkKind.ALARM]
    assert (other.thresholds, other.marks) == ((), ())


def test_every_threshold_is_drawn_once_and_the_axis_is_in_the_zone_that_was_asked_in(scene: Scene) -> None:
    limits = [Limit(f"cpu-{value:g}", Threshold(value, "GreaterThanThreshold")) for value in (70.0, 90.0, 90.0)]
    found = Look(scene.api, ASKED.model_copy(update={"zone": "Asia/Tokyo"}), (a_reading(1.0, limits=(*limits,)),))
    (graph,) = graphs(found)
    assert [limit.value for limit in graph.thresholds] == [70.0, 90.0]
    assert graph.zone == "Asia/Tokyo"


def test_yesterday_is_a_faint_line(scene: Scene) -> None:
    (graph,) = graphs(a_look(scene, a_reading(1.0, before=(every_minute(NOON - 600, 3.0),))))
    assert [(series.label, series.faint) for series in graph.series] == [("average", False), ("yesterday", True)]


@pytest.mark.parametrize(
    ("period", "label"), [(60, "average"), (600, "average, each 10 min"), (7200, "average, each 2 h")]
)
def test_how_long_a_value_is_stands_beside_it_where_it_is_no_minute(scene: Scene, period: int, label: str) -> None:
    (graph,) = graphs(a_look(scene, a_reading(1.0, period=period)))
    assert graph.series[0].label == label


def test_a_signal_without_values_has_no_panel(scene: Scene) -> None:
    assert graphs(a_look(scene, a_reading())) == ()


def test_the_row_of_a_picture_is_json_and_draws_it_again(scene: Scene) -> None:
    scene.metrics.points = {"CPUUtilization": every_minute(NOON - NOON % 60 - 600, 40.0, 50.0)}
    scene.metrics.readings = {
        "api-errors": an_alarm(
            "api-errors", "AWS/ECS/CPUUtilization", {"ClusterName": "c", "ServiceName": "api"}, "Average", 80.0
        )
    }
    scene.metrics.went = [Transition(NOON - 300, "ALARM", "OK")]
    asked = Wanted(words=("cpu",), start=NOON - 3600, end=NOON, yesterday=True)
    kept = owed(look(scene.api, asked, scene.world))
    assert (kept.make, kept.name) == ("metrics", "api-metrics.png")
    assert kept.alt == "Graphs of CPU of bi/api production, 2025-06-15 14:06 to 2025-06-15 15:06 UTC."
    drawn = make(scene.world, json.loads(json.dumps(kept.parameters)))
    assert drawn is not None
    assert Image.open(io.BytesIO(drawn)).size == (1600, 720)


def test_what_has_no_values_any_more_or_is_gone_is_not_drawn(scene: Scene) -> None:
    wanted = ASKED.model_dump()
    assert make(scene.world, {"target": scene.api.key, "wanted": wanted}) is None
    assert make(scene.world, {"target": "bi/production/gone", "wanted": wanted}) is None
