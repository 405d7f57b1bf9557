"""The shape of ``config/*.yaml`` and of the environment; load everything or refuse to start.

source        a YAML file with the line of every key
sentences     what pydantic found wrong, in words
models        bot.yaml and access.yaml
calendar      calendar.yaml
shapes        what a single value must look like
rules         what must fit together, within a file and between files
load          all of it at once
environment   variables and secrets
"""

from bot.settings.calendar import CalendarConfig, FreezeRule, MaintenanceRule, Times, WindowRule
from bot.settings.environment import EnvironmentVariables, SnsTopic, read_environment, routing_key
from bot.settings.load import Settings, load
from bot.settings.models import (
    ACTIONS,
    ANY,
    ANYONE,
    AccessConfig,
    BotConfig,
    Role,
    Rule,
    Timings,
)
from bot.settings.reserved import RESERVED_COMMANDS

__all__ = [
    "ACTIONS",
    "ANY",
    "ANYONE",
    "RESERVED_COMMANDS",
    "AccessConfig",
    "BotConfig",
    "CalendarConfig",
    "EnvironmentVariables",
    "FreezeRule",
    "MaintenanceRule",
    "Role",
    "Rule",
    "Settings",
    "SnsTopic",
    "Times",
    "Timings",
    "WindowRule",
    "load",
    "read_environment",
    "routing_key",
]
