"""The kinds of step a playbook can take, one file each. Add a file, add a line."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from bot.steps.alarm_metric import AlarmMetricStep
from bot.steps.function import FunctionStep
from bot.steps.insights import InsightsStep
from bot.steps.log_errors import LogErrorsStep
from bot.steps.log_search import LogSearchStep
from bot.steps.metric import MetricStep
from bot.steps.queue import QueueStep
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.service_events import ServiceEventsStep
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
    | TrailStep,
    Field(discriminator="do"),
]
"""Any step, told apart by ``do``."""
