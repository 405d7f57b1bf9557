"""What AWS answers about how a service does: queries over logs, queues, traces, and who changed what.

Times are seconds since the epoch, durations seconds. Texts are as programs wrote them: neither cut nor redacted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.cloud import LogLine


@dataclass(frozen=True)
class LogSearch:
    """Events that match, oldest first. ``is_whole`` is False when older ones may have been left out.

    ``ids`` are those of all events that AWS gave with one, also of those that are not among the lines, and ``newest``
    is when the last of them was written, 0 for none. ``cut`` is the event from which on nothing is left out, where the
    limit was reached; None where all was read, where time ran out, and where it cannot be told.
    """

    lines: tuple[LogLine, ...]
    is_whole: bool
    ids: tuple[str, ...] = ()
    cut: LogLine | None = None
    newest: float = 0.0


@dataclass(frozen=True)
class QueryAnswer:
    """What a Logs Insights query found: rows of columns in the query's order; a column a row lacks is left out.

    ``matched`` and ``scanned`` count events, ``scanned_bytes`` is what the query is paid by. ``is_whole`` is False
    when it has not read all; the rows are then those it had so far. ``was_stopped`` says that it reads no more either.
    """

    rows: tuple[Mapping[str, str], ...]
    matched: float = 0.0
    scanned: float = 0.0
    scanned_bytes: float = 0.0
    is_whole: bool = True
    was_stopped: bool = False


IN_LINE = "InLine"
"""Code of the UpstreamError that says that the bot runs as many queries as it may: one goes on when another ends."""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard of CloudWatch and when somebody last changed it."""

    name: str
    modified_at: float


@dataclass(frozen=True)
class Queue:
    """An SQS queue now; ``visible`` messages wait, ``in_flight`` ones were received and not deleted yet.

    ``dead_letter`` is the ARN of the queue that takes what failed, empty without one.
    """

    name: str
    url: str
    visible: int
    in_flight: int
    delayed: int
    dead_letter: str = ""


@dataclass(frozen=True)
class Trace:
    """A request as X-Ray summarises it; ``fault`` is an error of the server, ``error`` one of the caller.

    ``causes`` are the services where the fault began, each with what was raised there.
    """

    id: str
    duration: float
    fault: bool
    error: bool
    throttle: bool
    entry: str
    causes: tuple[str, ...] = ()
    address: str = ""
    status: int = 0


@dataclass(frozen=True)
class TraceSearch:
    """Traces of a window. ``is_whole`` is False when there are more than were read."""

    traces: tuple[Trace, ...]
    is_whole: bool


@dataclass(frozen=True)
class TrailEvent:
    """One call that changed something, or tried to: CloudTrail's record of it.

    ``names`` are the resources it is about: those CloudTrail lists and every text among the call's parameters.
    ``error`` is AWS's code where the call was refused.
    """

    id: str
    at: float
    action: str
    source: str
    who: str
    names: frozenset[str]
    error: str = ""


@dataclass(frozen=True)
class TrailSearch:
    """Changes, newest first. ``is_whole`` is False when there may be more than were read."""

    events: tuple[TrailEvent, ...]
    is_whole: bool


@dataclass(frozen=True)
class Concurrency:
    """How many calls of a function may run at once: ``reserved`` for it alone (None for nothing), else the account's.

    ``account`` is the limit of the account in the region, ``unreserved`` what functions without a reservation share.
    """

    reserved: int | None
    account: int
    unreserved: int


@dataclass(frozen=True)
class LogGroup:
    """A log group as DescribeLogGroups shows it: ``kept_bytes`` is all that it keeps.

    ``log_class`` is STANDARD, INFREQUENT_ACCESS or DELIVERY; ``made_at`` seconds since the epoch.
    """

    name: str
    kept_bytes: int
    log_class: str
    made_at: float


EXPORT_ACTIVE = ("PENDING", "RUNNING")
"""States of an export task that take the one place an account has."""


@dataclass(frozen=True)
class ExportTask:
    """An export of a log group to S3.

    ``status`` is one of EXPORT_ACTIVE, PENDING_CANCEL, COMPLETED, FAILED and CANCELLED, ``message`` AWS's own word for
    it; its objects have keys that begin with ``prefix`` and its id.
    """

    id: str
    name: str
    group: str
    status: str
    message: str
    bucket: str
    prefix: str

    @property
    def folder(self) -> str:
        """Where its objects lie, ``s3://bucket/prefix/id/``."""
        return f"s3://{self.bucket}/{self.prefix}/{self.id}/"
