"""A draft of the post-incident report, as Markdown: pure, and it claims nothing that was not seen.

What a person has to find out is left open, as boxes to tick. Foreign text is escaped by ``bot.markdown``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.playbook import CAUSE_WEIGHT
from alerts.record import SUCCEEDED, Record, outcome
from bot import markdown as md
from bot.incident import Incident, Phase
from bot.ports import Past
from bot.record import Line

SHOWN_CHANGES = 10
SHOWN_CAUSES = 5
LONGEST = 600
MEASURED = {
    "logs.errors": "errors in the logs",
    "metric.max": "highest value of the alarm's metric",
    "metric.last": "last value of the alarm's metric",
    "tasks.failed": "tasks that stopped on their own",
    "tasks.missing": "tasks that were missing",
    "targets.unhealthy": "targets the load balancer found unhealthy",
}
"""Facts that say how bad it was, in words; of the other facts none is shown."""
_NOT_SEEN = "The bot saw nothing that points at a cause."


@dataclass(frozen=True)
class Around:
    """What a record does not know itself. ``names`` are people's by their ids, ``labels`` services' by their keys.

    ``severity`` is what the team calls it, as P1; ``link`` leads to the thread; ``at`` is when the report is made.
    """

    at: float
    names: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    link: str = ""

    def name(self, user: str) -> str:
        """What somebody is called, ready to be shown."""
        return md.text(self.names.get(user, user), 80)

    def label(self, target: str) -> str:
        """What a service is called, ready to be shown."""
        return md.text(self.labels.get(target, target), 120)


def report(record: Record, around: Around) -> str:
    """The whole report. The same record gives the same text."""
    incident = record.incident
    sections = (
        ("Summary", _summary(record, around)),
        ("Impact", _impact(record, around)),
        ("Timeline", _timeline(record.lines, around)),
        ("What changed before it", _changes(record, around)),
        ("What fixed it", _fixed(record, around)),
        ("Suspected cause", _suspected(incident)),
        ("Times", _times(record)),
        ("People", _people(record, around)),
        ("Open questions", _open(record, around)),
    )
    head = [
        f"# Incident {md.code(incident.alarm.label)}, {md.at(incident.opened_at)[:10]}",
        "",
        f"Draft, made by the bot from what it saw until {md.at(around.at)}. All times are UTC.",
    ]
    body = [line for title, shown in sections for line in ("", f"## {title}", "", *shown)]
    return "\n".join([*head, *body]) + "\n"


def _summary(record: Record, around: Around) -> Iterable[str]:
    incident = record.incident
    graveness = f"{md.text(around.severity, 40)}, " if around.severity else ""
    where = around.label(incident.target) if incident.target else "no configured service"
    more = len(incident.members) - 1
    others = f", and {more} more alarm{'s' if more > 1 else ''} with it" if more > 0 else ""
    what = f"{md.code(incident.alarm.label)} went to ALARM for {where} ({graveness}{incident.severity.value})"
    yield f"{what} at {md.at(incident.opened_at)}{others}."
    yield _ended(record, around)
    if incident.fired > len(incident.members):
        yield f"Its alarms went to ALARM {incident.fired} times in all."
    thread = f", {md.link(around.link, 'its thread in Slack')}" if around.link else ""
    yield f"Incident {md.code(record.id)}{thread}."


def _ended(record: Record, around: Around) -> str:
    incident = record.incident
    lasted = md.took((incident.ended_at or around.at) - incident.opened_at)
    if record.phase is Phase.RESOLVED:
        green = "" if incident.recovered_at else ", while not every alarm was known to be OK"
        return f"{around.name(incident.resolved_by)} resolved it after {lasted}{green}."
    if record.phase is Phase.CLOSED:
        return f"Every alarm went back to OK after {lasted}, and it stayed calm."
    if record.phase is Phase.MERGED:
        return "It was merged into another incident."
    return f"It is not over: it has been open for {lasted}."


def _impact(record: Record, around: Around) -> Iterable[str]:
    incident = record.incident
    for target in incident.targets:
        yield f"- Service: {around.label(target)}"
    for member in incident.members:
        red = record.red.get(member.key)
        long = f"in ALARM for {md.took(red)}" if red is not None else "how long it was in ALARM is not known"
        fired = f", fired {member.fired} times" if member.fired > 1 else ""
        where = f" ({around.label(member.target)})" if member.target and len(incident.targets) > 1 else ""
        yield f"- Alarm: {md.code(member.name)}{where}, {member.severity.value}, {long}{fired}"
    facts = [(fact.name, fact.value) for found in incident.findings if not found.failed for fact in found.facts]
    for name, words in MEASURED.items():
        for value in [value for known, value in facts if known == name and isinstance(value, float)][:1]:
            yield f"- Measured: {words}: {value:g}"
    yield "- [ ] What did users notice, how many, and for how long? *(to be filled in)*"


def _timeline(lines: Sequence[Line], around: Around) -> Iterable[str]:
    if not lines:
        yield "Nothing was kept."
    for line in lines:
        by = f" — {around.name(line.by)}" if line.by else ""
        text = md.text(line.text, LONGEST)
        files = [md.link(each.link, each.name) if each.link else md.text(each.name) for each in line.files]
        shown = f" ({', '.join(files)})" if files else ""
        pinned = f" ({md.link(line.link, 'message')})" if line.kind == "pin" and line.link else ""
        yield f"- {md.at(line.at)} · **{line.kind}** · {text}{shown}{pinned}{by}"


def _changes(record: Record, around: Around) -> Iterable[str]:
    incident = record.incident
    before = [past for past in record.past if past.started_at and past.started_at <= incident.opened_at]
    before.sort(key=lambda past: -past.started_at)
    for past in before[:SHOWN_CHANGES]:
        ago = md.took(incident.opened_at - past.started_at)
        yield f"- {md.at(past.started_at)} · {_operation(past, around)} ({ago} before)"
    if not before:
        yield "- No operation of the bot began on these services in the 24 hours before."
    for found in incident.findings:
        if found.step == "recent_changes" and not found.failed:
            yield f"- Seen in AWS: {md.text(found.summary, LONGEST)}"


def _operation(past: Past, around: Around) -> str:
    approved = ", ".join(around.name(user) for user in past.approved_by)
    approval = f", approved by {approved}" if approved else ""
    result = md.text(outcome(past), LONGEST)
    return f"{md.text(past.title, 200)}, asked for by {around.name(past.actor)}{approval}: {result}"


def _fixed(record: Record, around: Around) -> Iterable[str]:
    recovered = record.incident.recovered_at
    if not recovered:
        yield "The alarms did not go back to OK while the incident was open, so nothing can be said here."
        return
    found = fix(record)
    if found is None:
        yield "No operation of the bot preceded the recovery."
        return
    gap = md.took(recovered - found.ended_at)
    yield f"- {md.at(found.ended_at)} · {_operation(found, around)}. The alarms were OK {gap} later."
    yield ""
    yield "That it came before the recovery does not prove that it was the reason."


def fix(record: Record) -> Past | None:
    """The last operation that succeeded while the incident was open and before its alarms recovered, if any."""
    incident = record.incident
    found = [
        past
        for past in record.past
        if past.state in SUCCEEDED and incident.opened_at < past.ended_at <= incident.recovered_at
    ]
    return max(found, key=lambda past: past.ended_at, default=None)


def _suspected(incident: Incident) -> Iterable[str]:
    strong = [found for found in incident.findings if not found.failed and found.weight >= CAUSE_WEIGHT]
    for found in strong[:SHOWN_CAUSES]:
        yield f"- {md.text(found.title, 80)}: {md.text(found.summary, LONGEST)}"
    if not strong:
        yield f"- {md.text(incident.suspected, LONGEST)}" if incident.suspected else _NOT_SEEN
    else:
        yield ""
        yield "This is what the findings point at, strongest first; nobody has confirmed it."


def _times(record: Record) -> Iterable[str]:
    incident = record.incident
    for words, at in (
        ("acknowledge", incident.first_acked_at),
        ("recover", incident.recovered_at),
        ("resolve", incident.ended_at),
    ):
        took = f"{md.took(at - incident.opened_at)} ({md.at(at)})" if at else "never, as far as the bot saw"
        yield f"- Time to {words}: {took}"


def _people(record: Record, around: Around) -> Iterable[str]:
    parts: dict[str, list[str]] = {}
    for line in record.lines:
        if line.by and line.kind in ("person", "pin"):
            parts.setdefault(line.by, []).append("wrote what was pinned" if line.kind == "pin" else _did(line.text))
    since = record.incident.opened_at
    for past in record.past:
        if past.asked_at >= since:
            parts.setdefault(past.actor, []).append(f"asked for: {md.text(past.title, 120)}")
            for user in past.approved_by:
                parts.setdefault(user, []).append(f"approved: {md.text(past.title, 120)}")
    for person, did in parts.items():
        yield f"- {around.name(person)}: {'; '.join(dict.fromkeys(did))}"
    if not parts:
        yield "Nobody did anything that the bot saw."


def _did(text: str) -> str:
    return "noted something" if text.startswith("noted: ") else md.text(text, 120)


def _open(record: Record, around: Around) -> Iterable[str]:
    incident = record.incident
    yield "- [ ] Why did it happen? Which of the above is cause, and which is effect?"
    before = [past for past in record.past if past.started_at and past.started_at <= incident.opened_at]
    if before:
        last = max(before, key=lambda past: past.started_at)
        yield f"- [ ] Had {md.text(last.title, 200)} anything to do with it?"
    if incident.recovered_at and fix(record) is None:
        yield "- [ ] What ended it?"
    if not incident.first_acked_at:
        yield "- [ ] Why did nobody acknowledge it?"
    yield "- [ ] Did the right people hear of it, early enough? Was the alarm's threshold right?"
    yield "- [ ] What keeps it from happening again? Who does that, and until when?"
