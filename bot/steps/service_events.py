"""What ECS itself says about the service: placement, health, failed and undone deployments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from bot.cloud import EcsService, ServiceEvent
from bot.domain import Fact, Finding
from bot.ports import World
from bot.said import mask
from bot.steps.base import ReadingStep, Scene, ecs_target, in_one_line, minutes, yes

KINDS: tuple[tuple[str, int, re.Pattern[str]], ...] = tuple(
    (kind, weight, re.compile(pattern, re.IGNORECASE))
    for kind, weight, pattern in (
        ("rolled back", 80, r"rolling back to|rolled back"),
        ("deployment failed", 80, r"deployment failed|deployment .{0,80}failed"),
        ("placement", 90, r"unable to place a task|was unable to place"),
        ("starting", 85, r"unable to consistently start|failed to launch a task|failed to start"),
        ("health", 70, r"is unhealthy in|failed .{0,60}health checks|unhealthy due to"),
        (
            "registration",
            70,
            r"unable to (?:de)?register|failed to (?:de)?register|assume .{0,20}role|unable to assume",
        ),
        ("throttling", 60, r"throttled|rate exceeded"),
        ("stuck", 60, r"unable to stop or start tasks|operation is delayed"),
    )
)
"""Kinds of trouble, the weight of each, and ECS's words for it; the first that matches wins.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
"""
MOST_LINES = 4


class ServiceEventsStep(ReadingStep):
    """ECS service events that tell of trouble."""

    do: Literal["service_events"]
    minutes: int = Field(default=60, ge=1, le=1440, description="How far back; ECS keeps the last hundred events.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service is not on ECS."""
        target = ecs_target(scene)
        if target is None:
            return None
        service = world.ecs.service(target)
        since = scene.at - self.minutes * 60
        found = [(kind, event) for event in service.events if event.at >= since for kind in _kind(event)]
        return self._found(service, found, scene.at)

    def _found(self, service: EcsService, found: Sequence[tuple[str, ServiceEvent]], now: float) -> Finding:
        missing = max(0, service.desired - service.running)
        kinds = {kind for kind, _ in found}
        primary = service.primary
        failed = bool(kinds & {"deployment failed", "rolled back"}) or (
            primary is not None and primary.rollout_state == "FAILED"
        )
        counts = f"{service.running} of {service.desired} tasks run"
        state = "; a deployment is under way" if service.in_flight else ""
        return Finding(
            step=self.do,
            title="Service events",
            summary=f"{self._told(found)}; {counts}{state}.",
            lines=tuple(_lines(found, now)),
            facts=(
                Fact(name="running.count", value=float(service.running)),
                Fact(name="running.desired", value=float(service.desired)),
                Fact(name="running.missing", value=float(missing)),
                Fact(name="service_events.trouble", value=float(len(found))),
                Fact(name="service_events.placement", value=yes("placement" in kinds)),
                Fact(name="deployment.failed", value=yes(failed)),
                Fact(name="deployment.in_flight", value=yes(service.in_flight)),
            ),
            weight=max((weight for kind, weight, _ in KINDS if kind in kinds), default=40 if missing else 0),
        )

    def _told(self, found: Sequence[tuple[str, ServiceEvent]]) -> str:
        if not found:
            return f"ECS tells of no trouble in the last {self.minutes} min"
        worst, newest = _worst(found)
        more = f" ({len(found)} events of trouble in {self.minutes} min)" if len(found) > 1 else ""
        return f"{worst[0].upper()}{worst[1:]}: {in_one_line(newest.message, 400).rstrip('.')}{more}"


def _kind(event: ServiceEvent) -> list[str]:
    return [kind for kind, _, pattern in KINDS if pattern.search(event.message[:2000])][:1]


def _worst(found: Sequence[tuple[str, ServiceEvent]]) -> tuple[str, ServiceEvent]:
    """The heaviest kind, by its newest event."""
    weights = {kind: weight for kind, weight, _ in KINDS}
    return max(found, key=lambda each: (weights[each[0]], each[1].at))


def _lines(found: Sequence[tuple[str, ServiceEvent]], now: float) -> list[str]:
    """Events that say the same are one line; newest first, as ECS has them."""
    alike: dict[str, list[ServiceEvent]] = {}
    for _, event in found:
        alike.setdefault(mask(event.message), []).append(event)
    return [
        f"{len(events)} × {in_one_line(events[0].message)} (last {minutes(now - events[0].at)} ago)"
        for events in list(alike.values())[:MOST_LINES]
    ]
