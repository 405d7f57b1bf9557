"""Fakes of what reaches people elsewhere than in Slack: PagerDuty and mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain import Account
from bot.paging import Call
from tests.fakes import Failures


class FakePager:
    """What PagerDuty got, as ``(action, dedup key)``; ``links`` (to threads) and ``calls`` came with triggers.

    ``keys`` are the variables of the routing keys, one an event; ``silent`` are those that hold no key. ``changes`` are
    told in full.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.calls: list[Call] = []
        self.keys: list[str] = []
        self.silent: set[str] = set()
        self.changes: list[tuple[str, str, dict[str, str], str, float]] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def trigger(self, routing_key_env: str, dedup_key: str, call: Call) -> bool:
        self.failures.take("trigger")
        if routing_key_env in self.silent:
            return False
        self.events.append(("trigger", dedup_key))
        self.keys.append(routing_key_env)
        self.links.append(call.thread)
        self.calls.append(call)
        self.lost_answers.take("trigger")
        return True

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The events without triggers of an alert that was open already, which PagerDuty only appends to it."""
        open_now: set[str] = set()
        found: list[tuple[str, str]] = []
        for action, key in self.events:
            if action != "trigger" or key not in open_now:
                found.append((action, key))
            open_now = open_now | {key} if action == "trigger" else open_now - ({key} if action == "resolve" else set())
        return found

    def acknowledge(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        self.failures.take("acknowledge")
        self.events.append(("acknowledge", dedup_key))
        self.keys.append(routing_key_env)

    def resolve(self, routing_key_env: str, dedup_key: str, at: float) -> None:
        self.failures.take("resolve")
        self.events.append(("resolve", dedup_key))
        self.keys.append(routing_key_env)

    def change(self, routing_key_env: str, summary: str, details: Mapping[str, str], link: str, at: float) -> bool:
        self.failures.take("change")
        self.events.append(("change", summary))
        self.changes.append((routing_key_env, summary, dict(details), link, at))
        self.lost_answers.take("change")
        return True


class FakeMailer:
    """What was sent, and to where."""

    def __init__(self) -> None:
        self.sent: list[tuple[Account, tuple[str, ...], str, str, str]] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def send(self, account: Account, to: Sequence[str], subject: str, text: str, *, key: str) -> None:
        self.failures.take("send")
        self.sent.append((account, tuple(to), subject, text, key))
        self.lost_answers.take("send")
