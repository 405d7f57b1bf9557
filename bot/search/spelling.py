"""What else somebody may have meant whose words are in no line."""

from __future__ import annotations

import re

from bot.said import LEVELS
from bot.search.words import LogQuery
from bot.views import blocks as b

_NAMED = re.compile(r"([A-Za-z_@][\w.@-]{0,99}):(?![/:])[^\s:]+")


def other_spelling(query: LogQuery) -> str:
    """Sentences in Slack's markup, without the values that were looked for; empty where there is nothing to say."""
    told: list[str] = []
    level = next((each.lower() for each in query.include if each.lower() in LEVELS), "")
    named = next((found[1] for each in query.include if (found := _NAMED.fullmatch(each))), "")
    if level:
        told.append(f"Did you mean {b.code(f'level {level}')}?")
    if named:
        told.append(f"A field is {b.code(f'{named}=…')}, in JSON too.")
    values = (value for _, value in query.fields)
    if any(each.isalpha() for text in (*query.include, *query.patterns, *values) for each in text):
        told.append("Upper and lower case counts.")
    return " ".join(told)
