"""What people type after ``/logs <service> <environment>``, the time range taken out: words, fields, levels, ways.

Every word is something to look for but the few that say how: ``level error``, ``task 0f3a``, ``group``, ``follow``,
``export``, ``query slow-requests``, ``insights "…"``. In quotes they are words to look for like any other. What looks
like more than can be looked for (a comparison, a pattern to leave out, a quote that does not end) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain import Frozen
from bot.errors import UsageError
from bot.misspelt import meant
from bot.said import LEVELS

MOST_WORDS = 20
LONGEST_WORD = 500
LONGEST_QUERY = 1800

_TOKEN = re.compile(
    r"""(?P<sign>-?)(?:
        (?P<field>[A-Za-z_@][\w.@-]{0,99})(?:=(?!=\S)|\s+=\s+(?=\S))
            (?:"(?P<quoted_value>[^"]*)"|'(?P<single_value>[^']*)'|(?P<value>\S*))
        | "(?P<phrase>[^"]*)" | '(?P<single>[^']*)'
        | /(?P<pattern>(?:\\.|[^/\\])+)/(?P<flags>(?:gi|ig|i)?)(?!\S)
        | (?P<word>\S+)
    )""",
    re.VERBOSE,
)
_COMPARISON = re.compile(r"(?:[A-Za-z_@][\w.@-]{0,99})?[<>!=]=(?![=<>])\S*|[A-Za-z_@][\w.@-]{0,99}[<>][0-9]\S*|[<>]")
_VALUED = ("level", "task", "query")
_IN_QUOTES = "Put it in quotes when it is text to look for."


class LogQuery(Frozen):
    """What to look for, and how. A line matches when it has all of it.

    ``include`` and ``exclude`` are literal texts, in the case they are written; ``fields`` are names with values, in
    JSON or as ``name=value``, and ``without`` those that no line may have; ``patterns`` regular expressions; ``level``
    is the least grave level, one of CRITICAL, ERROR, WARNING, INFO and DEBUG; ``task`` the beginning of a task's id.
    ``named`` is a query of the configuration, ``free`` one in CloudWatch's own language: they stand alone.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    without: tuple[tuple[str, str], ...] = ()
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
        asked = (self.include, self.exclude, self.fields, self.without, self.patterns, self.level, self.task)
        return any(asked)


def read_query(text: str) -> LogQuery:
    """The query of a text without its time range. Raises UsageError with a sentence."""
    return _free(text) or _Found(_tokens(text)).query()


def _free(text: str) -> LogQuery | None:
    """The query in CloudWatch's own language, when there is one: all that stands after ``insights``."""
    said = next((each for each in _TOKEN.finditer(text) if each[0].lower() == "insights"), None)
    query = text[said.end() :].strip() if said else ""
    if said is None:
        return None
    if len(query) >= 2 and query[0] == query[-1] and query[0] in "\"'":
        query = query[1:-1].strip()
    if not query or len(query) > LONGEST_QUERY:
        example = f'As in: insights "stats count(*) by bin(5m)", {LONGEST_QUERY} characters at most.'
        raise UsageError("Which query?", hint=f"{example} {_IN_QUOTES}")
    if text[: said.start()].strip():
        raise UsageError("A query of your own stands alone; its words go into the query.", hint=_IN_QUOTES)
    return LogQuery(free=query)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    for number, token in enumerate(_TOKEN.finditer(text), start=1):
        if number > MOST_WORDS or len(token[0]) > LONGEST_WORD:
            raise UsageError(f"I look for {MOST_WORDS} words at most, each {LONGEST_WORD} characters at most.")
        _refuse(token)
        yield token


