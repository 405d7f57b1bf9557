"""What a query of one's own may not reach: other log groups than those of its service, and what CloudWatch masks.

A query may name its sources, though StartQuery names log groups: with SOURCE, by ``join`` and in a subquery, and
``lookup`` reads a table of the account.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Source.html and its neighbours.
"""

from __future__ import annotations

import re

from bot.errors import DeniedError

NOT_FOR_ALL = "Rows of a query of one's own are not shown to everybody where fields are masked."
_SPACE = r"(?:\s|\#[^\n]*(?:\n|$))*"
_COMMANDS = "fields|display|filter|filterindex|stats|sort|limit|parse|dedup|pattern|diff|anomaly|unnest|lookup|join"
_REACHES = re.compile(
    rf"""(?:^|\|){_SPACE}(?P<command>source|join|lookup)\b
    |\({_SPACE}(?P<source>source)\b(?!\s*(?:[=!<>~),.+*/%-]|(?:like|not|in|and|or|as)\b))
    |\({_SPACE}(?P<subquery>{_COMMANDS})\b(?=\s+[@\w"'`\0])(?!\s+(?:like|not|in|and|or|as)\b)
    |\b(?P<unmask>unmask)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_LITERAL = re.compile(
    r"""(?P<before>(?:(?<![\w.@-])like|=~|(?:^|\|)\s*parse\s+[@\w.]+)\s*)/(?:\[[^\]/\n]*\]|[^/\n\[])+/
    |"[^"]*"|'[^']*'|`[^`]*`|\#[^\n]*""",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPED_END = re.compile(r"""\\["'`/\\]""")


def refuse_reaching(query: str) -> None:
    """Raises DeniedError for a query that reads more than the log groups it is asked of."""
    found = _REACHES.search(_without_literals(query))
    if found is None:
        return
    if found["unmask"]:
        raise DeniedError("A query of your own may not unmask what CloudWatch masks.", hint="Leave out unmask.")
    said = "A subquery" if found["subquery"] else (found["command"] or found["source"]).upper()
    hint = "It reads the log groups of its service alone; ask another service by its own name."
    raise DeniedError(f"{said} may not stand in a query of your own.", hint=hint)


def _without_literals(query: str) -> str:
    """The query without strings, patterns and comments; as it is where it can be disputed where one of them ends.

    Nothing may be hidden in what is a string only as this bot reads it.
    """
    if _ESCAPED_END.search(query):
        return query
    bare = _LITERAL.sub(_blank, query)
    return query if re.search(r"""["'`/]""", bare) else bare


def _blank(found: re.Match[str]) -> str:
    return " " if found[0].startswith("#") else f"{found['before'] or ''} \0 "
