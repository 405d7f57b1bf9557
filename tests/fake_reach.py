"""Fakes of the ports to a team's own services: dictionaries that a test fills; what is not listed is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from bot.cloud import EcsService
from bot.domain import Account, Target
from bot.errors import NotFoundError
from bot.reach_ports import (
    CacheState,
    Certificate,
    NameAnswer,
    Question,
    Refusal,
    Rows,
    Surroundings,
    TaskAddress,
)

T = TypeVar("T")


class FakeDatabases:
    """Answers by secret; an answer may be an error."""

    def __init__(self) -> None:
        self.answers: dict[str, Rows | Exception] = {}
        self.asked: list[Question] = []

    def ask(self, account: Account, question: Question) -> Rows:
        self.asked.append(question)
        return _told(self.answers, question.secret)


class FakeCaches:
    """States by address, or by secret where there is no address; one may be an error."""

    def __init__(self) -> None:
        self.states: dict[str, CacheState | Exception] = {}

    def state(self, account: Account, address: str, secret: str, *, tls: bool, seconds: float) -> CacheState:
        return _told(self.states, address or secret)


class FakeNames:
    """Answers by type and name, ``A api.example.com``; names that are not listed do not exist."""

    def __init__(self) -> None:
        self.answers: dict[str, NameAnswer] = {}

    def records(self, host: str, kind: str, *, seconds: float) -> NameAnswer:
        return self.answers.get(f"{kind} {host}", NameAnswer((), exists=False))


class FakeCertificates:
    """Certificates by ``host:port``."""

    def __init__(self) -> None:
        self.shown: dict[str, Certificate] = {}

    def of(self, host: str, port: int, *, seconds: float) -> Certificate:
        return _told(self.shown, f"{host}:{port}")


class FakeNetwork:
    """One service's tasks and what is around them."""

    def __init__(self) -> None:
        self.tasks: tuple[TaskAddress, ...] = ()
        self.around = Surroundings((), ())

    def task_addresses(self, target: Target) -> tuple[TaskAddress, ...]:
        return self.tasks

    def surroundings(self, target: Target, service: EcsService) -> Surroundings:
        return self.around


class FakeRoles:
    """What is refused, by role; ``asked`` holds role, actions and resources of each question."""

    def __init__(self) -> None:
        self.refusals: dict[str, tuple[Refusal, ...]] = {}
        self.attached: dict[str, tuple[str, ...] | Exception] = {}
        self.asked: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []

    def refused(
        self, account: Account, role: str, actions: Sequence[str], resources: Sequence[str]
    ) -> tuple[Refusal, ...]:
        self.asked.append((role, tuple(actions), tuple(resources)))
        return self.refusals.get(role, ())

    def policies(self, account: Account, role: str) -> tuple[str, ...]:
        return _told(self.attached, role)


def _told(answers: Mapping[str, T | Exception], name: str) -> T:
    found = answers.get(name, NotFoundError(f"There is no {name}."))
    if isinstance(found, Exception):
        raise found
    return found
