"""What a query of Logs Insights costs, which is paid by the bytes it scans, and the limits on that."""

from __future__ import annotations

from bot.log_settings import LogSettings
from bot.telemetry import QueryAnswer

GIGABYTE = 1e9


def cost(answer: QueryAnswer, settings: LogSettings) -> str:
    """What it has scanned so far, and about how many dollars that is."""
    gigabytes = answer.scanned_bytes / GIGABYTE
    size = f"{gigabytes:,.2f} GB" if gigabytes >= 0.01 else f"{answer.scanned_bytes / 1e6:,.2f} MB"
    return f"{answer.scanned:,.0f} events and {size} scanned, {_price(gigabytes * settings.dollars_per_gigabyte)}"


def limit_passed(answer: QueryAnswer, settings: LogSettings) -> str:
    """The limit that it has gone beyond, in words; nothing while it has not."""
    gigabytes = answer.scanned_bytes / GIGABYTE
    dollars = gigabytes * settings.dollars_per_gigabyte
    if settings.most_dollars is not None and dollars > settings.most_dollars:
        return f"the limit of ${settings.most_dollars:,.2f}"
    if gigabytes > settings.most_gigabytes:
        return f"the limit of {settings.most_gigabytes:g} GB"
    return ""


def _price(dollars: float) -> str:
    return f"about ${dollars:,.2f}" if dollars >= 0.01 else "less than a cent"
