"""Autoscaling's bounds, as plans carry them and people read them."""

from __future__ import annotations

from typing import Any

from bot.shipping_cloud import ScalableTarget


def read(facts: Any) -> ScalableTarget | None:
    """Bounds out of a plan's facts; None where there are none."""
    return ScalableTarget(**facts) if isinstance(facts, dict) else None


def suspended(bounds: ScalableTarget) -> bool:
    """True when nothing moves the number at all."""
    return bounds.suspended_in and bounds.suspended_out and bounds.suspended_scheduled


def words(bounds: ScalableTarget) -> str:
    """``2 to 10``, with what is suspended."""
    off = [word for word, is_off in (("in", bounds.suspended_in), ("out", bounds.suspended_out)) if is_off]
    if suspended(bounds):
        return f"{bounds.minimum} to {bounds.maximum}, suspended"
    return f"{bounds.minimum} to {bounds.maximum}" + (f", scale-{' and scale-'.join(off)} suspended" if off else "")
