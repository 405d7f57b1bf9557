"""What the bot may do in an AWS account, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import ParamSpec, TypeVar

from bot.aws.actions import Needed, of_exports, of_secrets, of_service, of_steps, of_targets
from bot.aws.errors import NotPermittedError, ask
from bot.aws.logs import Logs
from bot.aws.metrics import Metrics
from bot.aws.needs import Needs
from bot.aws.scaling import Scalings
from bot.aws.session import Sessions
from bot.aws_ports import Ecs
from bot.cloud import Image, TaskDefinition
from bot.domain import Account, AlarmMetric, ServiceKind, Target
from bot.errors import NotFoundError, UpstreamError

P = ParamSpec("P")
T = TypeVar("T")

_HISTORY = 90 * 86_400.0
"""Seconds ECS keeps its record of rollouts."""
_SIMULATE = "iam:SimulatePrincipalPolicy"


def denied(
    sessions: Sessions,
    ecs: Ecs,
    now: float,
    account: Account,
    targets: Sequence[Target],
    kinds: Collection[str] = (),
    secrets: Sequence[str] = (),
    exports: Collection[str] = (),
) -> dict[str, str]:
    """Permissions the bot needs and has not got, each with why.

    Reads of ECS are tried by the very calls the bot makes, on the first ECS service among ``targets``, which are the
    account's; ``kinds`` are the kinds of step that playbooks take, ``secrets`` those that they name, ``exports`` the
    places in S3 that logs are exported to. What would change something, what steps read and open, what the other kinds
    of service need, of the first of each, and the secrets that services themselves name are asked of IAM's simulator;
    without permission for that the answer names ``iam:SimulatePrincipalPolicy``. Raises UpstreamError when AWS cannot
    be asked.
    """
    trial = _Trial()
    metrics = Metrics(sessions)
    trial(metrics.alarms, account, ["runbook-bot"])
    trial(metrics.series, account, AlarmMetric(namespace="AWS/ECS", name="CPUUtilization"), start=now - 300, end=now)
    trial(metrics.listed, account, "AWS/ECS", "CPUUtilization")
    trial(metrics.dashboards, account)
    firsts = {target.service.kind: target for target in reversed(targets)}
    needed = list(_try_ecs(trial, sessions, ecs, now, firsts.pop(ServiceKind.ECS))) if ServiceKind.ECS in firsts else []
    try:
        own = [target for target in targets if target.service.needs.secrets]
        if firsts or kinds or secrets or exports or own:
            number = _principal(sessions, account).split(":")[4]
            needed += [*of_targets(firsts.values(), number), *of_steps(kinds, account.region, number)]
            needed += of_secrets(secrets, targets, number)
            needed += of_exports(exports, account.region, number)
            for target in own:
                needed += of_secrets(target.service.needs.secrets, [target], number)
        trial.denied.update(simulated(sessions, account, needed))
    except UpstreamError as error:
        trial.denied[_SIMULATE] = str(error)
    return trial.denied


def _try_ecs(trial: _Trial, sessions: Sessions, ecs: Ecs, now: float, target: Target) -> Iterable[Needed]:
    """Read all that is read of an ECS service; returns what else is needed for it."""
    service = trial(ecs.service, target)
    trial(ecs.service_deployments, target, since=now - _HISTORY)
    trial(ecs.stopped_tasks, target, since=now - _HISTORY)
    trial(ecs.running_tasks, target)
    _try_scaling(trial, sessions, target, now)
    if service is None:
        return ()
    trial(ecs.target_health, target, service.target_groups)
    task = trial(ecs.task_definition, target.account, service.task_definition)
    if task is None:
        return ()
    trial(ecs.find_registered, target.account, task.family, "runbook-bot", "")
    _try_image(trial, ecs, target.account, task)
    _try_logs(trial, Logs(sessions, _Still(now)), target.account, task, now)
    _try_needs(trial, Needs(sessions), target.account, task)
    return of_service(service, task)


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


def _try_scaling(trial: _Trial, sessions: Sessions, target: Target, now: float) -> None:
    scalings = Scalings(sessions)
    trial(scalings.scaling, target)
    trial(scalings.activities, target, since=now)
    scalings.close()


def _try_needs(trial: _Trial, needs: Needs, account: Account, task: TaskDefinition) -> None:
    trial(needs.log_group, account, next((each.log_group for each in task.containers if each.log_group), "runbook-bot"))
    trial(needs.role, account, task.raw.get("executionRoleArn") or "runbook-bot")
    trial(needs.secret, account, "runbook-bot")
    secrets = [each["valueFrom"] for found in task.raw["containerDefinitions"] for each in found.get("secrets") or []]
    for reference in [each for each in secrets if ":secretsmanager:" in each][:1]:
        trial(needs.secret, account, reference)


def simulated(sessions: Sessions, account: Account, needed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which of these actions, each with the ARN of a resource, IAM's simulator does not allow, with its words.

    Raises UpstreamError when the simulator may not be asked.
    """
    wanted = list(needed)
    if not wanted:
        return {}
    client = sessions.client(account, "iam")
    source = _principal(sessions, account)
    passed = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
    passed_to_ecs = [passed | {"ContextKeyValues": ["ecs-tasks.amazonaws.com"]}]
    refused: dict[str, str] = {}
    for action, resource in wanted:
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


def _principal(sessions: Sessions, account: Account) -> str:
    """The ARN of the role or user the bot acts as: its own is behind ``arn:aws:sts::…:assumed-role/NAME/session``."""
    if account.role_arn:
        return account.role_arn
    caller: str = ask(sessions.client(account, "sts"), "get_caller_identity")["Arn"]
    parts = caller.split(":", 5)
    kind, _, rest = parts[5].partition("/")
    if kind != "assumed-role":
        return caller
    return f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{rest.partition('/')[0]}"
