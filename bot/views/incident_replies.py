"""What is said in the thread of an incident."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Alarm, AlarmState, Finding
from bot.incident import Incident, Member, Phase
from bot.ports import Message
from bot.remedy import Offered
from bot.responses import Level
from bot.views import blocks as b
from bot.views.remedies import remedies

STATES = {
    AlarmState.ALARM: ":red_circle:",
    AlarmState.OK: ":large_green_circle:",
    AlarmState.INSUFFICIENT_DATA: ":white_circle:",
}
SHOWN_MEMBERS = 25
LOOKED_AT = 5
"""Services of one incident that are looked at; of more, the thread would be a wall."""


def findings(found: tuple[Finding, ...], seconds: float, where: str = "", offered: Sequence[Offered] = ()) -> Message:
    """What is offered, and all findings, strongest first; ``where`` is the service when it is not the first's."""
    of = f" at {b.esc(where, 200)}" if where else ""
    shown: list[b.Block] = list(remedies(offered))
    shown += [b.section(f"*What I found{of}* in {seconds:.1f} s, strongest first")]
    shown += [b.section(_finding(finding)) for finding in found]
    if not found:
        shown.append(b.section("No step of the playbook applies to this alarm."))
    first = b.esc(found[0].summary, 300) if found else "nothing"
    return Message(text=f"What I found{of}: {first}", blocks=b.fit(shown))


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


def alarms(incident_id: str, incident: Incident) -> Message:
    """Every alarm of an incident that has several, with its state and how it came in."""
    red = len(incident.red)
    lines = [f"*{len(incident.members)} alarms in this incident*, {red} in alarm"]
    lines += [_member(each) for each in incident.members[:SHOWN_MEMBERS]]
    more = len(incident.members) - SHOWN_MEMBERS
    if more > 0:
        lines.append(f"… and {more} more")
    unseen = [b.esc(key.rpartition("/")[2], 60) for key in incident.targets[LOOKED_AT:]]
    if unseen:
        lines.append(f"Not looked at, for there are too many services: {', '.join(unseen[:20])}")
    blocks = (*b.sections(lines), b.context("Not the same matter? *Split an alarm off* under the headline's dots."))
    return Message(text=f"{len(incident.members)} alarms in this incident, {red} in alarm", blocks=b.fit(blocks))


def _member(member: Member) -> str:
    fired = f", fired {member.fired} times" if member.fired > 1 else ""
    why = f" — here because: {b.esc(member.why, 200)}" if member.why else " — opened it"
    return f"{STATES[member.state]} {b.code(member.name)} since {b.when(member.at)}{fired}{why}"


def recovered(incident: Incident) -> Message:
    """The reply when all alarms went back to OK."""
    took = b.ago(incident.recovered_at - incident.opened_at)
    what = b.code(incident.alarm.label) if len(incident.members) == 1 else "Every alarm"
    return b.paragraph(f":large_green_circle: {what} is OK again after {took}.")


def graver(incident: Incident, member: Member, mentions: str) -> Message:
    """The reply when an alarm joins that is worse than what was there.

    Whoever had it is mentioned; who is on call (``mentions``) where that was nobody whom Slack knows.
    """
    whom = b.user(incident.acked_by) if incident.acked_by else mentions or b.esc(incident.acked_as)
    grave = incident.severity.upper()
    text = f":small_red_triangle: {whom} {b.code(member.name)} joined: this is {grave} now. Who has it?"
    return b.paragraph(text.replace("  ", " "))


def resolved_in_alarm(incident: Incident) -> Message:
    """The reply when somebody resolves what is still in alarm."""
    names = ", ".join(b.code(member.name) for member in incident.red[:10])
    return b.paragraph(f":ballot_box_with_check: Resolved by {b.user(incident.resolved_by)}; still in alarm: {names}.")


def still_in_alarm(members: Sequence[Member]) -> Message:
    """The reply when alarms stayed red long after their incident was resolved."""
    names = ", ".join(b.code(member.name) for member in members[:10])
    return b.paragraph(f":bell: Still in alarm long after this was resolved: {names}. It is a new incident now.")


def found_by_asking(member: Member, state: AlarmState) -> Message:
    """The reply about a change that no notification told of."""
    now = {AlarmState.OK: "is OK", AlarmState.ALARM: "is in alarm"}.get(state, "has no data")
    text = f":mailbox_with_no_mail: {b.code(member.name)} {now}: CloudWatch was asked, since no notification had come."
    return b.paragraph(text)


