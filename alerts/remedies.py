"""What is offered for what was found: the remedies of a playbook whose facts hold, best supported first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from alerts.conditions import FactValue, Known, Support, known_facts, support
from alerts.playbook import Playbook, Remedy
from bot.command import Command
from bot.domain import Fact, Finding, Target
from bot.examples import fits
from bot.remedy import Offered
from bot.views.blocks import ago

__all__ = ["Offered", "offered", "others"]

WHERE = "{system}/{service} {environment}"
LABELS = {"rollback": "Roll back", "restart": "Restart", "scale": "Scale"}
ALWAYS = tuple(Remedy(run=f"{command} {WHERE}") for command in LABELS)
"""What a person may want whatever was found; those without a number or a version open their form."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.]*)\}")
_ONE_WORD = re.compile(r"[\w.:/@+-]{1,120}", re.ASCII)
"""What a fact may put into a command line: logs and tables say anything, and a blank begins another argument."""


class _Unfilled(Exception):  # noqa: N818 - no error: the remedy is for another occasion
    """A placeholder for which nothing is known."""


def offered(
    playbook: Playbook, findings: Sequence[Finding], target: Target | None, commands: Mapping[str, Command]
) -> tuple[Offered, ...]:
    """The remedies whose conditions are all met, strongest finding first, then as in the file.

    Advice without conditions comes last; a command without conditions is only among the others. A command that does
    not exist or does not fit the kind of service is left out, and so is one that names an unknown fact.
    """
    known = known_facts(findings)
    found: list[tuple[int, Offered]] = []
    for remedy in playbook.remedies:
        met = support(remedy.when, known)
        if met is None or (remedy.run.strip() and not remedy.when):
            continue
        try:
            found.append((met.weight if remedy.when else -1, _offer(remedy, met, known, target, commands)))
        except _Unfilled:
            continue
    return _unique(each for _, each in sorted(found, key=lambda each: -each[0]))


def others(
    playbook: Playbook, shown: Sequence[Offered], target: Target | None, commands: Mapping[str, Command]
) -> tuple[Offered, ...]:
    """What is possible beside what was offered: the playbook's other commands, and those that are always there."""
    found = []
    for remedy in (*playbook.remedies, *ALWAYS):
        if not remedy.run.strip():
            continue
        try:
            one = _offer(remedy, Support((), 0), {}, target, commands)
        except _Unfilled:
            continue
        found.append(one.model_copy(update={"because": ""}))
    taken = {each.command for each in shown}
    return _unique(each for each in found if each.command not in taken)


def _offer(
    remedy: Remedy, met: Support, known: Mapping[str, Known], target: Target | None, commands: Mapping[str, Command]
) -> Offered:
    because = _because(remedy, met, known, target)
    if not remedy.run.strip():
        return Offered(label=_filled(remedy.advise, known, target), because=because, facts=met.facts)
    name = remedy.run.split(maxsplit=1)[0]
    about_target = "{service}" in remedy.run
    if name not in commands or (about_target and target is not None and not fits(commands[name], target)):
        raise _Unfilled(name)
    label = _filled(remedy.label, known, target) or LABELS.get(name, name.capitalize())
    line = _filled(remedy.run, known, target, in_command=True)
    return Offered(label=label, command=line, because=because, facts=met.facts)


def _because(remedy: Remedy, met: Support, known: Mapping[str, Known], target: Target | None) -> str:
    """The playbook's sentence, or what was found in bare words where it names something unknown or says nothing."""
    try:
        said = _filled(remedy.because, known, target)
    except _Unfilled:
        said = ""
    return said or ", ".join(f"{fact.name} is {words(fact)}" for fact in met.facts)


def _filled(template: str, known: Mapping[str, Known], target: Target | None, *, in_command: bool = False) -> str:
    places = {"system": target.system, "service": target.name, "environment": target.environment} if target else {}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in places:
            return places[name]
        if name not in known:
            raise _Unfilled(name)
        fact = known[name].fact
        if not in_command:
            return words(fact)
        word = number(fact.value) if not isinstance(fact.value, str) else fact.value
        if not _ONE_WORD.fullmatch(word):
            raise _Unfilled(name)
        return word

    return PLACEHOLDER.sub(value, template)


def words(fact: Fact) -> str:
    """A fact's value as people read it; facts called age are in seconds and become ``12 min``."""
    if isinstance(fact.value, str):
        return fact.value
    return ago(fact.value) if fact.name.endswith(".age") and fact.value == fact.value else number(fact.value)


def number(value: FactValue) -> str:
    """A number with no more digits than say something: ``91``, ``0.25``, ``91.4``."""
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value.is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def _unique(found: Iterable[Offered]) -> tuple[Offered, ...]:
    """Each command, and each piece of advice, once; the first is the best supported."""
    kept: dict[str, Offered] = {}
    for each in found:
        kept.setdefault(each.command or each.label, each)
    return tuple(kept.values())
