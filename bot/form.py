"""A form: one command being filled in, as it is stored in its row, and what its fields offer.

Derived from the command's argument model, so that a form asks for the very words that could have been typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import Field

from bot.catalog import Catalog
from bot.command import Command, Suggestion
from bot.domain import Actor, Frozen, Target
from bot.errors import NotFoundError

SERVICE, ENVIRONMENT = "service", "environment"
OTHER = "(another)"
"""What is picked where none of the suggestions will do; a word with parentheses names nothing that is shipped."""
MOST_SERVICES, MOST_SYSTEMS = 500, 95
"""With more the service is typed: a view may hold 250 KB, a menu 100 groups of 100 options."""


class FormState(StrEnum):
    """The states of a form and of a prompt. The words are stored."""

    OPENING = "opening"
    OPEN = "open"
    DONE = "done"


class Offer(Frozen):
    """What there is to choose from for a field of one target, or why there is nothing."""

    suggestions: tuple[Suggestion, ...] = ()
    reason: str = ""


class Form(Frozen):
    """The body of a form's row.

    ``slash`` is how the command is typed, ``given`` what was known before it opened. ``values`` is all that was entered
    when the person last chose something. ``target`` is the key of the target that ``offers`` belong to; they are still
    being read while ``reads``. ``typed`` are the fields for which none of the suggestions would do.
    """

    command: str
    slash: str
    actor: Actor
    trigger_id: str
    response_url: str = ""
    view_id: str = ""
    given: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    target: str = ""
    offers: dict[str, Offer] = Field(default_factory=dict)
    reads: bool = False
    typed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Choices under one heading."""

    label: str
    choices: tuple[Suggestion, ...]


@dataclass(frozen=True)
class Blank:
    """One field of a form as it stands; without groups it is free text.

    ``tells`` that the bot hears at once what is chosen. ``note`` is said beside it, and instead of it while it
    ``waits``. ``mark`` tells blanks apart that offer the same words for different things.
    """

    name: str
    hint: str
    optional: bool
    groups: tuple[Group, ...] = ()
    chosen: str = ""
    tells: bool = False
    note: str = ""
    waits: bool = False
    mark: str = ""


def blanks(form: Form, command: Command, catalog: Catalog) -> tuple[Blank, ...]:
    """The fields of the form, in the order in which they are typed."""
    return tuple(
        _blank(Blank(name, (field.description or "").replace("`", ""), not field.is_required()), form, command, catalog)
        for name, field in command.args.model_fields.items()
    )


def _blank(plain: Blank, form: Form, command: Command, catalog: Catalog) -> Blank:
    if plain.name == SERVICE:
        return replace(_service(plain, catalog), chosen=form.given.get(SERVICE, ""))
    if plain.name == ENVIRONMENT:
        names = _environments(form.values.get(SERVICE, ""), catalog)
        chosen = environment(form.values, catalog)
        choices = tuple(Suggestion(name, name) for name in names)
        return replace(plain, groups=(Group("", choices),), chosen=chosen, tells=True)
    return _suggested(plain, form) if plain.name in command.suggest else plain


def _service(plain: Blank, catalog: Catalog) -> Blank:
    names = [(target.system, f"{target.system}/{target.name}") for target in catalog.targets]
    by_system: dict[str, dict[str, Suggestion]] = {}
    for system, name in names:
        by_system.setdefault(system, {})[name] = Suggestion(name, name)
    if sum(map(len, by_system.values())) > MOST_SERVICES or len(by_system) > MOST_SYSTEMS:
        return replace(plain, tells=True, note="There are more services than a menu takes; type which.")
    groups = tuple(Group(_title(system, catalog), tuple(found.values())) for system, found in by_system.items())
    return replace(plain, groups=groups, tells=True)


def _title(system: str, catalog: Catalog) -> str:
    found = catalog.system(system)
    return (found.title if found else "") or system


def _environments(service: str, catalog: Catalog) -> list[str]:
    """Where the service runs; everything there is while none is chosen, or none that is known."""
    try:
        return _unique(target.environment for target in catalog.matching(service or None))
    except NotFoundError:
        return _unique(target.environment for target in catalog.targets)


def environment(values: Mapping[str, str], catalog: Catalog) -> str:
    """The environment that is chosen: one where the service does run, or the only one there is."""
    names = _environments(values.get(SERVICE, ""), catalog)
    chosen = values.get(ENVIRONMENT, "")
    return chosen if chosen in names else names[0] if len(names) == 1 else ""


def target(form: Form, command: Command, catalog: Catalog) -> Target | None:
    """The one target that is chosen so far, or None."""
    service = form.values.get(SERVICE, "")
    where = environment(form.values, catalog) if ENVIRONMENT in command.args.model_fields else ""
    if not service or (ENVIRONMENT in command.args.model_fields and not where):
        return None
    try:
        return catalog.find(service, where or None)
    except NotFoundError:
        return None


def _suggested(plain: Blank, form: Form) -> Blank:
    if not form.target:
        return replace(
            plain, waits=True, note=f"Choose the service and where, and I look up which {plain.name} there is."
        )
    if form.reads:
        return replace(plain, waits=True, note=f"Looking up which {plain.name} there is …")
    offer = form.offers.get(plain.name, Offer())
    if plain.name in form.typed:
        return plain
    if not offer.suggestions:
        return replace(plain, note=f"{offer.reason or 'I found nothing to choose from.'} Type it.")
    another = Suggestion("Another one: type it", OTHER)
    return replace(plain, groups=(Group("", (*offer.suggestions, another)),), tells=True, mark=form.target)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
