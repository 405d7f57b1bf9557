from __future__ import annotations

from typing import Any

import pytest

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.domain import Target
from bot.errors import UpstreamError
from bot.rollouts import LifecycleHook, ServiceRevision
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

ARNS = "arn:aws:ecs:us-east-1:123456789012"


def a_rollout(number: int, **changes: Any) -> dict[str, Any]:
    found = {
        "serviceDeploymentArn": f"{ARNS}:service-deployment/bi/api/{number}",
        "status": "SUCCESSFUL",
        "createdAt": 1000.0 + number,
        "finishedAt": 1100.0 + number,
        "targetServiceRevision": {"arn": f"{ARNS}:service-revision/bi/api/{number}"},
    }
    return found | changes


def script_rollouts(aws: ScriptedAws, *rollouts: dict[str, Any]) -> None:
    by_arn = {each["serviceDeploymentArn"]: each for each in rollouts}
    listed = [
        {"serviceDeploymentArn": arn, "targetServiceRevisionArn": each["targetServiceRevision"]["arn"]}
        for arn, each in by_arn.items()
    ]
    aws.on("ListServiceDeployments", {"serviceDeployments": listed})
    aws.on(
        "DescribeServiceDeployments",
        lambda asked: {"serviceDeployments": [by_arn[arn] for arn in asked["serviceDeploymentArns"]]},
    )

    aws.on(
        "DescribeServiceRevisions",
        lambda asked: {"serviceRevisions": [a_revision(arn) for arn in asked["serviceRevisionArns"]]},
    )


def a_revision(arn: str, **changes: Any) -> dict[str, Any]:
    number = arn.rpartition("/")[2]
    image = {"containerName": "api", "image": f"registry/bi:{number}", "imageDigest": f"sha256:{number}"}
    task_definition = f"{ARNS}:task-definition/bi:{number}"
    found = {"serviceRevisionArn": arn, "taskDefinition": task_definition, "containerImages": [image]}
    return found | {"createdAt": 900.0} | changes


