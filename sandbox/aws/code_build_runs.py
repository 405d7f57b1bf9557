"""What the pretend CodeBuild remembers of its builds, and how far each has come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from moto.codebuild.models import CodeBuildBackend, codebuild_backends

from sandbox.aws import products
from sandbox.aws.cloudwatch_alarms import moment
from sandbox.aws.world import current

PHASES = (
    ("SUBMITTED", 0.0),
    ("QUEUED", 1.0),
    ("PROVISIONING", 3.0),
    ("DOWNLOAD_SOURCE", 2.0),
    ("INSTALL", 1.0),
    ("PRE_BUILD", 1.0),
    ("BUILD", 5.0),
    ("POST_BUILD", 2.0),
    ("UPLOAD_ARTIFACTS", 1.0),
    ("FINALIZING", 1.0),
)
"""CodeBuild's phases and how long each takes here, in seconds."""
WHOLE = sum(seconds for _, seconds in PHASES)
TOKEN_SECONDS = 300.0
"""How long an idempotency token is remembered."""

_PUSHED_IN = "POST_BUILD"
_FAILS_IN = "BUILD"
_LOGS_FROM = "DOWNLOAD_SOURCE"

building = threading.RLock()
"""Held while builds are looked at or moved on: the ticker does that too."""


@dataclass(eq=False)
class Run:
    """One build. ``asked`` are the parameters it was started with, ``variables`` those it runs with."""

    id: str
    project: str
    number: int
    region: str
    environment: dict[str, Any]
    variables: dict[str, str]
    started_at: float
    token: str
    asked: dict[str, Any]
    stopped_at: float | None = None
    made: bool = False
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What it builds."""
        return self.variables.get("VERSION", "")

    @property
    def fails(self) -> bool:
        """Whether its BUILD phase will fail."""
        return not products.can_be_built(self.version)

    @property
    def ended_at(self) -> float:
        """When it ends, or ended."""
        return self.started_at + WHOLE if self.stopped_at is None else self.stopped_at

    def begins(self) -> dict[str, float]:
        """When each phase begins; COMPLETED is the end."""
        at, times = self.started_at, {}
        for name, seconds in PHASES:
            times[name] = at
            at += seconds
        return times | {"COMPLETED": at}

    def status(self, now: float) -> str:
        """CodeBuild's word for how it goes."""
        if now < self.ended_at:
            return "IN_PROGRESS"
        if self.stopped_at is not None:
            return "STOPPED"
        return "FAILED" if self.fails else "SUCCEEDED"

    def phase(self, now: float) -> str:
        """The phase it is in."""
        if now >= self.ended_at:
            return "COMPLETED"
        return [name for name, begins in self.begins().items() if begins <= now][-1]


def runs_of(backend: CodeBuildBackend) -> dict[str, Run]:
    """The builds of a region by id, oldest first. They go when moto is reset."""
    kept: dict[str, Run] = vars(backend).setdefault("runs", {})
    return kept


def bring_up_everywhere() -> None:
    """Let every build that has come so far leave its product behind."""
    now = current().clock.now()
    with building:
        for regions in list(codebuild_backends.values()):
            for backend in list(regions.values()):
                for run in runs_of(backend).values():
                    _bring_up(run, now)


def _bring_up(run: Run, now: float) -> None:
    pushed = run.begins()[_PUSHED_IN]
    if run.made or run.fails or now < pushed or (run.stopped_at or now) < pushed:
        return
    run.made = True
    products.make(run.region, run.variables, run.version)


def described(run: Run, now: float) -> dict[str, Any]:
    """A build as BatchGetBuilds shows it."""
    arn = f"arn:aws:codebuild:{run.region}:{products.ACCOUNT}:build/{run.id}"
    ended = {"endTime": moment(run.ended_at)} if now >= run.ended_at else {}
    return {
        "id": run.id,
        "arn": arn,
        "buildNumber": run.number,
        "startTime": moment(run.started_at),
        **ended,
        "currentPhase": run.phase(now),
        "buildStatus": run.status(now),
        "projectName": run.project,
        "phases": list(_phases(run, now)),
        "source": run.source,
        "artifacts": {"location": ""},
        "environment": run.environment,
        "logs": _logs(run, now),
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "buildComplete": now >= run.ended_at,
        "initiator": "runbook-bot",
    }


def _phases(run: Run, now: float) -> Iterator[dict[str, Any]]:
    for (name, begins), (_, ends) in pairwise(run.begins().items()):
        if begins > run.ended_at:
            break
        if ends > now and run.stopped_at is None:
            yield {"phaseType": name, "startTime": moment(begins)}
            return
        ended = min(ends, run.ended_at)
        shown: dict[str, Any] = {
            "phaseType": name,
            "phaseStatus": "STOPPED" if ended < ends else "SUCCEEDED",
            "startTime": moment(begins),
            "endTime": moment(ended),
            "durationInSeconds": int(ended - begins),
        }
        yield shown | (_failure(run) if name == _FAILS_IN and run.fails and ended == ends else {})
    yield {"phaseType": "COMPLETED", "startTime": moment(run.ended_at)}


def _failure(run: Run) -> dict[str, Any]:
    command = f"docker build --tag {run.variables.get(products.IMAGE_REPOSITORY, run.project)}:$VERSION ."
    said = f"Error while executing command: {command}. Reason: exit status 1"
    return {"phaseStatus": "FAILED", "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": said}]}


def _logs(run: Run, now: float) -> dict[str, Any]:
    """The log begins with the container; before that CodeBuild's link leads nowhere and says so."""
    known = now >= run.begins()[_LOGS_FROM]
    group, stream = (f"/aws/codebuild/{run.project}", run.id.partition(":")[2]) if known else ("null", "null")
    console = f"https://console.aws.amazon.com/cloudwatch/home?region={run.region}"
    link = {
        "deepLink": f"{console}#logEvent:group={quote(group)};stream={stream}",
        "cloudWatchLogs": {"status": "ENABLED"},
    }
    return link | ({"groupName": group, "streamName": stream} if known else {})
