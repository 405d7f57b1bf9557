"""ECS's own history of a service's rollouts, and what the service was before and after each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.aws.calls import Calls, in_batches, missing, seconds, service_of
from bot.aws.errors import ask
from bot.aws.remembered import Remembered
from bot.aws.session import Sessions
from bot.domain import Account, Target
from bot.errors import UpstreamError
from bot.rollouts import LifecycleHook, ServiceDeployment, ServiceRevision

PER_DETAIL = 20
"""Service deployments, or service revisions, of one describe call."""
REMEMBERED = 500
"""Service revisions kept in memory; each is a kilobyte."""
_SURROUNDINGS = {
    "load balancers": ("loadBalancers",),
    "network": ("networkConfiguration",),
    "capacity": ("launchType", "capacityProviderStrategy"),
    "platform": ("platformVersion", "platformFamily"),
    "service connect": ("serviceConnectConfiguration",),
    "service discovery": ("serviceRegistries",),
    "volumes": ("volumeConfigurations",),
    "VPC Lattice": ("vpcLatticeConfigurations",),
}
"""Parts of a service revision that are no task definition's, by what people call them. ``resolvedConfiguration`` is
left out: a blue/green deployment changes it every time."""


@dataclass(frozen=True)
class Described:
    """An operation that describes what it is given ARNs of: its name, its parameter, and the field of its answer."""

    name: str
    parameter: str
    field: str


DEPLOYMENTS = Described("describe_service_deployments", "serviceDeploymentArns", "serviceDeployments")
REVISIONS = Described("describe_service_revisions", "serviceRevisionArns", "serviceRevisions")


class Rollouts(Calls):
    """Fills the part of ``bot.ports.Ecs`` that looks at rollouts."""

    def __init__(self, sessions: Sessions, *, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__(sessions, pause=pause)
        self._revisions_known: Remembered[tuple[Account, str], ServiceRevision] = Remembered(REMEMBERED)

    def service_deployments(self, target: Target, *, since: float) -> tuple[ServiceDeployment, ...]:
        """ECS's own history of rollouts created since then, newest first; AWS keeps 90 days and promises no order."""
        listed = self._listed(
            target,
            ("list_service_deployments", "serviceDeployments"),
            service=service_of(target),
            createdAt={"after": datetime.fromtimestamp(since, UTC)},
        )
        likely = [each["targetServiceRevisionArn"] for each in listed if each.get("targetServiceRevisionArn")]
        found = self._rollouts(target, [each["serviceDeploymentArn"] for each in listed], likely)
        return tuple(sorted(found, key=lambda each: each.created_at, reverse=True))

    def service_deployment(self, target: Target, arn: str) -> ServiceDeployment | None:
        """One rollout by its ARN; None when ECS does not know it (any more)."""
        return next(iter(self._rollouts(target, [arn])), None)

    def _rollouts(self, target: Target, arns: Sequence[str], likely: Sequence[str] = ()) -> list[ServiceDeployment]:
        """``likely`` revisions are read in the same round trip: what one rollout comes from, another one moved to."""
        known = self._revisions_kept(target, likely)
        asked = sorted({arn for arn in likely if arn not in known})
        found, revisions = self._detailed(target, (DEPLOYMENTS, arns), (REVISIONS, asked))
        known |= self._read_revisions(target, revisions)
        others = {arn for each in found for arn in _revision_arns(each)} - known.keys()
        known |= self._revisions_kept(target, others)
        (revisions,) = self._detailed(target, (REVISIONS, sorted(others - known.keys())))
        known |= self._read_revisions(target, revisions)
        return [_read_rollout(each, known) for each in found]

    def _revisions_kept(self, target: Target, arns: Iterable[str]) -> dict[str, ServiceRevision]:
        known = ((arn, self._revisions_known.get((target.account, arn))) for arn in arns)
        return {arn: revision for arn, revision in known if revision is not None}

    def _read_revisions(self, target: Target, found: Iterable[dict[str, Any]]) -> dict[str, ServiceRevision]:
        read = {each["serviceRevisionArn"]: _read_revision(each) for each in found}
        for arn, revision in read.items():
            # ECS adds the digests when the first task has pulled; from then on nothing changes.
            if all("@" in image for image in revision.images):
                self._revisions_known.keep((target.account, arn), revision)
        return read

    def _detailed(self, target: Target, *wanted: tuple[Described, Sequence[str]]) -> list[list[dict[str, Any]]]:
        """What each operation says of its ARNs, all calls in parallel."""
        client = self._client(target.account, "ecs")
        calls = [(operation, batch) for operation, arns in wanted for batch in in_batches(arns, PER_DETAIL)]
        try:
            answers = self._each(lambda call: ask(client, call[0].name, **{call[0].parameter: list(call[1])}), calls)
        except UpstreamError as error:
            raise missing(error, target) from error
        pairs = list(zip((operation for operation, _ in calls), answers, strict=True))
        return [
            [each for operation, answer in pairs if operation is asked for each in answer[asked.field]]
            for asked, _ in wanted
        ]


