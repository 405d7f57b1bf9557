"""Replies at the end of a soak that proved nothing, or little."""

from __future__ import annotations

from bot.operation import Operation
from bot.ports import Message
from bot.views import blocks as b


def not_counted(operation: Operation, sentence: str) -> Message:
    """The reply when a soak ends without telling anything about what was shipped."""
    return b.paragraph(f":warning: {b.user(operation.actor.user)} not counted as good: {b.esc(sentence, 600)}")


def nobody_can_tell(operation: Operation, red: tuple[str, ...]) -> Message:
    """The reply when alarms were red all along."""
    names = ", ".join(b.code(name) for name in red)
    were, are = ("was", "is") if len(red) == 1 else ("were", "are")
    text = f"nobody can tell: {names} {were} red before it began and {are} red still; not counted as good."
    return b.paragraph(f":warning: {b.user(operation.actor.user)} {text}")


def ran_without_alarms(seconds: float) -> Message:
    """The reply at the end of the soak of a service that no alarm watches."""
    text = f"It ran for {b.ago(seconds)}: counted as good for that alone, since no alarms are configured."
    return b.paragraph(f":white_check_mark: {text}")
