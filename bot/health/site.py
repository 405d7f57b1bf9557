"""Static sites: the CloudFront distribution in front of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.condition import Verdict
from bot.domain import Target
from bot.health.base import Found, Moment, Reads, amber, counted, green, red, unread
from bot.shipping_cloud import Distribution
from bot.views import blocks as b


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """GetDistribution of each."""
    sites = moment.world.sites
    return {_name(each): partial(sites.distribution, each) for each in targets if each.service.distribution}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Nothing of services of another kind."""
    if not target.service.distribution:
        return []
    read: Distribution | Exception = found[_name(target)]
    if isinstance(read, Exception):
        return [unread("CloudFront", read)]
    if not read.enabled:
        return [red(f"its distribution {b.esc(read.id)} is disabled")]
    if read.status != "Deployed":
        return [amber(f"a change of its distribution {b.esc(read.id)} is on its way to all edge locations")]
    under_way = f", {counted(read.invalidating, 'invalidation')} under way" if read.invalidating else ""
    return [green(f"CloudFront deployed{under_way}")]


def _name(target: Target) -> str:
    return f"site {target.key}"
