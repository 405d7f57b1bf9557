"""Fakes of the ports to what AWS knows of how a service does: dictionaries that a test fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain import Account
from bot.errors import NotFoundError
from bot.telemetry import (
    EXPORT_ACTIVE,
    ExportTask,
    LogGroup,
    QueryAnswer,
    Queue,
    Trace,
    TraceSearch,
    TrailEvent,
    TrailSearch,
)
from tests.fakes import NOON, Failures


@dataclass(frozen=True)
class Asked:
    """A query as it was asked."""

    region: str
    groups: tuple[str, ...]
    query: str
    start: float
    end: float
    limit: int
    deadline: float


class FakeInsights:
    """Answers every query with the same."""

    def __init__(self) -> None:
        self.answer = QueryAnswer(rows=())
        self.answers: list[QueryAnswer] = []
        """What ``results`` gives, one after the other; then ``answer``."""
        self.stopped: list[str] = []
        self.asked: list[Asked] = []
        self.users: list[str] = []
        """Who began each."""
        self.failures = Failures()

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
        self.failures.take("query")
        self.asked.append(Asked(account.region, tuple(groups), query, start, end, limit, deadline))
        return self.answer

    def start(
        self, account: Account, groups: Sequence[str], query: str, *, start: float, end: float, limit: int, user: str
    ) -> str:
        self.failures.take("start")
        self.users.append(user)
        self.asked.append(Asked(account.region, tuple(groups), query, start, end, limit, 0.0))
        return f"q{len(self.asked)}"

    def results(self, account: Account, query_id: str) -> QueryAnswer:
        self.failures.take("results")
        answer = self.answers.pop(0) if self.answers else self.answer
        return replace(answer, is_whole=False, was_stopped=True) if query_id in self.stopped else answer

    def stop(self, account: Account, query_id: str) -> None:
        self.failures.take("stop")
        self.stopped.append(query_id)


class FakeQueues:
    """Queues by whatever they are asked by."""

    def __init__(self) -> None:
        self.found: dict[str, Queue] = {}
        self.failures = Failures()

    def add(self, name: str, visible: int = 0, in_flight: int = 0, dead_letter: str = "") -> None:
        url = f"https://sqs.eu-west-1.amazonaws.com/1/{name}"
        self.found[name] = Queue(name, url, visible, in_flight, 0, dead_letter)

    def queue(self, account: Account, queue: str) -> Queue:
        self.failures.take(f"queue {queue}")
        if queue not in self.found:
            raise NotFoundError(f"SQS has no queue {queue} in {account.region}.")
        return self.found[queue]


class FakeTraces:
    """The traces of every window; ``asked`` are the filter expressions."""

    def __init__(self) -> None:
        self.found: list[Trace] = []
        self.is_whole = True
        self.asked: list[str] = []
        self.failures = Failures()

    def traces(self, account: Account, expression: str, *, start: float, end: float, deadline: float) -> TraceSearch:
        self.failures.take("traces")
        self.asked.append(expression)
        return TraceSearch(tuple(self.found), self.is_whole)


def a_trace(number: int, duration: float = 0.1, **changes: Any) -> Trace:
    """A request to the api that went well; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "id": f"1-{number}",
        "duration": duration,
        "fault": False,
        "error": False,
        "throttle": False,
        "entry": "api",
    }
    return Trace(**(fields | changes))


class FakeTrail:
    """What was changed, by region; ``asked`` are the regions with the resources and actions looked up."""

    def __init__(self) -> None:
        self.found: dict[str, list[TrailEvent]] = {}
        self.is_whole = True
        self.asked: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        self.failures = Failures()

    def changes(
        self, account: Account, resources: Sequence[str], actions: Sequence[str], *, since: float, deadline: float
    ) -> TrailSearch:
        self.failures.take(f"changes {account.region}")
        self.asked.append((account.region, tuple(resources), tuple(actions)))
        events = [each for each in self.found.get(account.region, []) if each.at >= since]
        return TrailSearch(tuple(sorted(events, key=lambda each: -each.at)), self.is_whole)


def an_event(action: str, ago: float, *names: str, **changes: Any) -> TrailEvent:
    """A call made so long before noon, about these resources; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "id": f"{action} {ago}",
        "at": NOON - ago,
        "action": action,
        "source": "ecs",
        "who": "ops/alice",
        "names": frozenset(names),
    }
    return TrailEvent(**(fields | changes))


class FakeBalancers:
    """Load balancers by target group."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, ...]] = {}
        self.failures = Failures()

    def of(self, account: Account, target_group: str) -> tuple[str, ...]:
        self.failures.take("of")
        return self.found.get(target_group, ())


class FakeLogExports:
    """Export tasks that are RUNNING until a test ends them; ``kept`` are the log groups, ``regions`` the buckets."""

    def __init__(self) -> None:
        self.kept: dict[str, LogGroup] = {}
        self.regions: dict[str, str] = {}
        self.tasks: list[ExportTask] = []
        self.asked: list[tuple[str, float, float]] = []
        """The group, start and end of every task that was begun."""
        self.failures = Failures()
        self.lost_answers = Failures()

    def add_group(self, name: str, **changes: Any) -> None:
        self.kept[name] = replace(LogGroup(name, 12_300_000, "STANDARD", NOON - 30 * 86_400), **changes)

    def end(self, status: str, message: str = "") -> None:
        """Let every active task come to this end."""
        self.tasks = [replace(each, status=status, message=message) if is_active(each) else each for each in self.tasks]

    def groups(self, account: Account, names: Sequence[str]) -> tuple[LogGroup, ...]:
        self.failures.take("groups")
        return tuple(self.kept[name] for name in names if name in self.kept)

    def bucket_region(self, account: Account, bucket: str) -> str:
        self.failures.take("bucket_region")
        if bucket not in self.regions:
            raise NotFoundError(f"There is no bucket {bucket}.")
        return self.regions[bucket]

    def active(self, account: Account) -> tuple[ExportTask, ...]:
        self.failures.take("active")
        return tuple(each for each in self.tasks if is_active(each))

    def named(self, account: Account, name: str) -> tuple[ExportTask, ...]:
        self.failures.take("named")
        return tuple(each for each in self.tasks if each.name == name)

    def task(self, account: Account, task_id: str) -> ExportTask | None:
        self.failures.take("task")
        return next((each for each in self.tasks if each.id == task_id), None)

    def begin(
        self, account: Account, name: str, group: str, *, start: float, end: float, bucket: str, prefix: str
    ) -> str:
        self.failures.take("begin")
        self.asked.append((group, start, end))
        task = ExportTask(f"t{len(self.tasks) + 1}", name, group, "RUNNING", "Started Successfully", bucket, prefix)
        self.tasks.append(task)
        self.lost_answers.take("begin")
        return task.id

    def cancel(self, account: Account, task_id: str) -> None:
        self.failures.take("cancel")
        self.tasks = [replace(each, status="CANCELLED") if each.id == task_id else each for each in self.tasks]


def is_active(task: ExportTask) -> bool:
    return task.status in EXPORT_ACTIVE
