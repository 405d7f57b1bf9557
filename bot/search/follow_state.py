"""How far somebody has followed logs: what was read, what was left out, and how long it goes on.

Times are seconds since the epoch.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b

from pydantic import ConfigDict

from bot.cloud import LogLine
from bot.domain import Frozen
from bot.search.found import Found

EVERY = 2.5
"""Seconds between two looks: Slack takes an update of a message every second or two, and AWS five calls a second."""
FOR, EXTENDED_BY, MOST_LEFT = 300.0, 300.0, 1800.0
IN_ALL = 7200.0
"""Seconds after which nothing is followed any longer, however often more time was asked for."""
LATE = 60.0
"""Seconds that a line may take from its moment until it can be read."""
MOST_A_LOOK = 500
MOST_CAUGHT_UP = 3000
"""Lines that one look reads where looks are to be made up for."""
MOST_SLOW = 3
"""Slow looks, one after the other, until it is given up to read what is older than a minute."""
REMEMBERED = 6000


class Followed(Frozen):
    """Kept from one look to the next.

    Everything written up to ``read_to`` was read, as far as it could be by then, but for ``gaps`` times of which the
    last is ``gap``. ``newest`` is when the newest event of any look was written, ``seen`` are marks of the events that
    AWS gave, ``shown`` the newest lines as people see them. ``slow`` counts the looks that AWS was too slow for, one
    after the other, ``failed`` says why groups could not be read. ``is_longest`` is set when no more time is given.
    """

    model_config = ConfigDict(extra="ignore")

    target: str
    began: float
    until: float
    read_to: float = 0.0
    paused: bool = False
    is_longest: bool = False
    newest: float = 0.0
    seen: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    count: int = 0
    gap: tuple[float, float] | None = None
    gaps: int = 0
    slow: int = 0
    failed: tuple[str, ...] = ()

    @property
    def latest(self) -> float:
        """When it ends at the latest."""
        return self.began + IN_ALL

    @property
    def start(self) -> float:
        """From when on to read: what was read is read again, since lines come late."""
        return max(self.began, self.read_to - LATE)

    def limit(self, now: float) -> int:
        """How many lines to read: as many as the looks would have that were due since the last."""
        return int(min(MOST_CAUGHT_UP, MOST_A_LOOK * max(1, round((now - self.read_to) / EVERY))))

    def pressed(self, names: Iterable[str], now: float) -> Followed:
        """After these buttons were pressed."""
        found = self
        for name in names:
            if name == "extend":
                until, longest = found.until + EXTENDED_BY, min(now + MOST_LEFT, found.latest)
                found = found.model_copy(update={"until": min(until, longest), "is_longest": until >= longest})
            elif name in ("pause", "resume"):
                found = found.model_copy(update={"paused": name == "pause"})
        return found

    def unseen(self, found: Found) -> list[LogLine]:
        """The lines that no look has found before."""
        known = set(self.seen)
        return [line for line in found.lines if mark(line) not in known]

    def after(self, found: Found, now: float) -> Followed:
        """After a look at ``now``; the lines are counted by whoever shows them."""
        lines = dict.fromkeys(map(mark, found.lines))
        # Lines come last, since what comes first is forgotten first and a forgotten line is shown again.
        given = dict.fromkeys(each for each in map(_short, filter(None, found.ids)) if each not in lines) | lines
        slow = self.slow + 1 if found.is_slow else 0
        read_to = now
        if found.is_slow:
            read_to = max(self.read_to, now - LATE) if slow >= MOST_SLOW else self.read_to
        given_up = (self.read_to, read_to) if found.is_slow and read_to > self.read_to else None
        kept: dict[str, object] = {
            "read_to": read_to,
            "newest": max(self.newest, found.newest),
            # What came again stays known for as long as it may come again.
            "seen": (*(each for each in self.seen if each not in given), *given)[-REMEMBERED:],
            "slow": slow,
            "failed": found.failed,
        }
        gap = given_up or self._cut_off(found)
        return self.model_copy(update=kept if gap is None else kept | self._leaving_out(*gap))

    def _cut_off(self, found: Found) -> tuple[float, float] | None:
        """What lies before the oldest event that AWS gave, unless an earlier look had that already."""
        known = set(self.seen)
        cuts = [cut.at for cut in found.cuts if mark(cut) not in known or (self.slow and cut.at > self.read_to)]
        if not cuts:
            return None
        last = max(cuts)
        return min(max(self.newest, self.start), last), last

    def _leaving_out(self, start: float, end: float) -> dict[str, object]:
        """What changes with a gap more, or a longer one."""
        if self.gap is not None and self.gap[0] <= start <= self.gap[1]:
            return {"gap": (self.gap[0], max(end, self.gap[1]))}
        return {"gap": (start, end), "gaps": self.gaps + 1}


def mark(line: LogLine) -> str:
    """What a line is known again by, also by another process."""
    return _short(f"{line.group}:{line.id or f'{line.at}:{line.stream}:{line.message}'}")


def _short(text: str) -> str:
    return urlsafe_b64encode(blake2b(text.encode(errors="replace"), digest_size=6).digest()).decode()
