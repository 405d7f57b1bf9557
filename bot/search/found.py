"""What a search of logs found, whichever of CloudWatch's engines looked."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.cloud import LogLine
from bot.key_lines import without_keys
from bot.masks import masked, masker
from bot.search.matching import matcher
from bot.search.words import LogQuery
from bot.telemetry import QueryAnswer
from bot.templates import OTHER, LogGroup, ReadLine, group, masked_line, read_line


@dataclass(frozen=True)
class Found:
    """The lines that match, oldest first, without secrets and masked fields; not whole when there are more.

    ``failed`` says of log groups why they could not be read. ``scanned`` counts events and ``scanned_bytes`` what
    Logs Insights is paid by, both 0 where FilterLogEvents looked, which tells neither. ``total`` is how many match in
    all, where there are more than are here and CloudWatch has counted them. ``why`` says why FilterLogEvents could not
    read all, without a full stop.

    ``traces`` (read by ``bot.search.traces``) are the lines with those
    beside them that are of the same stack traces; ``torn`` says why such lines may be missing, without a full stop.

    ``ids``, ``cuts`` and ``newest`` are those of ``LogSearch``, of all groups, each id with its group before it.
    ``is_slow`` says that AWS did not answer in time or took no more calls, ``refused`` are the groups whose class
    FilterLogEvents does not read.
    """

    lines: tuple[LogLine, ...]
    is_whole: bool
    failed: tuple[str, ...] = ()
    scanned: float = 0.0
    scanned_bytes: float = 0.0
    total: int = 0
    why: str = ""
    ids: tuple[str, ...] = ()
    cuts: tuple[LogLine, ...] = ()
    newest: float = 0.0
    is_slow: bool = False
    refused: tuple[str, ...] = ()
    traces: tuple[LogLine, ...] = ()
    torn: str = ""

    @property
    def told(self) -> tuple[LogLine, ...]:
        """What is worth reading: the lines that match and, where somebody looked, the traces they are of."""
        return self.traces or self.lines

    @property
    def counted(self) -> str:
        """How many lines match, in words."""
        if self.total > len(self.lines):
            return f"{self.total:,}"
        return f"{'' if self.is_whole else 'at least '}{len(self.lines):,}"


def reader(query: LogQuery, fields: Sequence[str]) -> Callable[[LogLine], ReadLine | None]:
    """Reads a line as it comes: None when it is not what was asked for, else without secrets and those fields."""
    matches, pattern = matcher(query), masker(fields)

    def read(line: LogLine) -> ReadLine | None:
        if not matches(line):
            return None
        return read_line(line, masked(line.message, pattern))

    return read


def from_insights(answer: QueryAnswer, query: LogQuery, limit: int, fields: Sequence[str]) -> Found:
    """The rows of ``bot.search.insights.insights_query`` as lines, without the masked ``fields``."""
    rows = sorted((_line(row) for row in answer.rows if row.get("@timestamp")), key=lambda line: line.at)
    read = (line for line in map(reader(query, fields), rows) if line is not None)
    lines = tuple(without_keys(tuple(read), masked_line))
    whole = answer.is_whole and len(answer.rows) < limit
    # What is sorted out here was counted there.
    exact = len(lines) == len(rows)
    total = int(answer.matched) if exact else 0
    return Found(lines, whole, (), answer.scanned, answer.scanned_bytes, total)


def _line(row: Mapping[str, str]) -> LogLine:
    moment, _, thousandths = row["@timestamp"].partition(".")
    at = _seconds(moment) + int(thousandths or 0) / 10 ** len(thousandths)
    # CloudWatch puts the account before the group: 123456789012:/ecs/api.
    group = row.get("@log", "").partition(":")[2]
    return LogLine(at, row.get("@message", ""), row.get("@logStream", ""), row.get("@ptr", ""), group)


@lru_cache(maxsize=1024)
def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))


def new_kinds(grouped: Iterable[LogGroup], before: Iterable[LogLine]) -> frozenset[str]:
    """The kinds that nobody had logged in the lines before."""
    known = {each.kind for each in group(before)} | {OTHER}
    return frozenset(each.kind for each in grouped if each.kind not in known)
