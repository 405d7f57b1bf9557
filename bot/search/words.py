"""What people type after ``/logs <service> <environment>``, the time range taken out: words, fields, levels, ways.

Every word is something to look for but the few that say how: ``level error``, ``task 0f3a``, ``group``, ``follow``,
``export``, ``query slow-requests``, ``insights "…"``. In quotes they are words to look for like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain import Frozen
from bot.errors import UsageError
from bot.said import LEVELS

MOST_WORDS = 20
LONGEST_WORD = 500
LONGEST_QUERY = 1800

_TOKEN = re.compile(
    r"""(?P<sign>-?)(?:
        (?P<field>[A-Za-z_@][\w.@-]{0,99})=(?:"(?P<quoted_value>[^"]*)"|'(?P<single_value>[^']*)'|(?P<value>\S*))
        | "(?P<phrase>[^"]*)" | '(?P<single>[^']*)'
        | /(?P<pattern>(?:\\.|[^/\\])+)/(?!\S)
        | (?P<word>\S+)
    )""",
    re.VERBOSE,
)
_FREE = re.compile(r"(?:^|\s)insights\s+(.+)$", re.DOTALL | re.IGNORECASE)


class LogQuery(Frozen):
    """What to look for, and how. A line matches when it has all of it.

    ``include`` and ``exclude`` are literal texts, in the case they are written; ``fields`` are names with values, in
    JSON or as ``name=value``; ``patterns`` regular expressions; ``level`` is the least grave level, one of CRITICAL,
    ERROR, WARNING, INFO and DEBUG; ``task`` the beginning of a task's id. ``named`` is a query of the configuration,
    ``free`` one in CloudWatch's own language: they stand alone.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    patterns: tuple[str, ...] = ()
    level: str = ""
    task: str = ""
    grouped: bool = False
    follow: bool = False
    export: bool = False
    named: str = ""
    free: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it picks lines rather than taking all."""
        return bool(self.include or self.fields or self.patterns or self.level or self.task)


def read_query(text: str) -> LogQuery:
    """The query of a text without its time range. Raises UsageError with a sentence."""
    free = _FREE.search(text)
    if free:
        query = free[1].strip()
        if len(query) >= 2 and query[0] == query[-1] and query[0] in "\"'":
            query = query[1:-1].strip()
        if not query or len(query) > LONGEST_QUERY:
            raise UsageError("Which query?", hint=f'As in: insights "stats count(*) by bin(5m)", {LONGEST_QUERY} long.')
        if text[: free.start()].strip():
            raise UsageError("A query of your own stands alone; its words go into the query.")
        return LogQuery(free=query)
    found = _Found(_tokens(text))
    return found.query()


def _tokens(text: str) -> Iterator[re.Match[str]]:
    for number, token in enumerate(_TOKEN.finditer(text), start=1):
        if number > MOST_WORDS or len(token[0]) > LONGEST_WORD:
            raise UsageError(f"I look for {MOST_WORDS} words at most, each {LONGEST_WORD} characters at most.")
        yield token


class _Found:
    def __init__(self, tokens: Iterator[re.Match[str]]) -> None:
        self._tokens = tokens
        self._include: list[str] = []
        self._exclude: list[str] = []
        self._fields: list[tuple[str, str]] = []
        self._patterns: list[str] = []
        self._ways: dict[str, str] = {}

    def query(self) -> LogQuery:
        for token in self._tokens:
            self._take(token)
        query = LogQuery(
            include=tuple(self._include),
            exclude=tuple(self._exclude),
            fields=tuple(self._fields),
            patterns=tuple(self._patterns),
            level=self._ways.get("level", ""),
            task=self._ways.get("task", ""),
            named=self._ways.get("query", ""),
            grouped="group" in self._ways,
            follow="follow" in self._ways,
            export="export" in self._ways,
        )
        if query.follow and query.export:
            raise UsageError("Follow or export: one of them at a time.")
        if query.named and (query.is_narrow or query.exclude or query.follow or query.export):
            raise UsageError(f"The query {query.named[:60]} stands alone; only a time goes with it.")
        return query

    def _take(self, token: re.Match[str]) -> None:
        sign, word = token["sign"], token["word"]
        if token["field"] and not sign:
            values = (token["quoted_value"], token["single_value"], token["value"])
            self._fields.append((token["field"], next(value for value in values if value is not None)))
        elif token["pattern"] is not None and not sign:
            self._patterns.append(_checked(token["pattern"]))
        elif word is not None and not sign and word.lower() in ("level", "task", "query"):
            self._ways[word.lower()] = self._said_after(word.lower())
        elif word is not None and not sign and word.lower() in ("group", "follow", "export"):
            self._ways[word.lower()] = word
        else:
            said = next((part for part in (token["phrase"], token["single"], word) if part is not None), token[0])
            said = said if token["pattern"] is None and not token["field"] else token[0].removeprefix("-")
            if said:
                (self._exclude if sign else self._include).append(said)

    def _said_after(self, way: str) -> str:
        token = next(self._tokens, None)
        said = token[0].strip("\"'") if token else ""
        if way == "level":
            known = LEVELS.get(said.lower())
            if known is None:
                raise UsageError(
                    "Which level?", hint="One of critical, error, warning, info, debug; it and all graver."
                )
            return known
        if not said:
            hint = "As in: task 0f3a91c2." if way == "task" else "As in: query slow-requests."
            raise UsageError(f"Which {way}?", hint=hint)
        return said


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "To look for it as it stands, put it in quotes."
        raise UsageError(f"/{pattern[:100]}/ is no regular expression: {error}.", hint=hint) from None
    return pattern
