"""Finding what a call names, and refusing as ECS refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from moto.ecs.exceptions import (
    ClusterNotFoundException,
    EcsClientException,
    ECSException,
    InvalidParameterException,
    ServiceNotFoundException,
)
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, TaskDefinition

from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_simulation import services_of

Item = TypeVar("Item")


def cluster_of(backend: EC2ContainerServiceBackend, reference: str | None) -> Cluster:
    """The cluster of a name or ARN. Raises ClusterNotFoundException."""
    found = backend.clusters.get((reference or "default").rpartition("/")[2])
    if found is None or found.status == "INACTIVE":
        raise ClusterNotFoundException
    return found


def find_service(backend: EC2ContainerServiceBackend, cluster: Cluster, reference: str) -> Service | None:
    """The service of a name or ARN in a cluster."""
    name = reference.rpartition("/")[2]
    if reference.startswith("arn:") and reference.count("/") > 1 and reference.split("/")[-2] != cluster.name:
        return None
    return services_of(backend).get(f"{cluster.name}:{name}")


def service_of(backend: EC2ContainerServiceBackend, cluster: Cluster, reference: str) -> Service:
    """The same. Raises ServiceNotFoundException."""
    found = find_service(backend, cluster, reference)
    if found is None:
        raise ServiceNotFoundException
    return found


def definition_of(backend: EC2ContainerServiceBackend, reference: str) -> TaskDefinition | None:
    """The task definition of an ARN, ``family:revision``, or a family's newest active one."""
    family, _, revision = reference.rpartition("/")[2].partition(":")
    known = backend.task_definitions.get(family, {})
    if revision:
        return known.get(int(revision)) if revision.isdigit() else None
    active = [number for number, found in known.items() if found.status == "ACTIVE"]
    return known[max(active)] if active else None


def usable_definition(backend: EC2ContainerServiceBackend, reference: str | None) -> TaskDefinition:
    """A task definition that may be started. Raises ClientException."""
    found = definition_of(backend, reference or "")
    if found is None:
        raise EcsClientException("TaskDefinition not found.")
    if found.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return found


def refuse(code: str, message: str) -> ECSException:
    """An error of ECS's."""
    return ECSException(code, message)


def page(found: Sequence[Item], token: str | None, size: int | None, most: int = 100) -> tuple[list[Item], str | None]:
    """One page of a list, and the token of the next. Raises InvalidParameterException for a token not given out."""
    if size is not None and not 1 <= size <= most:
        raise InvalidParameterException(f"maxResults must be between 1 and {most}.")
    try:
        start = int(token or 0)
    except ValueError:
        raise InvalidParameterException("Invalid token.") from None
    end = start + (size or most)
    return list(found[start:end]), str(end) if end < len(found) else None


def no_more_than(most: int, names: Sequence[Any], what: str) -> None:
    """Raises InvalidParameterException when a call names too many things, or none."""
    if not names:
        raise InvalidParameterException(f"{what} can not be empty.")
    if len(names) > most:
        raise InvalidParameterException(f"{what} can have at most {most} items.")
