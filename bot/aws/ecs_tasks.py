"""The tasks of a service: those that run, and those that stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.aws.calls import Calls, cluster_of, in_batches, missing, seconds, service_of
from bot.aws.errors import ask
from bot.cloud import ContainerExit, RunningTask, StoppedTask
from bot.domain import Target
from bot.errors import UpstreamError

PER_CALL = 100
"""Tasks of one DescribeTasks, and of one GetTaskProtection."""


class Tasks(Calls):
    """Fills the part of ``bot.ports.Ecs`` that looks at tasks."""

    def running_tasks(self, target: Target) -> tuple[RunningTask, ...]:
        """The service's running tasks with the digests they run and their protection, oldest first."""
        arns = self._task_arns(target, "RUNNING")
        reads = [
            (operation, field, batch)
            for operation, field in (("describe_tasks", "tasks"), ("get_task_protection", "protectedTasks"))
            for batch in in_batches(arns, PER_CALL)
        ]
        read = self._of_tasks(target)
        answers = self._each(lambda each: (each[1], read(each[0], list(each[2]))[each[1]]), reads)
        found = [each for field, entries in answers if field == "tasks" for each in entries]
        protected = {
            each["taskArn"]: seconds(each.get("expirationDate"))
            for field, entries in answers
            if field == "protectedTasks"
            for each in entries
            if each.get("protectionEnabled")
        }
        # ECS lists tasks that are meant to run; those on their way run no image yet.
        running = [_read_running(each, protected) for each in found if each.get("lastStatus") == "RUNNING"]
        return tuple(sorted(running, key=lambda each: each.started_at))

    def stopped_tasks(self, target: Target, *, since: float, started_by: str = "") -> tuple[StoppedTask, ...]:
        """Tasks of the service that stopped since then, newest first; ECS keeps them about an hour."""
        read = self._of_tasks(target)
        answers = self._each(
            lambda batch: read("describe_tasks", list(batch)),
            in_batches(self._task_arns(target, "STOPPED"), PER_CALL),
        )
        tasks = [_read_stopped(each) for answer in answers for each in answer["tasks"]]
        # ListTasks takes startedBy only as its sole filter, so that one is applied here.
        wanted = [each for each in tasks if each.stopped_at >= since and started_by in ("", each.started_by)]
        return tuple(sorted(wanted, key=lambda each: each.stopped_at, reverse=True))

    def _task_arns(self, target: Target, status: str) -> list[str]:
        return self._listed(target, ("list_tasks", "taskArns"), serviceName=service_of(target), desiredStatus=status)

    def _of_tasks(self, target: Target) -> Callable[[str, list[str]], dict[str, Any]]:
        client = self._client(target.account, "ecs")

        def read(operation: str, tasks: list[str]) -> dict[str, Any]:
            try:
                return ask(client, operation, cluster=cluster_of(target), tasks=tasks)
            except UpstreamError as error:
                raise missing(error, target) from error

        return read


def _read_running(found: dict[str, Any], protected: dict[str, float]) -> RunningTask:
    containers = found.get("containers", [])
    return RunningTask(
        id=found["taskArn"].rpartition("/")[2],
        task_definition=found["taskDefinitionArn"],
        started_at=seconds(found.get("startedAt")),
        health=found.get("healthStatus", "UNKNOWN"),
        images={each["name"]: each["imageDigest"] for each in containers if each.get("imageDigest")},
        protected_until=protected.get(found["taskArn"], 0.0),
    )


def _read_stopped(found: dict[str, Any]) -> StoppedTask:
    # A task that is still being stopped has no stoppedAt yet.
    stopped = found.get("stoppedAt") or found.get("executionStoppedAt") or found.get("stoppingAt")
    return StoppedTask(
        id=found["taskArn"].rpartition("/")[2],
        task_definition=found["taskDefinitionArn"],
        started_by=found.get("startedBy", ""),
        stop_code=found.get("stopCode", ""),
        reason=found.get("stoppedReason", ""),
        stopped_at=seconds(stopped),
        containers=tuple(
            ContainerExit(each.get("name", ""), each.get("exitCode"), each.get("reason", ""))
            for each in found.get("containers", [])
        ),
    )
