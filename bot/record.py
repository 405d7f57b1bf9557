"""One line of an incident's record, wherever it comes from: an alarm, a person, an operation, a pinned message."""

from __future__ import annotations

from dataclasses import dataclass

from bot.chat_ports import SharedFile


@dataclass(frozen=True)
class Line:
    """What happened, in plain words of whoever said it. ``at`` is when, in seconds since the epoch.

    ``kind`` is alarm, finding, person, page, incident, operation or pin; ``by`` a Slack user's id or a name.
    """

    at: float
    kind: str
    text: str
    by: str = ""
    link: str = ""
    files: tuple[SharedFile, ...] = ()
