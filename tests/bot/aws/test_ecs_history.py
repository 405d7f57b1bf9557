from __future__ import annotations

from typing import Any

import pytest

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.cloud import ContainerExit
from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError
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
    aws.on("ListServiceDeployments", {"serviceDeployments": [{"serviceDeploymentArn": arn} for arn in by_arn]})
    aws.on(
        "DescribeServiceDeployments",
        lambda asked: {"serviceDeployments": [by_arn[arn] for arn in asked["serviceDeploymentArns"]]},
    )

    def revision(arn: str) -> dict[str, Any]:
        number = arn.rpartition("/")[2]
        image = {"containerName": "api", "image": f"registry/bi:{number}", "imageDigest": f"sha256:{number}"}
        task_definition = f"{ARNS}:task-definition/bi:{number}"
        return {"serviceRevisionArn": arn, "taskDefinition": task_definition, "containerImages": [image]}

    aws.on(
        "DescribeServiceRevisions",
        lambda asked: {"serviceRevisions": [revision(arn) for arn in asked["serviceRevisionArns"]]},
    )


def test_rollouts_come_newest_first_with_task_definition_and_images(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_rollouts(aws, a_rollout(1), a_rollout(3), a_rollout(2))
    found = Ecs(sessions).service_deployments(target, since=900.0)
    assert [each.created_at for each in found] == [1003.0, 1002.0, 1001.0]
    assert found[0].task_definition == f"{ARNS}:task-definition/bi:3"
    assert found[0].images == ("registry/bi:3@sha256:3",)
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


def test_history_that_is_not_allowed_is_an_upstream_error(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("ListServiceDeployments", Refusal("AccessDeniedException", "no"))
    with pytest.raises(UpstreamError, match="ecs:ListServiceDeployments"):
        Ecs(sessions).service_deployments(target, since=0.0)


def a_task(number: int, **changes: Any) -> dict[str, Any]:
    found = {
        "taskArn": f"{ARNS}:task/bi-production/{number:032x}",
        "taskDefinitionArn": f"{ARNS}:task-definition/bi:2",
        "startedBy": "ecs-svc/2",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": 1000.0 + number,
        "containers": [{"name": "api", "exitCode": 137, "reason": "OutOfMemoryError: Container killed"}],
    }
    return found | changes


def script_tasks(aws: ScriptedAws, *tasks: dict[str, Any]) -> None:
    by_arn = {each["taskArn"]: each for each in tasks}
    arns = list(by_arn)

    def listing(asked: dict[str, Any]) -> dict[str, Any]:
        start = int(asked.get("nextToken", 0))
        more = {"nextToken": str(start + 100)} if start + 100 < len(arns) else {}
        return {"taskArns": arns[start : start + 100], **more}

    aws.on("ListTasks", listing)
    aws.on("DescribeTasks", lambda asked: {"tasks": [by_arn[arn] for arn in asked["tasks"]], "failures": []})


def test_stopped_tasks_come_newest_first_with_exit_codes(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws, a_task(1), a_task(2))
    found = Ecs(sessions).stopped_tasks(target, since=0.0)
    assert [each.stopped_at for each in found] == [1002.0, 1001.0]
    assert found[0].id == f"{2:032x}"
    assert found[0].containers == (ContainerExit("api", 137, "OutOfMemoryError: Container killed"),)
    asked = aws.asked("ListTasks")[0]
    assert (asked["serviceName"], asked["desiredStatus"]) == ("api", "STOPPED")


def test_older_tasks_and_those_of_other_deployments_are_left_out(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_tasks(aws, a_task(1), a_task(50), a_task(60, startedBy="ecs-svc/1"))
    found = Ecs(sessions).stopped_tasks(target, since=1010.0, started_by="ecs-svc/2")
    assert [each.stopped_at for each in found] == [1050.0]


def test_a_task_that_never_ran_has_no_exit_code(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    containers = [{"name": "api", "reason": "CannotPullContainerError: not found"}]
    script_tasks(aws, a_task(1, stopCode="TaskFailedToStart", containers=containers))
    (found,) = Ecs(sessions).stopped_tasks(target, since=0.0)
    assert found.containers == (ContainerExit("api", None, "CannotPullContainerError: not found"),)


def test_a_task_still_stopping_counts_from_when_that_began(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_tasks(aws, a_task(1, stoppedAt=None, stoppingAt=1234.0))
    (found,) = Ecs(sessions).stopped_tasks(target, since=0.0)
    assert found.stopped_at == 1234.0


def test_every_page_of_stopped_tasks_is_read(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws, *(a_task(number) for number in range(230)))
    assert len(Ecs(sessions).stopped_tasks(target, since=0.0)) == 230
    assert len(aws.asked("ListTasks")) == 3


def test_a_list_without_end_is_read_only_so_far(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws, *(a_task(number) for number in range(700)))
    assert len(Ecs(sessions).stopped_tasks(target, since=0.0)) == 500


def test_tasks_of_a_service_that_is_gone_are_not_found(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("ListTasks", Refusal("ServiceNotFoundException", "Service not found."))
    with pytest.raises(NotFoundError, match="no service api"):
        Ecs(sessions).stopped_tasks(target, since=0.0)
