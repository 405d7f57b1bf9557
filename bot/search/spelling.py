"""What else somebody may have meant, whose words are in no line or in fewer than they think."""

from __future__ import annotations

import re

from bot.said import LEVELS
from bot.search.words import LogQuery
from bot.views import blocks as b

CASE_COUNTS = "Upper and lower case counts."
_NAMED = re.compile(r"([A-Za-z_@][\w.@-]{0,99}):(?![/:])[^\s:]+")
_ASSIGNED = re.compile(r"(?<![\w.@?&-])([A-Za-z_@][\w.@-]{0,99})=\S")
_GRAVE = ("CRITICAL", "ERROR", "WARNING")


def other_spelling(query: LogQuery) -> str:
    """Sentences in Slack's markup for where nothing is found; empty where there is nothing to say.

    They have no values of fields that were looked for.
    """
    shown = _as_shown(query)
    if shown:
        return shown
    told: list[str] = []
    _, level = _level_as_word(query)
    named = next((found[1] for each in query.include if (found := _NAMED.fullmatch(each))), "")
    if level:
        told.append(f"Did you mean {b.code(f'level {level}')}?")
    if named:
        told.append(f"A field is {b.code(f'{named}=…')}, in JSON too.")
    values = (value for _, value in query.fields)
    if any(each.isalpha() for text in (*query.include, *query.patterns, *values) for each in text):
        told.append(CASE_COUNTS)
    return " ".join(told)


def narrower(query: LogQuery) -> str:
    """What is said in Slack's markup where something is found, and another question may find more; mostly nothing."""
    either = _either(query)
    if either:
        return f"only lines with all of the words; {either} finds those with either"
    word, level = _level_as_word(query)
    if not level or LEVELS[level] not in _GRAVE:
        return ""
    return f"only lines with the word “{word}”; {b.code(f'level {level}')} finds all of that level"


def _as_shown(query: LogQuery) -> str:
    """Why no line can match what stands in answers of this bot, or what other searches take."""
    either = _either(query)
    if either:
        return f"All words must be in a line: {either} finds those with either."
    if any("*" in value for _, value in query.fields):
        return "A value is looked for whole, with its `*`: `/…/` finds the lines with a part of it."
    for text in (*query.include, *query.patterns):
        assigned = _ASSIGNED.search(text)
        if assigned:
            field = b.code(f"{assigned[1]}=…")
            return f"In lines of JSON a field is found as {field} with its whole value, without quotes or slashes."
        first, _, message = text.partition(" ")
        if message and first.isupper() and first.lower() in LEVELS:
            level = b.code(f"level {LEVELS[first.lower()].lower()}")
            return f"Lines of JSON are shown put together: look for the message alone, with {level}."
    return ""


def _level_as_word(query: LogQuery) -> tuple[str, str]:
    """A word that is looked for and names a level, in the plural too, and that level; empty for none."""
    if query.level:
        return "", ""
    for word in query.include:
        level = LEVELS.get(word.lower()) or LEVELS.get(word.lower().removesuffix("s"))
        if level:
            return word, level.lower()
    return "", ""


def _either(query: LogQuery) -> str:
    """The pattern for words with an ``or`` between them; empty where there is none."""
    said = query.include
    ors = [number for number, word in enumerate(said) if word.lower() == "or" and 0 < number < len(said) - 1]
    words = dict.fromkeys(said[each] for number in ors for each in (number - 1, number + 1))
    if not words:
        return ""
    return b.code(f"/{'|'.join(words)}/" if all(re.fullmatch(r"[\w-]+", word) for word in words) else "/one|other/")
