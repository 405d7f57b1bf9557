"""Taking log events in: storing them, feeding metric filters and subscription filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import unix_time_millis
from moto.logs.models import LogStream, logs_backends

from sandbox.aws.cloudwatch_region import metrics_of
from sandbox.aws.logs_matching import PatternError
from sandbox.aws.logs_patterns import Pattern, compile_pattern
from sandbox.aws.logs_store import Event, append, stream_events
from sandbox.aws.world import current


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


def describe_stream(self: LogStream) -> dict[str, Any]:
    """A stream as DescribeLogStreams answers it; takes the place of moto's method, which looks at every event."""
    shown: dict[str, Any] = {
        "arn": self.arn,
        "creationTime": int(unix_time_millis(self.creation_time)),
        "logStreamName": self.log_stream_name,
        "storedBytes": 0,
    }
    events = stream_events(self)
    if events and self.last_ingestion_time is not None:
        shown |= {
            "firstEventTimestamp": events[0].timestamp,
            "lastEventTimestamp": events[-1].timestamp,
            "lastIngestionTime": int(unix_time_millis(self.last_ingestion_time)),
            "uploadSequenceToken": str(self.upload_sequence_token),
        }
    return shown
