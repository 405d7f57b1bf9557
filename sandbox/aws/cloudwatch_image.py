"""GetMetricWidgetImage: a small line chart of the widget's metrics, written as PNG without any library.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Metric-Widget-Structure.html
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from sandbox.aws.cloudwatch_evaluation import queries_of
from sandbox.aws.cloudwatch_region import alarms_of, metrics_of
from sandbox.aws.metrics_queries import Query, QueryRun
from sandbox.aws.metrics_values import MathError, Points
from sandbox.aws.world import current

_COLOURS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (148, 103, 189))
_RED, _GREY, _VIOLET = (214, 39, 40), (221, 221, 221), (107, 47, 160)
_SMALLEST, _LARGEST = 1, 2000
_MARGIN = 12
_LARGEST_WIDGET = 100_000
_SPAN = re.compile(r"-?PT?(\d+)([MHD])")
_SECONDS = {"M": 60, "H": 3_600, "D": 86_400}
_DEFAULT_SPAN = 3 * 3_600


def get_metric_widget_image(self: CloudWatchResponse) -> ActionResult:
    """GetMetricWidgetImage: metrics given as arrays, and the alarm of an annotation with its threshold."""
    try:
        widget: dict[str, Any] = json.loads(self._get_param("MetricWidget"))
    except ValueError:
        raise ValidationError("The MetricWidget parameter is not valid JSON") from None
    if len(self._get_param("MetricWidget").encode()) > _LARGEST_WIDGET:
        raise ValidationError("The MetricWidget parameter is too large")
    now = current().clock.now()
    start, end = _moment(widget.get("start"), now, _DEFAULT_SPAN), _moment(widget.get("end"), now, 0)
    if start >= end:
        raise ValidationError("The start must be before the end")
    queries, lines = _wanted(self, widget)
    run = QueryRun(queries, metrics_of(self.cloudwatch_backend), start, end, now=now)
    drawn: list[Points] = []
    for query in queries:
        if query.get("ReturnData") is False:
            continue
        try:
            drawn += [answer.points for answer in run.answers(query["Id"])]
        except MathError as error:
            raise ValidationError(str(error)) from None
    width, height = (
        min(max(int(widget.get(key) or size), _SMALLEST), _LARGEST) for key, size in (("width", 600), ("height", 400))
    )
    marked = [_moment(each["value"], now, 0) for each in (widget.get("annotations") or {}).get("vertical") or ()]
    return ActionResult({"MetricWidgetImage": draw(drawn, lines, (start, end), width, height, marked)})


def _moment(written: Any, now: float, ago: float) -> float:
    """An instant as a widget writes it: absolute (ISO 8601), or so long ago (-PT3H); by default so many seconds ago."""
    span = _SPAN.fullmatch(str(written or ""))
    if span:
        return now - int(span[1]) * _SECONDS[span[2]]
    if not written:
        return now - ago
    try:
        return datetime.fromisoformat(str(written)).timestamp()
    except ValueError:
        raise ValidationError(f"Invalid time: {written}") from None


def _wanted(self: CloudWatchResponse, widget: dict[str, Any]) -> tuple[list[Query], list[float]]:
    annotations = widget.get("annotations") or {}
    lines = [float(each["value"]) for each in annotations.get("horizontal") or () if "value" in each]
    queries: list[Query] = []
    for arn in annotations.get("alarms") or ():
        alarm = alarms_of(self.cloudwatch_backend).get(arn.split(":", 6)[-1])
        if alarm is not None and not alarm.is_composite:
            queries += queries_of(alarm)
            if alarm.settings.get("Threshold") is not None:
                lines.append(float(alarm.settings["Threshold"]))
    for number, row in enumerate(widget.get("metrics") or (), start=1):
        queries.append(_row(row, f"r{number}", widget))
    return queries, lines


def _row(row: Sequence[Any], name: str, widget: dict[str, Any]) -> Query:
    """One row: ["Namespace", "Metric", "Dimension", "value", ..., {options}] or [{"expression": ...}]."""
    options: dict[str, Any] = row[-1] if row and isinstance(row[-1], dict) else {}
    words = [word for word in row if not isinstance(word, dict)]
    shown = {"Id": options.get("id") or name, "ReturnData": options.get("visible") is not False}
    if options.get("expression"):
        return {**shown, "Expression": options["expression"]}
    if len(words) < 2 or len(words) % 2:
        raise ValidationError(f"Invalid metric array: {row}")
    pairs = [{"Name": key, "Value": value} for key, value in zip(words[2::2], words[3::2], strict=True)]
    stat = options.get("stat") or widget.get("stat") or "Average"
    period = options.get("period") or widget.get("period") or 300
    metric = {"Namespace": words[0], "MetricName": words[1], "Dimensions": pairs}
    return {**shown, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def draw(
    series: Sequence[Points],
    lines: Sequence[float],
    span: tuple[float, float],
    width: int,
    height: int,
    marked: Sequence[float] = (),
) -> bytes:
    """A PNG of the series over ``span`` (seconds since the epoch), with thresholds and marked moments as lines."""
    rows = [bytearray(b"\xff" * width * 3) for _ in range(height)]
    values = [value for points in series for value in points.values()] + list(lines) + [0.0]
    low, high = min(values), max(values)
    start, end = span

    def across(at: float) -> int:
        return int(_MARGIN + (at - start) / ((end - start) or 1) * (width - 2 * _MARGIN))

    def up(value: float) -> int:
        return int(height - _MARGIN - (value - low) / ((high - low) or 1) * (height - 2 * _MARGIN))

    for share in range(5):
        level = up(low + (high - low) * share / 4)
        _line(rows, (_MARGIN, level), (width - _MARGIN, level), _GREY)
    for value in lines:
        _line(rows, (_MARGIN, up(value)), (width - _MARGIN, up(value)), _RED)
    for at in marked:
        if start <= at <= end:
            _line(rows, (across(at), _MARGIN), (across(at), height - _MARGIN), _VIOLET)
    for number, points in enumerate(series):
        corners = [(across(at), up(points[at])) for at in sorted(points)]
        for before, after in zip(corners, corners[1:] or corners, strict=False):
            _line(rows, before, after, _COLOURS[number % len(_COLOURS)])
    return _png(rows, width, height)


def _line(rows: list[bytearray], start: tuple[int, int], end: tuple[int, int], colour: tuple[int, int, int]) -> None:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        column = start[0] + (end[0] - start[0]) * step // steps
        row = start[1] + (end[1] - start[1]) * step // steps
        if 0 <= row < len(rows) and 0 <= column < len(rows[0]) // 3:
            rows[row][column * 3 : column * 3 + 3] = bytes(colour)


def _png(rows: list[bytearray], width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
