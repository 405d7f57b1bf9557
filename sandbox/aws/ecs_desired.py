"""Changing how many tasks a service shall have, whoever does it: a person or Auto Scaling."""

from __future__ import annotations

from sandbox.aws import ecs_rollout
from sandbox.aws.ecs_model import Service


def set_desired(service: Service, count: int, at: float) -> None:
    """Ask for this many tasks from now on; that starts no deployment."""
    if count == service.desired:
        return
    service.desired = count
    service.steady = False
    for deployment in service.deployments[:1]:
        deployment.updated_at = at
    ecs_rollout.wake(service, at)
