"""What a function is doing at an instant, computed when somebody looks: updates take time, and some fail.

The ending of the artifact's name or of the image's tag decides the fate: ``-slow`` updates take long, ``-failed``
ones fail, and calls of ``-errors`` versions fail.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction

from sandbox.aws.world import current

FATES = ("slow", "failed", "errors")
UPDATE_SECONDS, SLOW_UPDATE_SECONDS = 5.0, 60.0
CREATE_SECONDS, PUBLISH_SECONDS, SLOW_PUBLISH_SECONDS = 4.0, 3.0, 30.0

_FAILURES = {
    "Zip": ("InvalidZipFileException", "Lambda could not unzip the file. Upload a valid .zip file archive."),
    "Image": ("InvalidImage", "The image manifest, config or layer media type is not supported."),
}


@dataclass
class Life:
    """``made_at`` and the end of becoming Active; the last update's start, end and fate; how often it changed."""

    made_at: float
    active_at: float
    updated_at: float
    settled_at: float = 0.0
    fate: str = ""
    changes: int = 0


def life_of(function: LambdaFunction) -> Life:
    """The life of ``$LATEST`` or of a version; one that nobody began is settled."""
    life: Life = function.__dict__.setdefault("sandbox_life", Life(0.0, 0.0, 0.0))
    return life


def begin(function: LambdaFunction, fate: str) -> None:
    """A new function."""
    now = _now()
    function.__dict__["sandbox_life"] = Life(now, now + CREATE_SECONDS, now, fate=fate)


def publish(version: LambdaFunction, latest: LambdaFunction) -> None:
    """A version was made of ``$LATEST``."""
    now, fate = _now(), life_of(latest).fate
    seconds = SLOW_PUBLISH_SECONDS if fate == "slow" else PUBLISH_SECONDS
    version.__dict__["sandbox_life"] = Life(now, now + seconds, now, fate=fate)


def update(function: LambdaFunction, fate: str | None = None) -> None:
    """New code of this fate, or with None a new configuration."""
    life, now = life_of(function), _now()
    life.fate = life.fate if fate is None else fate
    slow = fate == "slow"
    life.updated_at, life.settled_at = now, now + (SLOW_UPDATE_SECONDS if slow else UPDATE_SECONDS)
    life.changes += 1


def state_of(function: LambdaFunction) -> str:
    """Pending or Active."""
    return "Active" if _now() >= life_of(function).active_at else "Pending"


def update_of(function: LambdaFunction) -> str:
    """InProgress, Successful or Failed."""
    life = life_of(function)
    if _now() < life.settled_at:
        return "InProgress"
    return "Failed" if life.fate == "failed" and life.settled_at else "Successful"


def revision_of(function: LambdaFunction) -> str:
    """The RevisionId: another one with every change and with every end of a change, as at AWS."""
    words = (function.function_arn.removesuffix(":$LATEST"), life_of(function).made_at, life_of(function).changes)
    return _revision(*words, state_of(function), update_of(function))


def _revision(*words: Any) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, " ".join(map(str, words))))


def describe(function: LambdaFunction, configuration: dict[str, Any]) -> dict[str, Any]:
    """A configuration as moto makes it, with everything that depends on the time."""
    life, found = life_of(function), dict(configuration)
    found["LastModified"] = datetime.fromtimestamp(life.updated_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    found["RevisionId"] = revision_of(function)
    found["State"], found["LastUpdateStatus"] = state_of(function), update_of(function)
    if found["State"] == "Pending":
        found |= {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    if found["LastUpdateStatus"] == "Failed":
        code, reason = _FAILURES[function.package_type]
        found |= {"LastUpdateStatusReasonCode": code, "LastUpdateStatusReason": reason}
    return found


def _now() -> float:
    return current().clock.now()
