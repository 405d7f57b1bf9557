"""What somebody asked of a service's logs, made out: the range in absolute time, the query, where, what is masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.arguments import nearest
from bot.catalog import Catalog
from bot.domain import Person, Target
from bot.errors import NotFoundError, UpstreamError
from bot.log_settings import LogSettings
from bot.masks import masked, masker
from bot.ports import World
from bot.redact import clean
from bot.relative_window import placed
from bot.search.insights import asks_more
from bot.search.reading import KNOWN_SECONDS, Place, place
from bot.search.screen import Head
from bot.search.spelling import narrower, other_spelling
from bot.search.words import LogQuery, read_query
from bot.steps.places import deployed_at
from bot.window import Window, find_window, shown

DEFAULT_SECONDS = 900.0
DISCOVERY_SECONDS = 4.0
BEFORE_INCIDENT = 900.0
"""What was said so long before an incident may tell why."""
_DAY = 86_400.0


@dataclass(frozen=True)
class Asked:
    """One question.

    ``words`` are what was typed after the service, ``text`` the same without the range; ``deployed`` is when the
    service was last shipped; ``user`` is who asks.
    """

    target: Target
    window: Window
    query: LogQuery
    words: str
    text: str
    where: Place
    settings: LogSettings
    masked: tuple[str, ...]
    deployed: float | None
    user: str

    def head(self, *looked: str, console: str = "") -> Head:
        """The first lines of every answer."""
        groups = ", ".join(self.where.groups)
        return Head(
            target=self.target.label,
            window=shown(self.window),
            zone=self.window.zone,
            asked=self.text,
            looked=(*looked, *([f":warning: {self.where.lacking}"] if self.where.lacking else []), groups),
            console=console if self.may_be_linked else "",
            asks_more=asks_more(self.query),
            masked=self.masked,
            spelling=other_spelling(self.query),
            narrower=narrower(self.query),
        )

    @property
    def may_be_linked(self) -> bool:
        """An address shows what was looked for to everybody who sees it."""
        names = {name.lower() for name in self.masked}
        asked = (name.rpartition(".")[2].lower() for name, _ in (*self.query.fields, *self.query.without))
        return clean(masked(self.text, masker(self.masked))) == self.text and names.isdisjoint(asked)


def settings_of(target: Target, catalog: Catalog) -> tuple[LogSettings, str]:
    """How a service's logs are searched, and the zone in which its people say times."""
    system = catalog.system(target.system)
    return (system.logs, system.zone) if system is not None else (LogSettings(), "UTC")


def _discovered(target: Target, world: World, now: float) -> tuple[Place, float | None]:
    """Where it logs and when it was shipped, asked for at once: neither waits for the other."""
    reads: dict[str, Callable[[], Any]] = {
        "where": partial(place, target, world, age=KNOWN_SECONDS),
        "deployed": partial(deployed_at, target, world, now, age=KNOWN_SECONDS),
    }
    found = world.gather(reads, seconds=DISCOVERY_SECONDS)
    where, deployed = found["where"], found["deployed"]
    if isinstance(where, TimeoutError):
        raise UpstreamError(f"AWS did not tell in {DISCOVERY_SECONDS:g} s where {target.label} logs.", retryable=True)
    if isinstance(where, Exception):
        raise where
    return where, None if isinstance(deployed, Exception) else deployed


def made_out(target: Target, words: str, world: World, person: Person, known: Place | None = None) -> Asked:
    """What the words after the service mean now; ``known`` is where it logs, for those who looked before.

    Raises UsageError, NotFoundError, and what AWS answers.
    """
    now, (settings, zone) = world.clock.now(), settings_of(target, world.catalog)
    window, text = find_window(words, now=now, zone=zone, default=DEFAULT_SECONDS)
    query = read_query(text)
    if query.named and query.named.lower() not in settings.queries:
        if not settings.queries:
            hint = "Name them under logs.queries in the system's file, or search for words and fields."
            raise NotFoundError(f"{target.system} has no named queries.", hint=hint)
        hint = f"There are: {', '.join(settings.queries)}.{nearest(query.named, settings.queries)}"
        raise NotFoundError(f"{target.system} has no query “{query.named[:60]}”.", hint=hint)
    where, deployed = (known, None) if known is not None else _discovered(target, world, now)
    window = placed(window, target, world, person, before=BEFORE_INCIDENT)
    deployed = window.start if window.since_deploy else deployed
    masked = () if world.may(person, "unmask", target) else settings.masked
    if not where.groups:
        hint = "Name them under log_groups in the system's file."
        raise NotFoundError(f"No log group of {target.label} is known.", hint=hint)
    return Asked(target, window, query, words.strip(), text.strip(), where, settings, masked, deployed, person.user)