def test_rollouts_come_newest_first_with_task_definition_and_images(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_rollouts(aws, a_rollout(1), a_rollout(3), a_rollout(2))
    found = Ecs(sessions).service_deployments(target, since=900.0)
    assert [each.created_at for each in found] == [1003.0, 1002.0, 1001.0]
    assert found[0].task_definition == f"{ARNS}:task-definition/bi:3"
    assert found[0].images == ("api=registry/bi@sha256:3",)
    assert found[0].finished_at == 1103.0
    asked = aws.asked("ListServiceDeployments")[0]
    assert (asked["cluster"], asked["service"], asked["createdAt"]) == ("bi-production", "api", {"after": 900})


def test_a_rollout_that_ecs_took_back_says_why_and_to_what(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    back = {"reason": "Circuit breaker tripped.", "serviceRevisionArn": f"{ARNS}:service-revision/bi/api/1"}
    script_rollouts(aws, a_rollout(2, status="ROLLBACK_SUCCESSFUL", rollback=back))
    (found,) = Ecs(sessions).service_deployments(target, since=0.0)
    assert (found.status, found.reason) == ("ROLLBACK_SUCCESSFUL", "Circuit breaker tripped.")
    assert found.rolled_back_to == f"{ARNS}:task-definition/bi:1"


def test_a_rollout_under_way_has_no_end_yet(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_rollouts(aws, a_rollout(1, status="IN_PROGRESS", finishedAt=None, statusReason="moving"))
    (found,) = Ecs(sessions).service_deployments(target, since=0.0)
    assert (found.finished_at, found.reason, found.rolled_back_to) == (0.0, "moving", "")


def test_rollouts_are_described_twenty_at_a_time(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_rollouts(aws, *(a_rollout(number) for number in range(45)))
    assert len(Ecs(sessions).service_deployments(target, since=0.0)) == 45
    sizes = sorted(len(each["serviceDeploymentArns"]) for each in aws.asked("DescribeServiceDeployments"))
    assert sizes == [5, 20, 20]


def test_a_service_without_rollouts_needs_one_call(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_rollouts(aws)
    assert Ecs(sessions).service_deployments(target, since=0.0) == ()
    assert len(aws.calls) == 1


def test_only_revisions_that_no_rollout_moved_to_wait_for_the_rollouts(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    sources = [{"arn": revision_arn(1)}, {"arn": revision_arn(9)}]
    script_rollouts(aws, a_rollout(1), a_rollout(2, sourceServiceRevisions=sources))
    newest, _ = Ecs(sessions).service_deployments(target, since=0.0)
    asked = [each["serviceRevisionArns"] for each in aws.asked("DescribeServiceRevisions")]
    assert asked == [[revision_arn(1), revision_arn(2)], [revision_arn(9)]]
    assert {each.arn for each in newest.sources} == {revision_arn(1), revision_arn(9)}


def test_history_that_is_not_allowed_is_an_upstream_error(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("ListServiceDeployments", Refusal("AccessDeniedException", "no"))
    with pytest.raises(UpstreamError, match="ecs:ListServiceDeployments"):
        Ecs(sessions).service_deployments(target, since=0.0)


def revision_arn(number: int) -> str:
    return f"{ARNS}:service-revision/bi/api/{number}"


def test_a_rollout_under_way_tells_its_stage_its_traffic_its_tasks_and_what_is_wrong(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    counts = {"requestedTaskCount": 4, "runningTaskCount": 2, "pendingTaskCount": 1}
    new = {"arn": revision_arn(3), "requestedProductionTrafficWeight": 10.0, **counts}
    hook = {
        "hookId": "h-1",
        "targetType": "PAUSE",
        "status": "AWAITING_ACTION",
        "expiresAt": 5000.0,
        "timeoutAction": "ROLLBACK",
    }
    found = a_rollout(
        3,
        status="IN_PROGRESS",
        targetServiceRevision=new,
        lifecycleStage="POST_SCALE_UP",
        lifecycleHookDetails=[hook],
        deploymentCircuitBreaker={"status": "MONITORING", "failureCount": 2, "threshold": 3},
        alarms={"status": "TRIGGERED", "alarmNames": ["a", "b"], "triggeredAlarmNames": ["b"]},
    )
    script_rollouts(aws, found)
    read = Ecs(sessions).service_deployment(target, found["serviceDeploymentArn"])
    assert read is not None
    assert (read.stage, read.weight, read.failed_tasks, read.alarms) == ("POST_SCALE_UP", 10.0, 2, ("b",))
    assert (read.requested, read.running, read.pending) == (4, 2, 1)
    assert read.hooks == (LifecycleHook("h-1", "PAUSE", "AWAITING_ACTION", "POST_SCALE_UP", 5000.0, "ROLLBACK"),)
    assert not read.ended
    assert aws.asked("ListServiceDeployments") == []


def test_the_source_that_serves_comes_first(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    sources = [
        {"arn": revision_arn(1), "requestedProductionTrafficWeight": 0.0, "runningTaskCount": 5},
        {"arn": revision_arn(2), "requestedProductionTrafficWeight": 90.0, "runningTaskCount": 2},
    ]
    script_rollouts(aws, a_rollout(3, sourceServiceRevisions=sources))
    (read,) = Ecs(sessions).service_deployments(target, since=0.0)
    assert [each.arn for each in read.sources] == [revision_arn(2), revision_arn(1)]
    assert read.target == ServiceRevision(
        revision_arn(3), f"{ARNS}:task-definition/bi:3", 900.0, ("api=registry/bi@sha256:3",), {}
    )


def test_a_rollout_that_went_back_names_the_revision(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_rollouts(aws, a_rollout(2, status="ROLLBACK_SUCCESSFUL", rollback={"serviceRevisionArn": revision_arn(1)}))
    (read,) = Ecs(sessions).service_deployments(target, since=0.0)
    assert read.back is not None
    assert (read.back.arn, read.ended) == (revision_arn(1), True)


def test_a_rollout_that_ecs_does_not_know_is_none(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeServiceDeployments", {"serviceDeployments": [], "failures": [{"reason": "MISSING"}]})
    assert Ecs(sessions).service_deployment(target, f"{ARNS}:service-deployment/bi/api/9") is None


def test_surroundings_are_the_same_text_whatever_order_aws_lists_them_in(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    def network(*subnets: str) -> dict[str, Any]:
        return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": list(subnets), "securityGroups": []}}}

    settings = {
        revision_arn(1): network("a", "b") | {"launchType": "FARGATE", "platformVersion": "1.4.0"},
        revision_arn(2): network("b", "a") | {"launchType": "EC2", "platformVersion": "1.4.0"},
    }
    script_rollouts(aws, a_rollout(1), a_rollout(2))
    aws.on(
        "DescribeServiceRevisions",
        lambda asked: {"serviceRevisions": [a_revision(arn, **settings[arn]) for arn in asked["serviceRevisionArns"]]},
    )
    newer, older = (each.target for each in Ecs(sessions).service_deployments(target, since=0.0))
    assert newer is not None and older is not None
    assert newer.surroundings.keys() == older.surroundings.keys() == {"network", "capacity", "platform"}
    differs = {name for name in newer.surroundings if newer.surroundings[name] != older.surroundings[name]}
    assert differs == {"capacity"}


def test_a_revision_is_asked_for_again_only_until_its_digests_are_known(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_rollouts(aws, a_rollout(1))
    unresolved = [{"containerName": "api", "image": "registry/bi:1"}]
    images: list[dict[str, Any]] = [{"containerImages": unresolved}, {}]
    aws.on("DescribeServiceRevisions", lambda _: {"serviceRevisions": [a_revision(revision_arn(1), **images.pop(0))]})
    ecs = Ecs(sessions)
    seen = [ecs.service_deployments(target, since=0.0)[0].images for _ in range(3)]
    assert seen == [("api=registry/bi:1",), ("api=registry/bi@sha256:1",), ("api=registry/bi@sha256:1",)]
    assert len(aws.asked("DescribeServiceRevisions")) == 2
