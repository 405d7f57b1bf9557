"""Teaches moto CloudWatch Logs: filter patterns, paging, retention, classes, limits, metric filters and Insights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs import models
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends
from moto.logs.responses import LogsResponse

from sandbox.aws import insights, logs_exports, logs_exports_api, logs_groups, logs_ingestion, logs_limits, logs_reading
from sandbox.aws.logs_classes import refuse_other_classes
from sandbox.aws.logs_store import forget_stream
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_delete_log_stream = LogGroup.delete_log_stream


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and let export tasks go on at every tick."""
    taught = (logs_groups, logs_reading, insights, logs_exports_api)
    for operation in (operation for part in taught for operation in part.OPERATIONS):
        setattr(LogsResponse, operation.__name__, operation)
    refuse_other_classes()
    setattr(LogsBackend, "put_log_events", logs_ingestion.put_log_events)  # noqa: B010
    setattr(LogStream, "to_describe_dict", logs_groups.describe_stream)  # noqa: B010
    setattr(LogStream, "put_log_events", _put_dictionaries)  # noqa: B010
    setattr(LogGroup, "delete_log_stream", _forgetting)  # noqa: B010
    setattr(models, "EventMessageFilter", logs_reading.pattern_of)  # noqa: B010
    setattr(models, "utcnow", _now)  # noqa: B010
    logs_limits.lift()
    aws.on_tick(logs_exports.go_on_everywhere)


def _put_dictionaries(self: LogStream, log_events: list[dict[str, str]]) -> str:
    """The way moto's own services write events."""
    return logs_ingestion.ingest(self, [(int(event["timestamp"]), event["message"]) for event in log_events])


def _forgetting(self: LogGroup, log_stream_name: str) -> None:
    _delete_log_stream(self, log_stream_name)
    forget_stream(self, log_stream_name)


def _now() -> datetime:
    """The sandbox's time as moto's models take it: naive, in UTC."""
    moment: datetime = current().clock.datetime()
    return moment.replace(tzinfo=None)


def write(region: str, group: str, stream: str, entries: Iterable[tuple[int, str]]) -> None:
    """Store (timestamp in ms, message) pairs at once, past the API's limits, making group and stream: for seeding.

    What is older than lines that are there already comes late: it is ingested now.
    """
    backend = logs_backends[DEFAULT_ACCOUNT_ID][region]
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    logs_ingestion.ingest(backend.groups[group].streams[stream], list(entries))


def backdate(region: str, group: str, seconds: float) -> None:
    """Let a group have been made so many seconds before it was: for seeding lines that are older than that."""
    logs_backends[DEFAULT_ACCOUNT_ID][region].groups[group].creation_time -= timedelta(seconds=seconds)


def lag_stream_times(region: str, group: str, seconds: float) -> None:
    """From now on DescribeLogStreams tells the times of the group's streams as they were so many seconds ago."""
    logs_groups.lag_stream_times(logs_backends[DEFAULT_ACCOUNT_ID][region].groups[group], seconds)


def limit_filter_rate(per_second: int | None) -> None:
    """Let FilterLogEvents be called only so often in a region; AWS allows 5 a second. None lifts the limit."""
    logs_limits.filter_rate.limit(per_second)


def busiest_second() -> int:
    """The most FilterLogEvents calls that began within a second since the limit was set or lifted."""
    return logs_limits.filter_rate.busiest


def limit_stream_rate(per_second: int | None) -> None:
    """Let GetLogEvents be called only so often in a region; AWS allows 10 to 30 a second. None lifts the limit."""
    logs_limits.stream_rate.limit(per_second)


def busiest_second_of_streams() -> int:
    """The most GetLogEvents calls that began within a second since the limit was set or lifted."""
    return logs_limits.stream_rate.busiest


def limit_results_rate(per_second: int | None) -> None:
    """Let GetQueryResults be called only so often in a region; AWS allows 5 a second. None lifts the limit."""
    logs_limits.results_rate.limit(per_second)


def limit_queries(at_once: int) -> None:
    """Let only so many queries run at once; AWS allows 100."""
    logs_limits.queries.at_once = at_once
