"""What the containers of the pretend ECS write to their awslogs groups: when they start, and when they die."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends

from sandbox.aws import logs
from sandbox.aws.ecs_model import Task

DYING_LINE = "SANDBOX_LOG"
"""A container's environment variable with what its last line says."""

_STARTS = (
    "INFO:     Started server process [1]",
    "INFO:     Waiting for application startup.",
    "INFO:     Application startup complete.",
)
_ENDS: dict[str, tuple[str, ...]] = {
    "crash": (
        "Traceback (most recent call last):\n"
        '  File "/app/main.py", line 42, in <module>\n'
        "    settings = Settings.from_environment()\n"
        '  File "/app/settings.py", line 17, in from_environment\n'
        '    return cls(database_url=os.environ["DATABASE_URL"])\n'
        "KeyError: 'DATABASE_URL'",
        "ERROR: application failed to start, exiting with code 1",
    ),
    "oom": (
        "WARNING: memory usage at 93 percent of the limit",
        "ERROR: unhandled exception while building the response\n"
        "Traceback (most recent call last):\n"
        '  File "/app/cache.py", line 88, in load\n'
        "    rows = list(cursor)\n"
        "MemoryError",
        "FATAL: OutOfMemoryError: cannot allocate memory, the process will be killed",
    ),
    "unhealthy": (
        "ERROR: cannot reach upstream 127.0.0.1:5432: connection refused",
        "ERROR: GET /health answered 502: connection refused",
    ),
}


def write_start(task: Task, at: float) -> None:
    """The lines of every container that came up."""
    for container in task.definition.container_definitions:
        where = _where(task, container)
        if where is not None and (_exists(where) or _may_create(container)):
            _write(where, at, _STARTS)


def write_end(task: Task, container: str, kind: str, at: float) -> None:
    """The lines of the container that dies; the variable ``SANDBOX_LOG`` replaces them."""
    containers: list[dict[str, Any]] = task.definition.container_definitions
    for definition in containers:
        where = _where(task, definition)
        if definition["name"] != container or where is None:
            continue
        environment = definition.get("environment") or []
        own = next((one["value"] for one in environment if one["name"] == DYING_LINE), "")
        _write(where, at - 0.05, (own,) if own else _ENDS.get(kind, ()))


def _where(task: Task, container: dict[str, Any]) -> tuple[str, str, str] | None:
    configured = container.get("logConfiguration") or {}
    options = configured.get("options") or {}
    if configured.get("logDriver") != "awslogs" or not options.get("awslogs-group"):
        return None
    region = options.get("awslogs-region") or task.arn.split(":")[3]
    prefix = options.get("awslogs-stream-prefix")
    stream = f"{prefix}/{container['name']}/{task.id}" if prefix else task.id
    return str(region), str(options["awslogs-group"]), stream


def _exists(where: tuple[str, str, str]) -> bool:
    return where[1] in logs_backends[DEFAULT_ACCOUNT_ID][where[0]].groups


def _may_create(container: dict[str, Any]) -> bool:
    return str(container["logConfiguration"]["options"].get("awslogs-create-group", "")).lower() == "true"


def _write(where: tuple[str, str, str], at: float, lines: tuple[str, ...]) -> None:
    if lines:
        logs.write(*where, list(_stamped(at, lines)))


def _stamped(at: float, lines: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        yield int(at * 1000) + number, line
