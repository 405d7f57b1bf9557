"""What the runbook has for an alarm: fills ``bot.advice_ports.Advisor`` from the playbooks."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.conditions import in_words
from alerts.playbook import Remedy, step_title
from alerts.playbooks import Playbooks
from alerts.remedies import PLACEHOLDER
from bot.advice_ports import Advice, Try
from bot.command import Command
from bot.domain import Alarm, Target
from bot.examples import fits


class Advisor:
    """Reads what the playbook of an alarm would do, without doing any of it."""

    def __init__(self, playbooks: Playbooks, commands: Mapping[str, Command]) -> None:
        self._playbooks = playbooks
        self._commands = commands

    def about(self, alarm: Alarm, target: Target | None) -> Advice:
        name, playbook = self._playbooks.choose(alarm, target)
        looks = dict.fromkeys(step_title(step) for step in playbook.steps)
        tries = [_try(remedy, target) for remedy in playbook.remedies if self._possible(remedy, target)]
        return Advice(name, playbook.title, playbook.runbook, tuple(looks), tuple(dict.fromkeys(tries)))

    def _possible(self, remedy: Remedy, target: Target | None) -> bool:
        if not remedy.run.strip():
            return True
        command = self._commands.get(remedy.run.split(maxsplit=1)[0])
        about_target = "{service}" in remedy.run
        return command is not None and (not about_target or (target is not None and fits(command, target)))


def _try(remedy: Remedy, target: Target | None) -> Try:
    """The remedy with its service filled in; facts that nobody knows yet stay as names."""
    places = {"system": target.system, "service": target.name, "environment": target.environment} if target else {}
    said = PLACEHOLDER.sub(lambda found: places.get(found[1], f"<{found[1]}>"), remedy.run.strip() or remedy.advise)
    return Try(said, in_words(remedy.when))
