"""What a command in the thread of an incident leaves out: which service, in which environment."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.catalog import Catalog
from bot.command import Command
from bot.domain import Target
from bot.errors import NotFoundError

SERVICE, SYSTEM, ENVIRONMENT = "service", "system", "environment"
ANYTHING = ("what", "where")
"""Arguments that may be a service with its environment, in two words."""
_TIME = re.compile(r"until|\d+(?:[smhdw].*)?", re.IGNORECASE)


def filled(command: Command, typed: Sequence[str], near: Target, catalog: Catalog) -> list[str]:
    """The words of a command with where it is meant put before them, unless they say so themselves.

    Whoever names a service, a system or an environment in an incident's thread means that one.
    """
    names, words = list(command.args.model_fields), list(typed)
    service = f"{near.system}/{near.name}"
    if names[:1] == [SERVICE]:
        if not words:
            return [service, near.environment]
        if not _is_service(words[0], catalog):
            return [service, *words] if _runs_in(near, words[0], catalog) else [service, near.environment, *words]
        if len(words) == 1 or not _runs_in(near, words[1], catalog):
            return [words[0], near.environment, *words[1:]]
    elif names[:1] == [SYSTEM] and not words:
        return [near.system, near.environment][: names[:2].count(SYSTEM) + names[:2].count(ENVIRONMENT)]
    elif names[:1] and names[0] in ANYTHING and (not words or _TIME.fullmatch(words[0])):
        return [service, near.environment, *words]
    return words


def _is_service(word: str, catalog: Catalog) -> bool:
    try:
        return bool(catalog.matching(word))
    except NotFoundError:
        return False


def _runs_in(near: Target, word: str, catalog: Catalog) -> bool:
    """Whether it is an environment's whole name: the beginning of one may as well be a word to look for."""
    return any(each.environment == word.lower() for each in catalog.targets if each.system == near.system)
