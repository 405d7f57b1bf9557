"""What ``python -m bot check`` asks: the files, and with ``--aws`` also AWS, Slack and the environment."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from alerts.playbook import Playbook
from bot.aws.ecs import Ecs
from bot.aws.probes import AwsProbes
from bot.aws.session import Sessions
from bot.catalog import Catalog
from bot.check import offline
from bot.check import online as ask
from bot.clock import SystemClock
from bot.errors import ConfigError, Problem
from bot.manifest import SCOPES
from bot.settings import load
from bot.settings.environment import EnvironmentVariables, read_environment
from bot.slack.survey import Survey
from bot.slack.transport import PooledWebClient
from commands import COMMANDS


class _Everything(AwsProbes):
    """AWS's half of the probes, and Slack's and the environment's."""

    slack: Survey

    def channels(self) -> Mapping[str, bool]:
        return self.slack.channels()

    def missing_scopes(self) -> Collection[str]:
        return sorted(set(SCOPES) - set(self.slack.scopes()))

    def is_set(self, variable: str) -> bool:
        return bool(os.environ.get(variable))


def problems(*, online: bool) -> tuple[list[Problem], str]:
    """Every problem, and what was checked in a sentence for when there is none."""
    try:
        environment = read_environment()
        directory = Path(environment.bot_config_dir)
        found = offline(directory, Playbook, (*COMMANDS, "ops"))
        if found:
            return found, ""
        settings = load(directory, Playbook, (*COMMANDS, "ops"))
    except ConfigError as error:
        return list(error.problems), ""
    catalog = Catalog(settings.systems)
    size = f"{len(settings.systems)} systems, {len(catalog.targets)} services"
    if not online:
        return [], f"The configuration is valid: {size}. `--aws` also asks AWS and Slack."
    missing = environment.missing_for_serving()
    if missing:
        return missing, ""
    return ask(settings, _probes(environment, catalog)), f"Everything named exists and may be used: {size}."


def _probes(environment: EnvironmentVariables, catalog: Catalog) -> _Everything:
    sessions = Sessions()
    probes = _Everything(sessions, Ecs(sessions), SystemClock(), catalog.targets)
    token = environment.slack_bot_token.get_secret_value()
    probes.slack = Survey(PooledWebClient(token=token, base_url=environment.slack_api_url, timeout=10))
    return probes
