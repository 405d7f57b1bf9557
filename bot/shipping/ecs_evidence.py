"""Why new tasks failed, found as soon as the first one did: ECS forgets stopped tasks after about an hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pydantic import JsonValue

from bot.cloud import StoppedTask
from bot.command import Run
from bot.errors import BotError
from bot.key_lines import without_keys
from bot.masks import masked, masker
from bot.ports import World
from bot.shipping import images
from bot.stop_reasons import explain, is_failure

LAST_LINES = 12


@dataclass(frozen=True)
class Evidence:
    """Why tasks failed: sentences, and the last log lines of the newest one."""

    lines: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()

    def kept(self) -> dict[str, JsonValue]:
        """As facts of a progress: what was found once is not lost when ECS cannot be asked or has forgotten."""
        return {"evidence": list(self.lines)} if self.lines else {}


def failures(run: Run, world: World, task_definition: str) -> Evidence:
    """What ECS and the logs say about this operation's tasks that failed; what was known before, if nothing new."""
    try:
        stopped = [
            task
            for task in world.ecs.stopped_tasks(run.target, since=run.started_at)
            if task.task_definition == task_definition and is_failure(task)
        ]
    except BotError as error:
        return known(run) or Evidence(lines=(f"I could not read the stopped tasks: {error}",))
    if not stopped:
        return known(run) or Evidence()
    hidden = masker(world.catalog.masked_fields(run.target))
    reasons = Counter(masked(images.without_arns(explain(task)), hidden) for task in stopped)
    lines = tuple(f"{count} × {reason}" if count > 1 else reason for reason, count in reasons.most_common(3))
    return Evidence(lines=lines, logs=last_lines(run, world, stopped[0]))


def known(run: Run) -> Evidence | None:
    """What an earlier look found."""
    found = run.progress.facts.get("evidence") if run.progress else None
    if not isinstance(found, list) or run.progress is None:
        return None
    return Evidence(lines=tuple(str(line) for line in found), logs=run.progress.logs)


def last_lines(run: Run, world: World, task: StoppedTask) -> tuple[str, ...]:
    """The last log lines of a stopped task's first container that logs; none when they cannot be read."""
    try:
        definition = world.ecs.task_definition(run.target.account, task.task_definition)
        for container in definition.containers:
            if container.log_group:
                stream = f"{container.log_stream_prefix}/{container.name}/{task.id}"
                read = world.logs.tail(run.target.account, container.log_group, stream, LAST_LINES)
                hidden = masker(world.catalog.masked_fields(run.target))
                return tuple(masked(line.message, hidden) for line in without_keys(read))
    except BotError:
        return ()
    return ()
