"""What holds changes up, and the places it holds for."""

from __future__ import annotations

from enum import StrEnum

from bot.domain import Frozen


class HoldKind(StrEnum):
    """What holds changes up."""

    FREEZE = "freeze"
    WINDOW = "window"
    NOTICE = "notice"
    LOCK = "lock"


def lies_in(place: str, around: str) -> bool:
    """True when a place, or a target's key, is another place or lies in it; places are prefixes of target keys."""
    return not around or f"{place}/".startswith(f"{around}/")


def place_label(place: str) -> str:
    """What people read for a place: ``everything``, ``bi``, ``bi production`` or ``bi/api production``."""
    system, _, rest = place.partition("/")
    environment, _, service = rest.partition("/")
    return f"{system}/{service} {environment}" if service else f"{system} {environment}".strip() or "everything"


class Hold(Frozen):
    """Something that holds changes of some targets up. Times are seconds since the epoch; ``until`` 0 has no end.

    ``place`` is a prefix of target keys: empty for all, ``bi``, ``bi/production`` or ``bi/production/api``. A hold that
    does not ``block`` only warns. Of a NOTICE ``until`` is the earliest moment that a change confirmed now may begin.
    A LOCK was left by a rollback during an incident and ends with the next approved deployment that proves good.
    ``reason`` is a sentence ready to be shown: what holds, until when, by whom and why. ``channel`` is where it was
    set, and so where it is known already.
    """

    id: str
    kind: HoldKind
    place: str
    reason: str
    since: float
    until: float = 0.0
    by: str = ""
    blocks: bool = True
    channel: str = ""

    def covers(self, target_key: str) -> bool:
        """True when the target lies in its place."""
        return lies_in(target_key, self.place)
