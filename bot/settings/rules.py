"""What must fit together: within a file, and between the files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.domain import ServiceKind
from bot.settings.build_rules import check_builds
from bot.settings.dependency_rules import check_dependencies
from bot.settings.sentences import unknown
from bot.settings.shapes import (
    artifact_look,
    bucket_look,
    channel_look,
    check_names,
    check_shapes,
    duration_look,
    field_look,
    mail_look,
    mention_look,
    name_look,
    region_look,
    role_look,
    slash_look,
    url_look,
    variable_look,
    zone_look,
)
from bot.settings.source import KeyPath, Source, plain

_BOT_SHAPES = {
    "default_channel": channel_look,
    "commands.*": slash_look,
    "timings.plan_expires": duration_look("1s"),
    "timings.settle_poll": duration_look("1s"),
    "timings.overdue": duration_look("1m"),
    # Below, no time is left beside telling Slack; above, people have long looked for themselves.
    "timings.findings_deadline": duration_look("2s", "60s"),
    "timings.playbook_deadline": duration_look("2s", "60s"),
    "timings.flap": duration_look("1s", "30m"),
    "timings.remind": duration_look("1m"),
    "retention": duration_look("1s"),
}

_SYSTEM_SHAPES = {
    "system": name_look,
    "channel": channel_look,
    "region": region_look,
    "zone": zone_look,
    "logs.masked.*": field_look,
    "logs.export": bucket_look,
    "role_arn": role_look,
    "pagerduty_routing_key_env": variable_look,
    "on_call.*": mention_look,
    "email.*": mail_look,
    "escalation.*.mention.*": mention_look,
    "escalation.*.email.*": mail_look,
    "escalation.*.pagerduty_routing_key_env": variable_look,
    "environments.*.channel": lambda channel: channel_look(channel) if channel else "",
    "environments.*.region": lambda region: region_look(region) if region else "",
    "environments.*.role_arn": role_look,
    "environments.*.services.*.health.url": url_look,
    "environments.*.services.*.artifact": artifact_look,
    # An alarm needs some time to go off at all; and nobody may ship meanwhile.
    "environments.*.services.*.canary_wait": duration_look("10s", "1h"),
}

MOST_ITEMS = 10
"""Boxes that one group of checkboxes takes: https://docs.slack.dev/reference/block-kit/block-elements"""

_NEEDED_KEYS = {
    ServiceKind.ECS: ("cluster",),
    ServiceKind.LAMBDA: ("function", "alias"),
    ServiceKind.STATIC_SITE: ("bucket", "distribution"),
}
_KEYS_OF_A_KIND: dict[str, tuple[ServiceKind, ...]] = {
    **dict.fromkeys(
        ("cluster", "service", "family", "container", "application", "deployment_group"), (ServiceKind.ECS,)
    ),
    **dict.fromkeys(("function", "alias", "canary", "canary_wait"), (ServiceKind.LAMBDA,)),
    **dict.fromkeys(("bucket", "distribution"), (ServiceKind.STATIC_SITE,)),
    "artifact": (ServiceKind.LAMBDA, ServiceKind.STATIC_SITE),
}


@dataclass(frozen=True)
class _Placed:
    """A service of a file as written, right or wrong, with the account it lives in."""

    source: Source
    path: KeyPath
    account: tuple[str, str]
    body: dict[str, Any]

    @property
    def label(self) -> str:
        return plain(f"{_text(self.source.value, 'system')}/{self.path[3]} {self.path[1]}")

    @property
    def place(self) -> str:
        return f"{self.source.file}:{self.source.line(self.path)}"


def check_bot(source: Source, known_commands: Collection[str]) -> None:
    """The rules of ``config/bot.yaml``; without known commands any name passes as a command."""
    check_shapes(source, _BOT_SHAPES)
    written = {str(path[-1]) for path, _ in source.at("commands.*")}
    registered = {command: command for command in known_commands if command not in written}
    for path, name in source.at("commands.*"):
        command = str(path[-1])
        if known_commands and command not in known_commands:
            source.report(path, f"is no command of the bot; {unknown(command, known_commands)}")
        if isinstance(name, str) and registered.setdefault(name, command) != command:
            source.report(path, f"/{plain(name, 32)} is already the name of {plain(registered[name])}")


def refuse_unknown(source: Source, pattern: str, known: Collection[str], what: str) -> None:
    """Report every word at these places that is not known, with the nearest that is."""
    for path, word in source.at(pattern):
        if isinstance(word, str) and word not in known:
            source.report(path, f"'{plain(word, 60)}' is no {what}; {unknown(word, known)}")


