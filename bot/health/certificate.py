"""Certificates: whether clients take them, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from bot.condition import Verdict
from bot.domain import Target
from bot.health.base import SECONDS, Found, Moment, Reads, amber, counted, green, red, unread
from bot.reach_ports import Certificate
from bot.views import blocks as b

DAY = 86_400.0
SOON_DAYS = 14
PORT = 443


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """The certificate of each address, once."""
    of = moment.world.certificates.of
    addresses = dict.fromkeys(address for target in targets for address in _addresses(target))
    return {_name(*address): partial(of, *address, seconds=SECONDS) for address in addresses}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Of the health address where that is one of https, and of the configured hosts."""
    return [_judged(host, found[_name(host, port)], now) for host, port in _addresses(target)]


def _judged(host: str, read: Certificate | Exception, now: float) -> Verdict:
    what = f"certificate of {b.esc(host)}"
    if isinstance(read, Exception):
        return unread(what, read)
    left = (read.ends_at - now) / DAY
    if left <= 0:
        return red(f"{what} ended {b.ago(-left * DAY)} ago")
    if read.problem:
        return red(f"{what} is not to be trusted: {b.esc(read.problem, 200)}")
    days = counted(int(left), "day")
    return amber(f"{what} ends in {days}") if left < SOON_DAYS else green(f"certificate {days}")


def _addresses(target: Target) -> list[tuple[str, int]]:
    found = [(host, PORT) for host in target.service.needs.certificates]
    address = urlsplit(target.service.health.url) if target.service.health else None
    if address is not None and address.scheme == "https" and address.hostname:
        found.insert(0, (address.hostname, address.port or PORT))
    return list(dict.fromkeys(found))


def _name(host: str, port: int) -> str:
    return f"certificate {host}:{port}"
