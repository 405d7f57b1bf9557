"""The app's home tab: https://docs.slack.dev/reference/views/home-tab-views"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.holds import Hold, HoldKind, place_label
from bot.incident import Incident, Phase
from bot.operation import Operation, State
from bot.views import blocks as b
from bot.views.incident import MARKS
from bot.views.operation import STATE_WORDS

View = dict[str, object]

OPENS_FORM = "home:open:"
"""Beginning of the action id of a button that opens a command's form; it carries the command's name."""
BLOCKS = 100
INCIDENTS, OPERATIONS, HOLDS, SYSTEMS, PEOPLE, BUTTONS = 30, 15, 15, 40, 12, 20
"""How many of each are shown: together they stay below the blocks and the 250 KB that Slack takes."""


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not over; ``label`` is its service, ``link`` its headline."""

    incident: Incident
    phase: Phase
    label: str
    link: str


@dataclass(frozen=True)
class OpenOperation:
    """An operation that is not over; ``at`` is when it was asked for, ``link`` its card."""

    operation: Operation
    state: State
    link: str
    at: float


@dataclass(frozen=True)
class OnCall:
    """Who is on call for some systems: what the configuration names, and the people in its groups."""

    systems: tuple[str, ...]
    named: tuple[str, ...]
    people: tuple[str, ...]


def nothing() -> View:
    """What whoever may read nothing sees."""
    return _view([b.section("There is nothing here that you may see.")])


def home(
    *,
    incidents: Sequence[OpenIncident],
    operations: Sequence[OpenOperation],
    holds: Sequence[Hold],
    on_call: Sequence[OnCall],
    commands: Sequence[tuple[str, str]],
) -> View:
    """The whole tab. It carries no time of its own, so that it only changes when something has."""
    shown: list[b.Block] = []
    if commands:
        buttons = [b.button(f"{name.capitalize()} …", f"{OPENS_FORM}{name}", name) for name, _ in commands[:BUTTONS]]
        shown.append(b.actions("home", *buttons))
    shown += _part("Open incidents", [_incident(each) for each in incidents], INCIDENTS, "none")
    shown += _part("Operations", [_operation(each) for each in operations], OPERATIONS, "nothing runs, nothing waits")
    if holds:
        shown += _part("Freezes and locks", [_hold(each) for each in holds], HOLDS, "")
    if on_call:
        shown += _part("On call", [_on_call(each) for each in on_call], SYSTEMS, "")
    return _view(shown)


def _part(title: str, lines: Sequence[str], most: int, otherwise: str) -> list[b.Block]:
    shown = [*lines[:most], *([f"… and {len(lines) - most} more"] if len(lines) > most else [])]
    return [b.header(title), *b.sections(shown or [otherwise])]


def _incident(each: OpenIncident) -> str:
    incident = each.incident
    mark = ":large_green_circle:" if each.phase is Phase.RECOVERED else MARKS[incident.severity]
    name = b.link(each.link, incident.alarm.label) if each.link else b.code(incident.alarm.label)
    more = len(incident.members) - 1
    others = f" and {more} more alarm{'s' if more > 1 else ''}" if more > 0 else ""
    where = f" · {b.esc(each.label)}" if each.label else ""
    who = f"{b.user(incident.owner)} has it" if incident.is_had else "nobody has it"
    state = ", recovered" if each.phase is Phase.RECOVERED else ""
    return f"{mark} *{name}*{others}{where} · {who}{state} · since {b.when(incident.opened_at)}"


def _operation(each: OpenOperation) -> str:
    operation = each.operation
    title = operation.plan.title if operation.plan is not None else operation.command
    name = b.link(each.link, title) if each.link else b.esc(title)
    return f"{STATE_WORDS[each.state]} · *{name}* · {b.user(operation.actor.user)} · since {b.when(each.at)}"


def _hold(hold: Hold) -> str:
    mark = ":lock:" if hold.kind is HoldKind.LOCK else ":snowflake:"
    return f"{mark} *{b.esc(place_label(hold.place))}* · {b.esc(hold.reason, 300)}"


def _on_call(each: OnCall) -> str:
    people = [user for user in each.people if user not in each.named]
    more = f" and {len(people) - PEOPLE} more" if len(people) > PEOPLE else ""
    names = f" ({', '.join(b.user(user) for user in people[:PEOPLE])}{more})" if people else ""
    return f"{b.mentions(each.named)}{names}: {b.esc(', '.join(each.systems), 500)}"


def _view(blocks: Sequence[b.Block]) -> View:
    return {"type": "home", "blocks": list(blocks[:BLOCKS])}