def _revision_arns(found: dict[str, Any]) -> Iterator[str]:
    """What it moves to, what it comes from, what it goes back to."""
    for revision in (found.get("targetServiceRevision", {}), *found.get("sourceServiceRevisions", [])):
        if revision.get("arn"):
            yield revision["arn"]
    if _went_back_to(found):
        yield _went_back_to(found)


def _went_back_to(found: dict[str, Any]) -> str:
    return str(found.get("rollback", {}).get("serviceRevisionArn", ""))


def _read_rollout(found: dict[str, Any], revisions: dict[str, ServiceRevision]) -> ServiceDeployment:
    new = found.get("targetServiceRevision", {})
    target = revisions.get(new.get("arn", ""))
    back = revisions.get(_went_back_to(found))
    return ServiceDeployment(
        arn=found["serviceDeploymentArn"],
        status=found["status"],
        reason=found.get("rollback", {}).get("reason") or found.get("statusReason", ""),
        created_at=seconds(found.get("createdAt")),
        finished_at=seconds(found.get("finishedAt") or found.get("stoppedAt")),
        task_definition=target.task_definition if target else "",
        rolled_back_to=back.task_definition if back else "",
        images=target.images if target else (),
        target=target,
        sources=tuple(revisions[arn] for arn in _sources(found) if arn in revisions),
        back=back,
        stage=found.get("lifecycleStage", ""),
        hooks=tuple(_read_hook(each, found) for each in found.get("lifecycleHookDetails", [])),
        weight=float(new.get("requestedProductionTrafficWeight", 0.0)),
        requested=new.get("requestedTaskCount", 0),
        running=new.get("runningTaskCount", 0),
        pending=new.get("pendingTaskCount", 0),
        failed_tasks=found.get("deploymentCircuitBreaker", {}).get("failureCount", 0),
        alarms=tuple(found.get("alarms", {}).get("triggeredAlarmNames", ())),
    )


def _sources(found: dict[str, Any]) -> list[str]:
    """The revision that serves comes first: by its share of production traffic, then by its running tasks."""

    def share(revision: dict[str, Any]) -> tuple[float, int]:
        return revision.get("requestedProductionTrafficWeight", 0.0), revision.get("runningTaskCount", 0)

    ordered = sorted(found.get("sourceServiceRevisions", []), key=share, reverse=True)
    return [each["arn"] for each in ordered if each.get("arn")]


def _read_hook(found: dict[str, Any], deployment: dict[str, Any]) -> LifecycleHook:
    return LifecycleHook(
        id=found.get("hookId", ""),
        kind=found.get("targetType", ""),
        status=found.get("status", ""),
        # A hook does not say where it stands; those that wait do so at the stage the deployment is at.
        stage=deployment.get("lifecycleStage", ""),
        expires_at=seconds(found.get("expiresAt")),
        timeout_action=found.get("timeoutAction", ""),
    )


def _read_revision(found: dict[str, Any]) -> ServiceRevision:
    parts = {name: {key: found[key] for key in keys if found.get(key)} for name, keys in _SURROUNDINGS.items()}
    return ServiceRevision(
        arn=found["serviceRevisionArn"],
        task_definition=found.get("taskDefinition", ""),
        created_at=seconds(found.get("createdAt")),
        images=tuple(_pinned(each) for each in found.get("containerImages", [])),
        surroundings={name: json.dumps(_ordered(part), sort_keys=True) for name, part in parts.items() if part},
    )


def _pinned(container: dict[str, Any]) -> str:
    """``container=repository@digest``; as the task definition has it while ECS knows no digest."""
    image = str(container.get("image", ""))
    repository, _, written = image.partition("@")
    digest = container.get("imageDigest") or written
    head, slash, tail = repository.rpartition("/")
    pinned = f"{head}{slash}{tail.partition(':')[0]}@{digest}" if digest else image
    return f"{container.get('containerName', '')}={pinned}"


def _ordered(value: Any) -> Any:
    """The same text for the same settings: the order of AWS's lists (of subnets, of containers) means nothing."""
    if isinstance(value, dict):
        return {name: _ordered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value
