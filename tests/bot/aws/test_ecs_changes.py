"""What is sent to change a service, to the letter, and what its refusals become."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.domain import Target
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import LostAnswer, Refusal, ScriptedAws
from tests.bot.aws.test_ecs_services import FAMILY, a_deployment, a_service

ROLLOUT = "arn:aws:ecs:us-east-1:123456789012:service-deployment/bi-production/api/1"


def test_an_update_sends_the_task_definition_and_nothing_else(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    deployments = [a_deployment("ecs-svc/1", "ACTIVE", 100.0), a_deployment("ecs-svc/2", "PRIMARY", 200.0)]
    aws.on("UpdateService", {"service": a_service(deployments=deployments)})
    assert Ecs(sessions).update_service(target, f"{FAMILY}:8") == "ecs-svc/2"
    asked = {"cluster": "bi-production", "service": "api", "taskDefinition": f"{FAMILY}:8"}
    assert aws.asked("UpdateService") == [asked]


def test_a_restart_forces_a_deployment_and_sends_nothing_else(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    aws.on("UpdateService", {"service": a_service(deployments=[a_deployment("ecs-svc/2", "PRIMARY", 200.0)])})
    assert Ecs(sessions).restart_service(target) == "ecs-svc/2"
    assert aws.asked("UpdateService") == [{"cluster": "bi-production", "service": "api", "forceNewDeployment": True}]


def test_scaling_sends_the_number_and_nothing_else(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("UpdateService", {"service": a_service()})
    Ecs(sessions).set_desired(target, 0)
    assert aws.asked("UpdateService") == [{"cluster": "bi-production", "service": "api", "desiredCount": 0}]


CHANGES: list[tuple[str, Callable[[Ecs, Target], object]]] = [
    ("UpdateService", lambda ecs, target: ecs.update_service(target, f"{FAMILY}:8")),
    ("UpdateService", lambda ecs, target: ecs.restart_service(target)),
    ("UpdateService", lambda ecs, target: ecs.set_desired(target, 3)),
    ("StopServiceDeployment", lambda ecs, target: ecs.stop_deployment(target, ROLLOUT)),
    ("ContinueServiceDeployment", lambda ecs, target: ecs.continue_deployment(target, ROLLOUT, "h-1", go_on=True)),
    ("StopTask", lambda ecs, target: ecs.stop_task(target, "abc", "asked for")),
]


@pytest.mark.parametrize(("operation", "change"), CHANGES)
def test_a_change_whose_answer_was_lost_is_not_repeated(
    aws: ScriptedAws, target: Target, operation: str, change: Callable[[Ecs, Target], object]
) -> None:
    aws.on(operation, LostAnswer())
    with pytest.raises(UpstreamError) as caught:
        change(Ecs(Sessions(attempts=3)), target)
    assert caught.value.retryable
    assert len(aws.asked(operation)) == 1


def test_an_update_of_a_service_that_is_gone_is_not_found(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("UpdateService", Refusal("ServiceNotActiveException", "Service was not ACTIVE."))
    with pytest.raises(NotFoundError, match="no service api"):
        Ecs(sessions).update_service(target, f"{FAMILY}:8")


def test_a_denied_update_names_the_permission(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    service = "arn:aws:ecs:us-east-1:123456789012:service/bi-production/api"
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/bot/runbook-bot is not authorized to perform: ecs:UpdateService "
        f"on resource: {service} because no identity-based policy allows the ecs:UpdateService action"
    )
    aws.on("UpdateService", Refusal("AccessDeniedException", text))
    with pytest.raises(UpstreamError) as caught:
        Ecs(sessions).update_service(target, f"{FAMILY}:8")
    expected = f"AWS denied ecs:UpdateService on {service}; give the bot's role this permission."
    assert str(caught.value) == expected
    assert not caught.value.retryable


def test_a_rollout_is_stopped_with_a_rollback(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("StopServiceDeployment", {"serviceDeploymentArn": ROLLOUT})
    Ecs(sessions).stop_deployment(target, ROLLOUT)
    assert aws.asked("StopServiceDeployment") == [{"serviceDeploymentArn": ROLLOUT, "stopType": "ROLLBACK"}]


@pytest.mark.parametrize(("go_on", "action"), [(True, "CONTINUE"), (False, "ROLLBACK")])
def test_a_hook_is_answered(aws: ScriptedAws, sessions: Sessions, target: Target, go_on: bool, action: str) -> None:
    aws.on("ContinueServiceDeployment", {"serviceDeploymentArn": ROLLOUT})
    Ecs(sessions).continue_deployment(target, ROLLOUT, "h-1", go_on=go_on)
    asked = {"serviceDeploymentArn": ROLLOUT, "hookId": "h-1", "action": action}
    assert aws.asked("ContinueServiceDeployment") == [asked]


@pytest.mark.parametrize(
    ("code", "stopping", "answering"),
    [
        ("ConflictException", ConflictError, ConflictError),
        ("InvalidParameterException", UpstreamError, ConflictError),
        ("ServiceDeploymentNotFoundException", NotFoundError, NotFoundError),
        ("UnsupportedFeatureException", UpstreamError, UpstreamError),
        ("AccessDeniedException", UpstreamError, UpstreamError),
    ],
)
def test_what_ecs_says_of_a_rollout_that_is_over_is_a_conflict(
    aws: ScriptedAws,
    sessions: Sessions,
    target: Target,
    code: str,
    stopping: type[BotError],
    answering: type[BotError],
) -> None:
    for operation in ("StopServiceDeployment", "ContinueServiceDeployment"):
        aws.on(operation, Refusal(code, "The hook is not awaiting action."))
    with pytest.raises(stopping):
        Ecs(sessions).stop_deployment(target, ROLLOUT)
    with pytest.raises(answering):
        Ecs(sessions).continue_deployment(target, ROLLOUT, "h-1", go_on=True)


def test_a_task_is_stopped_with_as_much_of_the_reason_as_ecs_takes(
    aws: ScriptedAws, sessions: Sessions, target: Target
) -> None:
    aws.on("StopTask", {"task": {}})
    Ecs(sessions).stop_task(target, "abc", "x" * 300)
    assert aws.asked("StopTask") == [{"cluster": "bi-production", "task": "abc", "reason": "x" * 255}]


def test_a_task_that_is_gone_is_stopped_already(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("StopTask", Refusal("InvalidParameterException", "The referenced task was not found."))
    Ecs(sessions).stop_task(target, "abc", "asked for")
    aws.on("StopTask", Refusal("InvalidParameterException", "Task identifier must be set."))
    with pytest.raises(UpstreamError, match="identifier"):
        Ecs(sessions).stop_task(target, "", "asked for")
