"""PagerDuty: Events API v2 out, webhooks v3 in."""

from __future__ import annotations

from bot.pagerduty.events import DEFAULT_KEY, EventsPager

__all__ = ["DEFAULT_KEY", "EventsPager"]
