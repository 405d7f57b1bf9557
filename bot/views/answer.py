"""The answer of a command that only reads: what it found, and what can be done with it."""

from __future__ import annotations

from bot.command import Plan
from bot.operation import State
from bot.ports import Message
from bot.views import blocks as b
from bot.views.operation import ANSWER, CANCEL

PREFIX = "answer:"
SHARE, AGAIN, WHOLE, ASK = (PREFIX + word for word in ("share", "again", "whole", "ask"))


def answer(operation_id: str, plan: Plan) -> Message:
    """The finished answer with its buttons; a single sentence has none."""
    text = plan.answer_text or plan.title
    if not plan.answer:
        return Message(text=text)
    buttons = [b.button("Share", SHARE, operation_id), b.button("Again", AGAIN, operation_id)]
    if plan.attachment is not None:
        buttons.insert(1, b.button("Whole as a file", WHOLE, operation_id))
    buttons += b.choices(f"{ASK}:", ((choice.label, choice.text) for choice in plan.choices))
    return _message(text, plan, b.actions(f"{PREFIX}{operation_id}", *buttons))


def unfinished(operation_id: str, plan: Plan) -> Message:
    """What is known so far, with what can be pressed meanwhile."""
    buttons = [
        b.button(each.label, f"{ANSWER}:{each.name}", f"{operation_id}:{each.name}:{each.value}", style=each.style)
        for each in plan.buttons
    ]
    buttons.append(b.button("Stop" if plan.live else "Cancel", CANCEL, operation_id))
    return _message(plan.answer_text or plan.title, plan, b.actions(f"{PREFIX}{operation_id}", *buttons))


def ended(operation_id: str, plan: Plan, why: str = "") -> Message:
    """What was live, as it stands when it has ended before its time."""
    blocks = (*(plan.at_end or plan.answer), *((b.section(b.esc(why)),) if why else ()))
    return answer(operation_id, plan.model_copy(update={"answer": blocks}))


def over(state: State) -> str:
    """What is said, after what was asked, to a button of a search that has ended: Slack keeps it there."""
    if state is State.DONE:
        return "this search is over; its answer is above."
    return "this search was stopped." if state is State.CANCELLED else "this search is over; it found no answer."


def shared(plan: Plan, user: str) -> Message:
    """The answer as everybody sees it."""
    seen = plan.model_copy(update={"answer": plan.for_others or plan.answer})
    return _message(plan.answer_text or plan.title, seen, b.context(f"Shared by {b.user(user)}"))


def _message(text: str, plan: Plan, last: b.Block) -> Message:
    return Message(text=b.cut(text, b.FALLBACK_TEXT), blocks=(*b.fit(plan.answer)[: b.BLOCKS - 1], last))
