"""What people ask for in CloudWatch Logs Insights' language, where their words are text and never syntax.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
"""

from __future__ import annotations

import re

from bot.said import LEVELS
from bot.search.matching import GRAVER, parts_of
from bot.search.words import LogQuery

# Every line writes these as they are.
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.:@ -]*[A-Za-z0-9_])?")
# A colour, "%3D" or an escape as of JSON's line ends before a word ends with a letter.
_BEGINS = r"(?:\b|[A-Za-z])"
_ANYTHING = r"[\s\S]*"
_NUMBERS = {"CRITICAL": 60, "ERROR": 50, "WARNING": 40, "INFO": 30, "DEBUG": 20}


def insights_query(query: LogQuery, limit: int) -> str:
    """The newest lines, oldest last, that may be what is asked for; ``limit`` is at most 10,000."""
    filters = [f"@message like {literal(each)}" for each in query.include]
    filters += [f"@message not like {literal(each)}" for each in query.exclude]
    filters += [f"@message like {literal(part)}" for _, value in query.fields for part in parts_of(value)]
    filters += [f"@message like /{each}/" for field in query.fields if (each := _given(*field))]
    filters += [f"@message not like /{each}/" for field in query.without if (each := _surely_given(*field))]
    filters += [f"@message like /{_regex(each)}/" for each in query.patterns]
    filters += [f"@logStream like {literal(query.task)}"] if query.task else []
    filters += [f"@message like /{_level(query.level)}/"] if query.level else []
    lines = ["fields @timestamp, @message, @logStream, @log"]
    lines += [f"filter {each}" for each in filters]
    return "\n| ".join([*lines, "sort @timestamp desc", f"limit {limit}"])


def asks_more(query: LogQuery) -> bool:
    """Whether ``insights_query`` finds lines that are not asked for, which ``matcher`` sorts out afterwards.

    A level and a field are written in so many ways that no regular expression knows them all.
    """
    return bool(query.level or query.fields or query.without)


def literal(text: str) -> str:
    """A text as a string of the query language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _regex(pattern: str) -> str:
    """A regular expression between slashes: one of its own would end it."""
    return re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\\/", pattern).replace("\n", r"\n")


def _given(name: str, value: str) -> str:
    """Every line that gives a field this value has first the name, in whatever case, and then the value by itself."""
    if not (_PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)):
        return ""
    path = name.replace(".", _ANYTHING)
    return rf"(?i){_BEGINS}{path}{_ANYTHING}{_BEGINS}{_escaped(value)}\b"


def _surely_given(name: str, value: str) -> str:
    """A line like this gives a field that value, in JSON or as ``name=value``; others may, in other ways."""
    if not (_PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)):
        return ""
    name, value = _escaped(name), _escaped(value)
    record = rf'"{name}"\s{{0,4}}:\s{{0,4}}(?:"{value}"|{value}\s{{0,4}}[,}}])'
    return rf"{record}|^(?:[^{{\s][\s\S]*[\s,;&?(])?{name}={value}(?:[\s,;&)]|$)"


def _escaped(plain: str) -> str:
    return plain.replace(".", r"\.")


def _level(level: str) -> str:
    """Every line of a level or a graver one has one of these; what else has one is sorted out afterwards."""
    wanted = GRAVER[GRAVER.index(level) :]
    words = sorted(word for word, known in LEVELS.items() if known in wanted)
    words += ["error", "exception", "traceback", "exit", "interrupt", "fault"] if "ERROR" in wanted else []
    numbers = "|".join(str(_NUMBERS[each]) for each in wanted)
    return rf"(?i)({'|'.join(dict.fromkeys(words))})|\"level\"\s*:\s*({numbers})\b"
