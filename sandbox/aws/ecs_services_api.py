"""ECS's operations on services; each function takes the place of moto's method."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import Cluster
from moto.ecs.responses import EC2ContainerServiceResponse

from sandbox.aws import ecs_render, ecs_render_rollouts, ecs_rollout, ecs_tasks
from sandbox.aws.ecs_desired import set_desired
from sandbox.aws.ecs_lookup import cluster_of, find_service, no_more_than, page, refuse, service_of, usable_definition
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import Fate
from sandbox.aws.ecs_settings import check_controller, given, merged, settings_of
from sandbox.aws.ecs_simulation import bring_up, now, services_of, simulating

FATE_TAG = "sandbox:fate"
SICKNESSES = ("oom", "crash", "unhealthy")
PER_CALL = 10
_DEPLOYING = (
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
MOST_DEPLOYMENTS = 5


def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    """CreateService; tasks are launched."""
    params, backend, at = self._get_params(), self.ecs_backend, now()
    cluster = cluster_of(backend, params.get("cluster"))
    name = params["serviceName"]
    with simulating:
        bring_up(backend)
        _check_name(services_of(backend).get(f"{cluster.name}:{name}"))
        settings = settings_of(params)
        definition = None
        if params.get("taskDefinition") or settings["deploymentController"]["type"] != "EXTERNAL":
            definition = usable_definition(backend, params.get("taskDefinition"))
            _check_network(definition, params)
        made = Service(
            name=name,
            arn=f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:service/{cluster.name}/{name}",
            cluster_name=cluster.name,
            cluster_arn=cluster.arn,
            settings=settings,
            desired=int(params.get("desiredCount") or 0),
            created_at=at,
            created_by=f"arn:aws:iam::{backend.account_id}:root",
            tags=list(params.get("tags") or []),
        )
        services_of(backend)[f"{cluster.name}:{name}"] = made
        if made.controller == "EXTERNAL":
            made.settings["taskDefinition"] = definition.arn if definition else None
        else:
            deployment = ecs_rollout.begin(made, ecs_rollout.revise(made, definition, at), at)
            deployment.sick = _sickness(made)
        return ActionResult({"service": ecs_render.service(made, at, tags=True)})


def _check_name(known: Service | None) -> None:
    if known is None or known.status == "INACTIVE":
        return
    if known.status == "DRAINING":
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    raise InvalidParameterException("Creation of service was not idempotent.")


def _check_network(definition: Any, params: dict[str, Any]) -> None:
    if definition.network_mode == "awsvpc" and not params.get("networkConfiguration"):
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )


def update_service(self: EC2ContainerServiceResponse) -> ActionResult:
    """UpdateService; only what changes what tasks run starts a deployment."""
    params, backend, at = self._get_params(), self.ecs_backend, now()
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        found = service_of(backend, cluster, params["service"])
        if found.status != "ACTIVE":
            raise refuse("ServiceNotActiveException", "Service was not ACTIVE.")
        # What is refused must change nothing, so everything is looked up first.
        check_controller(found.controller, params)
        definition = None
        if params.get("taskDefinition"):
            definition = usable_definition(backend, params["taskDefinition"])
        _update(found, params, definition, at)
        return ActionResult({"service": ecs_render.service(found, at, tags=False)})


def _update(found: Service, params: dict[str, Any], definition: Any, at: float) -> None:
    changed = given(params)
    if "deploymentConfiguration" in changed:
        before = found.settings["deploymentConfiguration"]
        changed["deploymentConfiguration"] = merged(changed["deploymentConfiguration"], before)
    deploys = found.controller == "ECS" and _deploys(found, params, changed, definition)
    if deploys and len(found.deployments) >= MOST_DEPLOYMENTS:
        message = f"{MOST_DEPLOYMENTS} active deployments exist, unable to create new deployment."
        raise InvalidParameterException(message)
    found.settings.update(changed)
    if params.get("desiredCount") is not None:
        set_desired(found, int(params["desiredCount"]), at)
    if deploys:
        ecs_rollout.begin(found, ecs_rollout.revise(found, definition or found.primary.revision.definition, at), at)
    ecs_rollout.wake(found, at)


def _deploys(found: Service, params: dict[str, Any], changed: dict[str, Any], definition: Any) -> bool:
    if params.get("forceNewDeployment") or definition not in (None, found.primary.revision.definition):
        return True
    return any(changed[key] != found.settings.get(key) for key in _DEPLOYING if key in changed)


def describe_services(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeServices of at most ten; those not found are failures."""
    params, backend = self._get_params(), self.ecs_backend
    names = params.get("services") or []
    no_more_than(PER_CALL, names, "Services")
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        at = now()
        found = [(name, find_service(backend, cluster, name)) for name in dict.fromkeys(names)]
        tags = "TAGS" in (params.get("include") or [])
        shown = [ecs_render.service(each, at, tags=tags) for _, each in found if each is not None]
    failures = [{"arn": _arn(cluster, name), "reason": "MISSING"} for name, each in found if each is None]
    return ActionResult({"services": shown, "failures": failures})


