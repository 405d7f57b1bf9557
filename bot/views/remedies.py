"""What the runbook would try first, as blocks of an incident's thread: why, the facts that speak for it, a button."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain import Fact
from bot.ports import Message
from bot.redact import clean
from bot.remedy import Offered
from bot.views import blocks as b
from bot.views.incident import REMEDY

MOST_OFFERED = 5
MOST_ADVICE = 5
MOST_OTHERS = 8
MOST_FACTS = 6
"""What one glance takes in; Slack would take 25 buttons in a row."""


def remedies(offered: Sequence[Offered], others: Sequence[Offered] = ()) -> tuple[b.Block, ...]:
    """The blocks of the reply, at most 24; none when there is nothing to offer."""
    supported = [each for each in offered if each.facts]
    advice = [each for each in offered if not each.facts and not each.command]
    shown: list[b.Block] = []
    if supported:
        shown.append(b.section("*What the runbook would try first*"))
    for place, each in enumerate(supported[:MOST_OFFERED], 1):
        shown += _offered(place, each)
    if advice:
        told = (f"• {b.esc(each.label, 300)}{_why(each)}" for each in advice[:MOST_ADVICE])
        shown += b.sections(["*The runbook also says*", *told])
    rest = [*(each for each in supported[MOST_OFFERED:] if each.command), *others]
    buttons = _buttons(rest)
    if buttons:
        shown += [b.context("Other choices" if shown else "Choices"), b.actions("remedies", *buttons[:MOST_OTHERS])]
    return b.fit(shown) if shown else ()


def message(offered: Sequence[Offered], others: Sequence[Offered] = ()) -> Message | None:
    """The reply as a message of its own; None when there is nothing to offer."""
    shown = remedies(offered, others)
    if not shown:
        return None
    first = next((each.label for each in offered if each.facts), "")
    text = f"What the runbook would try first: {b.esc(first, 300)}" if first else "What can be done"
    return Message(text=text, blocks=shown)


def _offered(place: int, each: Offered) -> list[b.Block]:
    facts = ", ".join(b.code(_fact(fact), 120) for fact in each.facts[:MOST_FACTS])
    text = f"{place}. *{b.esc(each.label, 300)}*{_why(each)}"
    shown = [b.section(text), b.context(facts)]
    buttons = _buttons([each], style="primary" if place == 1 else "", place=place)
    return [*shown, b.actions(f"remedy-{place}", *buttons)] if buttons else shown


def _why(each: Offered) -> str:
    return f"\n{b.esc(each.because, 600)}" if each.because else ""


def _fact(fact: Fact) -> str:
    return f"{fact.name} = {fact.value if isinstance(fact.value, str) else format(fact.value, '.6g')}"


def _buttons(offered: Iterable[Offered], style: str = "", place: int = 0) -> list[b.Block]:
    """Buttons for command lines; Slack wants the action ids of a row to differ."""
    found: dict[str, b.Block] = {}
    for each in offered:
        words = each.command.split(maxsplit=1)
        if not words or not b.can_carry(each.command):
            continue
        action = f"{REMEDY}{words[0][:40]}" + (f":{place}" if place else "")
        if action in found:
            action = f"{action}:{len(found) + 1}"
        label = clean(each.label).replace("\n", " ").strip() or words[0]
        found[action] = b.button(label, action, each.command, style=style)
    return list(found.values())
