"""Reads everything under ``config/``, or says everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from bot.domain import System
from bot.errors import ConfigError, Problem
from bot.settings.access_rules import check_access
from bot.settings.calendar import CalendarConfig
from bot.settings.calendar_rules import check_calendar
from bot.settings.models import AccessConfig, BotConfig
from bot.settings.playbook_rules import check_playbooks
from bot.settings.response_rules import check_responses
from bot.settings.rules import check_bot, check_system, check_systems
from bot.settings.sentences import nearest, validate
from bot.settings.shapes import looks_secret
from bot.settings.source import WHOLE_FILE, Source, dotted, read

_FILES = ("access.yaml", "bot.yaml", "calendar.yaml")
_DEFAULT_PLAYBOOK = "default"
_LEAKED = "looks like a secret; take it out of the file, give it as an environment variable, and replace it"


@dataclass(frozen=True)
class Settings:
    """The whole configuration, checked.

    ``playbooks`` holds ``config/playbooks/*.yaml`` by file name without its ending: models when a model was
    given to ``load``, else plain values. ``sources`` are the files of the systems, by system name; they say
    where a key stands.
    """

    bot: BotConfig
    access: AccessConfig
    systems: tuple[System, ...]
    calendar: CalendarConfig = field(default_factory=CalendarConfig)
    playbooks: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    bot_source: Source = field(default_factory=lambda: Source("config/bot.yaml"))
    access_source: Source = field(default_factory=lambda: Source("config/access.yaml"))


def load(
    config_dir: Path, playbook_model: type[BaseModel] | None = None, known_commands: Collection[str] = ()
) -> Settings:
    """Read ``bot.yaml``, ``access.yaml``, ``systems/*.yaml``, ``playbooks/*.yaml``, and ``calendar.yaml`` if it exists.

    With ``playbook_model`` each playbook must fit it, and ``playbooks/default.yaml`` must be there; with
    ``known_commands`` only these may be given a slash name. Raises ConfigError with every problem of every file, in
    the order of files and lines.
    """
    shown = _shown(config_dir)
    if not config_dir.is_dir():
        raise ConfigError([Problem(shown, 0, WHOLE_FILE, "is no directory; BOT_CONFIG_DIR names another one")])
    stray = list(_stray_files(config_dir, shown))
    bot = read(config_dir / "bot.yaml", f"{shown}/bot.yaml")
    access = read(config_dir / "access.yaml", f"{shown}/access.yaml")
    calendar = _read_calendar(config_dir, shown)
    systems = _read_all(config_dir, shown, "systems")
    playbooks = _read_all(config_dir, shown, "playbooks")
    if not systems:
        stray.append(Problem(f"{shown}/systems", 0, WHOLE_FILE, "has no file; describe at least one system"))
    if playbook_model is not None and not (config_dir / "playbooks" / f"{_DEFAULT_PLAYBOOK}.yaml").exists():
        missing = "is missing; it says what is looked at when an alarm fires"
        stray.append(Problem(f"{shown}/playbooks/{_DEFAULT_PLAYBOOK}.yaml", 0, WHOLE_FILE, missing))

    bot_config = validate(bot, BotConfig) if _is_readable(bot) else None
    access_config = validate(access, AccessConfig) if _is_readable(access) else None
    calendar_config = validate(calendar, CalendarConfig) if _is_readable(calendar) else None
    readable = [source for source in systems if _is_readable(source)]
    models = [validate(source, System) for source in readable]
    books = {Path(each.file).stem: _playbook(each, playbook_model) for each in playbooks if _is_readable(each)}

    _check_rules(bot, access, calendar, readable, known_commands)
    for source, model in zip(readable, models, strict=True):
        if model is not None and bot_config is not None:
            check_responses(source, model, bot_config)
    if playbook_model is not None:
        names = {str(source.value.get("system")) for source in readable}
        check_playbooks([each for each in playbooks if _is_readable(each)], names, known_commands)
    problems = stray + [problem for each in (bot, access, calendar, *systems, *playbooks) for problem in _final(each)]
    complete = [model for model in models if model is not None]
    if problems or bot_config is None or access_config is None or calendar_config is None:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.key)))
    sources = {model.system: source for model, source in zip(complete, systems, strict=True)}
    named = MappingProxyType(sources)
    books_named = MappingProxyType(books)
    return Settings(bot_config, access_config, tuple(complete), calendar_config, books_named, named, bot, access)


def _check_rules(
    bot: Source, access: Source, calendar: Source, systems: list[Source], known_commands: Collection[str]
) -> None:
    for source in systems:
        check_system(source)
    check_systems(systems)
    if _is_readable(bot):
        check_bot(bot, known_commands)
    environments = {str(path[-1]) for source in systems for path, _ in source.at("environments.*")}
    names = {str(source.value.get("system")) for source in systems}
    if _is_readable(access):
        check_access(access, names, environments)
    if _is_readable(calendar):
        check_calendar(calendar, names, environments)


def _shown(config_dir: Path) -> str:
    """How messages call the directory: as given, but never by an absolute path."""
    if not config_dir.is_absolute():
        return config_dir.as_posix()
    here = Path.cwd()
    inside = config_dir.is_relative_to(here) and config_dir != here
    return config_dir.relative_to(here).as_posix() if inside else config_dir.name or "config"


def _read_all(config_dir: Path, shown: str, folder: str) -> list[Source]:
    return [read(path, f"{shown}/{folder}/{path.name}") for path in sorted((config_dir / folder).glob("*.yaml"))]


def _read_calendar(config_dir: Path, shown: str) -> Source:
    path = config_dir / "calendar.yaml"
    name = f"{shown}/{path.name}"
    return read(path, name) if path.exists() else Source(name, {})


def _stray_files(config_dir: Path, shown: str) -> Iterator[Problem]:
    """Files somebody wrote and nobody would read."""
    for path in sorted(config_dir.glob("*.y*ml")):
        if path.name not in _FILES:
            near = nearest(path.name, _FILES)
            hint = f"did you mean '{near}'?" if near else f"files here are {', '.join(_FILES[:-1])} and {_FILES[-1]}"
            yield Problem(f"{shown}/{path.name}", 0, WHOLE_FILE, f"is not read; {hint}")
    for folder in ("systems", "playbooks"):
        for path in sorted((config_dir / folder).glob("*.yml")):
            yield Problem(f"{shown}/{folder}/{path.name}", 0, WHOLE_FILE, f"is not read; name it '{path.stem}.yaml'")


def _is_readable(source: Source) -> bool:
    return isinstance(source.value, dict)


def _playbook(source: Source, model: type[BaseModel] | None) -> Any:
    return source.value if model is None else validate(source, model)


def _final(source: Source) -> Iterator[Problem]:
    """The problems of a file. A secret is named by its line only, and no other sentence may quote it."""
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", source.text)
    secret_lines = {number for number, line in enumerate(lines, 1) if looks_secret(line)}
    keys = {line: dotted(path) for path, line in source.lines.items() if line in secret_lines}
    found = [Problem(source.file, number, keys.get(number, WHOLE_FILE), _LEAKED) for number in sorted(secret_lines)]
    found += [problem for problem in source.problems if problem.line not in secret_lines]
    for problem in dict.fromkeys(found):
        key = WHOLE_FILE if looks_secret(problem.key) else problem.key
        yield replace(problem, key=key, message=_LEAKED if looks_secret(problem.message) else problem.message)