def flapping(incident: Incident, phase: Phase) -> Message:
    """The one reply about an incident that comes and goes."""
    now = "It is OK at the moment." if phase is Phase.RECOVERED else "It is in alarm again."
    times = f"{incident.flaps} time{'s' if incident.flaps > 1 else ''}"
    text = f":repeat: Flapping: it came back {times} within minutes of an OK. {now}"
    return b.paragraph(text)


def fired_again(incident: Incident, alarm: Alarm, mentions: str) -> Message:
    """The reply when an incident that had been calm opens again."""
    name, reason = b.code(alarm.label), b.esc(alarm.reason)
    text = f":rotating_light: {name} fires again (time {incident.fired}). {reason} {mentions}"
    return b.paragraph(text.strip())


def acknowledged(incident: Incident) -> Message:
    """The reply that says who has it."""
    return b.paragraph(f":eyes: {b.user(incident.owner)} has it.")


def taken_over(incident: Incident, before: str) -> Message:
    """The reply that says who has it now."""
    instead = f" instead of {b.user(before)}" if before else ""
    return b.paragraph(f":eyes: {b.user(incident.owner)} has it{instead}.")


def handed_over(by: str, to: str) -> Message:
    """The reply that gives it to somebody, who is pinged by it."""
    return b.paragraph(f":handshake: {b.user(by)} handed this to {b.user(to)}.")


def escalated(incident: Incident, level: Level, by: str) -> Message:
    """The reply, shown in the channel too, that calls a level."""
    who = b.mentions(level.mention) or b.esc(level.who)
    why = f"{b.user(by)} escalated it" if by else "nobody has acknowledged it"
    pager = " PagerDuty is called." if level.calls_pagerduty else ""
    text = f":arrow_up: *{b.esc(level.name)}* {who}: {b.code(incident.leading[0])} — {why}.{pager}"
    return b.paragraph(text)


def reminder(incident: Incident, mentions: str, now: float) -> Message:
    """The reply after a long silence."""
    age = b.ago(now - incident.opened_at)
    if incident.is_had:
        ask = "Resolve it, hand it over or snooze it."
        text = f":hourglass: {b.user(incident.owner)}, this has been open for {age}. {ask}"
    else:
        text = f":hourglass: {mentions} Nobody has this yet, after {age}.".replace("  ", " ")
    return b.paragraph(text)


def snoozed(incident: Incident, by: str) -> Message:
    """The reply that says until when nobody is bothered."""
    return b.paragraph(f":zzz: {b.user(by)} snoozed this until {b.when(incident.snoozed_until)}.")


def snooze_over(incident: Incident) -> Message:
    """The reply when a snooze ends while the alarm is still there, or what it watches is not known."""
    had = f" {b.user(incident.owner)}" if incident.is_had else ""
    now = "; its metric has no data" if incident.is_unknown else " and it is still in alarm"
    return b.paragraph(f":bell: The snooze is over{now}.{had} Who has it?")


def split_off(member: Member, by: str) -> Message:
    """The reply when an alarm went to an incident of its own."""
    return b.paragraph(f":scissors: {b.user(by)} split {b.code(member.name)} off; it has a thread of its own now.")


def merged(into: str, by: str, address: str = "") -> Message:
    """The reply in the thread that is over; ``address`` is where the other one is read, empty when unknown."""
    there = b.link(address, "Go on there")
    return b.paragraph(f":arrow_right: {b.user(by)} merged this into the incident of {b.code(into)}. {there}.")


def goes_on() -> Message:
    """The reply in the thread of the one that goes on, of two that were merged into each other."""
    return b.paragraph(":leftwards_arrow_with_hook: The two incidents were merged into each other. Both go on here.")


def absorbed(count: int, alarm: Alarm, by: str) -> Message:
    """The reply in the thread that goes on."""
    what = f"{count} alarms, of which {b.code(alarm.label)} was the first," if count > 1 else b.code(alarm.label)
    return b.paragraph(f":inbox_tray: {b.user(by)} merged {what} into this incident.")


def in_pagerduty(event: str, who: str, to: Sequence[str]) -> Message:
    """The reply about what somebody did in PagerDuty."""
    whom = f" to {b.esc(', '.join(to), 200)}" if to else ""
    return b.paragraph(f":pager: {b.esc(who, 100)} {b.esc(event, 40)} it in PagerDuty{whom}.")


def page_failed(action: str, error: str) -> Message:
    """The reply when PagerDuty did not take an event: somebody has to do it by hand."""
    if action == "trigger":
        text = f":warning: PagerDuty could not be called: {b.esc(error, 500)} Call the person on duty yourself."
    else:
        text = f":warning: PagerDuty was not told to {b.esc(action)} this: {b.esc(error, 500)} Do it there by hand."
    return b.paragraph(text)
