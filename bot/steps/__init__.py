"""The kinds of step a playbook can take, one file each. Add a file, add a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from bot.steps.alarm_metric import AlarmMetricStep
from bot.steps.certificate import CertificateStep
from bot.steps.dns import DnsStep
from bot.steps.function import FunctionStep
from bot.steps.http import HttpStep
from bot.steps.insights import InsightsStep
from bot.steps.log_errors import LogErrorsStep
from bot.steps.log_search import LogSearchStep
from bot.steps.metric import MetricStep
from bot.steps.queue import QueueStep
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.redis import RedisStep
from bot.steps.role_policies import RolePoliciesStep
from bot.steps.security_groups import SecurityGroupsStep
from bot.steps.service_events import ServiceEventsStep
from bot.steps.sql import SqlStep
from bot.steps.stopped_tasks import StoppedTasksStep
from bot.steps.target_health import TargetHealthStep
from bot.steps.traces import TracesStep
from bot.steps.trail import TrailStep

Step: TypeAlias = Annotated[
    StoppedTasksStep
    | LogErrorsStep
    | AlarmMetricStep
    | TargetHealthStep
    | RecentChangesStep
    | ServiceEventsStep
    | LogSearchStep
    | InsightsStep
    | MetricStep
    | QueueStep
    | FunctionStep
    | TracesStep
    | TrailStep
    | HttpStep
    | SqlStep
    | RedisStep
    | DnsStep
    | CertificateStep
    | SecurityGroupsStep
    | RolePoliciesStep,
    Field(discriminator="do"),
]
"""Any step, told apart by ``do``."""


def secrets_of(values: object) -> Iterator[str]:
    """Names of the secrets that steps anywhere in these values open connections with, placeholders as they stand."""
    if isinstance(values, SqlStep | RedisStep):
        yield from [values.secret] if values.secret else []
    elif isinstance(values, BaseModel):
        yield from secrets_of(getattr(values, name) for name in type(values).model_fields)
    elif isinstance(values, dict):
        yield from secrets_of(values.values())
    elif isinstance(values, Iterable) and not isinstance(values, str | bytes):
        for each in values:
            yield from secrets_of(each)
