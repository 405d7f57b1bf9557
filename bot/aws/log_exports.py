"""Exports of log groups to S3: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.aws.errors import ask, ask_all
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.telemetry import EXPORT_ACTIVE, ExportTask, LogGroup

_NO_BUCKET = ("404", "NoSuchBucket", "NotFound")
_OVER = ("InvalidOperationException", "ResourceNotFoundException")


class LogExports:
    """Fills ``bot.telemetry_ports.LogExports``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def groups(self, account: Account, names: Sequence[str]) -> tuple[LogGroup, ...]:
        """DescribeLogGroups for each: listed by prefix and in the order of names, the exact one comes first."""
        client = self._sessions.client(account, "logs")
        answers = [ask(client, "describe_log_groups", logGroupNamePrefix=name, limit=1)["logGroups"] for name in names]
        found = [(name, each) for name, answer in zip(names, answers, strict=True) for each in answer]
        return tuple(_group(each) for name, each in found if each["logGroupName"] == name)

    def bucket_region(self, account: Account, bucket: str) -> str:
        """HeadBucket, which names the region whichever region it is asked in."""
        try:
            return str(ask(self._sessions.client(account, "s3"), "head_bucket", Bucket=bucket).get("BucketRegion", ""))
        except UpstreamError as error:
            if error.code in _NO_BUCKET:
                raise NotFoundError(f"There is no bucket {bucket}.") from None
            raise

    def active(self, account: Account) -> tuple[ExportTask, ...]:
        """DescribeExportTasks, once for each state: it takes one at a time."""
        return tuple(task for status in EXPORT_ACTIVE for task in self._tasks(account, statusCode=status))

    def named(self, account: Account, name: str) -> tuple[ExportTask, ...]:
        """DescribeExportTasks cannot pick by name, so that all are read."""
        return tuple(task for task in self._tasks(account) if task.name == name)

    def task(self, account: Account, task_id: str) -> ExportTask | None:
        """DescribeExportTasks, which answers nothing for an id that it does not know."""
        return next(iter(self._tasks(account, taskId=task_id)), None)

    def begin(
        self, account: Account, name: str, group: str, *, start: float, end: float, bucket: str, prefix: str
    ) -> str:
        """CreateExportTask; its ``to`` is included, as ``from`` is."""
        try:
            answer = ask(
                self._sessions.client(account, "logs", repeat=False),
                "create_export_task",
                taskName=name,
                logGroupName=group,
                destination=bucket,
                destinationPrefix=prefix,
                **{"from": int(start * 1000), "to": int(end * 1000)},
            )
        except UpstreamError as error:
            if error.code == "LimitExceededException":
                text = "Another export is under way: AWS runs one at a time in an account."
                raise UpstreamError(text, code=error.code, retryable=True) from None
            raise
        return str(answer["taskId"])

    def cancel(self, account: Account, task_id: str) -> None:
        """CancelExportTask."""
        try:
            ask(self._sessions.client(account, "logs"), "cancel_export_task", taskId=task_id)
        except UpstreamError as error:
            if error.code not in _OVER:
                raise

    def _tasks(self, account: Account, **picked: str) -> list[ExportTask]:
        client = self._sessions.client(account, "logs")
        return [_task(each) for each in ask_all(client, "describe_export_tasks", "exportTasks[]", **picked)]


def _group(group: dict[str, Any]) -> LogGroup:
    return LogGroup(
        name=group["logGroupName"],
        kept_bytes=int(group.get("storedBytes", 0)),
        log_class=group.get("logGroupClass", "STANDARD"),
        made_at=group.get("creationTime", 0) / 1000,
    )


def _task(task: dict[str, Any]) -> ExportTask:
    status = task.get("status", {})
    return ExportTask(
        id=task["taskId"],
        name=task.get("taskName", ""),
        group=task.get("logGroupName", ""),
        status=status.get("code", ""),
        message=status.get("message", ""),
        bucket=task.get("destination", ""),
        prefix=task.get("destinationPrefix", ""),
    )
