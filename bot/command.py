"""What a command is: typed arguments, a plan that only reads, keyed effects, and how to watch them settle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, JsonValue

from bot.domain import Actor, Frozen, Person, Target

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


class Check(Frozen):
    """One thing looked at before a change."""

    name: str
    status: CheckStatus
    detail: str = ""


class Plan(Frozen):
    """What a command would do, as data: stored, shown, compared, then run.

    ``facts`` carries what the effects need. ``basis`` carries what must not have moved between the plan and
    its confirmation. ``answer`` is the finished message of a command that only reads (Block Kit blocks).
    """

    title: str
    changes: tuple[Change, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    basis: dict[str, JsonValue] = Field(default_factory=dict)
    answer: tuple[dict[str, JsonValue], ...] = ()
    answer_text: str = ""

    @property
    def changes_anything(self) -> bool:
        """Derived, never declared: a plan without changes needs no confirmation."""
        return bool(self.changes)

    @property
    def blocked(self) -> bool:
        """True when a check forbids going on."""
        return any(check.status is CheckStatus.BLOCKING for check in self.checks)

    def fingerprint(self) -> str:
        """Changes and basis as one word; two plans with the same fingerprint do the same thing."""
        changes = [change.model_dump() for change in self.changes]
        text = json.dumps([self.title, changes, self.basis], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Stage(StrEnum):
    """Where a change that settles has got to."""

    ROLLING = "rolling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Progress(Frozen):
    """One look at a change that is settling. ``done`` of ``total`` fills the bar."""

    stage: Stage
    headline: str
    done: int = 0
    total: int = 0
    lines: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    facts: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """An approved operation on its way: what was asked, the plan, and what each effect so far returned.

    ``operation`` is the id that keys every effect; ``started_at`` is seconds since the epoch; ``progress`` is
    the last look at it while it settles.
    """

    operation: str
    actor: Actor
    target: Target
    plan: Plan
    started_at: float
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: Progress | None = None


@dataclass(frozen=True)
class Effect:
    """One change of the world. ``name`` is stored with the row, so it is a contract with older rows.

    ``find`` looks whether an earlier attempt of this very effect already happened (None: it did not);
    it is asked only when there may have been one. ``do`` performs it.
    """

    name: str
    find: Callable[[Run, World], dict[str, Any] | None]
    do: Callable[[Run, World], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """A slash command. ``action`` is the word in ``config/access.yaml`` that governs it.

    ``args`` is the pydantic model from which usage line, help, errors and ``docs/commands.md`` are derived:
    its fields in order are the words people type. ``target`` tells what the arguments name, before anything is
    read. A command whose plan can have changes names its ``effects`` and how to ``watch`` them settle.
    """

    name: str
    summary: str
    action: str
    args: type[BaseModel]
    plan: Callable[[Any, World, Person], Plan]
    target: Callable[[Any, Catalog], Target] | None = None
    examples: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    watch: Callable[[Run, World], Progress] | None = None
