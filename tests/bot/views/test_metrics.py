"""Signals in words: what is said of now, of yesterday and of alarms; text of others does nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import AlarmReading, Datapoint
from bot.domain import Account
from bot.graph import Mark, MarkKind, Threshold
from bot.ports import Message
from bot.signal import Limit, Line, Reading, Signal
from bot.telemetry import Dashboard
from bot.views import blocks as b
from bot.views.metrics import Shown, answer, dashboards, summary
from tests.bot.signals.readings import a_metric, every_minute
from tests.bot.views.limits import check
from tests.fakes import NOON, texts

HOSTILE = "<!channel> *bold* `code` <https://evil.example|click> \x1b[31m @here \n" + "x" * 3000
CPU = Signal("cpu", "CPU", (Line("average", (a_metric("AWS/ECS/CPUUtilization", "Average", ServiceName="api"),)),), "%")
RATE = Signal("requests", "Requests", (Line("per minute", (a_metric("AWS/ELB/R"),), per_minute=True),), "/min")


def said(*readings: Reading, **more: Any) -> str:
    fields: dict[str, Any] = {"label": "bi/api production", "when": "today", "is_now": True}
    fields |= {"start": NOON - 3600, "end": NOON, "zone": "UTC"}
    shown = Shown(readings=readings, **(fields | more))
    message = Message(text=summary(shown)[:3900], blocks=b.fit(answer(shown)))
    check(message)
    return texts(message)


def a_reading(*values: float, signal: Signal = CPU, **more: Any) -> Reading:
    return Reading(signal, (every_minute(NOON - 60 * len(values), *values),), **more)


def test_now_average_highest_and_bars() -> None:
    text = said(a_reading(20.0, 40.0, 30.0))
    assert "*CPU* `▁█▅`" in text
    assert "average: now *30%* · average 30% · highest 40%" in text
    assert text.startswith("bi/api production: CPU 30%")


def test_a_count_says_per_minute_once() -> None:
    assert "\nnow *1.5k/min* · average 1.5k/min" in said(a_reading(1500.0, signal=RATE)).replace("1500", "1.5k")


def test_yesterday_is_told_with_the_difference() -> None:
    before = (every_minute(NOON - 120, 20.0, 20.0),)
    assert "yesterday 20% on average (+50 %)" in said(a_reading(30.0, 30.0, before=before))
    assert "(−50 %)" in said(a_reading(10.0, before=before))
    assert "yesterday 0% on average\n" in said(a_reading(10.0, before=(every_minute(NOON - 60, 0.0),))) + "\n"


def test_a_yesterday_without_values_is_said() -> None:
    assert said(a_reading(30.0, before=((),))).endswith("highest 30% · no data of yesterday")
    assert "yesterday" not in said(a_reading(30.0))


def test_yesterday_is_told_of_the_line_that_is_told() -> None:
    lines = (*CPU.lines, Line("highest task", (a_metric("AWS/ECS/CPUUtilization", "Maximum"),)))
    now, before = every_minute(NOON - 60, 30.0), every_minute(NOON - 60, 20.0)
    reading = Reading(replace(CPU, lines=lines), ((), now), (every_minute(NOON - 60, 1.0), before))
    assert "highest task: now *30%* · average 30% · highest 30% · yesterday 20% on average (+50 %)" in said(reading)


def test_thresholds_stand_beside_what_they_are_of() -> None:
    limits = (
        Limit("warn", Threshold(70.0, "GreaterThanThreshold")),
        Limit("bad", Threshold(90.0, "LessThanThreshold")),
    )
    assert "· alarm &gt; 70% · alarm &lt; 90%" in said(a_reading(1.0, limits=limits))
    twice = (*limits, Limit("bad-too", limits[1].threshold))
    assert said(a_reading(1.0, limits=twice)).count("alarm &lt; 90%") == 1


def test_all_of_the_time_is_in_the_bars_and_no_peak_is_lost() -> None:
    bars = said(a_reading(*[1.0] * 100, 9.0, *[1.0] * 79)).split("`")[1]
    assert len(bars) == 40
    assert bars.count("█") == 1


def test_a_value_that_is_old_is_not_called_now() -> None:
    old = Reading(CPU, (every_minute(NOON - 3600, 5.0),))
    assert "60 min before the end *5%*" in said(old) or "1 h before the end *5%*" in said(old)
    assert "at the end *30%*" in said(a_reading(30.0), is_now=False)


def test_other_lines_are_told_by_their_newest_value() -> None:
    lines = tuple(Line(f"p{number}", (a_metric("AWS/Lambda/Duration", f"p{number}"),)) for number in (95, 50, 99))
    latency = Signal("latency", "Latency", lines, "ms")
    points = tuple(every_minute(NOON - 60, value) for value in (200.0, 90.0, 400.0))
    text = said(Reading(latency, points))
    assert "p95: now *200 ms* · average 200 ms · highest 200 ms\np50 90 ms · p99 400 ms" in text


def test_no_data_names_the_metric_and_its_dimensions() -> None:
    text = said(Reading(CPU, ((),)), when="2026-11-26 14:00–15:00 UTC (1 h)")
    assert "*CPU* no data: CloudWatch has no `AWS/ECS CPUUtilization` (ServiceName=api) in this time." in text
    assert "2026-11-26 14:00–15:00 UTC (1 h)" in text
    assert "CPU no data" in text.splitlines()[0]


def test_red_alarms_are_named_and_quiet_ones_counted() -> None:
    quiet, red = (AlarmReading(name, name, state, "", 0.0) for name, state in (("a", "OK"), ("b", "ALARM")))
    assert "None of its 2 alarms is red" in said(a_reading(1.0), alarms=(quiet, quiet))
    assert "Red now: :red_circle: `b`" in said(a_reading(1.0), alarms=(quiet, red))


def test_the_newest_of_many_happenings_are_told() -> None:
    marks = [Mark(NOON - 600 + number, f"deploy v{number}", MarkKind.DEPLOYMENT) for number in range(9)]
    text = said(a_reading(1.0), marks=marks)
    assert "Meanwhile: 14:56 deploy v4 · " in text
    assert " · 14:56 deploy v8 · and 4 earlier" in text
    assert "deploy v3" not in text


@pytest.mark.parametrize(
    ("zone", "hours", "told"),
    [
        ("UTC", 3, "14:56"),
        ("Europe/Berlin", 3, "16:56"),
        ("Asia/Kathmandu", 3, "20:41"),
        ("Europe/Berlin", 24, "2025-06-15 16:56"),
        ("Europe/Berlin", 24 * 90, "2025-06-15 16:56+0200"),
    ],
)
def test_what_happened_is_told_by_the_clocks_of_the_range(zone: str, hours: float, told: str) -> None:
    marks = [Mark(NOON - 600, "deploy v1", MarkKind.DEPLOYMENT)]
    text = said(a_reading(1.0), marks=marks, zone=zone, start=NOON - 3600 * hours)
    assert f"Meanwhile: {told} deploy v1" in text.splitlines()


def test_hostile_text_pings_nobody_and_formats_nothing() -> None:
    line = Line(HOSTILE, (a_metric("AWS/ECS/CPUUtilization", "Average", Name=HOSTILE),))
    hostile = Signal(HOSTILE, HOSTILE, (line, line))
    values = Reading(hostile, (every_minute(NOON - 60, 1.0),) * 2)
    mark = Mark(NOON, HOSTILE, MarkKind.DEPLOYMENT)
    red = AlarmReading("a", HOSTILE, "ALARM", "", 0.0)
    more: dict[str, Any] = {"notes": (HOSTILE,), "also": (HOSTILE,), "marks": (mark,), "alarms": (red,)}
    text = said(values, Reading(hostile, ((), ())), label=HOSTILE, **more)
    assert "\x1b" not in text


def test_six_signals_of_six_lines_fit_in_a_message() -> None:
    lines = tuple(Line(f"queue-with-a-long-name-{number}", (a_metric("A/B"),)) for number in range(9))
    many = Signal("connections", "Connections", lines)
    reading = Reading(many, tuple(tuple(Datapoint(NOON - 60, 1.0) for _ in range(1)) for _ in lines))
    text = said(*[reading] * 6)
    assert "3 more" in text


def test_dashboards_are_links_to_the_console() -> None:
    account = Account("us-east-1")
    found = [Dashboard("rapid-photo-prod-dashboard", 0.0), Dashboard("a b/<!channel>", 0.0)]
    text = texts(Message(text="dashboards", blocks=tuple(dashboards([("photo", account, found)], [HOSTILE]))))
    address = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/"
    assert f"<{address}rapid-photo-prod-dashboard|rapid-photo-prod-dashboard>" in text
    assert f"<{address}a%20b%2F%3C%21channel%3E|a b/&lt;!channel&gt;>" in text
    assert ":warning: &lt;!channel&gt;" in text
    assert "<!" not in text


def test_no_dashboard_and_very_many() -> None:
    account = Account("us-east-1")
    many = [Dashboard(f"d{number}", 0.0) for number in range(50)]
    text = texts(Message("", tuple(dashboards([("a", account, ()), ("b", account, many)], []))))
    assert "none" in text
    assert "… and 20 more" in text
