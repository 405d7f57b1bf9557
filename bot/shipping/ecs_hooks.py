"""Where a deployment to ECS has got to, and the questions it asks people on its way.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

from bot.cloud import EcsService
from bot.command import Button, Run
from bot.errors import ConflictError
from bot.ports import World
from bot.rollouts import LifecycleHook, ServiceDeployment
from bot.shipping import images
from bot.views.blocks import ago

WAITING = "AWAITING_ACTION"
CONTINUE, BACK = "continue", "back"
STAGES = {
    "RECONCILE_SERVICE": "comparing the service with what it should be",
    "PRE_SCALE_UP": "before new tasks start",
    "SCALE_UP": "new tasks are starting",
    "POST_SCALE_UP": "new tasks are up",
    "TEST_TRAFFIC_SHIFT": "test traffic moves to the new tasks",
    "POST_TEST_TRAFFIC_SHIFT": "test traffic is on the new tasks",
    "PRE_PRODUCTION_TRAFFIC_SHIFT": "before production traffic moves",
    "PRODUCTION_TRAFFIC_SHIFT": "production traffic moves to the new tasks",
    "POST_PRODUCTION_TRAFFIC_SHIFT": "production traffic is on the new tasks",
    "BAKE_TIME": "baking: traffic is on the new tasks, the old ones still stand by",
    "CLEAN_UP": "old tasks are leaving",
}
# What ECS says in a service's events, and since when it says so in our words.
_COMPLAINTS = (
    ("unable to place a task", "unable to place a task"),
    ("unhealthy", "health checks failing"),
    ("unable to", "not able to go on"),
    ("failed", "something fails"),
    ("insufficient", "capacity is missing"),
    ("error", "an error"),
)


def waiting(record: ServiceDeployment | None) -> LifecycleHook | None:
    """The hook that waits for a person, if one does."""
    return next((hook for hook in record.hooks if hook.status == WAITING), None) if record else None


def buttons(record: ServiceDeployment | None) -> tuple[Button, ...]:
    """Continue and Roll back, where the deployment waits for somebody to say which."""
    hook = waiting(record)
    if record is None or hook is None:
        return ()
    value = f"{record.arn} {hook.id}"
    return (
        Button(label="Continue", name=CONTINUE, value=value, style="primary"),
        Button(label="Roll back", name=BACK, value=value, style="danger"),
    )


def stage(record: ServiceDeployment | None, now: float) -> list[str]:
    """The stage, the share of the traffic, and what is waited for."""
    if record is None or not record.stage:
        return []
    words = STAGES.get(record.stage, record.stage.replace("_", " ").lower())
    moves = record.weight or "TRAFFIC" in record.stage
    share = f"; {record.weight:g} % of production traffic on the new tasks" if moves else ""
    lines = [f"stage: {words}{share}"]
    for hook in record.hooks:
        if hook.status == WAITING:
            then = "rolls back" if hook.timeout_action == "ROLLBACK" else "goes on"
            ends = f"; in {ago(hook.expires_at - now)} ECS {then} by itself" if hook.expires_at else ""
            lines.append(f"waits for somebody to say Continue or Roll back{ends}")
        elif hook.status == "IN_PROGRESS":
            lines.append(f"waits for a hook ({hook.kind.replace('_', ' ').lower()})")
    return lines


def slow(service: EcsService, since: float, now: float) -> list[str]:
    """Why it is slow, in ECS's own words, and for how long it has been saying so."""
    events = [event for event in service.events if event.at >= since]
    newest = sorted(events, key=lambda event: -event.at)
    for event in newest:
        for mark, words in _COMPLAINTS:
            if mark in event.message.lower():
                first = min(each.at for each in events if mark in each.message.lower())
                return [f"{words} since {ago(now - first)}. ECS says: {images.without_arns(event.message)}"]
    return []


def go_on(run: Run, world: World, value: str) -> str:
    """Somebody pressed Continue."""
    return _answer(run, world, value, go_on=True)


def go_back(run: Run, world: World, value: str) -> str:
    """Somebody pressed Roll back."""
    return _answer(run, world, value, go_on=False)


def _answer(run: Run, world: World, value: str, *, go_on: bool) -> str:
    arn, _, hook = value.partition(" ")
    try:
        world.ecs.continue_deployment(run.target, arn, hook, go_on=go_on)
    except ConflictError:
        # Also when this very answer was given before and only ECS's reply to it was lost.
        return "It no longer waits at this point."
    return "ECS goes on." if go_on else "ECS is going back."
