"""Which version a service runs, since when and by whom, in words."""

from __future__ import annotations

from bot.cloud import TaskDefinition
from bot.domain import Target
from bot.errors import ConflictError
from bot.ports import Past
from bot.shipping import images
from bot.views import blocks as b

SOMEBODY = "somebody outside the bot"


def version(definition: TaskDefinition, target: Target) -> str:
    """The version a task definition runs, by the container that is shipped; nothing where it has no container."""
    if not definition.containers:
        return ""
    try:
        container = images.shipped(definition, target.service.container, target.label)
    except ConflictError:
        container = definition.containers[0]
    return images.version(definition, container)


def since(age: float, at: float, definition: TaskDefinition | None, last: Past | None, *, rolling: bool) -> str:
    """Since when it runs (``age`` seconds, from ``at`` on) and by whom, in mrkdwn.

    ``last`` is the bot's own last operation on it. A name stands only where the running revision itself carries one.
    """
    serving = definition.arn if definition else ""
    if last and last.state == "failed" and last.task_definition != serving and last.started_at <= at:
        return f"ECS went back to it {b.ago(age)} ago"
    by = definition.tags.get(images.BY_TAG, "") if definition else ""
    if not by and last and serving and last.task_definition == serving:
        by = last.actor
    who = b.user(by) if by else SOMEBODY
    return f"rolling out for {b.ago(age)} by {who}" if rolling else f"deployed {b.ago(age)} ago by {who}"
