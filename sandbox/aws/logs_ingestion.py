"""Taking log events in: storing them, feeding metric filters and subscription filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogsBackend, LogStream, logs_backends

from sandbox.aws.cloudwatch_region import metrics_of
from sandbox.aws.logs_errors import invalid
from sandbox.aws.logs_groups import group_of, stream_of
from sandbox.aws.logs_matching import PatternError
from sandbox.aws.logs_patterns import Pattern, compile_pattern
from sandbox.aws.logs_store import Event, append, now_ms
from sandbox.aws.world import current

PAGE_BYTES = 1_048_576
PAGE_EVENTS = 10_000
EVENT_OVERHEAD = 26
"""Bytes that an event counts besides its message."""
_DAY = 86_400_000
_OLDEST = 14 * _DAY
_NEWEST = 2 * 3_600_000


def ingest(stream: LogStream, entries: Sequence[tuple[int, str]]) -> str:
    """Store (timestamp in ms, message) pairs and pass them on; answers the sequence token AWS still sends."""
    batch = append(stream, entries)
    stream.last_ingestion_time = current().clock.datetime().replace(tzinfo=None)
    stream.stored_bytes += sum(len(message) for _, message in entries)
    stream.upload_sequence_token += 1
    if batch:
        _feed_metrics(stream, batch)
        _feed_subscriptions(stream, batch)
    return f"{stream.upload_sequence_token:056d}"


def _feed_metrics(stream: LogStream, batch: Sequence[Event]) -> None:
    """PutMetricFilter: a matching event is a datapoint at its own time; without a match the default value counts."""
    filters = logs_backends[stream.account_id][stream.region].filters.metric_filters
    for each in filters:
        if each["logGroupName"] != stream.log_group.name:
            continue
        pattern = _pattern(each["filterPattern"])
        for change in each["metricTransformations"]:
            for event in batch:
                _count(stream, pattern, change, event)


def _count(stream: LogStream, pattern: Pattern, change: Mapping[str, Any], event: Event) -> None:
    matched = pattern.matches(event.message)
    value = pattern.value(event.message, str(change["metricValue"])) if matched else change.get("defaultValue")
    if value is None:
        return
    store = metrics_of(cloudwatch_backends[stream.account_id][stream.region])
    entry = {"MetricName": change["metricName"], "Value": float(value), "Unit": change.get("unit", "None")}
    store.put(change["metricNamespace"], entry, event.timestamp / 1000)


def _feed_subscriptions(stream: LogStream, batch: Sequence[Event]) -> None:
    for each in stream.log_group.subscription_filters.values():
        pattern = _pattern(each.filter_pattern)
        wanted = [
            {"id": event.event_id, "timestamp": event.timestamp, "message": event.message}
            for event in batch
            if pattern.matches(event.message)
        ]
        if wanted:
            service = each.destination_arn.split(":")[2]
            stream._send_log_events(service, each.destination_arn, each.name, wanted)


def _pattern(text: str | None) -> Pattern:
    try:
        return compile_pattern(text or "")
    except PatternError:
        return compile_pattern("")


def put_log_events(
    self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """PutLogEvents, in the place of moto's backend method: events older than 14 days or too new are left out."""
    stream = stream_of(group_of(self, log_group_name), log_stream_name)
    times = [int(event["timestamp"]) for event in log_events]
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times and times[-1] - times[0] > _DAY:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    size = sum(len(event["message"].encode()) + EVENT_OVERHEAD for event in log_events)
    if len(times) > PAGE_EVENTS or size > PAGE_BYTES:
        raise invalid("Upload too large: at most 10000 log events and 1048576 bytes")
    now = now_ms()
    too_old = sum(1 for at in times if at < now - _OLDEST)
    too_new = sum(1 for at in times if at > now + _NEWEST)
    rejected: dict[str, Any] = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(times) - too_new
    kept = log_events[too_old : len(times) - too_new]
    return ingest(stream, [(int(event["timestamp"]), event["message"]) for event in kept]), rejected
