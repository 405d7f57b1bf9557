"""What reaches people outside Slack: a call, a mail, a picture; and what comes back from PagerDuty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain import Account, Alarm, Severity

OUTCOME_UNKNOWN = "OutcomeUnknown"
"""The code of an UpstreamError after which nobody can tell whether the effect has happened."""


@dataclass(frozen=True)
class Link:
    """An address and what it is called: a link to follow, or a picture to show."""

    href: str
    text: str


@dataclass(frozen=True)
class Call:
    """What somebody who is called is told. Texts are plain and may be hostile; the adapter redacts and cuts them.

    ``summary`` is what a telephone reads out; without one it is made of the alarm. ``findings`` are sentences,
    ``suspected`` the cause they point at, ``remedy`` the first thing the runbook would do. ``images`` are pictures at
    https addresses that anybody may open. ``thread`` is the Slack thread's address and may be empty; ``at`` is in
    seconds since the epoch.
    """

    summary: str
    severity: Severity
    alarm: Alarm
    findings: tuple[str, ...]
    links: tuple[Link, ...]
    images: tuple[Link, ...]
    thread: str
    at: float
    suspected: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class PageEvent:
    """Something that happened to a PagerDuty incident, as its webhook tells. Texts are cut and hold no secrets.

    ``key`` makes an event that comes twice vanish. ``event`` is PagerDuty's own word without its prefix
    ("acknowledged"). ``dedup_key`` is that of the alert which opened the incident, empty where PagerDuty leaves it
    out; ``number`` is PagerDuty's id of the incident. ``by`` says what kind of agent did it: ``user``, another of
    PagerDuty's kinds, or ``integration`` for what was caused by the Events API, this bot included. ``at`` is in
    seconds since the epoch. ``note`` is what was written, ``priority`` the new one's name.
    """

    key: str
    event: str
    dedup_key: str
    number: str
    who: str
    by: str
    at: float
    to: tuple[str, ...] = ()
    url: str = ""
    note: str = ""
    priority: str = ""


class Pictures(Protocol):
    """A place where pictures lie that PagerDuty may fetch."""

    def publish(self, key: str, content: bytes) -> str:
        """Put a PNG there and return its https address, which works for days; the same key is the same picture.

        Empty where there is no such place, or none that is reached over https. Raises UpstreamError.
        """
        ...


class Mailer(Protocol):
    """Mail, outward."""

    def send(self, account: Account, to: Sequence[str], subject: str, text: str, *, key: str) -> None:
        """Send one mail of plain text; ``key`` travels in a header, since the service takes no idempotency key.

        Raises UpstreamError; with the code ``OUTCOME_UNKNOWN`` it may have been sent all the same.
        """
        ...
