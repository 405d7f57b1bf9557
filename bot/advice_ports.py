"""What the runbook has for an alarm, before anything has been looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.domain import Alarm, Target


@dataclass(frozen=True)
class Try:
    """Something that may be offered: a command or advice, and what must have been found for that; empty for nothing."""

    what: str
    when: str = ""


@dataclass(frozen=True)
class Advice:
    """The playbook of an alarm. ``name`` is its file's, ``runbook`` an address or nothing, ``looks`` are in order."""

    name: str
    title: str
    runbook: str
    looks: tuple[str, ...]
    tries: tuple[Try, ...]


class Advisor(Protocol):
    """Reads the playbooks; asks nobody."""

    def about(self, alarm: Alarm, target: Target | None) -> Advice:
        """What the playbook that this alarm would get looks at, and what it may offer."""
        ...
