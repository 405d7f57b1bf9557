"""What the load balancer thinks of the service's targets."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from bot.domain import Fact, Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene, ecs_target

UNWELL = ("unhealthy", "unavailable")


class TargetHealthStep(ReadingStep):
    """Target health of every target group of the service."""

    do: Literal["target_health"]

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service has no load balancer."""
        target = ecs_target(scene)
        if target is None:
            return None
        service = world.ecs.service(target)
        running = f"{service.running} of {service.desired} tasks run"
        if not service.target_groups:
            short = service.running < service.desired
            return Finding(
                step=self.do, title="Tasks", summary=f"{running}; no load balancer.", weight=60 if short else 0
            )
        found = world.ecs.target_health(target, service.target_groups)
        states = Counter(each.state for each in found)
        sick = [each for each in found if each.state in UNWELL]
        counted = ", ".join(f"{count} {state}" for state, count in states.most_common()) or "none registered"
        lines = [f"{each.target}:{each.port} {each.state}: {each.description or each.reason}" for each in sick[:5]]
        short = service.running < service.desired or not states.get("healthy")
        return Finding(
            step=self.do,
            title="Targets",
            summary=f"{counted}; {running}.",
            lines=tuple(lines),
            facts=(
                Fact(name="targets.healthy", value=float(states.get("healthy", 0))),
                Fact(name="targets.unhealthy", value=float(len(sick))),
                Fact(name="tasks.missing", value=float(max(0, service.desired - service.running))),
            ),
            weight=70 if sick else 55 if short else 0,
        )
