"""What runs behind a health address, read in process: no fault of AWS's API may touch what the application answers."""

from __future__ import annotations

from collections import Counter

from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends

from sandbox.aws.ecs_images import tag_of
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating
from sandbox.health import Running
from sandbox.seed.account import ACCOUNT
from sandbox.seed.catalogue import EcsService


def owner(address: str) -> tuple[str, str] | None:
    """Cluster and service whose task has this private address now."""
    for backend in ecs_backends[ACCOUNT].values():
        with simulating:
            for found in services_of(backend).values():
                if any(task.ip == address for task in found.tasks):
                    return found.cluster_name, found.name
    return None


def look(service: EcsService) -> Running:
    """How many of its tasks are healthy now, and the image tag of most of them, the newest where as many run each."""
    backend = ecs_backends[ACCOUNT][service.region]
    with simulating:
        bring_up(backend)
        found = services_of(backend).get(f"{service.cluster}:{service.service}")
        at = now()
        tasks = [task for task in found.tasks if task.healthy(at)] if found is not None else []
        newest_first = sorted(tasks, key=lambda task: task.created_at, reverse=True)
        tags = Counter(
            _version(service, str(task.definition.container_definitions[0]["image"])) for task in newest_first
        )
    return Running(len(tasks), tags.most_common(1)[0][0] if tags else "")


def _version(service: EcsService, image: str) -> str:
    """The tag of an image; of one named by its digest, the first tag that the registry has for it."""
    digest = image.partition("@")[2]
    if not digest:
        return tag_of(image)
    repository = ecr_backends[ACCOUNT][service.region].repositories.get(service.repository)
    for found in repository.images if repository is not None else ():
        if found.image_digest == digest and found.image_tags:
            return str(found.image_tags[0])
    return ""
