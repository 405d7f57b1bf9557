"""A form: one command being filled in, as it is stored in its row, and what its fields offer.

Derived from the command's argument model, so that a form asks for the very words that could have been typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, get_args, get_origin

from pydantic import Field, JsonValue
from pydantic.fields import FieldInfo

from bot.catalog import Catalog
from bot.command import Command, Suggestion
from bot.domain import Actor, Frozen, Target
from bot.errors import NotFoundError

SERVICE, ENVIRONMENT, SYSTEM = "service", "environment", "system"
OTHER = "(another)"
"""What is picked where none of the suggestions will do; a word with parentheses names nothing that is shipped."""
ANOTHER = Suggestion("Another one: type it", OTHER)
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
    being read while ``reads``. ``typed`` are the fields for which none of the suggestions would do. ``lately`` are the
    services that the person asked about, newest first, and ``here`` the systems of the channel: both come first.
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
    lately: tuple[str, ...] = ()
    here: tuple[str, ...] = ()


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
    found = []
    for name, field in command.args.model_fields.items():
        plain = Blank(name, (field.description or "").replace("`", ""), not field.is_required())
        found.append(_blank(plain, form, command, catalog))
        found += [_offering(Blank(part, "", optional=True), words, form) for part, words in _parts(field).items()]
    return tuple(found)


def _blank(plain: Blank, form: Form, command: Command, catalog: Catalog) -> Blank:
    if plain.name == SERVICE:
        return replace(_service(plain, form, catalog), chosen=form.given.get(SERVICE, ""))
    if plain.name == ENVIRONMENT:
        names = _environments(form.values.get(SERVICE, ""), catalog)
        chosen = environment(form.values, catalog)
        choices = tuple(Suggestion(name, name) for name in names)
        return replace(plain, groups=(Group("", choices),), chosen=chosen, tells=True)
    if plain.name == SYSTEM:
        systems = tuple(Suggestion(_title(each, catalog), each) for each in _systems_first(form, catalog))
        return replace(plain, groups=(Group("", systems),), chosen=form.given.get(SYSTEM, ""))
    if plain.name in command.suggest:
        return _suggested(plain, form)
    closed, words = _words(command.args.model_fields[plain.name])
    return _offering(plain, words, form, closed=closed)


def _offering(plain: Blank, words: list[str], form: Form, *, closed: bool = False) -> Blank:
    if not words or plain.name in form.typed:
        return plain
    offered = tuple(Suggestion(word, word) for word in words)
    return replace(plain, groups=(Group("", offered if closed else (*offered, ANOTHER)),), tells=not closed)


def choices(*words: str) -> dict[str, JsonValue]:
    """``json_schema_extra`` of a field whose form offers some words; any other may be typed."""
    return {"choices": [*words]}


def parts(**words: list[str]) -> dict[str, JsonValue]:
    """``json_schema_extra`` of a text whose form asks for parts of it by themselves, each with words it offers."""
    return {"parts": {name: [*each] for name, each in words.items()}}


def _parts(field: FieldInfo) -> dict[str, list[str]]:
    extra = field.json_schema_extra
    found = extra.get("parts") if isinstance(extra, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: [str(word) for word in words] for name, words in found.items() if isinstance(words, list)}


def joined(command: Command, given: Mapping[str, str]) -> dict[str, str]:
    """What was entered, with the parts of a text put behind it, as they would have been typed."""
    whole = dict(given)
    for name, field in command.args.model_fields.items():
        more = [whole.pop(part) for part in _parts(field) if part in whole]
        if more:
            whole[name] = " ".join(filter(None, [whole.get(name, ""), *more]))
    return whole


def _words(field: FieldInfo) -> tuple[bool, list[str]]:
    """The words that a field's form offers, and whether there are no others."""
    if get_origin(field.annotation) is Literal:
        return True, [str(word) for word in get_args(field.annotation) if word]
    extra = field.json_schema_extra
    offered = extra.get("choices") if isinstance(extra, dict) else None
    return False, [str(word) for word in offered] if isinstance(offered, list) else []


def _service(plain: Blank, form: Form, catalog: Catalog) -> Blank:
    names = [(each.system, f"{each.system}/{each.name}") for each in catalog.targets]
    by_system: dict[str, dict[str, Suggestion]] = {each: {} for each in _systems_first(form, catalog)}
    for system, name in names:
        by_system[system][name] = Suggestion(name, name)
    if sum(map(len, by_system.values())) > MOST_SERVICES or len(by_system) > MOST_SYSTEMS:
        return replace(plain, tells=True, note="There are more services than a menu takes; type which.")
    known = {name for _, name in names}
    lately = tuple(Suggestion(name, name) for name in form.lately if name in known)
    # Slack knows an option by its word, so each stands once.
    groups = [Group("Yours lately", lately)] if lately else []
    for system, found in by_system.items():
        others = tuple(each for each in found.values() if each not in lately)
        groups += [Group(_title(system, catalog), others)] if others else []
    return replace(plain, groups=tuple(groups), tells=True)


def _systems_first(form: Form, catalog: Catalog) -> list[str]:
    """All systems, those of the channel first."""
    return _unique([*form.here, *(target.system for target in catalog.targets)])


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
    return replace(plain, groups=(Group("", (*offer.suggestions, ANOTHER)),), tells=True, mark=form.target)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
