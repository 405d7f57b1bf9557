"""The doors to what AWS knows of how a service does, besides plain logs and metrics.

The rules of ``bot.ports`` hold: every method raises ``UpstreamError`` when AWS refuses or cannot be reached,
``NotFoundError`` where that is said. Times are seconds since the epoch; a ``deadline`` is told by the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain import Account
from bot.telemetry import ExportTask, LogGroup, QueryAnswer, Queue, TraceSearch, TrailSearch


class Insights(Protocol):
    """CloudWatch Logs Insights."""

    def query(
        self,
        account: Account,
        groups: Sequence[str],
        query: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
    ) -> QueryAnswer:
        """Run a query over log groups (names or ARNs, at most 50) and wait for it until ``deadline``, then stop it.

        A limit in the query itself wins over ``limit``. Raises NotFoundError when a group does not exist.
        """
        ...

    def start(
        self, account: Account, groups: Sequence[str], query: str, *, start: float, end: float, limit: int, user: str
    ) -> str:
        """Begin a query of a user that takes its time; its id. Raises as ``query`` does.

        Raises a retryable UpstreamError, too, while there is no place: ``code`` is IN_LINE where others of the bot,
        or of that user, have to end first.
        """
        ...

    def results(self, account: Account, query_id: str) -> QueryAnswer:
        """What such a query has found so far, whole when it has ended; of one that was stopped, what it had by then."""
        ...

    def stop(self, account: Account, query_id: str) -> None:
        """End it; one that has ended already is no error. Raises UpstreamError when it may go on."""
        ...


class Queues(Protocol):
    """Amazon SQS."""

    def queue(self, account: Account, queue: str) -> Queue:
        """A queue by its name, its address or its ARN. Raises NotFoundError."""
        ...


class Traces(Protocol):
    """AWS X-Ray."""

    def traces(self, account: Account, expression: str, *, start: float, end: float, deadline: float) -> TraceSearch:
        """Traces updated in a window (at most 6 hours) that a filter expression picks; an empty one picks all."""
        ...


class Trail(Protocol):
    """CloudTrail's event history: management events of the last 90 days."""

    def changes(
        self, account: Account, resources: Sequence[str], actions: Sequence[str], *, since: float, deadline: float
    ) -> TrailSearch:
        """Calls that changed something, about any of these resources or of any of these actions ("UpdateService").

        CloudTrail lists no resources for some services, ECS among them, so that there actions find what names do not.
        """
        ...


class Balancers(Protocol):
    """Elastic Load Balancing."""

    def of(self, account: Account, target_group: str) -> tuple[str, ...]:
        """ARNs of the load balancers that send traffic to a target group, by its ARN. Raises NotFoundError."""
        ...


class LogExports(Protocol):
    """Export tasks of CloudWatch Logs: a log group's events of a range of time, as gzipped objects in S3."""

    def groups(self, account: Account, names: Sequence[str]) -> tuple[LogGroup, ...]:
        """Those of these log groups that exist, in the order of ``names``."""
        ...

    def bucket_region(self, account: Account, bucket: str) -> str:
        """The region a bucket lies in. Raises NotFoundError."""
        ...

    def active(self, account: Account) -> tuple[ExportTask, ...]:
        """The tasks of the region that are pending or running, whoever began them."""
        ...

    def named(self, account: Account, name: str) -> tuple[ExportTask, ...]:
        """The tasks of this name that AWS remembers, one or none for each group."""
        ...

    def task(self, account: Account, task_id: str) -> ExportTask | None:
        """One task; None when AWS remembers it no more."""
        ...

    def begin(
        self, account: Account, name: str, group: str, *, start: float, end: float, bucket: str, prefix: str
    ) -> str:
        """CreateExportTask; the task's id. Two calls with the same name make two tasks.

        Raises UpstreamError, retryable while another task of the account is active: AWS runs one at a time.
        """
        ...

    def cancel(self, account: Account, task_id: str) -> None:
        """CancelExportTask; one that has ended already is no error. What it has put into the bucket stays there."""
        ...
