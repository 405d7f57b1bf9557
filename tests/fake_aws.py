"""Fakes of the ports to AWS: dictionaries that a test fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.cloud import (
    Container,
    Deployment,
    EcsService,
    Image,
    RunningTask,
    StoppedTask,
    TargetHealth,
    TaskDefinition,
)
from bot.domain import Account, Target
from bot.errors import NotFoundError
from bot.rollouts import TERMINAL, ServiceDeployment, ServiceRevision
from tests.fakes import NOON, Failures


def a_definition(family: str, revision: int, image: str, tags: dict[str, str] | None = None) -> TaskDefinition:
    """A task definition with one container that logs."""
    group = Container(
        name="app", image=image, essential=True, log_group=f"/ecs/{family}", log_stream_prefix="ecs", log_region="r"
    )
    written = {
        "name": "app",
        "image": image,
        "essential": True,
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": f"/ecs/{family}"}},
    }
    return TaskDefinition(
        arn=f"arn:aws:ecs:r:1:task-definition/{family}:{revision}",
        family=family,
        revision=revision,
        containers=(group,),
        registered_at=NOON - 9000,
        architecture="X86_64",
        tags=tags or {},
        raw={"family": family, "cpu": "256", "memory": "512", "containerDefinitions": [written]},
        registered_by="arn:aws:sts::1:assumed-role/ci/build-7",
    )


def a_revision(definition: str, digest: str = "", **surroundings: str) -> ServiceRevision:
    """A service revision whose one container runs this digest."""
    images = (f"app=1.dkr.ecr.r.amazonaws.com/api@{digest}",) if digest else ()
    return ServiceRevision(f"rev {definition}", definition, NOON - 9000, images, surroundings)


def a_record(
    definition: str, status: str = "SUCCESSFUL", *, at: float = NOON - 7200, **changes: Any
) -> ServiceDeployment:
    """ECS's record of a rollout that began then and, if it has ended, took a minute; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "arn": f"arn:aws:ecs:r:1:service-deployment/c/{definition.rsplit('/', 1)[-1]}/{at:.0f}",
        "status": status,
        "reason": "",
        "created_at": at,
        "finished_at": at + 60 if status in TERMINAL else 0.0,
        "task_definition": definition,
        "target": a_revision(definition),
    }
    return ServiceDeployment(**(fields | changes))