def describe_task_sets(self: EC2ContainerServiceResponse) -> ActionResult:
    """DescribeTaskSets of a service that CodeDeploy deploys."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    wanted = [each.removeprefix("ecs-svc/") for each in params.get("taskSets") or []]
    with simulating:
        bring_up(backend)
        shown = ecs_render_rollouts.task_sets(service_of(backend, cluster, params["service"]), now())
    known = {each["id"].removeprefix("ecs-svc/"): each for each in shown}
    failures = [{"arn": each, "reason": "MISSING"} for each in wanted if each.rpartition("/")[2] not in known]
    asked = [each.rpartition("/")[2] for each in wanted]
    return ActionResult(
        {"taskSets": [each for key, each in known.items() if not asked or key in asked], "failures": failures}
    )


def _arn(cluster: Cluster, name: str) -> str:
    return name if name.startswith("arn:") else f"{cluster.arn.replace(':cluster/', ':service/')}/{name}"


def list_services(self: EC2ContainerServiceResponse) -> ActionResult:
    """ListServices; those deleted are not listed."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        arns = sorted(
            found.arn
            for found in services_of(backend).values()
            if found.cluster_name == cluster.name
            and found.status != "INACTIVE"
            and params.get("launchType") in (None, found.settings.get("launchType"))
            and params.get("schedulingStrategy") in (None, found.settings["schedulingStrategy"])
        )
    shown, token = page(arns, params.get("nextToken"), params.get("maxResults") or 10)
    return ActionResult({"serviceArns": shown, "nextToken": token})


def delete_service(self: EC2ContainerServiceResponse) -> ActionResult:
    """DeleteService: DRAINING while its tasks stop, then INACTIVE."""
    params, backend = self._get_params(), self.ecs_backend
    cluster = cluster_of(backend, params.get("cluster"))
    with simulating:
        bring_up(backend)
        at = now()
        found = service_of(backend, cluster, params["service"])
        if found.status == "ACTIVE":
            if found.desired > 0 and not params.get("force"):
                raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
            found.status, found.desired = "DRAINING", 0
            for deployment in found.deployments:
                ecs_rollout.stop_record(deployment.record, "Service deployment stopped: the service was deleted.", at)
            ecs_rollout.wake(found, at)
        return ActionResult({"service": ecs_render.service(found, at, tags=True)})


def tag_resource(self: EC2ContainerServiceResponse) -> ActionResult:
    """TagResource; the tag ``sandbox:fate`` of a service makes its running tasks die."""
    params, backend = self._get_params(), self.ecs_backend
    with simulating:
        bring_up(backend)
        backend.tag_resource(params["resourceArn"], {tag["key"]: tag.get("value", "") for tag in params["tags"]})
        if any(tag["key"] == FATE_TAG for tag in params["tags"]):
            _befall(self, params["resourceArn"])
    return ActionResult({})


def untag_resource(self: EC2ContainerServiceResponse) -> ActionResult:
    """UntagResource; without ``sandbox:fate`` a service is well again."""
    params, backend = self._get_params(), self.ecs_backend
    with simulating:
        bring_up(backend)
        backend.untag_resource(params["resourceArn"], params["tagKeys"])
        if FATE_TAG in params["tagKeys"]:
            _befall(self, params["resourceArn"])
    return ActionResult({})


def _befall(self: EC2ContainerServiceResponse, arn: str) -> None:
    """Only what runs now is befallen: what is deployed later does not inherit it."""
    for found in services_of(self.ecs_backend).values():
        if found.arn == arn:
            for deployment in found.deployments:
                ecs_tasks.sicken(found, deployment, _sickness(found), now())
            ecs_rollout.wake(found, now())


def _sickness(found: Service) -> Fate:
    word = next((tag["value"] for tag in found.tags if tag["key"] == FATE_TAG), "")
    return Fate(word if word in SICKNESSES else "")


OPERATIONS = (
    create_service,
    update_service,
    describe_services,
    describe_task_sets,
    list_services,
    delete_service,
    tag_resource,
    untag_resource,
)
