"""What is asked of a system's responses to an incident: that whoever should hear of it can be told."""

from __future__ import annotations

from bot.domain import Severity, System
from bot.responses import Level
from bot.settings.models import BotConfig
from bot.settings.source import KeyPath, Source, plain


def check_responses(source: Source, system: System, bot: BotConfig) -> None:
    """The rules between a system's alarms, its responses, whether its own or those of ``bot.yaml``, and its levels."""
    _check_addresses(source, system, bot)
    _refuse_same_key(source, system)


def _check_addresses(source: Source, system: System, bot: BotConfig) -> None:
    if system.email:
        return
    services = [service for environment in system.environments.values() for service in environment.services.values()]
    alarms: dict[Severity, str] = {}
    for alarm in (alarm for service in services for alarm in service.alarms):
        alarms.setdefault(alarm.severity, alarm.name)
    for severity, name in alarms.items():
        if bot.response(severity, system).route == "email":
            own: KeyPath = ("severities", severity.value, "route")
            path: KeyPath = own if severity in system.severities else ("email",)
            said = f"the alarm '{plain(name)}' is {severity} and its route is email; name addresses in email"
            source.report(path, said)


def _refuse_same_key(source: Source, system: System) -> None:
    """Two levels with one key are one service of PagerDuty's: whoever did not hear the first would be called again."""
    seen: dict[str, Level] = {}
    for index, level in enumerate(system.escalation):
        own = level.pagerduty_routing_key_env
        first = seen.setdefault(own or (system.pagerduty_routing_key_env if level.pagerduty else ""), level)
        if own and first is not level:
            path: KeyPath = ("escalation", index, "pagerduty_routing_key_env")
            source.report(path, f"{own} is the key of {plain(first.name)} already, and would call the same people")
