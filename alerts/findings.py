"""What a look found enters its incident: the reply in the thread, the suspected cause, and what is offered for it."""

from __future__ import annotations

from collections.abc import Sequence

from alerts import graph
from alerts.diagnosis import FIRST
from alerts.playbook import suspected
from alerts.playbooks import DEFAULT, Playbooks
from alerts.remedies import offered, others
from alerts.scene import Scene
from bot.domain import Alarm, Finding, Target
from bot.incident import headline_key
from bot.remedy import Offered
from bot.rows import Received
from bot.views import incident_replies as replies

MOST_SUPPORTED, MOST_BUTTONS = 2, 4
"""Remedies shown as buttons of the headline: those that facts speak for, and with the others that are always there."""


def found(scene: Scene, signal: Received, playbooks: Playbooks) -> None:
    """A look is done; the parts of one look add up to one reply."""
    told = signal.payload
    mark, key = str(told["mark"]), str(told["target"])
    target = scene.world.catalog.target(key) if key else None
    new = tuple(Finding.model_validate(each) for each in told["findings"])
    name = str(told["playbook"]) or scene.incident.playbook
    if key != scene.incident.target:
        _reply(scene, mark, new, float(told["took"]), target, _offers(playbooks, name, new, target, scene))
        _note(scene, f"{mark}:{told['part']}", signal, new)
        return
    before = scene.incident.findings if mark == scene.incident.look else ()
    together = tuple(sorted((*before, *new), key=lambda each: (each.failed, -each.weight)))
    first = mark != scene.incident.look
    scene.change(
        findings=together, suspected=suspected(together), looked=True, looked_at=signal.at, look=mark, playbook=name
    )
    offers = _offers(playbooks, name, together, target, scene)
    _reply(scene, mark, together, float(told["took"]), None, offers)
    _note(scene, f"{mark}:{told['part']}", signal, new)
    if first or told["part"] == FIRST:
        _picture(scene, mark, Alarm.model_validate(told["alarm"]), target)
    remedy = next((each.label for each in offers[0] if each.facts), "")
    for level in scene.incident.paged:
        scene.page("details", level, remedy=remedy)


def buttons(scene: Scene, playbooks: Playbooks) -> tuple[tuple[str, str], ...]:
    """Labels and command lines for the headline, the best supported first."""
    target = scene.target
    supported, rest = _offers(playbooks, scene.incident.playbook, scene.incident.findings, target, scene)
    commands = [each for each in supported if each.command][:MOST_SUPPORTED]
    commands += [each for each in rest if each.command][: MOST_BUTTONS - len(commands)]
    return tuple((each.label, each.command) for each in commands)


def _offers(
    playbooks: Playbooks, name: str, findings: Sequence[Finding], target: Target | None, scene: Scene
) -> tuple[tuple[Offered, ...], tuple[Offered, ...]]:
    playbook = playbooks[name if name in set(playbooks) else DEFAULT]
    best = offered(playbook, findings, target, scene.world.commands)
    return best, others(playbook, best, target, scene.world.commands) if target else ()


def _reply(
    scene: Scene,
    mark: str,
    findings: tuple[Finding, ...],
    took: float,
    where: Target | None,
    offers: tuple[tuple[Offered, ...], tuple[Offered, ...]],
) -> None:
    shown = replies.findings(findings, took, where.label if where else "", offers[0])
    scene.reply("findings" if mark == "look" else f"findings:{mark}", shown)


def _note(scene: Scene, mark: str, signal: Received, findings: Sequence[Finding]) -> None:
    said = "; ".join(each.summary for each in findings if not each.failed) or "nothing was found"
    scene.note(f"findings:{mark}", signal.at, "finding", said)


def _picture(scene: Scene, mark: str, alarm: Alarm, target: Target | None) -> None:
    if alarm.metric is None and not alarm.children:
        return
    thread, name, channel = headline_key(scene.row.id), "" if mark == "look" else mark, scene.incident.channel
    zone = scene.world.catalog.zone(target)
    owed = graph.picture(
        *(scene.row.id, thread, alarm, target), channel=channel, opened_at=alarm.at, zone=zone, mark=name
    )
    scene.new.append(owed)
