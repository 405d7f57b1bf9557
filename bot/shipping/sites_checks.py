"""What is looked at before a site is changed: pure, over what was read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot.command import Check, Override
from bot.domain import Target
from bot.errors import NotFoundError
from bot.shipping.sites_files import INDEX, listed
from bot.shipping.verdicts import blocking, passed, unknown, unread, warned
from bot.shipping_cloud import Distribution, SiteObject
from bot.views.blocks import ago

LARGEST_COPY = 5 * 1024**3
"""Bytes of the largest object that S3 copies in one call."""
MOST_REMEMBERED = 3000
"""Pages and other unhashed files whose versions the ledger keeps; more would make its rows too heavy."""
MOST_INVALIDATIONS = 15
"""Invalidations with a wildcard that a distribution may have in progress."""


def release(version: str, found: Collection[SiteObject], now: float) -> Check:
    """That the release is there; called only when it is."""
    newest = max(each.modified_at for each in found)
    return passed("release", f"{version} has {len(found)} files, the newest written {ago(now - newest)} ago")


def index(found: Collection[SiteObject]) -> Check:
    """A release without its first page is none."""
    if any(each.key == INDEX for each in found):
        return passed(INDEX, "is there")
    return blocking(INDEX, "the release has none: it is no site, or lies one folder deeper", Override.NEVER)


def sizes(found: Collection[SiteObject]) -> Check:
    """Whether S3 can copy every file."""
    large = [each.key for each in found if each.size > LARGEST_COPY]
    if large:
        return blocking("sizes", f"S3 copies at most 5 GB in one go: {listed(large)}", Override.NEVER)
    return passed("sizes", "all can be copied")


def names(reused: Collection[str]) -> Check:
    """Whether what looks like a hash is one."""
    if not reused:
        return passed("names of assets", "none was used for other content before")
    text = f"{listed(reused)} had other content before, so what looks like a hash in the name is none"
    return warned("names of assets", f"{text}; browsers may keep the old one, and from now on ask again each time")


def way_back(found: Any, remembered: int) -> Check:
    """Whether this deployment could be undone."""
    name = "way back"
    if isinstance(found, Exception):
        return unknown(name, f"{unread(found)} Without it no rollback will be possible.")
    if not found:
        return warned(name, "the bucket keeps no versions of its objects: no rollback will be possible")
    if remembered > MOST_REMEMBERED:
        text = f"{remembered} files keep their names, more than the {MOST_REMEMBERED} that I remember"
        return warned(name, f"{text}: no rollback will be possible, but deploying the earlier release is")
    return passed(name, "the bucket keeps versions")


def distribution(target: Target, found: Any) -> Check:
    """Whether CloudFront will show what is shipped."""
    name, wanted = "distribution", target.service.distribution
    if isinstance(found, NotFoundError):
        return blocking(name, f"{found.message} The site could be copied, but nobody would see it.", Override.NEVER)
    if not isinstance(found, Distribution):
        return unknown(name, found)
    if not found.enabled:
        return warned(name, f"{wanted} is disabled")
    if not any(origin.split(".", 1)[0] == target.service.bucket for origin in found.origins):
        return warned(name, f"{wanted} gets nothing from {target.service.bucket} but from {', '.join(found.origins)}")
    if found.invalidating >= MOST_INVALIDATIONS:
        return warned(name, f"{wanted} has {found.invalidating} invalidations in progress; this one will wait")
    return passed(name, f"{wanted} is enabled")
