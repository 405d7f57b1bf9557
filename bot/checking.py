"""What ``python -m bot check`` asks: the files, and with ``--aws`` also AWS, Slack, GitHub and the environment."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from alerts.playbook import Playbook
from bot.aws.doors import wrong_with_queues, wrong_with_topics
from bot.aws.ecs import Ecs
from bot.aws.probes import AwsProbes
from bot.aws.session import Sessions
from bot.catalog import Catalog
from bot.check import online as ask
from bot.clock import SystemClock
from bot.errors import ConfigError, Problem
from bot.github import GitHubBuilds
from bot.manifest import SCOPES
from bot.probes import Channel
from bot.serve import configuration
from bot.settings import Settings
from bot.settings.environment import EnvironmentVariables
from bot.slack.survey import Survey
from bot.slack.transport import PooledWebClient
from bot.steps import secrets_of


class _Everything(AwsProbes):
    """AWS's half of the probes, and Slack's, GitHub's and the environment's."""

    def __init__(self, settings: Settings, environment: EnvironmentVariables) -> None:
        sessions = Sessions()
        secrets = tuple(dict.fromkeys(secrets_of(settings.playbooks.values())))
        playbooks = [each for each in settings.playbooks.values() if isinstance(each, Playbook)]
        kinds = {step.do for playbook in playbooks for step in playbook.steps}
        exports = {system.system: system.logs.export for system in settings.systems}
        targets = Catalog(settings.systems).targets
        super().__init__(sessions, Ecs(sessions), SystemClock(), targets, kinds, secrets, exports)
        self._environment = environment
        self._region = settings.systems[0].region
        token = environment.slack_bot_token.get_secret_value()
        self._github = GitHubBuilds(
            environment.github_token.get_secret_value(),
            SystemClock(),
            api_url=environment.github_api_url,
            proxy=environment.bot_http_proxy,
            ca_file=environment.bot_ca_file,
        )
        self._slack = Survey(PooledWebClient(token=token, base_url=environment.slack_api_url, timeout=10))

    def intake(self) -> Iterator[tuple[str, str]]:
        for message in wrong_with_queues(self._sessions, self._environment.bot_sqs_queue_urls, self._region):
            yield "BOT_SQS_QUEUE_URLS", message
        topics = [topic.arn for topic in self._environment.bot_sns_topics]
        for message in wrong_with_topics(self._sessions, topics):
            yield "BOT_SNS_TOPICS", message

    def workflows(self, repository: str) -> Collection[str]:
        return self._github.workflows(repository)

    def channels(self) -> Mapping[str, Channel]:
        return self._slack.channels()

    def user_groups(self) -> Mapping[str, str]:
        return self._slack.user_groups()

    def missing_scopes(self) -> Collection[str]:
        return sorted(set(SCOPES) - set(self._slack.scopes()))

    def socket_mode(self) -> None:
        if self._environment.socket_mode:
            self._slack.connect(self._environment.slack_app_token.get_secret_value())

    def is_set(self, variable: str) -> bool:
        return bool(os.environ.get(variable))


def problems(*, online: bool) -> tuple[list[Problem], str]:
    """Every problem, and what was checked in a sentence for when there is none."""
    try:
        settings, environment = configuration()
    except ConfigError as error:
        return list(error.problems), ""
    size = f"{len(settings.systems)} systems, {len(Catalog(settings.systems).targets)} services"
    if not online:
        return [], f"The configuration is valid: {size}. `--aws` also asks AWS and Slack."
    missing = environment.missing_for_serving()
    if missing:
        return missing, ""
    return ask(settings, _Everything(settings, environment)), f"Everything named exists and may be used: {size}."
