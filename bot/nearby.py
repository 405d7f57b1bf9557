"""What a command leaves out where it is asked: in the thread of an incident, in the channel of a system."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from bot.arguments import as_text, is_quoted
from bot.catalog import Catalog
from bot.command import Command
from bot.domain import Target
from bot.errors import NotFoundError
from bot.misspelt import meant

SERVICE, SYSTEM, ENVIRONMENT = "service", "system", "environment"
ANYTHING = ("what", "where")
"""Arguments that may be a service with its environment, in two words."""
_TIME = re.compile(r"until|\d+(?:[smhdw].*)?", re.IGNORECASE)
_NAME = re.compile(r"\w[\w.-]*")
"""What could be a name: ``-production`` leaves lines out, ``/production/`` is a pattern."""
_WHOLE_NAME = re.compile(r"([a-z0-9._-]+)/[a-z0-9._-]+")
"""A system and a service of it; also a type of content (``text/html``), while metrics are written with capitals."""


def filled(command: Command, typed: Sequence[str], near: Target, catalog: Catalog) -> list[str]:
    """The words of a command with where it is meant put before them, unless they say so themselves.

    Whoever names a service, a system or an environment in an incident's thread means that one, and of several services
    of one name that of the incident's system. What is quoted in a text to look for names none of them. Raises
    NotFoundError for what is called as a service and is none, and for a misspelt environment.
    """
    names, words = list(command.args.model_fields), list(typed)
    if names[:1] == [SERVICE]:
        said = list(takewhile(lambda word: not is_quoted(word), words)) if as_text(command) else words
        return _with_service(words, said, near, catalog, is_text=as_text(command))
    if names[:1] == [SYSTEM] and not words:
        return [near.system, near.environment][: names[:2].count(SYSTEM) + names[:2].count(ENVIRONMENT)]
    if names[:1] and names[0] in ANYTHING and (not words or _TIME.fullmatch(words[0])):
        return [_name(near), near.environment, *words]
    return words


def told_apart(
    command: Command, typed: Sequence[str], catalog: Catalog, is_here: Callable[[Target], bool]
) -> list[str]:
    """The words with the whole name of a service of which there are several, where one is of a system that is here.

    Commands that list take them all, and what nobody can tell apart stays as it was typed. Raises NotFoundError for a
    system of several services by itself: what is missing then is no environment.
    """
    words = list(typed)
    if not any(words[:1]) or command.target is None or [*command.args.model_fields][:1] != [SERVICE]:
        return words
    try:
        found = catalog.matching(words[0], words[1] if len(words) > 1 else None)
    except NotFoundError:
        return words
    if len(_names(found)) == 1:
        return words
    several = {each.system for each in found}
    here = {each.system for each in catalog.targets if each.system in several and is_here(each)}
    own = _names(each for each in found if each.system in here)
    if len(own) != 1 and len(words) == 1 and catalog.system(words[0]):
        catalog.find(words[0])
    return [own[0], *words[1:]] if len(own) == 1 else words


def _with_service(words: list[str], said: list[str], near: Target, catalog: Catalog, *, is_text: bool) -> list[str]:
    """``said`` are the words that may be names: those before the first in quotes.

    ``is_text`` says that the others may be a text to look for.
    """
    if not said:
        return [_name(near), near.environment, *words]
    found = _services(said, catalog)
    own = [each for each in found if each.system == near.system]
    if found and not own:
        return _elsewhere(words, said, near, {each.environment for each in found})
    environments = {each.environment for each in catalog.targets if each.system == near.system}
    if not found and said[0].lower() in environments:
        return [_name(near), *words]
    if not found:
        _refuse_misspelt(said[0], near, environments, is_text=is_text)
        return [_name(near), near.environment, *words]
    name = _name(own[0]) if len(_names(own)) == 1 else words[0]
    # The beginning of an environment's name may as well be a word to look for; a slip of the fingers is told.
    if said[1:] and (said[1].lower() in environments or meant(said[1], environments)):
        return [name, *words[1:]]
    return [name, near.environment, *words[1:]]


def _refuse_misspelt(word: str, near: Target, environments: set[str], *, is_text: bool) -> None:
    """Raises NotFoundError for a slip of the fingers: as a text it would be looked for in another environment."""
    likely = meant(word, environments) if _NAME.fullmatch(word) else ()
    if likely:
        quoted = f" In quotes “{word}” is what to look for." if is_text else ""
        hint = f"Did you mean {' or '.join(sorted(likely))}?{quoted}"
        raise NotFoundError(f"{near.system} has no environment '{word}'.", hint=hint)


def _elsewhere(words: list[str], said: list[str], near: Target, environments: set[str]) -> list[str]:
    """What is said of another system's service: its environment is typed as in a command elsewhere."""
    if near.environment not in environments or _begins_one(said[1:2], environments):
        return words
    if said[1:] and meant(said[1], environments):
        return words
    return [words[0], near.environment, *words[1:]]


def _services(said: list[str], catalog: Catalog) -> tuple[Target, ...]:
    """The services that the first word names, if any. Raises NotFoundError where it must have been meant as one."""
    try:
        return catalog.matching(said[0])
    except NotFoundError:
        whole = _WHOLE_NAME.fullmatch(said[0])
        environments = {each.environment for each in catalog.targets}
        if whole and (catalog.system(whole[1]) or _begins_one(said[1:2], environments)):
            raise
        return ()


def _begins_one(word: list[str], environments: set[str]) -> bool:
    """Whether a word, if there is one, is an environment or the beginning of some."""
    return any(name.startswith(each.lower()) for each in word if each for name in environments)


def _name(target: Target) -> str:
    return f"{target.system}/{target.name}"


def _names(targets: Iterable[Target]) -> list[str]:
    return list(dict.fromkeys(map(_name, targets)))
