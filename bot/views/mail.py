"""What a thread says about mail."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Message
from bot.views import blocks as b


def mail_failed(to: Sequence[str], subject: str, error: str, *, perhaps_sent: bool) -> Message:
    """The reply when a mail was given up: whoever should have had it must be told in another way."""
    # Addresses are masked in shown text, so that only their names are told.
    names = ", ".join(each.partition("@")[0] for each in to)
    what = "may not have been sent" if perhaps_sent else "was not sent"
    head = f":warning: The mail “{b.esc(subject, 200)}” to {b.esc(names, 300)} {what}:"
    return b.paragraph(f"{head} {b.esc(error, 500)} Tell them yourself.")
