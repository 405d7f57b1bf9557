"""The headline of an incident: one message, posted once and brought up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain import Alarm, Severity, Target
from bot.incident import Incident, Phase
from bot.ports import Message
from bot.responses import Level, Response
from bot.views import blocks as b

ACKNOWLEDGE = "incident:acknowledge"
TAKE_OVER = "incident:take_over"
ESCALATE = "incident:escalate"
RESOLVE = "incident:resolve"
MORE = "incident:more"
REMEDY = "remedy:"

MARKS = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.HIGH: ":red_circle:",
    Severity.MEDIUM: ":large_orange_circle:",
    Severity.LOW: ":large_yellow_circle:",
}
LIVE = (Phase.OPENING, Phase.OPEN, Phase.RECOVERED)


@dataclass(frozen=True)
class Answer:
    """How the incident is answered: its severity's response, the levels, whom the headline mentions, and the time."""

    response: Response
    levels: Sequence[Level]
    mentions: str
    now: float


def headline(
    incident_id: str,
    incident: Incident,
    phase: Phase,
    target: Target | None,
    remedies: tuple[tuple[str, str], ...],
    answer: Answer,
) -> Message:
    """The incident's one message; ``remedies`` are labels and the commands they open."""
    mark, words = _state(incident, phase, answer.now)
    what = target.label if target else "no configured service"
    graveness = f"{answer.response.label} " if answer.response.label else ""
    more = len(incident.members) - 1
    others = f" and {more} more alarm{'s' if more > 1 else ''}" if more > 0 else ""
    severity = f"{b.esc(graveness)}{incident.severity.upper()}"
    shown = [b.section(f"{mark} *{severity}* · *{b.esc(what)}* · {b.code(incident.alarm.label)}{others}")]
    if incident.alarm.reason:
        shown.append(b.section(b.esc(incident.alarm.reason, 600)))
    if incident.suspected:
        shown.append(b.section(f":mag: *Suspected:* {b.esc(incident.suspected, 600)}"))
    if phase in LIVE:
        shown.append(_buttons(incident_id, incident, phase, remedies))
    shown.append(b.context(words, *_small_print(incident, phase, answer)))
    text = f"{mark} {severity} {b.esc(what)}: {b.esc(incident.alarm.label)}{others}"
    return Message(text=b.cut(text, b.FALLBACK_TEXT), blocks=b.fit(shown))


def _state(incident: Incident, phase: Phase, now: float) -> tuple[str, str]:
    if phase is Phase.MERGED:
        return ":arrow_right:", "merged into another incident"
    if phase is Phase.RESOLVED:
        took = b.ago(incident.ended_at - incident.opened_at)
        said = f"resolved by {b.user(incident.resolved_by)} after {took}"
        if incident.red:
            return ":ballot_box_with_check:", f"{said}, while {len(incident.red)} of its alarms were still in alarm"
        return ":large_green_circle:", said
    if phase in (Phase.RECOVERED, Phase.CLOSED):
        return ":large_green_circle:", f"recovered after {b.ago(incident.recovered_at - incident.opened_at)}"
    if incident.is_unknown:
        return ":white_circle:", "unknown: the metric has no data, which is not the same as well"
    if not incident.looked:
        return MARKS[incident.severity], "looking into it …"
    return MARKS[incident.severity], f"in alarm for {b.ago(now - incident.opened_at)}"


def _small_print(incident: Incident, phase: Phase, answer: Answer) -> list[str]:
    shown = [f"since {b.when(incident.opened_at)}"]
    if incident.fired > len(incident.members):
        flaps = f", {incident.flaps} of them within minutes" if incident.flaps else ""
        shown.append(f"fired {incident.fired} times{flaps}")
    if incident.snoozed_until and phase is Phase.OPEN:
        shown.append(f":zzz: snoozed until {b.when(incident.snoozed_until)}")
    if incident.is_had:
        shown.append(f":eyes: {b.user(incident.owner)} has it")
    elif phase in (Phase.OPENING, Phase.OPEN):
        shown.append(_nobody(incident, answer))
    if incident.alarm.source == "asked":
        shown.append("found by asking CloudWatch; its notification never came")
    if incident.called:
        shown.append(":pager: PagerDuty was called")
    return shown


def _nobody(incident: Incident, answer: Answer) -> str:
    """Who is to take it, by when, and who comes next."""
    called = answer.levels[incident.level - 1].name if 0 < incident.level <= len(answer.levels) else ""
    words = f"{b.esc(called)} was called, nobody has it yet" if called else "nobody has it yet"
    if answer.mentions and answer.response.route != "email":
        words = f"{answer.mentions} {words}"
    if answer.response.within is not None and incident.level < len(answer.levels):
        words += f"; {b.esc(answer.levels[incident.level].name)} is called at {b.when(incident.next_at)}"
    return words


def _buttons(incident_id: str, incident: Incident, phase: Phase, remedies: tuple[tuple[str, str], ...]) -> b.Block:
    buttons = []
    if phase is not Phase.RECOVERED:
        if incident.is_had:
            buttons.append(b.button("Take over", TAKE_OVER, incident_id))
        else:
            buttons.append(b.button("Acknowledge", ACKNOWLEDGE, incident_id, style="primary"))
    taken: set[str] = set()
    for number, (label, command) in enumerate(remedies):
        action = f"{REMEDY}{command.split()[0]}"
        # Slack wants the action ids of a row to differ, and a runbook may offer one command in two ways.
        action += f":{number}" if action in taken else ""
        taken.add(action)
        buttons.append(b.button(label, action, command))
    if phase is not Phase.RECOVERED:
        buttons.append(b.button("Escalate", ESCALATE, incident_id))
    buttons.append(b.button("Resolve", RESOLVE, incident_id))
    more = [("Merge into …", f"{incident_id}:merge")]
    if len(incident.members) > 1:
        more.insert(0, ("Split an alarm off …", f"{incident_id}:split"))
    if phase is not Phase.RECOVERED:
        snoozes = [("Snooze for 30 minutes", f"{incident_id}:snooze:1800"), ("Snooze …", f"{incident_id}:snooze")]
        more = [*snoozes, ("Hand over …", f"{incident_id}:hand_over"), *more]
    buttons.append(b.overflow(MORE, more))
    return b.actions("incident", *buttons)


def notice(alarm: Alarm) -> Message:
    """A message that is no alarm, shown as it came."""
    shown = (
        b.section(f":envelope: *{b.esc(alarm.name, 200)}*"),
        b.section(b.pre(alarm.raw.splitlines() or ["(empty)"], 2500)),
        b.context("This came through the alarm topic and is no alarm I can read.", b.esc(alarm.topic, 300)),
    )
    return Message(text=f":envelope: {b.esc(alarm.name, 200)}", blocks=shown)
