"""ECS's operations on task definitions; each function takes the place of moto's method."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, TaskDefinitionNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws.ecs_lookup import definition_of, page
from sandbox.aws.world import current

_GB = 1024
FARGATE: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GB, 2 * _GB),
    512: tuple(range(1 * _GB, 4 * _GB + 1, _GB)),
    1024: tuple(range(2 * _GB, 8 * _GB + 1, _GB)),
    2048: tuple(range(4 * _GB, 16 * _GB + 1, _GB)),
    4096: tuple(range(8 * _GB, 30 * _GB + 1, _GB)),
    8192: tuple(range(16 * _GB, 60 * _GB + 1, 4 * _GB)),
    16384: tuple(range(32 * _GB, 120 * _GB + 1, 8 * _GB)),
}
"""The memory sizes (MiB) that Fargate has for each number of CPU units."""

_register = EC2ContainerServiceResponse.register_task_definition


def register_task_definition(self: EC2ContainerServiceResponse) -> ActionResult:
    """RegisterTaskDefinition with what moto forgets: Fargate's sizes, the moment, the tags."""
    params = self._get_params()
    fits = _fits_fargate(params)
    if "FARGATE" in (params.get("requiresCompatibilities") or []) and not fits:
        raise EcsClientException("No Fargate configuration exists for given values.")
    result: dict[str, Any] = dict(_register(self).result)  # type: ignore[call-overload]
    made: Any = result["taskDefinition"]
    made.registered_at = current().clock.datetime()
    made.registered_by = f"arn:aws:iam::{self.ecs_backend.account_id}:root"
    made.enable_fault_injection = params.get("enableFaultInjection")
    if fits and made.network_mode == "awsvpc":
        made.compatibilities = ["EC2", "FARGATE"]
    if made.tags:
        result["tags"] = made.tags
    return ActionResult(result)


def _fits_fargate(params: dict[str, Any]) -> bool:
    cpu, memory = _units(params.get("cpu"), "vcpu"), _units(params.get("memory"), "gb")
    return memory in FARGATE.get(cpu, ())


def _units(written: Any, large: str) -> int:
    """``1024``, ``1 vCPU`` and ``1 GB`` are the same number of units; 0 for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(written or "").lower())
    if match is None or match[2] not in ("", large):
        return 0
    return int(float(match[1]) * (1024 if match[2] else 1))


def list_task_definitions(self: EC2ContainerServiceResponse) -> ActionResult:
    """ListTaskDefinitions by family and revision; ``familyPrefix`` is the whole name, as in AWS."""
    params = self._get_params()
    family, status = params.get("familyPrefix"), params.get("status") or "ACTIVE"
    found = [
        definition
        for name, revisions in self.ecs_backend.task_definitions.items()
        for definition in revisions.values()
        if family in (None, name) and definition.status == status
    ]
    found.sort(key=lambda each: (each.family, each.revision), reverse=params.get("sort") == "DESC")
    arns = [definition.arn for definition in found]
    shown, token = page(arns, params.get("nextToken"), params.get("maxResults"))
    return ActionResult({"taskDefinitionArns": shown, "nextToken": token})


def deregister_task_definition(self: EC2ContainerServiceResponse) -> ActionResult:
    """DeregisterTaskDefinition: INACTIVE from now on."""
    reference = self._get_param("taskDefinition")
    if ":" not in reference.rpartition("/")[2]:
        raise EcsClientException("Revision is missing.")
    found: Any = definition_of(self.ecs_backend, reference)
    if found is None:
        raise EcsClientException("The specified task definition does not exist.")
    if found.status == "ACTIVE":
        found.status = "INACTIVE"
        found.deregistered_at = current().clock.datetime()
    return ActionResult({"taskDefinition": found})


def describe_in_backend(self: EC2ContainerServiceBackend, task_definition_str: str) -> TaskDefinition:
    """The place of moto's look-up; a family alone is its newest active revision."""
    found = definition_of(self, task_definition_str)
    if found is None:
        raise TaskDefinitionNotFoundException
    return found


OPERATIONS = (register_task_definition, list_task_definitions, deregister_task_definition)
