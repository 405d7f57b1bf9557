"""An operation: one command on its road, as it is stored in its row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, JsonValue

from bot.command import Plan, Progress
from bot.domain import Actor, Frozen


class State(StrEnum):
    """The states of an operation. The words are stored: they are a contract with older rows."""

    RECEIVED = "received"
    PROPOSED = "proposed"
    RUNNING = "running"
    SETTLING = "settling"
    SOAKING = "soaking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"


ACTIVE = (State.RUNNING, State.SETTLING)
ENDED = (State.DONE, State.FAILED, State.CANCELLED, State.EXPIRED, State.REFUSED)


class Operation(Frozen):
    """The body of an operation's row. Times are seconds since the epoch.

    ``args`` are the validated arguments, ``results`` what each effect returned so far, ``effect`` the index
    of the next one. ``note`` is what its card says besides the plan.
    """

    command: str
    args: dict[str, JsonValue]
    actor: Actor
    response_url: str = ""
    channel: str = ""
    target: str = ""
    plan: Plan | None = None
    effect: int = 0
    results: dict[str, dict[str, Any]] = Field(default_factory=dict)
    progress: Progress | None = None
    note: str = ""
    confirmed_by: str = ""
    started_at: float = 0.0
    ended_at: float = 0.0
    good: bool | None = None


def card_key(operation_id: str) -> str:
    """Key of the one message an operation lives in."""
    return f"op:{operation_id}:card"
