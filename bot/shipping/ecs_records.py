"""ECS's own record of the deployment that is being watched, found once and then asked for by its ARN."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from bot.cloud import EcsService
from bot.command import Run
from bot.errors import UpstreamError
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping.ecs_effects import CLOCK_SECONDS, is_ours

FIND_SECONDS = 60.0
"""So long a record may take to appear; a service that has none by then has none."""


@dataclass(frozen=True)
class Sight:
    """The record of our deployment, if there is one; ``blind`` says why none could be read."""

    record: ServiceDeployment | None = None
    blind: str = ""

    def kept(self) -> dict[str, JsonValue]:
        """As facts of a progress, for the next look."""
        if self.blind:
            return {"blind": self.blind}
        return {"record": self.record.arn} if self.record else {}


def find(run: Run, world: World, service: EcsService) -> Sight:
    """One look. Raises UpstreamError where the same question may be answered later.

    Who may not read these records (they are younger than many IAM policies) still sees the service's ``deployments``.
    """
    before = run.progress.facts if run.progress else {}
    if before.get("blind"):
        return Sight(blind=str(before["blind"]))
    try:
        return Sight(_known(run, world, str(before.get("record") or "")) or _new(run, world, service))
    except UpstreamError as error:
        if error.retryable:
            raise
        return Sight(blind=str(error))


def _known(run: Run, world: World, arn: str) -> ServiceDeployment | None:
    return world.ecs.service_deployment(run.target, arn) if arn else None


def _new(run: Run, world: World, service: EcsService) -> ServiceDeployment | None:
    if service.current_deployment:
        current = world.ecs.service_deployment(run.target, service.current_deployment)
        if current is not None and is_ours(run, current):
            return current
    if run.progress and world.clock.now() - run.started_at > FIND_SECONDS and not run.progress.facts.get("record"):
        return None
    records = world.ecs.service_deployments(run.target, since=run.started_at - CLOCK_SECONDS)
    return next((record for record in records if is_ours(run, record)), None)
