"""The small modals of an incident's menu."""

from __future__ import annotations

from collections.abc import Sequence

from bot.command import Suggestion
from bot.incident import Incident
from bot.views import blocks as b
from bot.views import forms

CALLBACK = "incident"
"""What the modals are submitted as."""
ANSWER = "answer"
"""The one field they have."""

TITLES = {
    "snooze": ("Snooze", "For how long", "No reminders and no calls until then, even if it stays in alarm."),
    "hand_over": ("Hand over", "To whom", "They are mentioned in the thread and have it from then on."),
    "split": ("Split an alarm off", "Which alarm", "It gets an incident and a thread of its own."),
    "merge": ("Merge", "Into which incident", "Its alarms go there, and this thread ends."),
}


def ask(asks: str, incident_id: str, incident: Incident, options: Sequence[Suggestion]) -> forms.View:
    """The modal for one question."""
    title, label, means = TITLES[asks]
    element: b.Block
    if asks == "hand_over":
        element = {"type": "users_select"}
    elif asks == "snooze":
        element = {"type": "plain_text_input", "initial_value": "1h", "max_length": 10}
    else:
        element = {"type": "static_select", "options": [forms.option(each) for each in options]}
    lines = [f"*{b.esc(incident.alarm.label)}*", means]
    metadata = {"asks": asks, "incident": incident_id}
    return forms.question(CALLBACK, title, lines, ANSWER, label, element, metadata, submit=title[:24])
