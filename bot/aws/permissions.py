"""What the bot may do in an AWS account, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, TypeVar

from bot.aws.errors import NotPermittedError, ask
from bot.aws.logs import Logs
from bot.aws.metrics import Metrics
from bot.aws.session import Sessions
from bot.cloud import EcsService, Image, TaskDefinition
from bot.domain import Account, AlarmMetric, Target
from bot.errors import NotFoundError, UpstreamError
from bot.ports import Ecs

P = ParamSpec("P")
T = TypeVar("T")

_HISTORY = 90 * 86_400.0
"""Seconds ECS keeps its record of rollouts."""
_SIMULATE = "iam:SimulatePrincipalPolicy"


def denied(sessions: Sessions, ecs: Ecs, now: float, account: Account, target: Target | None) -> dict[str, str]:
    """Permissions the bot needs and has not got, each with why.

    Reads are tried by the very calls the bot makes, on ``target``, an ECS service of the account. What would change
    something, and reads there is nothing to try on, are asked of IAM's simulator; without permission for that the
    answer names ``iam:SimulatePrincipalPolicy``. Raises UpstreamError when AWS cannot be asked.
    """
    trial = _Trial()
    metrics = Metrics(sessions)
    trial(metrics.alarms, account, ["runbook-bot"])
    trial(metrics.series, account, AlarmMetric(namespace="AWS/ECS", name="CPUUtilization"), start=now - 300, end=now)
    if target is None:
        return trial.denied
    service = trial(ecs.service, target)
    trial(ecs.service_deployments, target, since=now - _HISTORY)
    trial(ecs.stopped_tasks, target, since=now - _HISTORY)
    if service is None:
        return trial.denied
    trial(ecs.target_health, target, service.target_groups)
    task = trial(ecs.task_definition, account, service.task_definition)
    if task is None:
        return trial.denied
    trial(ecs.find_registered, account, task.family, "runbook-bot", "")
    _try_image(trial, ecs, account, task)
    _try_logs(trial, Logs(sessions, _Still(now)), account, task, now)
    try:
        trial.denied.update(simulated(sessions, account, _needed(service, task)))
    except UpstreamError as error:
        trial.denied[_SIMULATE] = str(error)
    return trial.denied


class _Trial:
    """Calls that may be denied, and what was."""

    def __init__(self) -> None:
        self.denied: dict[str, str] = {}

    def __call__(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return read(*args, **kwargs)
        except NotPermittedError as error:
            self.denied[error.action] = str(error)
        except NotFoundError:
            # AWS looked, so it may be looked; what is missing is for other checks to say.
            pass
        return None


class _Still:
    """A clock that stands: one page of a log is enough to know."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now


def _try_image(trial: _Trial, ecs: Ecs, account: Account, task: TaskDefinition) -> None:
    for container in task.containers:
        found = trial(ecs.image, account, container.image)
        if isinstance(found, Image):
            trial(ecs.architectures, account, found)
            return


def _try_logs(trial: _Trial, logs: Logs, account: Account, task: TaskDefinition, now: float) -> None:
    group = next((each.log_group for each in task.containers if each.log_group), "")
    if group:
        trial(logs.search, account, group, "", start=now - 60, end=now, limit=1, deadline=now)
        trial(logs.tail, account, group, "runbook-bot", 1)


def simulated(sessions: Sessions, account: Account, needed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which of these actions, each with the ARN of a resource, IAM's simulator does not allow, with its words.

    Raises UpstreamError when the simulator may not be asked.
    """
    client = sessions.client(account, "iam")
    source = account.role_arn or _principal(ask(sessions.client(account, "sts"), "get_caller_identity")["Arn"])
    passed = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
    passed_to_ecs = [passed | {"ContextKeyValues": ["ecs-tasks.amazonaws.com"]}]
    refused: dict[str, str] = {}
    for action, resource in needed:
        answer = ask(
            client,
            "simulate_principal_policy",
            PolicySourceArn=source,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=passed_to_ecs if action == "iam:PassRole" else [],
        )
        decisions = {each["EvalDecision"] for each in answer["EvaluationResults"]} - {"allowed"}
        if decisions:
            refused[action] = f"IAM answers {', '.join(sorted(decisions))} for {resource}"
    return refused


def _needed(service: EcsService, task: TaskDefinition) -> Iterator[tuple[str, str]]:
    revisions = f"{task.arn.rpartition(':')[0]}:*"
    yield "ecs:RegisterTaskDefinition", revisions
    yield "ecs:TagResource", revisions
    yield "ecs:UpdateService", service.arn
    yield "ecs:DescribeTasks", service.arn.replace(":service/", ":task/").rpartition("/")[0] + "/*"
    yield "ecs:DescribeServiceDeployments", service.arn.replace(":service/", ":service-deployment/") + "/*"
    yield "ecs:DescribeServiceRevisions", service.arn.replace(":service/", ":service-revision/") + "/*"
    # Whoever registers a task definition hands its roles to ECS.
    for role in (task.raw.get("taskRoleArn"), task.raw.get("executionRoleArn")):
        if role:
            yield "iam:PassRole", role


def _principal(caller: str) -> str:
    """The role behind ``arn:aws:sts::…:assumed-role/NAME/session``; users and roles are their own principal."""
    parts = caller.split(":", 5)
    kind, _, rest = parts[5].partition("/")
    if kind != "assumed-role":
        return caller
    return f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{rest.partition('/')[0]}"