def _refuse(token: re.Match[str]) -> None:
    """Raises UsageError for what reads like more than a word, and would find nothing as one."""
    word, said = token["word"] or "", f"“{token[0][:60]}”"
    if token["flags"]:
        hint = "Write /[Ee]rror/, or (?i) in front: /(?i)error/, which Logs Insights reads."
        raise UsageError(f"{said}: case counts in a pattern, and nothing goes after it.", hint=hint)
    if token["pattern"] is not None and token["sign"]:
        hint = f'Say -word, -"a phrase" or -name=value. {_IN_QUOTES}'
        raise UsageError(f"{said}: a pattern cannot be left out.", hint=hint)
    if token["sign"] and (word.lower() in _VALUED or (token["field"] or "").lower() == "level"):
        hint = "Say level error for it and all graver. " + _IN_QUOTES
        raise UsageError(f"{said}: only words and fields can be left out.", hint=hint)
    if (word or token["value"] or "")[:1] in ('"', "'"):
        raise UsageError(f"The quote of {said} does not end.", hint="Put the other kind of quotes around a quote.")
    if _COMPARISON.fullmatch(word):
        hint = f'Say status=500, or a query: insights "filter status >= 500". {_IN_QUOTES}'
        raise UsageError(f"{said}: I do not compare, I look for one value.", hint=hint)


class _Found:
    def __init__(self, tokens: Iterator[re.Match[str]]) -> None:
        self._tokens = tokens
        self._include: list[str] = []
        self._exclude: list[str] = []
        self._fields: list[tuple[str, str]] = []
        self._without: list[tuple[str, str]] = []
        self._patterns: list[str] = []
        self._ways: dict[str, str] = {}

    def query(self) -> LogQuery:
        for token in self._tokens:
            self._take(token)
        query = LogQuery(
            include=tuple(self._include),
            exclude=tuple(self._exclude),
            fields=tuple(self._fields),
            without=tuple(self._without),
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
        if query.follow and query.grouped:
            raise UsageError("Follow or group: what is followed is shown line by line.")
        if query.named and (query.is_narrow or query.follow or query.export):
            raise UsageError(f"The query {query.named[:60]} stands alone; only a time goes with it.")
        return query

    def _take(self, token: re.Match[str]) -> None:
        sign, word = token["sign"], token["word"]
        way = (word or "").lower() if not sign else ""
        if token["field"]:
            self._take_field(token)
        elif token["pattern"] is not None:
            self._patterns.append(_checked(token["pattern"]))
        elif way in _VALUED:
            self._ways[way] = self._said_after(way)
        elif way in ("group", "follow", "export"):
            self._ways[way] = way
        else:
            said = next(part for part in (token["phrase"], token["single"], word) if part is not None)
            if said:
                (self._exclude if sign else self._include).append(said)

    def _take_field(self, token: re.Match[str]) -> None:
        values = (token["quoted_value"], token["single_value"], token["value"])
        name, value = token["field"], next(value for value in values if value is not None)
        if name.lower() == "level" and (token["value"] or "").lower() in LEVELS:
            self._ways["level"] = LEVELS[value.lower()]
        else:
            (self._without if token["sign"] else self._fields).append((name, value))

    def _said_after(self, way: str) -> str:
        token = next(self._tokens, None)
        said = token[0].strip("\"'") if token else ""
        if way == "level":
            return _level(said)
        if not said:
            hint = "As in: task 0f3a91c2." if way == "task" else "As in: query slow-requests."
            raise UsageError(f"Which {way}?", hint=hint)
        return said


def _level(said: str) -> str:
    if said.lower() in LEVELS:
        return LEVELS[said.lower()]
    if not said:
        raise UsageError("Which level?", hint="One of critical, error, warning, info, debug; it and all graver.")
    likely = dict.fromkeys(LEVELS[each].lower() for each in meant(said[:60], LEVELS))
    asks = f"; did you mean {' or '.join(likely)}?" if likely else "."
    hint = f'There are critical, error, warning, info and debug. {_IN_QUOTES[:-1]}, as in "level".'
    raise UsageError(f"“{said[:60]}” is no level{asks}", hint=hint)


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "To look for it as it stands, put it in quotes."
        raise UsageError(f"/{pattern[:100]}/ is no regular expression: {error}.", hint=hint) from None
    return pattern
