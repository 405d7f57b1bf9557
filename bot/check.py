"""``python -m bot check``: the files by themselves, and with ``--aws`` against AWS, Slack and GitHub."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from bot.catalog import GLOBAL_REGION, Catalog
from bot.domain import Account, ServiceKind, System, Target
from bot.errors import BotError, ConfigError, Problem
from bot.probes import Channel, Probes
from bot.settings import Settings, load
from bot.settings.sentences import unknown
from bot.settings.source import KeyPath, Source, plain

T = TypeVar("T")


def offline(
    config_dir: Path, playbook_model: type[BaseModel] | None = None, known_commands: Collection[str] = ()
) -> list[Problem]:
    """Everything wrong with the files by themselves, in the order of files and lines."""
    try:
        load(config_dir, playbook_model, known_commands)
    except ConfigError as error:
        return list(error.problems)
    return []


def online(settings: Settings, probes: Probes) -> list[Problem]:
    """Everything in the files that does not exist, or that the bot may not use. Only reads."""
    check = _Online(settings, probes)
    check.run()
    return sorted(check.problems, key=lambda problem: (problem.file, problem.line, problem.key))


def render(problems: Iterable[Problem]) -> str:
    """One line a problem, ``file:line: key: message``."""
    return "\n".join(str(problem) for problem in problems)


class _Online:
    """One round of questions. Each list is asked for once; a question that fails is a problem of its own."""

    def __init__(self, settings: Settings, probes: Probes) -> None:
        self._settings = settings
        self._probes = probes
        self._answers: dict[tuple[object, ...], Any] = {}
        self.problems: list[Problem] = []

    def run(self) -> None:
        targets = Catalog(self._settings.systems).targets
        first_of = {target.account: target for target in reversed(targets)}
        for account, target in first_of.items():
            place = _Place(self._source(target.system), ("environments", target.environment))
            for permission, words in (self._ask(place, self._probes.denied, account) or {}).items():
                self._report(place, f"the bot may not {permission}: {words}")
        for target in targets:
            self._target(target)
        for variable, message in self._ask(_INTAKE, self._probes.intake) or ():
            self._report(_INTAKE.inside(variable), message)
        self._slack()
        for system in self._settings.systems:
            self._export(system)
            variable = system.pagerduty_routing_key_env
            if variable and not self._probes.is_set(variable):
                place = _Place(self._source(system.system), ("pagerduty_routing_key_env",))
                self._report(place, f"the environment variable {variable} is not set")

    def _target(self, target: Target) -> None:
        place = _Place(self._source(target.system), ("environments", target.environment, "services", target.name))
        checks = {
            ServiceKind.ECS: self._ecs,
            ServiceKind.LAMBDA: self._lambda,
            ServiceKind.STATIC_SITE: self._static_site,
        }
        checks[target.service.kind](target, place)
        for index, group in enumerate(target.service.log_groups):
            self._log_group(target.account, group, place.inside("log_groups", index))
        self._build(target, place.inside("build"))
        self._alarms(target, place)

    def _ecs(self, target: Target, place: _Place) -> None:
        account, service = target.account, target.service
        clusters = self._ask(place, self._probes.clusters, account)
        if not self._exists(place.inside("cluster"), "cluster", service.cluster, clusters, account):
            return
        services = self._ask(place, self._probes.services, account, service.cluster)
        if not self._exists(place.inside("service"), "ECS service", service.service or target.name, services, account):
            return
        try:
            task = self._probes.running(target)
        except BotError as error:
            self._report(place, f"could not be checked: {error}")
            return
        if service.container or len(task.containers) > 1:
            where = place.inside("container")
            self._exists(where, "container", service.container, task.containers, account)
        if service.family:
            families = self._ask(place, self._probes.families, account)
            self._exists(place.inside("family"), "task definition family", service.family, families, account)
        for group in task.log_groups:
            self._log_group(account, group, place)

    def _lambda(self, target: Target, place: _Place) -> None:
        account, service = target.account, target.service
        functions = self._ask(place, self._probes.functions, account)
        if self._exists(place.inside("function"), "function", service.function, functions, account):
            aliases = self._ask(place, self._probes.aliases, account, service.function)
            self._exists(place.inside("alias"), "alias", service.alias, aliases, account)

    def _static_site(self, target: Target, place: _Place) -> None:
        account, service = target.account, target.service
        buckets = self._ask(place, self._probes.buckets, account)
        self._exists(place.inside("bucket"), "bucket", service.bucket, buckets, account)
        distributions = self._ask(place, self._probes.distributions, account)
        self._exists(place.inside("distribution"), "distribution", service.distribution, distributions, account)

    def _export(self, system: System) -> None:
        bucket = system.logs.export.removeprefix("s3://").partition("/")[0]
        first = next(iter(Catalog([system]).targets), None)
        if bucket and first is not None:
            place = _Place(self._source(system.system), ("logs", "export"))
            buckets = self._ask(place, self._probes.buckets, first.account)
            self._exists(place, "bucket", bucket, buckets, first.account)

    def _build(self, target: Target, place: _Place) -> None:
        build = target.service.build
        if build is None:
            return
        if build.codebuild:
            projects = self._ask(place, self._probes.build_projects, target.account)
            self._exists(place.inside("codebuild"), "CodeBuild project", build.codebuild, projects, target.account)
            return
        files = self._ask(place, self._probes.workflows, build.github)
        if files is not None and build.workflow not in files:
            named = f"workflow '{build.workflow}' does not exist in {build.github}"
            self._report(place.inside("workflow"), f"{named}; {unknown(build.workflow, files)}")

    def _log_group(self, account: Account, group: str, place: _Place) -> None:
        groups = self._ask(place, self._probes.log_groups, account, group[: group.rfind("/") + 1])
        self._exists(place, "log group", group, groups, account)

    def _alarms(self, target: Target, place: _Place) -> None:
        if not target.service.alarms:
            return
        accounts = [target.account]
        if target.service.kind is ServiceKind.STATIC_SITE:
            accounts.append(replace(target.account, region=GLOBAL_REGION))
        answers = [self._ask(place, self._probes.alarms, account) for account in accounts]
        if any(answer is None for answer in answers):
            return
        known = {name for answer in answers for name in answer or ()}
        for index, alarm in enumerate(target.service.alarms):
            self._exists(place.inside("alarms", index, "name"), "alarm", alarm.name, known, target.account)

    def _slack(self) -> None:
        self._ask(_APP_TOKEN, self._probes.socket_mode)
        scopes = self._ask(_BOT_TOKEN, self._probes.missing_scopes)
        if scopes is None:
            return  # what is wrong with the token would be wrong with every other question
        for scope in scopes:
            self._report(_BOT_TOKEN, f"lacks the scope {scope}")
        bot = _Place(self._settings.bot_source, ("default_channel",))
        channels = self._ask(bot, self._probes.channels)
        if channels is not None:
            self._channel(bot, self._settings.bot.default_channel, channels)
            for system in self._settings.systems:
                place = _Place(self._source(system.system), ())
                self._channel(place.inside("channel"), system.channel, channels)
                for name, environment in system.environments.items():
                    if environment.channel:
                        self._channel(place.inside("environments", name, "channel"), environment.channel, channels)
        self._user_groups()

    def _user_groups(self) -> None:
        roles = _Place(self._settings.access_source, ("roles",))
        wanted = [
            (roles.inside(name, "groups", index), group)
            for name, role in self._settings.access.roles.items()
            for index, group in enumerate(role.groups)
        ]
        known = self._ask(roles, self._probes.user_groups) if wanted else None
        for place, group in wanted if known is not None else ():
            if group not in (known or ()):
                there = [f"{each} (@{handle})" for each, handle in sorted((known or {}).items())]
                self._report(place, f"the user group {group} does not exist; there are {', '.join(there) or 'none'}")

    def _channel(self, place: _Place, channel: str, channels: Mapping[str, Channel]) -> None:
        found = channels.get(channel)
        if found is None:
            names = [name for name in channels if name.startswith("#")]
            hint = unknown(channel, names)
            self._report(place, f"{channel} does not exist, or is private and the bot is not in it; {hint}")
        elif found.is_archived:
            self._report(place, f"{channel} is archived; unarchive it, or name another channel")
        elif not found.is_member:
            self._report(place, f"the bot is not in {channel}; invite it there with /invite")

    def _exists(self, place: _Place, what: str, name: str, known: Collection[str] | None, account: Account) -> bool:
        """Report a name that is not known; False also when nothing could be learned."""
        if known is None or name in known:
            return known is not None
        named = f"{what} '{name}' does not exist in {account.region}" if name else f"must say which {what}"
        self._report(place, f"{named}; {unknown(name, known)}")
        return False

    def _ask(self, place: _Place, question: Callable[..., T], *about: object) -> T | None:
        """The answer, or None after reporting, once, why there is none."""
        key = (question.__name__, *about)
        if key not in self._answers:
            try:
                self._answers[key] = question(*about)
            except BotError as error:
                self._answers[key] = None
                self._report(place, f"{question.__name__.replace('_', ' ')} could not be checked: {error}")
        return cast("T | None", self._answers[key])

    def _source(self, system: str) -> Source:
        return self._settings.sources.get(system, Source("config/systems"))

    def _report(self, place: _Place, message: str) -> None:
        self.problems.append(place.source.problem(place.path, plain(message, 400)))


@dataclass(frozen=True)
class _Place:
    """A key of a file."""

    source: Source
    path: KeyPath

    def inside(self, *keys: str | int) -> _Place:
        """A key further in."""
        return _Place(self.source, (*self.path, *keys))


_ENVIRONMENT = Source("environment", lines={(): 0})
_INTAKE = _Place(_ENVIRONMENT, ())
_BOT_TOKEN = _Place(_ENVIRONMENT, ("SLACK_BOT_TOKEN",))
_APP_TOKEN = _Place(_ENVIRONMENT, ("SLACK_APP_TOKEN",))
