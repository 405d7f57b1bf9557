"""An operation: one command on its road, as it is stored in its row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, JsonValue

from bot.command import Check, Command, Override, Plan, Progress
from bot.domain import Actor, Frozen, Target, as_json
from bot.rows import NewRow

KIND = "operation"


class State(StrEnum):
    """The states of an operation. The words are stored: they are a contract with older rows."""

    RECEIVED = "received"
    PROPOSED = "proposed"
    APPROVING = "approving"
    APPROVED = "approved"
    RUNNING = "running"
    SETTLING = "settling"
    SOAKING = "soaking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"
    TAKEN_OVER = "taken_over"
    LOOKING = "looking"


WAITING = (State.RECEIVED, State.PROPOSED, State.APPROVING, State.APPROVED)
"""States in which AWS was told nothing yet."""
ACTIVE = (State.RUNNING, State.SETTLING)
ENDED = (State.DONE, State.FAILED, State.CANCELLED, State.EXPIRED, State.REFUSED, State.TAKEN_OVER)


class Approval(Frozen):
    """Somebody who said yes to a plan, and when."""

    user: str
    at: float


class Overridden(Frozen):
    """A blocking check that somebody decided to go on in spite of; ``emergency`` needs a second person."""

    check: str
    detail: str
    user: str
    reason: str
    at: float
    emergency: bool = False


class Operation(Frozen):
    """The body of an operation's row. Times are seconds since the epoch.

    ``args`` are the validated arguments, ``results`` what each effect returned so far, ``effect`` the index
    of the next one. ``note`` is what its card says besides the plan. ``approvals`` and ``overrides`` are bound to the
    plan that ``confirmed_plan`` is the fingerprint of. ``ticked`` are indexes of the checklist. ``starts_at`` is when
    an announced change may begin. ``unattended`` operations were started by the bot itself and need no confirmation.
    ``takes_over`` waits for one that is under way to let go. ``answered`` are the values of the buttons that were
    pressed while it settled. ``overdue`` says that its taking long was told, ``offered`` that a way back was
    while it was failing. ``told`` is how often an answer that is being
    looked for was told of, ``missed`` how many
    looks failed one after the other.
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
    confirmed_plan: str = ""
    confirmed_at: float = 0.0
    approvals: tuple[Approval, ...] = ()
    overrides: tuple[Overridden, ...] = ()
    ticked: tuple[int, ...] = ()
    planned_at: float = 0.0
    starts_at: float = 0.0
    unattended: bool = False
    takes_over: bool = False
    answered: tuple[str, ...] = ()
    overdue: bool = False
    offered: bool = False
    started_at: float = 0.0
    ended_at: float = 0.0
    good: bool | None = None
    told: int = 0
    missed: int = 0

    def forbidden_by(self, plan: Plan) -> tuple[Check, ...]:
        """The plan's blocking checks that nobody has decided to go on in spite of."""
        return tuple(check for check in plan.blocking if not any(_decided(each, check) for each in self.overrides))


def _decided(overridden: Overridden, check: Check) -> bool:
    """Who goes on in spite of one freeze has not decided about the next one."""
    if check.name != overridden.check or check.override is Override.NEVER:
        return False
    return check.override is Override.REASON or check.detail == overridden.detail


def card_key(operation_id: str) -> str:
    """Key of the one message an operation lives in."""
    return f"op:{operation_id}:card"


def unattended(
    command: Command, args: dict[str, Any], key: str, after: Operation, target: Target, due_at: float
) -> NewRow:
    """An operation that the bot begins by itself after another one, at ``due_at``; planned and shown like any other."""
    checked = as_json(command.args.model_validate(args))
    note = " ".join([command.name, *map(str, args.values())])
    asked = request(command, checked, after.actor, target, channel=target.channel, unattended=True, note=note)
    return NewRow(kind=KIND, key=key, state=State.RECEIVED, body=as_json(asked), group=target.key, due_at=due_at)


def request(command: Command, args: dict[str, Any], actor: Actor, target: Target | None, **more: Any) -> Operation:
    """A new operation as its row starts out."""
    return Operation(command=command.name, args=args, actor=actor, target=target.key if target else "", **more)
