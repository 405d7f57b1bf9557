"""An incident that is not over, where its alarm is shown somewhere else than in its thread."""

from __future__ import annotations

from bot.silence import LiveIncident
from bot.views import blocks as b


def who_has(incident: LiveIncident, link: str = "") -> str:
    """Who has it, in mrkdwn; ``link`` is the address of its thread."""
    name = b.link(link, "incident") if link else "incident"
    if incident.recovered:
        return f"{name} recovered"
    who = f"{b.user(incident.owner)} has it" if incident.owner else "nobody has it yet"
    asleep = f", asleep until {b.when(incident.snoozed_until)}" if incident.snoozed_until else ""
    return f"{name}: {who}{asleep}"
