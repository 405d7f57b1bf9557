"""What people ask for in CloudWatch Logs Insights' language, where their words are text and never syntax.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
"""

from __future__ import annotations

import re

from bot.said import LEVELS
from bot.search.matching import GRAVER, parts_of
from bot.search.words import LogQuery

_NUMBERS = {"CRITICAL": 60, "ERROR": 50, "WARNING": 40, "INFO": 30, "DEBUG": 20}


def insights_query(query: LogQuery, limit: int) -> str:
    """The newest lines, oldest last, that may be what is asked for; ``limit`` is at most 10,000."""
    filters = [f"@message like {literal(each)}" for each in query.include]
    filters += [f"@message not like {literal(each)}" for each in query.exclude]
    filters += [f"@message like {literal(part)}" for _, value in query.fields for part in parts_of(value)]
    filters += [f"@message like /{_regex(each)}/" for each in query.patterns]
    filters += [f"@logStream like {literal(query.task)}"] if query.task else []
    filters += [f"@message like /{_level(query.level)}/"] if query.level else []
    lines = ["fields @timestamp, @message, @logStream, @log"]
    lines += [f"filter {each}" for each in filters]
    return "\n| ".join([*lines, "sort @timestamp desc", f"limit {limit}"])


def literal(text: str) -> str:
    """A text as a string of the query language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _regex(pattern: str) -> str:
    """A regular expression between slashes: one of its own would end it."""
    return re.sub(r"(?<!\\)((?:\\\\)*)/", r"\1\\/", pattern).replace("\n", r"\n")


def _level(level: str) -> str:
    """Every line of a level or a graver one has one of these; what else has one is sorted out afterwards."""
    wanted = GRAVER[GRAVER.index(level) :]
    words = sorted(word for word, known in LEVELS.items() if known in wanted)
    words += ["error", "exception", "traceback", "exit", "interrupt", "fault"] if "ERROR" in wanted else []
    numbers = "|".join(str(_NUMBERS[each]) for each in wanted)
    return rf"(?i)({'|'.join(dict.fromkeys(words))})|\"level\"\s*:\s*({numbers})\b"
