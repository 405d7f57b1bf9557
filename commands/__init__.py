"""The slash commands: one file each. Add a file, add a line."""

from __future__ import annotations

from bot.command import Command
from commands.alarms import alarms
from commands.cancel import cancel
from commands.deploy import deploy
from commands.explain import explain
from commands.freeze import freeze
from commands.health import health
from commands.help import help_
from commands.logs import logs
from commands.metrics import metrics
from commands.operations import operations
from commands.restart import restart
from commands.rollback import rollback
from commands.scale import scale
from commands.services import services
from commands.silence import silence
from commands.unfreeze import unfreeze
from commands.unsilence import unsilence

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *(services, deploy, rollback, scale, restart, cancel),
        *(logs, metrics, health),
        *(alarms, explain, silence, unsilence),
        *(operations, freeze, unfreeze, help_),
    )
}
