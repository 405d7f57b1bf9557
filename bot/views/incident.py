"""The headline and the thread of an incident."""

from __future__ import annotations

from bot.domain import Alarm, Finding, Severity, Target
from bot.incident import Incident, Phase
from bot.ports import Message
from bot.views import blocks as b

ACKNOWLEDGE = "incident:acknowledge"
RESOLVE = "incident:resolve"
REMEDY = "remedy:"

MARKS = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.HIGH: ":red_circle:",
    Severity.MEDIUM: ":large_orange_circle:",
    Severity.LOW: ":large_yellow_circle:",
}


def headline(
    incident_id: str, incident: Incident, phase: Phase, target: Target | None, remedies: tuple[tuple[str, str], ...]
) -> Message:
    """The incident's one message; ``remedies`` are labels and the commands they open."""
    mark, words = _state(incident, phase)
    what = target.label if target else "no configured service"
    title = f"{mark} *{incident.severity.upper()}* · *{b.esc(what)}* · {b.code(incident.alarm.name)}"
    shown = [b.section(title)]
    if incident.alarm.reason:
        shown.append(b.section(b.esc(incident.alarm.reason, 600)))
    if incident.suspected:
        shown.append(b.section(f":mag: *Suspected:* {b.esc(incident.suspected, 600)}"))
    if phase in (Phase.OPENING, Phase.GATHERING, Phase.OPEN, Phase.RECOVERED):
        shown.append(_buttons(incident_id, incident, phase, remedies))
    shown.append(b.context(words, *_small_print(incident, phase)))
    text = f"{mark} {incident.severity.upper()} {b.esc(what)}: {b.esc(incident.alarm.name)}"
    return Message(text=b.cut(text, b.FALLBACK_TEXT), blocks=b.fit(shown))


def _state(incident: Incident, phase: Phase) -> tuple[str, str]:
    if phase is Phase.RESOLVED:
        took = b.ago(incident.ended_at - incident.opened_at)
        return ":large_green_circle:", f"resolved by {b.user(incident.resolved_by)} after {took}"
    if phase in (Phase.RECOVERED, Phase.CLOSED):
        return ":large_green_circle:", f"recovered after {b.ago(incident.recovered_at - incident.opened_at)}"
    if incident.unknown:
        return ":white_circle:", "unknown: the metric has no data, which is not the same as well"
    return MARKS[incident.severity], "looking into it …" if phase is not Phase.OPEN else "in alarm"


def _small_print(incident: Incident, phase: Phase) -> list[str]:
    shown = [f"since {b.when(incident.opened_at)}"]
    if incident.fired > 1:
        shown.append(f"fired {incident.fired} times")
    if incident.acked_by:
        shown.append(f":eyes: {b.user(incident.acked_by)} has it")
    elif phase is Phase.OPEN:
        shown.append("nobody has it yet")
    if incident.called:
        shown.append(":pager: PagerDuty was called")
    return shown


def _buttons(incident_id: str, incident: Incident, phase: Phase, remedies: tuple[tuple[str, str], ...]) -> b.Block:
    buttons = []
    if not incident.acked_by and phase is not Phase.RECOVERED:
        buttons.append(b.button("Acknowledge", ACKNOWLEDGE, incident_id, style="primary"))
    buttons += [b.button(label, f"{REMEDY}{command.split()[0]}", command) for label, command in remedies]
    buttons.append(b.button("Resolve", RESOLVE, incident_id))
    return b.actions("incident", *buttons)


def findings(found: tuple[Finding, ...], seconds: float) -> Message:
    """All findings as one reply, strongest first."""
    shown: list[b.Block] = [b.section(f"*What I found* in {seconds:.1f} s, strongest first")]
    shown += [b.section(_finding(finding)) for finding in found]
    if not found:
        shown.append(b.section("No step of the playbook applies to this alarm."))
    first = b.esc(found[0].summary, 300) if found else "nothing"
    return Message(text=f"What I found: {first}", blocks=b.fit(shown))


def _finding(finding: Finding) -> str:
    if finding.failed:
        return f":grey_question: *{b.esc(finding.title)}* could not be looked at: {b.esc(finding.summary, 600)}"
    mark = (
        ":red_circle:"
        if finding.weight >= 80
        else ":large_orange_circle:"
        if finding.weight >= 50
        else ":small_blue_diamond:"
    )
    head = f"{mark} *{b.esc(finding.title)}*  {b.esc(finding.summary, 600)}"
    return head + (f"\n{b.pre(finding.lines, 1600)}" if finding.lines else "")


def recovered(incident: Incident) -> Message:
    """The reply when the alarm went back to OK."""
    took = b.ago(incident.recovered_at - incident.opened_at)
    text = f":large_green_circle: {b.code(incident.alarm.name)} is OK again after {took}."
    return b.paragraph(text)


def fired_again(incident: Incident) -> Message:
    """The reply when the alarm of a recovered incident fires again."""
    name, reason = b.code(incident.alarm.name), b.esc(incident.alarm.reason)
    text = f":rotating_light: {name} fires again (time {incident.fired}). {reason}"
    return b.paragraph(text)


def acknowledged(incident: Incident) -> Message:
    """The reply that says who has it."""
    text = f":eyes: {b.user(incident.acked_by)} has it."
    return b.paragraph(text)


def page_failed(action: str, error: str) -> Message:
    """The reply when PagerDuty did not take an event: somebody has to do it by hand."""
    if action == "trigger":
        text = f":warning: PagerDuty could not be called: {b.esc(error, 500)} Call the person on duty yourself."
    else:
        text = f":warning: PagerDuty was not told to {b.esc(action)} this: {b.esc(error, 500)} Do it there by hand."
    return b.paragraph(text)


def notice(alarm: Alarm) -> Message:
    """A message that is no alarm, shown as it came."""
    shown = (
        b.section(f":envelope: *{b.esc(alarm.name, 200)}*"),
        b.section(b.pre(alarm.raw.splitlines() or ["(empty)"], 2500)),
        b.context("This came through the alarm topic and is no alarm I can read.", b.esc(alarm.topic, 300)),
    )
    return Message(text=f":envelope: {b.esc(alarm.name, 200)}", blocks=shown)
