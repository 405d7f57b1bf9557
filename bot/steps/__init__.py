"""The kinds of step a playbook can take, one file each. Add a file, add a line."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from bot.steps.alarm_metric import AlarmMetricStep
from bot.steps.log_errors import LogErrorsStep
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.stopped_tasks import StoppedTasksStep
from bot.steps.target_health import TargetHealthStep

Step: TypeAlias = Annotated[
    StoppedTasksStep | LogErrorsStep | AlarmMetricStep | TargetHealthStep | RecentChangesStep,
    Field(discriminator="do"),
]
"""Any step, told apart by ``do``."""
