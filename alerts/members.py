"""What the alarms of an incident do: fire again, join, go quiet."""

from __future__ import annotations

from alerts.diagnosis import diagnosis
from alerts.escalation import CLOSE_AFTER
from alerts.opening import call_off, open_for_people
from alerts.scene import Scene
from alerts.silenced import silent
from alerts.triage import REASON, member_of, returned
from bot.domain import Alarm, AlarmState, as_json
from bot.incident import Member, Phase, worst
from bot.rows import Received
from bot.views import incident_replies as replies

LOOK_AGAIN = 300.0
"""What was found this many seconds ago says little about an alarm that joins now."""


def fired(scene: Scene, signal: Received) -> None:
    """An alarm of this incident went to ALARM again."""
    alarm, key = Alarm.model_validate(signal.payload["alarm"]), str(signal.payload["key"])
    known = scene.incident.member(key)
    if known is None and signal.payload.get("sought"):
        # It was on its way to an incident that was merged into this one before it arrived.
        member = member_of(alarm, signal.payload, scene.now).model_copy(update={"why": "its incident was merged"})
        _come_in(scene, member, alarm, signal)
        return
    if known is None:
        _seek(scene, signal, alarm)
        return
    now_red = {"state": AlarmState.ALARM, "at": alarm.at, "reason": alarm.reason[:REASON], "fired": known.fired + 1}
    _replace(scene, known.model_copy(update=now_red))
    if key == scene.incident.members[0].key:
        scene.change(alarm=alarm)
    said = f"{known.name} fired again. {alarm.reason}"
    scene.note(f"fired:{signal.number}", alarm.at, "alarm", said, alarm=key, state=AlarmState.ALARM)
    if _is_roused(scene):
        open_for_people(scene)
    _open_again(scene, alarm, signal)
    _tell_of_alarms(scene)


def joined(scene: Scene, signal: Received) -> None:
    """Another alarm belongs here."""
    member, alarm = Member.model_validate(signal.payload["member"]), Alarm.model_validate(signal.payload["alarm"])
    whole = scene.incident.member(str(signal.payload.get("instead", "")))
    if whole is not None:
        _make_way(scene, whole, alarm, signal)
    _come_in(scene, member, alarm, signal)


def _make_way(scene: Scene, whole: Member, series: Alarm, signal: Received) -> None:
    """An alarm that watches many series was told of as a whole; from now on one of its series stands for it."""
    scene.change(members=tuple(each for each in scene.incident.members if each is not whole))
    if scene.incident.alarm.arn == series.arn and not scene.incident.alarm.contributor:
        scene.change(alarm=series)
    said = f"{whole.name} is told of series by series"
    scene.note(f"whole:{signal.number}", series.at, "alarm", said, alarm=whole.key, state=AlarmState.OK)


def _come_in(scene: Scene, member: Member, alarm: Alarm, signal: Received) -> None:
    take_in(scene, member, alarm, f"joined:{signal.number}")
    _open_again(scene, alarm, signal)


def take_in(scene: Scene, member: Member, alarm: Alarm, mark: str, *, heard: bool = False) -> None:
    """Add a member: the incident is as grave as its gravest, and a service that is new to it is looked at.

    ``mark`` is that of the moment which is kept; empty where the record has the alarm from elsewhere. What people have
    ``heard`` of already calls nobody.
    """
    if scene.incident.member(member.key) is not None:
        return
    before = scene.incident.severity
    members = (*scene.incident.members, member)
    scene.change(members=members, severity=worst((scene.incident.severity, member.severity)))
    if mark:
        said = f"{member.name} joined: {member.why}. {member.reason}"
        scene.note(mark, member.at, "alarm", said, alarm=member.key, state=member.state)
    if member.target and member.target not in scene.incident.targets:
        scene.change(targets=(*scene.incident.targets, member.target))
        if len(scene.incident.targets) <= replies.LOOKED_AT:
            scene.new.append(diagnosis(scene.row.id, alarm, member.target, f"look:{member.target}"))
    elif member.target and scene.incident.looked_at and scene.now - scene.incident.looked_at > LOOK_AGAIN:
        scene.new.append(diagnosis(scene.row.id, alarm, member.target, f"again:{member.key}:{member.at}"))
        scene.change(looked_at=scene.now)
    if scene.incident.severity is not before:
        _graver(scene, member, alarm, heard=heard)
    elif _is_roused(scene):
        open_for_people(scene)
    _tell_of_alarms(scene)


def _graver(scene: Scene, member: Member, alarm: Alarm, *, heard: bool) -> None:
    """It has become worse: the alarm that made it so leads now, and people hear of it anew, whoever had it."""
    scene.change(alarm=alarm, target=member.target or scene.incident.target)
    if heard or scene.phase is not Phase.OPEN:
        return
    said = replies.graver(scene.incident, member, scene.mentions)
    # Whoever has it in PagerDuty only is not reached by Slack, and who is on call believes that it is had.
    scene.reply(f"graver:{member.key}:{member.at}", said, broadcast=bool(scene.incident.acked_as))
    scene.change(acked_by="", acked_as="", acked_at=0.0, snoozed_until=0.0, silenced=False, level=0)
    open_for_people(scene)


