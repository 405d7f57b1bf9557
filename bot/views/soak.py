"""Replies at the end of a soak: what it proved, or that it proved little or nothing."""

from __future__ import annotations

from bot.operation import Operation
from bot.ports import Message
from bot.views import blocks as b


def soaked(operation: Operation, red: tuple[str, ...], seconds: float) -> Message:
    """The reply at the end of the soak: good, or which alarms went off."""
    if red:
        names = ", ".join(b.code(name) for name in red)
        within = f"red within {b.ago(seconds)} after it settled"
        text = f":warning: {b.user(operation.actor.user)} not counted as good: {names} {within}."
    else:
        text = f":white_check_mark: Quiet for {b.ago(seconds)}: counted as good."
    return b.paragraph(text)


def not_proved(operation: Operation, name: str) -> Message:
    """The reply when something else is shipped while a change is still being proved."""
    return b.paragraph(
        f":leftwards_arrow_with_hook: {b.esc(name)} changed it before it was proved: not counted as good."
    )


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
