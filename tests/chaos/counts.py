"""What an operation left in the pretend AWS, GitHub and PagerDuty: from their state, and from the calls they took."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.seed.catalogue import LAMBDA, US, EcsService, Site
from tests.chaos.drill import Drill
from tests.chaos.people import Asked

TAG = "runbook-bot:operation"


def registered(asked: Asked, service: EcsService) -> list[str]:
    """The task definitions ECS has of an operation, by the tag it was registered with."""
    made = asked.drill.calls("ecs:RegisterTaskDefinition", asked.since)
    tagged = [call for call in made if any(tag["value"] == asked.id for tag in call["params"].get("tags", []))]
    ecs = asked.drill.stage.aws("ecs", service.region)
    arns = ecs.list_task_definitions(familyPrefix=service.family, sort="DESC")["taskDefinitionArns"][:10]
    found = [arn for arn in arns if _tag(ecs, arn) == asked.id]
    assert len(found) == len(tagged), "ECS's own list and the record of calls agree"
    return found


def _tag(ecs: Any, arn: str) -> str:
    tags = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"]).get("tags", [])
    return next((str(tag["value"]) for tag in tags if tag["key"] == TAG), "")


def updates(asked: Asked, service: EcsService) -> dict[str, int]:
    """How often ECS was told something about a service since then, by what it was told."""
    calls = asked.drill.calls("ecs:UpdateService", asked.since)
    mine = [call["params"] for call in calls if str(call["params"].get("service", "")).endswith(service.service)]
    told = Counter(
        key for params in mine for key in ("taskDefinition", "desiredCount", "forceNewDeployment") if key in params
    )
    return dict(told)


def shipped(asked: Asked, service: EcsService) -> dict[str, int]:
    """A deployment in numbers: its registrations, the updates of its service since then, and its messages."""
    told = updates(asked, service).get("taskDefinition", 0)
    return {"registrations": len(registered(asked, service)), "updates": told, **asked.parts()}


def code_deployments(asked: Asked) -> int:
    """CodeDeploy's deployments that carry the operation."""
    made = asked.drill.calls("codedeploy:CreateDeployment", asked.since)
    return sum(asked.id in str(call["params"].get("description", "")) for call in made)


def running(drill: Drill, service: EcsService) -> dict[str, Any]:
    """What ECS says of a service."""
    found = drill.stage.aws("ecs", service.region).describe_services(
        cluster=service.cluster, services=[service.service]
    )
    said: dict[str, Any] = found["services"][0]
    return said


def bounds(drill: Drill, service: EcsService) -> tuple[int, int]:
    """Autoscaling's bounds as they are now."""
    scaling = drill.stage.aws("application-autoscaling", service.region)
    found = scaling.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[f"service/{service.cluster}/{service.service}"]
    )["ScalableTargets"][0]
    return found["MinCapacity"], found["MaxCapacity"]


def bounds_set(drill: Drill, service: EcsService, since: int) -> list[tuple[int, int]]:
    """The bounds that were set since then, in their order."""
    calls = drill.calls("application-autoscaling:RegisterScalableTarget", since)
    mine = [call["params"] for call in calls if call["params"]["ResourceId"].endswith(service.service)]
    return [(params["MinCapacity"], params["MaxCapacity"]) for params in mine]


def versions(asked: Asked) -> int:
    """The versions of the Lambda function that carry the operation."""
    found = asked.drill.stage.aws("lambda", US).list_versions_by_function(FunctionName=LAMBDA)["Versions"]
    return sum(asked.id in version.get("Description", "") for version in found)


def told_lambda(asked: Asked) -> dict[str, int]:
    """How often Lambda was told what since then."""
    names = ("UpdateFunctionCode", "PublishVersion", "UpdateAlias")
    return {name: len(asked.drill.calls(f"lambda:{name}", asked.since)) for name in names}


def objects(drill: Drill, site: Site) -> Counter[str]:
    """How many versions each object of a site has."""
    listed = drill.stage.aws("s3", site.region).list_object_versions(Bucket=site.bucket)
    return Counter(each["Key"] for each in listed.get("Versions", ()))


def invalidations(asked: Asked, site: Site) -> int:
    """The invalidations of a distribution that carry the operation."""
    cloudfront = asked.drill.stage.aws("cloudfront", US)
    listed = cloudfront.list_invalidations(DistributionId=site.distribution)["InvalidationList"].get("Items", ())
    found = [cloudfront.get_invalidation(DistributionId=site.distribution, Id=each["Id"]) for each in listed]
    return sum(each["Invalidation"]["InvalidationBatch"]["CallerReference"] == asked.id for each in found)


def builds(asked: Asked, project: str, region: str) -> int:
    """The CodeBuild builds that carry the operation."""
    codebuild = asked.drill.stage.aws("codebuild", region)
    ids = codebuild.list_builds_for_project(projectName=project)["ids"]
    found = codebuild.batch_get_builds(ids=ids)["builds"] if ids else ()
    variables = [each["environment"]["environmentVariables"] for each in found]
    return sum(any(variable["value"] == asked.id for variable in each) for each in variables)


def exports(asked: Asked) -> dict[str, str]:
    """How the export tasks stand that carry the operation, by log group; there is one for each at most."""
    listed = asked.drill.stage.aws("logs", US).describe_export_tasks()["exportTasks"]
    mine = [each for each in listed if each.get("taskName") == f"runbook-bot-{asked.id}"]
    found = {each["logGroupName"]: each["status"]["code"] for each in mine}
    assert len(found) == len(mine), "no log group is exported twice"
    return found


def runs(asked: Asked) -> int:
    """The runs of GitHub's workflows that carry the operation."""
    dispatched = asked.drill.sandbox.calls.list("github", "dispatch")
    return sum(
        call["status"] == "ok" and call["params"].get("inputs", {}).get("operation") == asked.id for call in dispatched
    )


def changes(asked: Asked) -> int:
    """The change events that PagerDuty has of an operation."""
    told = asked.drill.sandbox.pagerduty.snapshot()["changes"]
    return sum(change["payload"]["custom_details"].get("operation") == asked.id for change in told)


def pages(drill: Drill, incident: str) -> list[str]:
    """The status of each PagerDuty incident that one of ours opened."""
    incidents = drill.sandbox.pagerduty.snapshot()["incidents"]
    return [each["status"] for each in incidents if each["dedup_key"] == f"runbook-bot:{incident}"]
