"""What runs behind a health address, read in process: no fault of AWS's API may touch what the application answers."""

from __future__ import annotations

from collections import Counter

from moto.ecs.models import ecs_backends

from sandbox.aws.ecs_images import tag_of
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating
from sandbox.health import Running
from sandbox.seed.account import ACCOUNT
from sandbox.seed.catalogue import EcsService


def look(service: EcsService) -> Running:
    """How many of its tasks are healthy now, and the image tag of most of them, the newest where as many run each."""
    backend = ecs_backends[ACCOUNT][service.region]
    with simulating:
        bring_up(backend)
        found = services_of(backend).get(f"{service.cluster}:{service.service}")
        at = now()
        tasks = [task for task in found.tasks if task.healthy(at)] if found is not None else []
        newest_first = sorted(tasks, key=lambda task: task.created_at, reverse=True)
        tags = Counter(tag_of(task.definition.container_definitions[0]["image"]) for task in newest_first)
    return Running(len(tasks), tags.most_common(1)[0][0] if tags else "")
