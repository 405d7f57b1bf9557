"""What a thread says about mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.incident import Incident
from bot.ports import Message
from bot.views import blocks as b


def written(incident: Incident, label: str, severity: str, thread: str) -> tuple[str, str]:
    """Subject and text of the mail about an incident that can wait, or that a level of escalation is told of.

    ``thread`` is the address of its thread, empty while that is not known.
    """
    what = label or "no configured service"
    grave = f"{severity} {incident.severity.upper()}".strip()
    opened = datetime.fromtimestamp(incident.opened_at, UTC)
    lines = [
        f"{incident.alarm.label} ({what}) has been in alarm since {opened:%Y-%m-%d %H:%M} UTC, and nobody has it yet.",
        "",
        f"Severity: {grave}",
        f"Reason: {incident.alarm.reason}",
    ]
    lines += [f"Suspected: {incident.suspected}"] if incident.suspected else []
    lines += [f"Found: {finding.summary}" for finding in incident.findings if not finding.failed][:10]
    lines += ["", f"It is discussed in Slack, {incident.channel}. Acknowledge or resolve it there.", thread]
    return f"[{grave}] {what}: {incident.alarm.label}", "\n".join(lines).rstrip()


def mail_failed(to: Sequence[str], subject: str, error: str, *, perhaps_sent: bool) -> Message:
    """The reply when a mail was given up: whoever should have had it must be told in another way.

    ``subject`` is empty where the mail was not even written.
    """
    # Addresses are masked in shown text, so that only their names are told.
    names = ", ".join(each.partition("@")[0] for each in to)
    what = "may not have been sent" if perhaps_sent else "was not sent"
    quoted = f"“{b.esc(subject, 200)}” " if subject else ""
    head = f":warning: The mail {quoted}to {b.esc(names, 300)} {what}:"
    return b.paragraph(f"{head} {b.esc(error, 500)} Tell them yourself.")
