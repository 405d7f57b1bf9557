"""What a command is: typed arguments, a plan that only reads, keyed effects, and how to watch them settle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, JsonValue

from bot.answer_parts import Attachment as Attachment  # noqa: PLC0414 - a plan's nouns are looked for here
from bot.answer_parts import Button as Button  # noqa: PLC0414
from bot.domain import Actor, Frozen, Person, ServiceKind, Target

if TYPE_CHECKING:
    from bot.catalog import Catalog
    from bot.ports import World


class Change(Frozen):
    """One thing that will be different: what, before, after."""

    what: str
    before: str
    after: str


class CheckStatus(StrEnum):
    """How a check ended; ``unknown`` means it could not look and says why."""

    PASSED = "passed"
    WARNED = "warned"
    BLOCKING = "blocking"
    UNKNOWN = "unknown"


class Override(StrEnum):
    """What it takes to go on in spite of a blocking check.

    ``REASON`` is a role's right (the action ``override``) and a typed reason; ``EMERGENCY`` a typed reason and a second
    person, and it is announced; ``NEVER`` means that going on makes no sense.
    """

    REASON = "reason"
    EMERGENCY = "emergency"
    NEVER = "never"


class Check(Frozen):
    """One thing looked at before a change; ``waits`` says that it lets the change begin only later."""

    name: str
    status: CheckStatus
    detail: str = ""
    override: Override = Override.REASON
    waits: bool = False


class Choice(Frozen):
    """Another way to go on, as a button: it carries the text of a command, ``rollback bi/api production to 41``."""

    label: str
    text: str


class FollowUp(Frozen):
    """What the bot does by itself some time after a change began: a command with its arguments, ``seconds`` later."""

    command: str
    args: dict[str, JsonValue]
    seconds: float


BEGUN = "query"
"""Name of the fact that tells, by its id there, what an unfinished answer has begun in AWS."""


class Plan(Frozen):
    """What a command would do, as data: stored, shown, compared, then run.

    ``strategy`` names the one of the command's strategies that will carry it out. ``details`` are lines beside the
    changes: what differs, what happens to a number, what will be verified afterwards. ``facts`` carries what the
    effects need. ``basis`` carries what must not have moved between the plan and its confirmation. ``phrase`` must be
    typed to confirm. ``answer`` is the message of a command that only reads (Block Kit blocks), ``picture`` is shown
    in it and ``attachment`` is kept beside it; the ``choices`` are other questions. While ``goes_on`` (seconds) is set,
    the answer is not finished: the command is asked for more after that time, and ``facts`` say where it was; what was
    pressed of ``buttons`` meanwhile is in ``pressed``. What is ``live`` is one message in the asker's conversation with
    the bot, brought up to date with each look; ``at_end`` is what it
    shows when it ends before its time. ``for_others`` and ``file_for_others`` are shared in the place of ``answer`` and
    ``attachment``, where not everybody may see what the asker may. A change
    that goes on ``beside`` the service changes nothing of it: it holds up no other change, no freeze holds it up, and
    it is none of those that could be the cause of an incident.
    """

    title: str
    strategy: str = "ecs"
    beside: bool = False
    changes: tuple[Change, ...] = ()
    details: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    phrase: str = ""
    follow_up: FollowUp | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    basis: dict[str, JsonValue] = Field(default_factory=dict)
    answer: tuple[dict[str, JsonValue], ...] = ()
    answer_text: str = ""
    picture: Attachment | None = None
    attachment: Attachment | None = None
    goes_on: float = 0.0
    live: bool = False
    at_end: tuple[dict[str, JsonValue], ...] = ()
    for_others: tuple[dict[str, JsonValue], ...] = ()
    file_for_others: Attachment | None = None
    buttons: tuple[Button, ...] = ()
    pressed: tuple[str, ...] = ()

    @property
    def changes_anything(self) -> bool:
        """Derived, never declared: a plan without changes needs no confirmation."""
        return bool(self.changes)

    @property
    def blocking(self) -> tuple[Check, ...]:
        """The checks that forbid going on."""
        return tuple(check for check in self.checks if check.status is CheckStatus.BLOCKING)

    @property
    def overridable(self) -> tuple[Check, ...]:
        """The checks that somebody may go on in spite of: those that forbid, and those that make a change wait."""
        waits = tuple(check for check in self.checks if check.waits)
        return tuple(check for check in (*self.blocking, *waits) if check.override is not Override.NEVER)

    def fingerprint(self) -> str:
        """Changes and basis as one word; two plans with the same fingerprint do the same thing.

        What holds it up is part of it, so that a yes in spite of one freeze is none in spite of another.
        """
        changes = [change.model_dump() for change in self.changes]
        held = [check.detail for check in self.blocking if check.override is Override.EMERGENCY]
        text = json.dumps([self.title, changes, self.basis, *held], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Stage(StrEnum):
    """Where a change that settles has got to."""

    ROLLING = "rolling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Progress(Frozen):
    """One look at a change that is settling. ``done`` of ``total`` fills the bar.

    ``unchanged`` says of a failure that the target is as it was before, so that no rollback is called for. ``calm``
    asks for a look every ten seconds rather than every one: it waits for a person, or for hours. ``failing`` says of a
    change under way that it goes wrong again and again while nothing in AWS would end it. ``link`` is the address where
    somebody can watch it, or nothing.
    """

    stage: Stage
    headline: str
    done: int = 0
    total: int = 0
    lines: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    unchanged: bool = False
    calm: bool = False
    failing: bool = False
    link: str = ""


@dataclass(frozen=True)
class Run:
    """An approved operation on its way: what was asked, the plan, and what each effect so far returned.

    ``operation`` is the id that keys every effect; ``where`` is None for a command that names no service;
    ``started_at`` is seconds since the epoch; ``progress`` is the last look at it while it settles.
    """

    operation: str
    actor: Actor
    where: Target | None
    plan: Plan
    started_at: float
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: Progress | None = None

    @property
    def target(self) -> Target:
        """The service that is changed. Raises TypeError for a command that names none."""
        if self.where is None:
            raise TypeError(f"operation {self.operation} has no target")
        return self.where


@dataclass(frozen=True)
class Effect:
    """One change of the world. ``name`` is stored with the row, so it is a contract with older rows.

    ``find`` looks whether an earlier attempt of this very effect already happened (None: it did not);
    it is asked only when there may have been one. ``do`` performs it. ``wait``, where there is one, looks whether what
    it began has come to its end: ROLLING asks again, SUCCEEDED goes on to the next effect, FAILED ends the operation;
    facts of its last look are added to the effect's result.
    """

    name: str
    find: Callable[[Run, World], dict[str, Any] | None]
    do: Callable[[Run, World], dict[str, Any]]
    wait: Callable[[Run, World], Progress] | None = None


def unmoved(run: Run, world: World) -> str:
    """For strategies that ship nothing whose place somebody else could take."""
    return ""


@dataclass(frozen=True)
class Strategy:
    """One way to carry a plan out. ``effects`` depend on the plan alone, so that they are the same after a restart.

    ``watch`` looks once how it settles. ``answers`` do what the buttons of its progress say; each may be asked twice
    and returns a sentence. ``soaks`` is False where nothing is shipped that could prove bad later. ``still`` looks
    once, during the soak, whether what was shipped still runs; it returns nothing, or a sentence that says what took
    its place, and raises UpstreamError when it could not look. What can be ended at any time has ``stop``, which ends
    in AWS what was begun, may be asked twice, and returns a sentence about what is left. ``action`` is the right it
    takes where that is another one than the command's.
    """

    effects: Callable[[Plan], tuple[Effect, ...]]
    watch: Callable[[Run, World], Progress]
    answers: Mapping[str, Callable[[Run, World, str], str]] = field(default_factory=dict)
    soaks: bool = True
    still: Callable[[Run, World], str] = unmoved
    stop: Callable[[Run, World], str] | None = None
    action: str = ""


@dataclass(frozen=True)
class Suggestion:
    """One thing a form offers for a field: what it reads as, and the word that is typed for it."""

    label: str
    word: str


@dataclass(frozen=True)
class Command:
    """A slash command. ``action`` is the word in ``config/access.yaml`` that governs it.

    ``args`` is the pydantic model from which usage line, help, errors, the form and ``docs/commands.md`` are derived:
    its fields in order are the words people type. ``target`` tells what the arguments name, before anything is
    read. A command whose plan can have changes names its ``strategies``. ``urgent`` ones are never held up by freezes
    and windows, and take over an operation of the same target that is settling. One that ``renews`` takes over an
    older one of the same command that is settling. ``suggest`` offers words for a field
    of the form, given the target. ``kinds`` are the services it is for, empty for any. One that answers in several
    looks has ``look``, which goes on from the plan so far, and ``stop``, which ends what that plan began in AWS, may be
    asked twice, and returns a sentence about what may go on there all the same, or nothing.
    """

    name: str
    summary: str
    action: str
    args: type[BaseModel]
    plan: Callable[[Any, World, Person], Plan]
    target: Callable[[Any, Catalog], Target | None] | None = None
    examples: tuple[str, ...] = ()
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    urgent: bool = False
    renews: bool = False
    suggest: Mapping[str, Callable[[Target, World], tuple[Suggestion, ...]]] = field(default_factory=dict)
    kinds: tuple[ServiceKind, ...] = ()
    look: Callable[[Any, Plan, World, Person], Plan] | None = None
    stop: Callable[[Plan, World], str] | None = None

    @property
    def may_ask(self) -> bool:
        """Whether it may be a question: one with ``look`` may change something too, and its plan tells which it was."""
        return self.look is not None or not self.strategies
