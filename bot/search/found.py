"""What a search of logs found, whichever of CloudWatch's engines looked."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.cloud import LogLine
from bot.redact import clean
from bot.search.matching import matcher
from bot.search.words import LogQuery
from bot.secret_values import nested_end
from bot.telemetry import QueryAnswer
from bot.templates import OTHER, LogGroup, ReadLine, group, read_line

MASKED = "[masked]"


@dataclass(frozen=True)
class Found:
    """The lines that match, oldest first, without secrets and masked fields; not whole when there are more.

    ``failed`` says of log groups why they could not be read. ``scanned`` counts events and ``scanned_bytes`` what
    Logs Insights is paid by, both 0 where FilterLogEvents looked, which tells neither. ``total`` is how many match in
    all, where there are more than are here and CloudWatch has counted them.

    ``ids``, ``cuts`` and ``newest`` are those of ``LogSearch``, of all groups. ``is_slow`` says that AWS did not answer
    in time or took no more calls, ``refused`` are the groups whose class FilterLogEvents does not read.
    """

    lines: tuple[LogLine, ...]
    is_whole: bool
    failed: tuple[str, ...] = ()
    scanned: float = 0.0
    scanned_bytes: float = 0.0
    total: int = 0
    ids: tuple[str, ...] = ()
    cuts: tuple[LogLine, ...] = ()
    newest: float = 0.0
    is_slow: bool = False
    refused: tuple[str, ...] = ()

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
    lines = tuple(line for line in map(reader(query, fields), rows) if line is not None)
    whole = answer.is_whole and len(answer.rows) < limit
    # What is sorted out here was counted there.
    exact = len(lines) == len(rows)
    return Found(lines, whole, (), answer.scanned, answer.scanned_bytes, int(answer.matched) if exact else 0)


def _line(row: Mapping[str, str]) -> LogLine:
    moment, _, thousandths = row["@timestamp"].partition(".")
    at = _seconds(moment) + int(thousandths or 0) / 10 ** len(thousandths)
    return LogLine(at, row.get("@message", ""), row.get("@logStream", ""), row.get("@ptr", ""))


@lru_cache(maxsize=1024)
def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))


def masker(fields: Sequence[str]) -> re.Pattern[str] | None:
    """What finds the values of these fields in a text: in JSON, in JSON within JSON, in XML, and as ``name=value``.

    A value in quotes ends with the quote that began it, an element of XML with its closing tag, and each with a text
    that was cut off; of a list or an object it finds the bracket.
    """
    if not fields:
        return None
    # A search that may begin with few characters takes a third of one that may begin anywhere.
    begins = re.escape("".join({each[0].lower() + each[0].upper() for each in fields}))
    by_length = sorted(fields, key=len, reverse=True)
    names = "|".join(f"(?<={re.escape(each[0])}){re.escape(each[1:])}" for each in by_length)
    name = rf"(?P<name>[{begins}](?<![\w-].)(?:(?<=[<:].)(?P<opens>)|)(?i:{names}))"
    tag = r"(?(opens)(?:\s[^<>]{0,500}+)?(?<!/)(?P<tag>>)|(?!))"
    key = (
        r"""(?:[.\[][\w.\[\]]{0,64}+)?(?P<key>\\*["'])?\s{0,4}(?:=>|[=:])\s{0,4}"""
        r"""(?:[bBuUrR]{1,2}(?=["']))?"""
    )
    end = r"<\\{0,4}/(?:[\w.-]{1,64}:)?(?P=name)\s{0,4}>"
    element = rf"(?:[^<]++|(?!{end})<)*+(?P<end>{end})?"
    value = (
        r"""(?P<quote>\\*["'])(?:(?!(?P=quote))(?:\\.|.))*+(?:(?P=quote)|$)"""
        r"""|[\w.$]{0,64}+(?P<nested>[\[{]|\((?=\\*["']))|[^\s,;&"'<>{}\[\]\\|]+"""
    )
    return re.compile(rf"(?P<kept>{name}(?:{tag}|{key}))(?(tag){element}|(?:{value}))", re.DOTALL)


def masked(text: str, pattern: re.Pattern[str] | None) -> str:
    """The text without the values of masked fields; what was JSON is JSON."""
    if pattern is None:
        return text
    pieces: list[str] = []
    position = 0
    found = pattern.search(text)
    while found is not None:
        quote = found["quote"] or found["key"] or ""
        pieces += [text[position : found.end("kept")], quote, MASKED, quote, found["end"] or ""]
        position = nested_end(text, found.start("nested")) if found["nested"] else found.end()
        found = pattern.search(text, position)
    return "".join([*pieces, text[position:]])


def safe_row(row: Mapping[str, str], fields: Sequence[str]) -> dict[str, str]:
    """A row of a query without masked fields, by the names of its columns too, and without secrets."""
    names, pattern = {field.lower() for field in fields}, masker(fields)
    return {
        name: MASKED
        if name.lower().rpartition(".")[2] in names or name.lower() in names
        else _safe_cell(name, masked(value, pattern))
        for name, value in row.items()
    }


def _safe_cell(name: str, value: str) -> str:
    """What a column is called may say that a secret stands in it."""
    told = clean(f"{name}={value}")
    return told.removeprefix(f"{name}=") if told.startswith(f"{name}=") else clean(value)


def new_kinds(grouped: Iterable[LogGroup], before: Iterable[LogLine]) -> frozenset[str]:
    """The templates that nobody had logged in the lines before."""
    known = {each.template for each in group(before)} | {OTHER}
    return frozenset(each.template for each in grouped if each.template not in known)
