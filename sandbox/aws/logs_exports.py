"""Export tasks: what a log group said, put into a bucket after a while of the sandbox's clock.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
"""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from moto.core.exceptions import ServiceException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from sandbox.aws.logs_pace import Pace
from sandbox.aws.logs_store import Event, cut, first_order, group_sources, in_order, now_ms, oldest_kept

PENDING, RUNNING, COMPLETED, FAILED = "PENDING", "RUNNING", "COMPLETED", "FAILED"
PENDING_CANCEL, CANCELLED = "PENDING_CANCEL", "CANCELLED"

_WAITS = 5_000
_RUNS = 5_000
_CANCELLING = 1_000
"""Milliseconds that a task is pending, runs at least, and takes to be cancelled."""
_PACE = Pace(per_second=50_000, least=0, most=100_000)
_WORDS = {
    PENDING: "Pending",
    RUNNING: "Started Successfully",
    COMPLETED: "Completed successfully",
    FAILED: "FAILED",
    PENDING_CANCEL: "Cancelling",
    CANCELLED: "Cancelled by user",
}
_working = threading.Lock()


@dataclass
class ExportTask:
    """One export; times are in ms. ``go_on`` brings it up to the sandbox's clock."""

    id: str
    params: dict[str, Any]
    group: LogGroup
    created: int
    fails: bool
    events: Iterator[Event]
    code: str = PENDING
    done: int = 0
    is_drained: bool = False
    since: int = 0
    files: dict[str, io.BytesIO] = field(default_factory=dict)

    def is_active(self) -> bool:
        """Whether it takes the one place that an account has in a region."""
        return self.code in (PENDING, RUNNING)

    def cancel(self) -> None:
        """Give up."""
        self._turn(PENDING_CANCEL, now_ms())

    def go_on(self) -> None:
        """Do what is due by now."""
        now, begins = now_ms(), self.created + _WAITS
        if self.code == PENDING_CANCEL and now >= self.since + _CANCELLING:
            self._turn(CANCELLED, now)
        if self.code == PENDING and now >= begins:
            self._turn(RUNNING, begins)
        if self.code != RUNNING:
            return
        self._take(_PACE.due(begins, self.done))
        if self.is_drained and now >= begins + _RUNS:
            self._turn(FAILED if self.fails or not self._deliver() else COMPLETED, now)

    def described(self) -> dict[str, Any]:
        """The task as DescribeExportTasks answers it."""
        execution = {"creationTime": self.created}
        if self.code in (COMPLETED, FAILED, CANCELLED):
            execution["completionTime"] = self.since
        told = ("taskName", "logGroupName", "from", "to", "destination", "destinationPrefix")
        return {
            "taskId": self.id,
            **{key: self.params[key] for key in told if self.params.get(key) is not None},
            "status": {"code": self.code, "message": _WORDS[self.code]},
            "executionInfo": execution,
        }

    def _turn(self, code: str, now: int) -> None:
        self.code, self.since = code, now

    def _take(self, count: int) -> None:
        taken: dict[str, list[str]] = {}
        chunk = list(islice(self.events, count))
        self.done += len(chunk)
        self.is_drained = len(chunk) < count
        for event in chunk:
            at = datetime.fromtimestamp(event.timestamp // 1000, UTC)
            line = f"{at:%Y-%m-%dT%H:%M:%S}.{event.timestamp % 1000:03d}Z {event.message}\n"
            taken.setdefault(event.stream, []).append(line)
        for stream, lines in taken.items():
            # Gzip files may follow one another in one object.
            self.files.setdefault(stream, io.BytesIO()).write(gzip.compress("".join(lines).encode(), 1, mtime=0))

    def _deliver(self) -> bool:
        """Put the objects; whether the bucket is still there."""
        prefix = f"{self.params['destinationPrefix']}/{self.id}"
        try:
            for stream, file in self.files.items():
                put(self.group, self.params["destination"], f"{prefix}/{stream.replace('/', '-')}/000000.gz", file)
        except ServiceException:
            return False
        return True


def begin(group: LogGroup, task_id: str, params: dict[str, Any], *, fails: bool) -> ExportTask:
    """A task for the events with from <= timestamp <= to (ms) of the streams with the prefix."""
    low, high = first_order(max(int(params["from"]), oldest_kept(group))), first_order(int(params["to"]) + 1)
    sources = cut(group_sources(group), low, high)
    prefix = params.get("logStreamNamePrefix") or ""
    events = (event for event in in_order(sources) if event.stream.startswith(prefix))
    return ExportTask(task_id, params, group, now_ms(), fails, events)


def put(group: LogGroup, bucket: str, key: str, body: io.BytesIO) -> None:
    """Put an object into a bucket of the group's account."""
    s3_backends[group.account_id][get_partition(group.region)].put_object(bucket, key, body.getvalue())


def tasks_of(backend: LogsBackend) -> dict[str, ExportTask]:
    """A region's tasks by their ids, oldest first, as they are now."""
    tasks: dict[str, Any] = backend.export_tasks
    with _working:
        for task in tasks.values():
            task.go_on()
    return tasks


def go_on_everywhere() -> None:
    """Let every task do what is due."""
    for regions in list(logs_backends.values()):
        for backend in list(regions.values()):
            tasks_of(backend)
