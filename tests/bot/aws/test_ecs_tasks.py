from __future__ import annotations

from typing import Any

import pytest

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.cloud import ContainerExit, RunningTask
from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

ARNS = "arn:aws:ecs:us-east-1:123456789012"


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


def running(number: int, **changes: Any) -> dict[str, Any]:
    found = {
        "taskArn": f"{ARNS}:task/bi-production/{number:032x}",
        "taskDefinitionArn": f"{ARNS}:task-definition/bi:2",
        "lastStatus": "RUNNING",
        "healthStatus": "HEALTHY",
        "startedAt": 1000.0 - number,
        "containers": [{"name": "api", "imageDigest": f"sha256:{number}"}, {"name": "agent"}],
    }
    return found | changes


def test_running_tasks_come_oldest_first_with_what_they_run_and_until_when_they_are_protected(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_tasks(aws, running(1), running(2))
    protected = {"taskArn": running(1)["taskArn"], "protectionEnabled": True, "expirationDate": 5000.0}
    open_to_stop = {"taskArn": running(2)["taskArn"], "protectionEnabled": False, "expirationDate": 4000.0}
    aws.on("GetTaskProtection", {"protectedTasks": [protected, open_to_stop], "failures": []})
    definition = f"{ARNS}:task-definition/bi:2"
    assert Ecs(sessions).running_tasks(target) == (
        RunningTask(f"{2:032x}", definition, 998.0, "HEALTHY", {"api": "sha256:2"}, 0.0),
        RunningTask(f"{1:032x}", definition, 999.0, "HEALTHY", {"api": "sha256:1"}, 5000.0),
    )
    (asked,) = aws.asked("GetTaskProtection")
    assert (asked["cluster"], asked["tasks"]) == (
        "bi-production",
        [each["taskArn"] for each in (running(1), running(2))],
    )


def test_a_task_that_is_still_on_its_way_does_not_run(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws, running(1, lastStatus="PENDING", startedAt=None), running(2))
    aws.on("GetTaskProtection", {"protectedTasks": []})
    assert [each.id for each in Ecs(sessions).running_tasks(target)] == [f"{2:032x}"]


def test_more_tasks_than_one_call_takes_are_all_read(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws, *(running(number) for number in range(130)))
    aws.on("GetTaskProtection", {"protectedTasks": []})
    assert len(Ecs(sessions).running_tasks(target)) == 130
    assert sorted(len(each["tasks"]) for each in aws.asked("GetTaskProtection")) == [30, 100]


def test_a_service_without_tasks_needs_one_call(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    script_tasks(aws)
    assert Ecs(sessions).running_tasks(target) == ()
    assert [name for name, _ in aws.calls] == ["ListTasks"]


def test_protection_that_may_not_be_read_is_an_error_and_never_none(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    script_tasks(aws, running(1))
    aws.on("GetTaskProtection", Refusal("AccessDeniedException"))
    with pytest.raises(UpstreamError, match="ecs:GetTaskProtection"):
        Ecs(sessions).running_tasks(target)