def check_system(source: Source) -> None:
    """The rules within one file under ``config/systems/``."""
    check_shapes(source, _SYSTEM_SHAPES)
    check_names(source, "environments")
    check_names(source, "logs.queries")
    check_names(source, "environments.*.services")
    for pattern in ("environments", "environments.*.services"):
        for path, block in source.at(pattern):
            if block == {}:
                source.report(path, "must name at least one")
    _check_limits(source)
    for path, block in [((), source.value), *source.at("environments.*")]:
        if _text(block, "external_id") and not _text(block, "role_arn"):
            source.report((*path, "external_id"), "is used only with a role_arn beside it")
    for service in _services([source]):
        _check_kind(service)
    check_builds(source)
    check_dependencies(source)


def _check_limits(source: Source) -> None:
    for path, code in source.at("environments.*.services.*.health.code"):
        if isinstance(code, int) and not 100 <= code <= 599:
            source.report(path, "must be an HTTP status, 100 to 599")
    for path, items in source.at("environments.*.checklist"):
        if isinstance(items, list) and len(items) > MOST_ITEMS:
            source.report(path, f"has more than {MOST_ITEMS} items, which is what Slack can show")


def _check_kind(service: _Placed) -> None:
    kind = service.body.get("kind")
    if kind not in list(ServiceKind):
        return
    for key in _NEEDED_KEYS[ServiceKind(kind)]:
        if service.body.get(key, "") == "":
            service.source.report((*service.path, key), f"is needed for kind {kind}")
    for key, owners in _KEYS_OF_A_KIND.items():
        if key in service.body and kind not in owners:
            service.source.report((*service.path, key), f"belongs to kind {' or '.join(owners)}, and this is {kind}")
    if kind == ServiceKind.LAMBDA and _text(service.body, "artifact").endswith("/"):
        service.source.report((*service.path, "artifact"), "must name a zip, and not a folder")
    _check_canary(service)


def _check_canary(service: _Placed) -> None:
    steps = service.body.get("canary")
    if not isinstance(steps, list) or not all(isinstance(step, int) for step in steps):
        return  # the model says what it must be
    if any(not 1 <= step <= 99 for step in steps) or steps != sorted(set(steps)):
        service.source.report((*service.path, "canary"), "must be percents from 1 to 99, each more than the one before")


def check_systems(sources: list[Source]) -> None:
    """The rules between the systems: names, alarms and real services that may exist only once."""
    systems: dict[str, Source] = {}
    for source in sources:
        name = _text(source.value, "system")
        first = systems.setdefault(name, source)
        if name and first is not source:
            place = f"{first.file}:{first.line(('system',))}"
            source.report(("system",), f"'{plain(name)}' is already the name of the system at {place}")
    environments = {str(path[-1]) for source in sources for path, _ in source.at("environments.*")}
    services = list(_services(sources))
    for service in services:
        if service.path[3] in systems:
            service.source.report(service.path, "is also the name of a system, so typing it could mean either")
        if service.path[3] in environments:
            service.source.report(service.path, "is also the name of an environment, so typing it could mean either")
    _refuse_same_resource(services)
    _refuse_same_alarm(services)


def _refuse_same_resource(services: Iterable[_Placed]) -> None:
    seen: dict[tuple[Any, ...], _Placed] = {}
    for service in services:
        kind = service.body.get("kind")
        if kind not in list(ServiceKind):
            continue
        resource = [_text(service.body, key) for key in _NEEDED_KEYS[ServiceKind(kind)]]
        if kind == ServiceKind.ECS:
            resource.append(_text(service.body, "service") or str(service.path[3]))
        if all(resource) and (first := seen.setdefault((service.account, kind, *resource), service)) is not service:
            service.source.report(service.path, f"is the same {kind} service as {first.label} at {first.place}")


def _refuse_same_alarm(services: Iterable[_Placed]) -> None:
    seen: dict[tuple[Any, ...], tuple[_Placed, KeyPath]] = {}
    for service in services:
        for index, alarm in enumerate(_list(service.body.get("alarms"))):
            path: KeyPath = (*service.path, "alarms", index, "name")
            name = _text(alarm, "name")
            if isinstance(alarm, dict) and name == "" and "name" in alarm:
                service.source.report(path, "must not be empty")
            first, at = seen.setdefault((service.account, name), (service, path))
            if name and at is not path:
                place = f"{first.source.file}:{first.source.line(at)}"
                service.source.report(path, f"'{plain(name)}' is already listed for {first.label} at {place}")


def _services(sources: Iterable[Source]) -> Iterator[_Placed]:
    for source in sources:
        for path, body in source.at("environments.*.services.*"):
            environment = source.value["environments"][path[1]]
            account = tuple(_text(environment, key) or _text(source.value, key) for key in ("region", "role_arn"))
            if isinstance(body, dict):
                yield _Placed(source, path, (account[0], account[1]), body)


def _text(block: Any, key: str) -> str:
    value = block.get(key) if isinstance(block, dict) else None
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
