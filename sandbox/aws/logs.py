"""Teaches moto CloudWatch Logs: filter patterns, paging, retention, metric filters and Insights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs import models
from moto.logs.models import LogGroup, LogsBackend, LogStream, logs_backends
from moto.logs.responses import LogsResponse

from sandbox.aws import insights, logs_api
from sandbox.aws.logs_ingestion import describe_stream, ingest
from sandbox.aws.logs_store import forget_stream
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_delete_log_stream = LogGroup.delete_log_stream


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    for operation in (*logs_api.OPERATIONS, *insights.OPERATIONS):
        setattr(LogsResponse, operation.__name__, operation)
    setattr(LogsBackend, "put_log_events", logs_api.put_log_events)  # noqa: B010
    setattr(LogStream, "to_describe_dict", describe_stream)  # noqa: B010
    setattr(LogStream, "put_log_events", _put_dictionaries)  # noqa: B010
    setattr(LogGroup, "delete_log_stream", _forgetting)  # noqa: B010
    setattr(models, "EventMessageFilter", logs_api.pattern_of)  # noqa: B010
    setattr(models, "utcnow", _now)  # noqa: B010
    logs_api.filter_rate.per_second = None


def _put_dictionaries(self: LogStream, log_events: list[dict[str, str]]) -> str:
    """The way moto's own services write events."""
    return ingest(self, [(int(event["timestamp"]), event["message"]) for event in log_events])


def _forgetting(self: LogGroup, log_stream_name: str) -> None:
    _delete_log_stream(self, log_stream_name)
    forget_stream(self, log_stream_name)


def _now() -> datetime:
    """The sandbox's time as moto's models take it: naive, in UTC."""
    moment: datetime = current().clock.datetime()
    return moment.replace(tzinfo=None)


def write(region: str, group: str, stream: str, entries: Iterable[tuple[int, str]]) -> None:
    """Store (timestamp in ms, message) pairs at once, past the API's limits, making group and stream: for seeding."""
    backend = logs_backends[DEFAULT_ACCOUNT_ID][region]
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    ingest(backend.groups[group].streams[stream], list(entries))


def limit_filter_rate(per_second: int | None) -> None:
    """Let FilterLogEvents be called only so often; AWS allows 5 a second. None lifts the limit."""
    logs_api.filter_rate.per_second = per_second