def quiet(scene: Scene, signal: Received) -> None:
    """An alarm of this incident left ALARM: for OK, or because it has no data, which is not the same as well."""
    known = scene.incident.member(str(signal.payload["key"]))
    if known is None:
        gone_quiet(scene, signal)
        return
    state, at = AlarmState(signal.payload["state"]), float(signal.payload["at"])
    _replace(scene, known.model_copy(update={"state": state, "at": at, "reason": str(signal.payload["reason"])}))
    said = "is OK" if state is AlarmState.OK else "has no data"
    if signal.payload.get("asked"):
        said += ", as CloudWatch said when it was asked; no notification had come"
        scene.reply(f"asked:{signal.number}", replies.found_by_asking(known, state))
    why = str(signal.payload["reason"])
    scene.note(f"quiet:{signal.number}", at, "alarm", f"{known.name} {said}. {why}", alarm=known.key, state=state)
    _tell_of_alarms(scene)
    if scene.phase is Phase.OPEN and all(member.state is AlarmState.OK for member in scene.incident.members):
        recover(scene, at)


def gone_quiet(scene: Scene, signal: Received) -> None:
    """An alarm that is not here any more left ALARM: it was split off or merged away while that was on its way."""
    alarm = scene.last_alarm(str(signal.payload["key"]))
    if alarm is not None:
        told = {"state": AlarmState(signal.payload["state"]), "at": float(signal.payload["at"])}
        _seek(scene, signal, alarm.model_copy(update={**told, "reason": str(signal.payload["reason"])}))


def _seek(scene: Scene, signal: Received, alarm: Alarm) -> None:
    """Triage knows by now where the alarm went; what it sends here a second time is nowhere."""
    if not signal.payload.get("sought"):
        payload = {"target": "", "severity": scene.incident.severity, **signal.payload, "alarm": as_json(alarm)}
        scene.signals.append(returned(scene.row.id, signal.number, payload))


def recover(scene: Scene, at: float) -> None:
    """All is green. PagerDuty hears it when it has stayed so for a while: nobody is called twice at once."""
    incident = scene.incident
    at = max(at, incident.opened_at)
    scene.phase = Phase.RECOVERED
    scene.change(recovered_at=at, snoozed_until=0.0, silenced=False)
    scene.note(f"recovered:{at}", at, "incident", "all alarms are OK")
    if incident.paged:
        if not incident.is_had:
            # Nobody need be woken for what is green; and an alert that nobody has would be escalated there.
            scene.page_all("acknowledge")
        scene.change(next_at=min(scene.now, at) + scene.settings.timings.flap)
    else:
        calm(scene)
    if incident.flaps:
        scene.reply(f"flaps:{incident.cycle}", replies.flapping(scene.incident, scene.phase))
    else:
        scene.reply(f"ok:{incident.cycle}", replies.recovered(scene.incident))


def calm(scene: Scene) -> None:
    """It stays green: what was called is called off, and it closes unless it comes back."""
    scene.page_all("resolve")
    call_off(scene)
    scene.change(paged=(), next_at=min(scene.now, scene.incident.recovered_at) + CLOSE_AFTER)


def look_again(scene: Scene) -> None:
    """It was resolved while alarms were red; those that have been so ever since are taken up anew."""
    scene.change(next_at=0.0)
    red = [(member, scene.last_alarm(member.key)) for member in scene.incident.red]
    still = [(member, alarm) for member, alarm in red if alarm is not None and _is_still_red(member, alarm)]
    for member, alarm in still:
        told = alarm.model_copy(update={"reason": f"Still in ALARM since its incident was resolved. {alarm.reason}"})
        payload = {"key": member.key, "alarm": as_json(told), "target": member.target, "severity": member.severity}
        scene.signals.append(returned(scene.row.id, int(scene.now), payload))
    if still:
        scene.reply(f"still:{scene.now}", replies.still_in_alarm([member for member, _ in still]))


def _is_still_red(member: Member, alarm: Alarm) -> bool:
    """Whether an alarm has been red ever since; what went off once more was placed then.

    Of what ECS told nobody knows: its events are of a moment, and the reconciler cannot ask about them.
    """
    return alarm.state is AlarmState.ALARM and alarm.at == member.at and alarm.source != "ecs"


def _open_again(scene: Scene, alarm: Alarm, signal: Received) -> None:
    if scene.phase is not Phase.RECOVERED or not scene.incident.red:
        return
    incident = scene.incident
    scene.phase = Phase.OPEN
    flaps = alarm.at - incident.recovered_at < scene.settings.timings.flap
    scene.change(recovered_at=0.0, ended_at=0.0)
    if flaps:
        scene.change(flaps=incident.flaps + 1)
        scene.reply(f"flaps:{incident.cycle}", replies.flapping(scene.incident, scene.phase))
        if incident.is_had:
            scene.change(next_at=scene.now + scene.settings.timings.remind)
        else:
            scene.change(next_at=max(scene.now, incident.deadline))
        return
    # Whoever had it may be asleep by now: it is called out like a new one, in the old thread.
    scene.change(acked_by="", acked_as="", acked_at=0.0, snoozed_until=0.0, silenced=False, level=0, called=False)
    scene.change(cycle=incident.cycle + 1, flaps=0, reminders=0, paged=())
    scene.reply(f"again:{signal.number}", replies.fired_again(scene.incident, alarm, scene.mentions), broadcast=True)
    scene.new.append(diagnosis(scene.row.id, alarm, incident.target, f"again:{signal.number}"))
    open_for_people(scene)


def _is_roused(scene: Scene) -> bool:
    """True when an incident slept since its alarms are silenced, and one is in alarm now that is not."""
    roused = scene.incident.silenced and scene.phase is Phase.OPEN and silent(scene) is None
    if roused:
        scene.change(snoozed_until=0.0, silenced=False)
    return roused


def _replace(scene: Scene, member: Member) -> None:
    members = tuple(member if each.key == member.key else each for each in scene.incident.members)
    scene.change(members=members)


def _tell_of_alarms(scene: Scene) -> None:
    """One reply lists all alarms of an incident that has several; it is brought up to date, not posted again."""
    scene.lists_alarms = len(scene.incident.members) > 1
