"""Placeholder until change events land."""

from __future__ import annotations

from collections.abc import Mapping

from bot.rows import NewRow


def change(
    key: str, routing_key_env: str, summary: str, details: Mapping[str, str], thread_key: str, at: float
) -> NewRow:
    """A change event owed to PagerDuty."""
    return NewRow(kind="change", key=key, state="owed", body={})