def a_deployment(definition: str, **changes: Any) -> Deployment:
    """The finished PRIMARY deployment of two tasks; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "id": f"ecs-svc/{definition.rsplit(':', 1)[-1]}",
        "status": "PRIMARY",
        "task_definition": definition,
        "desired": 2,
        "running": 2,
        "pending": 0,
        "failed_tasks": 0,
        "rollout_state": "COMPLETED",
        "rollout_reason": "",
        "created_at": NOON - 7200,
        "updated_at": NOON - 7000,
    }
    return Deployment(**(fields | changes))


def a_service(name: str, *deployments: Deployment, **changes: Any) -> EcsService:
    """A service of two tasks with these deployments, PRIMARY first."""
    fields: dict[str, Any] = {
        "arn": f"arn:aws:ecs:r:1:service/c/{name}",
        "name": name,
        "cluster": "c",
        "status": "ACTIVE",
        "controller": "ECS",
        "desired": 2,
        "running": sum(deployment.running for deployment in deployments),
        "pending": 0,
        "task_definition": deployments[0].task_definition,
        "deployments": deployments,
        "events": (),
        "target_groups": (),
        "minimum_healthy_percent": 100,
        "maximum_percent": 200,
        "breaker_enabled": True,
        "breaker_rollback": True,
    }
    return EcsService(**(fields | changes))


class FakeEcs:
    """ECS and ECR as dictionaries that a test fills; ``writes`` are the calls that changed something."""

    def __init__(self) -> None:
        self.live: dict[str, EcsService] = {}
        self.definitions: dict[str, TaskDefinition] = {}
        self.retired: set[str] = set()
        """Revisions that were deregistered after they had been read and kept."""
        self.images: dict[str, Image] = {}
        self.platforms: tuple[str, ...] = ("X86_64",)
        self.records: list[ServiceDeployment] = []
        self.stopped: list[StoppedTask] = []
        self.tasks: list[RunningTask] = []
        self.health: tuple[TargetHealth, ...] = ()
        self.writes: list[str] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def add(self, target: Target, definition: TaskDefinition) -> None:
        """A settled service that runs this task definition."""
        self.definitions[definition.arn] = definition
        self.live[target.key] = a_service(target.name, a_deployment(definition.arn))

    def add_image(self, repository: str, digest: str, *tags: str) -> None:
        """An image that its digest and each of its tags name."""
        image = Image(repository=repository, digest=digest, tags=tags, pushed_at=NOON - 3600)
        self.images |= {f"{repository}:{tag}": image for tag in tags} | {f"{repository}@{digest}": image}

    def service(self, target: Target, *, age: float = 0.0) -> EcsService:
        self.failures.take("service")
        if target.key not in self.live:
            raise NotFoundError(f"ECS has no service {target.label}.")
        return self.live[target.key]

    def services(self, targets: Sequence[Target]) -> Mapping[str, EcsService | Exception]:
        self.failures.take("services")
        missing = NotFoundError("ECS has no such service.")
        return {target.key: self.live.get(target.key, missing) for target in targets}

    def task_definition(self, account: Account, arn: str, *, fresh: bool = False) -> TaskDefinition:
        self.failures.take("task_definition")
        if arn not in self.definitions:
            raise NotFoundError(f"ECS has no task definition {arn}.")
        found = self.definitions[arn]
        return replace(found, status="INACTIVE") if fresh and arn in self.retired else found

    def image(self, account: Account, image: str) -> Image:
        self.failures.take("image")
        if image not in self.images:
            raise NotFoundError(f"There is no image {image}.")
        return self.images[image]

    def newest_images(self, account: Account, repository: str, limit: int = 10) -> tuple[Image, ...]:
        self.failures.take("newest_images")
        return tuple(dict.fromkeys(image for image in self.images.values() if image.repository == repository))[:limit]

    def architectures(self, account: Account, image: Image) -> tuple[str, ...]:
        self.failures.take("architectures")
        return self.platforms

    def find_registered(self, account: Account, family: str, tag: str, value: str) -> str | None:
        self.failures.take("find_registered")
        known = [each for each in self.definitions.values() if each.family == family and each.tags.get(tag) == value]
        return known[-1].arn if known else None

    def register(
        self, account: Account, base: TaskDefinition, images: Mapping[str, str], tags: Mapping[str, str]
    ) -> str:
        self.failures.take("register")
        newest = max(each.revision for each in self.definitions.values() if each.family == base.family)
        containers = tuple(replace(each, image=images.get(each.name, each.image)) for each in base.containers)
        raw = dict(base.raw)
        raw["containerDefinitions"] = [
            {**each, "image": images.get(each["name"], each["image"])} for each in base.raw["containerDefinitions"]
        ]
        made = replace(
            a_definition(base.family, newest + 1, "", base.tags | dict(tags)), containers=containers, raw=raw
        )
        self.definitions[made.arn] = made
        self.writes.append(f"register {made.family}:{made.revision}")
        self.lost_answers.take("register")
        return made.arn

    def update_service(self, target: Target, task_definition: str) -> str:
        self.failures.take("update_service")
        before = self.live[target.key].deployments[0]
        leaving = a_deployment(before.task_definition, status="ACTIVE", id=before.id)
        coming = a_deployment(task_definition, rollout_state="IN_PROGRESS", running=0, pending=2, created_at=NOON)
        self.live[target.key] = a_service(target.name, coming, leaving)
        self.writes.append(f"update {target.key} {task_definition.rsplit('/', 1)[-1]}")
        self.lost_answers.take("update_service")
        return coming.id

    def restart_service(self, target: Target) -> str:
        self.failures.take("restart_service")
        running = self.live[target.key].deployments[0].task_definition
        coming = a_deployment(running, id="ecs-svc/again", rollout_state="IN_PROGRESS", running=0, created_at=NOON)
        self.live[target.key] = replace(
            *(self.live[target.key],), deployments=(coming, a_deployment(running, status="ACTIVE"))
        )
        self.writes.append(f"restart {target.key}")
        self.lost_answers.take("restart_service")
        return coming.id

    def set_desired(self, target: Target, count: int) -> None:
        self.failures.take("set_desired")
        self.live[target.key] = replace(self.live[target.key], desired=count)
        self.writes.append(f"desired {target.key} {count}")
        self.lost_answers.take("set_desired")

    def service_deployment(self, target: Target, arn: str) -> ServiceDeployment | None:
        self.failures.take("service_deployment")
        return next((record for record in self.records if record.arn == arn), None)

    def stop_deployment(self, target: Target, arn: str) -> None:
        self.failures.take("stop_deployment")
        self.writes.append(f"stop {arn}")
        self.lost_answers.take("stop_deployment")

    def continue_deployment(self, target: Target, arn: str, hook: str, *, go_on: bool) -> None:
        self.failures.take("continue_deployment")
        self.writes.append(f"{'continue' if go_on else 'roll back'} {arn} {hook}")
        self.lost_answers.take("continue_deployment")

    def running_tasks(self, target: Target) -> tuple[RunningTask, ...]:
        self.failures.take("running_tasks")
        return tuple(self.tasks)

    def stop_task(self, target: Target, task: str, reason: str) -> None:
        self.failures.take("stop_task")
        self.writes.append(f"stop task {task}")

    def service_deployments(self, target: Target, *, since: float) -> tuple[ServiceDeployment, ...]:
        self.failures.take("service_deployments")
        return tuple(record for record in self.records if record.created_at >= since)

    def stopped_tasks(self, target: Target, *, since: float, started_by: str = "") -> tuple[StoppedTask, ...]:
        self.failures.take("stopped_tasks")
        return tuple(task for task in self.stopped if task.stopped_at >= since)

    def target_health(self, target: Target, target_groups: Sequence[str]) -> tuple[TargetHealth, ...]:
        self.failures.take("target_health")
        return self.health

    def stand_still(self, target: Target) -> None:
        """As many tasks must run as may run: no rollout could move."""
        self.live[target.key] = replace(self.live[target.key], minimum_healthy_percent=100, maximum_percent=100)

    def settle(self, target: Target, **changes: Any) -> None:
        """The newest deployment of a service has taken over."""
        self.live[target.key] = a_service(
            target.name, a_deployment(self.live[target.key].deployments[0].task_definition, **changes)
        )
