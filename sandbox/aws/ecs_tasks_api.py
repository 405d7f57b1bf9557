"""ECS's operations on tasks and clusters; each function takes the place of moto's method."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws import ecs_render, ecs_rollout, ecs_tasks, ecs_values
from sandbox.aws.ecs_images import resolve
from sandbox.aws.ecs_lookup import cluster_of, no_more_than, page, refuse, service_of, usable_definition
from sandbox.aws.ecs_model import Task
from sandbox.aws.ecs_records import hexadecimal
from sandbox.aws.ecs_simulation import bring_up, jobs_of, now, services_of, simulating, tasks_of

PER_CALL = 100
MOST_STARTED = 10

_describe_clusters = EC2ContainerServiceResponse.describe_clusters
_delete_cluster = EC2ContainerServiceResponse.delete_cluster


def list_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
    """ListTasks; without ``desiredStatus`` those that should run."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        group = None
        if params.get("serviceName"):
            group = f"service:{service_of(backend, cluster, params['serviceName']).name}"
        wanted = params.get("desiredStatus") or "RUNNING"
        arns = [
            task.arn
            for task in tasks_of(backend)
            if task.cluster_arn == cluster.arn
            and group in (None, task.group)
            and wanted == ("RUNNING" if task.alive else "STOPPED")
            and params.get("family") in (None, task.definition.family)
            and params.get("startedBy") in (None, task.started_by)
            and params.get("launchType") in (None, task.launch_type)
        ]
    shown, token = page(arns, params.get("nextToken"), params.get("maxResults"))
    return ActionResult({"taskArns": shown, "nextToken": token})


def describe_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeTasks of at most a hundred; those not found are failures."""
    params, backend = self._get_params(), self.ecs_backend
    asked = params.get("tasks") or []
    no_more_than(PER_CALL, asked, "Tasks")
    cluster = cluster_of(backend, params.get("cluster"))
    tags = "TAGS" in (params.get("include") or [])
    with simulating:
        bring_up(backend)
        at = now()
        known = {task.id: task for task in tasks_of(backend) if task.cluster_arn == cluster.arn}
        ids = list(dict.fromkeys(each.rpartition("/")[2] for each in asked))
        shown = [ecs_render.task(known[each], at, tags=tags) for each in ids if each in known]
    base = cluster.arn.replace(":cluster/", ":task/")
    failures = [{"arn": f"{base}/{each}", "reason": "MISSING"} for each in ids if each not in known]
    return ActionResult({"tasks": shown, "failures": failures})


def stop_task(self: EC2ContainerServiceResponse) -> ActionResult:
    """StopTask; a service replaces what was stopped."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        at = now()
        wanted = params["task"].rpartition("/")[2]
        found = next(
            (each for each in tasks_of(backend) if each.id == wanted and each.cluster_arn == cluster.arn), None
        )
        if found is None:
            raise InvalidParameterException("The referenced task was not found.")
        if found.alive:
            ecs_tasks.stop(found, at, params.get("reason") or "Task stopped by user", "UserInitiated")
            for service in services_of(backend).values():
                if found in service.tasks:
                    service.steady = False
                    ecs_rollout.wake(service, at)
        return ActionResult({"task": ecs_render.task(found, at)})


def run_task(self: EC2ContainerServiceResponse) -> ActionResult:
    """RunTask: a job that ends well after some seconds, unless its image decides otherwise."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    count = int(params.get("count") or 1)
    if not 1 <= count <= MOST_STARTED:
        raise InvalidParameterException(f"Count must be between 1 and {MOST_STARTED}.")
    with simulating:
        bring_up(backend)
        at = now()
        definition = usable_definition(backend, params.get("taskDefinition"))
        if definition.network_mode == "awsvpc" and not params.get("networkConfiguration"):
            raise InvalidParameterException(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            )
        made = [_job(cluster.arn, definition, params, at, len(jobs_of(backend)) + number) for number in range(count)]
        stuck = [task for task in made if task.fate.word == "stuck"]
        started = [task for task in made if task not in stuck]
        jobs_of(backend).extend(started)
    failures = [{"arn": cluster.arn, "reason": "RESOURCE:CPU"} for _ in stuck]
    return ActionResult({"tasks": [ecs_render.task(each, at) for each in started], "failures": failures})


def _job(cluster_arn: str, definition: Any, params: dict[str, Any], at: float, number: int) -> Task:
    images, fate = resolve(definition.container_definitions)
    identity = hexadecimal(cluster_arn, definition.arn, at, number)
    task = Task(
        id=identity,
        arn=f"{cluster_arn.replace(':cluster/', ':task/')}/{identity}",
        cluster_arn=cluster_arn,
        definition=definition,
        images=images,
        group=params.get("group") or f"family:{definition.family}",
        created_at=at,
        ip=f"172.31.{64 + int(identity[:2], 16) % 64}.{4 + int(identity[2:4], 16) % 250}",
        started_by=params.get("startedBy") or "",
        launch_type=params.get("launchType") or "EC2",
        fate=fate,
        network=params.get("networkConfiguration") or {},
        overrides=params.get("overrides") or {},
        tags=list(params.get("tags") or []),
    )
    ecs_tasks.prepare(task, job=True)
    return task


def describe_clusters(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeClusters with what really runs in them."""
    backend = self.ecs_backend
    with simulating:
        bring_up(backend)
        at = now()
        for cluster in backend.clusters.values():
            mine = [task for task in tasks_of(backend) if task.cluster_arn == cluster.arn]
            cluster.pending_tasks_count, cluster.running_tasks_count = ecs_values.counts(mine, at)
            cluster.active_services_count = sum(
                service.status == "ACTIVE" and service.cluster_name == cluster.name
                for service in services_of(backend).values()
            )
        answer: ActionResult = _describe_clusters(self)
    return answer


def delete_cluster(self: EC2ContainerServiceResponse) -> ActionResult:
    """DeleteCluster; refused while services or tasks are in it."""
    backend = self.ecs_backend
    cluster = cluster_of(backend, self._get_param("cluster"))
    with simulating:
        bring_up(backend)
        services = [each for each in services_of(backend).values() if each.cluster_name == cluster.name]
        if any(each.status == "ACTIVE" for each in services):
            raise refuse("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
        if any(each.cluster_arn == cluster.arn and each.status(now()) != "STOPPED" for each in tasks_of(backend)):
            raise refuse("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        answer: ActionResult = _delete_cluster(self)
    return answer


OPERATIONS = (list_tasks, describe_tasks, stop_task, run_task, describe_clusters, delete_cluster)
