"""Placeholder until the calendar lands."""

from __future__ import annotations

from bot.command import Check, CheckStatus, Override
from bot.domain import Hold


def hold_checks(holds: tuple[Hold, ...], now: float) -> tuple[Check, ...]:
    """Holds as checks of a plan."""
    return tuple(
        Check(
            name=hold.kind.value,
            status=CheckStatus.BLOCKING if hold.blocks and hold.kind != "notice" else CheckStatus.WARNED,
            detail=hold.reason,
            override=Override.EMERGENCY,
        )
        for hold in holds
    )
