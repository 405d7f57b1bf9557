"""What people do with an incident: acknowledge, take over, hand over, escalate, snooze, resolve, split and merge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.members import recover, take_in
from alerts.opening import call, call_off, open_for_people
from alerts.scene import Scene
from alerts.triage import MOVED, TRIAGE_ID, opened, triage_row
from bot import authz
from bot.domain import Alarm, AlarmState, as_json
from bot.errors import BotError, ConflictError, NotFoundError, UsageError
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident, Member, Phase, worst
from bot.mrkdwn import plain
from bot.rows import Received, Signal, Store
from bot.views import incident_replies as replies

ACKNOWLEDGE, TAKE_OVER, HAND_OVER = "acknowledge", "take_over", "hand_over"
ESCALATE, SNOOZE, RESOLVE = "escalate", "snooze", "resolve"
SPLIT, MERGE, ABSORB = "split", "merge", "absorb"
NOTE = "note"
"""Names of signals to an incident."""
SNOOZE_LEAST, SNOOZE_MOST = 60.0, 7 * 86_400.0


def acknowledge(scene: Scene, signal: Received) -> None:
    """Somebody has it."""
    user = scene.allowed(signal)
    if not user or scene.incident.acked_by == user:
        return
    if scene.incident.is_had:
        hint = "Take it over if you want it."
        scene.whisper(signal, ConflictError(f"{_name(scene, scene.incident.owner)} has it already.", hint=hint))
        return
    _has_it(scene, signal, user)
    _noted(scene, signal, "acknowledged it", user)
    scene.reply(f"ack:{signal.number}", replies.acknowledged(scene.incident))


def take_over(scene: Scene, signal: Received) -> None:
    """Somebody has it instead of whoever had it."""
    user, before = scene.allowed(signal), scene.incident.owner
    if not user or before == user:
        return
    _has_it(scene, signal, user)
    _noted(scene, signal, f"took it over from {_name(scene, before)}" if before else "took it", user)
    scene.reply(f"ack:{signal.number}", replies.taken_over(scene.incident, before))


def hand_over(scene: Scene, signal: Received) -> None:
    """Somebody gives it to somebody else, who has to be allowed to work on it."""
    user, to = scene.allowed(signal), str(signal.payload.get("to", ""))
    if not user:
        return
    try:
        person = scene.world.chat.person(to)
        authz.require(scene.access, person, "incident", scene.target)
    except BotError as error:
        said = f"It cannot be handed to {_name(scene, to)}: {error.message}"
        scene.whisper(signal, ConflictError(said, hint="They may not work on incidents here."))
        return
    _has_it(scene, signal, to)
    _noted(scene, signal, f"handed it over to {person.name}", user)
    scene.reply(f"ack:{signal.number}", replies.handed_over(user, to))


def escalate(scene: Scene, signal: Received) -> None:
    """Somebody wants the next level called, now."""
    user = scene.allowed(signal)
    if not user:
        return
    if _is_green(scene, signal, "escalate"):
        return
    if not scene.levels:
        hint = "It belongs to no configured system."
        scene.whisper(signal, NotFoundError("There is nobody to escalate this to.", hint=hint))
        return
    scene.change(acked_by="", acked_as="", acked_at=0.0, snoozed_until=0.0, silenced=False)
    call(scene, min(scene.incident.level + 1, len(scene.levels)), by=user)


def snooze(scene: Scene, signal: Received) -> None:
    """Somebody wants to hear no more of it for a while, and has it until then."""
    user = scene.allowed(signal)
    if not user:
        return
    if _is_green(scene, signal, "snooze"):
        return
    seconds = float(signal.payload.get("seconds", 0.0))
    if not SNOOZE_LEAST <= seconds <= SNOOZE_MOST:
        scene.whisper(signal, UsageError("A snooze lasts from a minute to a week.", hint="As in: snooze 30m."))
        return
    _has_it(scene, signal, scene.incident.acked_by or user)
    until = signal.at + seconds
    scene.change(snoozed_until=until, next_at=until)
    _noted(scene, signal, f"snoozed it for {seconds / 60:.0f} min", user)
    scene.reply(f"snooze:{signal.number}", replies.snoozed(scene.incident, user))


def resolve(scene: Scene, signal: Received) -> None:
    """Somebody says that it is over."""
    user = scene.allowed(signal)
    if user:
        _resolved(scene, signal, user)
        scene.page_all("resolve")


def split(scene: Scene, signal: Received) -> None:
    """Somebody says that one alarm is another matter: it gets an incident of its own."""
    user, wanted = scene.allowed(signal), str(signal.payload.get("alarm", ""))
    if not user:
        return
    member = _meant(scene.incident, wanted)
    if member is None or len(scene.incident.members) == 1:
        names = ", ".join(each.name for each in scene.incident.members)
        said = "There is only one alarm in it." if member else f"There is no alarm “{wanted}” in it."
        scene.whisper(signal, NotFoundError(said, hint=f"It has: {names}."))
        return
    alarm = _last(scene, member)
    target = scene.world.catalog.target(member.target) if member.target else None
    payload = {"key": f"{member.key}", "target": member.target, "severity": member.severity.value}
    new = opened(alarm, payload, target, scene.settings.default_channel, "", scene.now, again=signal.number)
    left = tuple(each for each in scene.incident.members if each.key != member.key)
    worst_left = worst(tuple(each.severity for each in left))
    scene.change(members=left, severity=worst_left)
    if scene.incident.alarm.name == alarm.name and scene.incident.alarm.arn == alarm.arn:
        first = next((each for each in left if each.severity is worst_left), left[0])
        scene.change(alarm=_last(scene, first), target=first.target or scene.incident.target)
    scene.new += [new, triage_row()]
    scene.signals.append((TRIAGE_ID, Signal(MOVED, {"key": member.key, "incident": new.id})))
    _noted(scene, signal, f"split {member.name} off", user)
    scene.reply(f"split:{signal.number}", replies.split_off(member, user))
    if scene.phase is Phase.OPEN and all(each.state is AlarmState.OK for each in left):
        recover(scene, signal.at)


def merge(scene: Scene, signal: Received, store: Store) -> None:
    """Somebody says that it is the same matter as another incident: its alarms go there, and this one is over."""
    user, into = scene.allowed(signal), str(signal.payload.get("into", ""))
    if not user:
        return
    row = store.get(into)
    if row is None or row.kind != INCIDENT or row.state not in LIVE or into == scene.row.id:
        said = "It cannot be merged with itself." if into == scene.row.id else "There is no such open incident."
        scene.whisper(signal, NotFoundError(said, hint="Pick one that is still open."))
        return
    payload = {
        "from": scene.row.id,
        "user": user,
        "members": [as_json(member) for member in scene.incident.members],
        "alarm": as_json(scene.incident.alarm),
        "owner": scene.incident.acked_by,
    }
    scene.signals.append((into, Signal(ABSORB, payload, key=f"absorb:{scene.row.id}")))
    scene.phase = Phase.MERGED
    scene.change(merged_into=into, ended_at=signal.at)
    scene.page_all("resolve")
    call_off(scene)
    _noted(scene, signal, f"merged it into the incident of {row.body['alarm']['name']}", user)
    scene.reply(f"merge:{signal.number}", replies.merged(str(row.body["alarm"]["name"]), user))


def absorb(scene: Scene, signal: Received) -> None:
    """Another incident was merged into this one."""
    user, alarm = str(signal.payload["user"]), Alarm.model_validate(signal.payload["alarm"])
    before, owner = scene.incident.severity, scene.incident.acked_by or str(signal.payload.get("owner", ""))
    for told in signal.payload["members"]:
        member = Member.model_validate(told).model_copy(update={"why": "a person merged it"})
        take_in(scene, member, alarm, "", heard=True)
    if scene.phase is Phase.RECOVERED and scene.incident.red:
        scene.phase = Phase.OPEN
        scene.change(recovered_at=0.0, next_at=scene.now + scene.settings.timings.remind)
    if owner and not scene.incident.is_had:
        # Whoever had the one has the other; nobody is called again for it.
        _has_it(scene, signal, owner)
    elif not scene.incident.is_had and scene.incident.severity is not before and scene.phase is Phase.OPEN:
        scene.change(level=0)
        open_for_people(scene)
    _noted(scene, signal, f"merged the incident of {alarm.name} into this one", user)
    scene.reply(f"absorbed:{signal.number}", replies.absorbed(len(signal.payload["members"]), alarm, user))


def note(scene: Scene, signal: Received) -> None:
    """Somebody wants something in the timeline."""
    user = scene.allowed(signal)
    if user:
        said = plain(str(signal.payload.get("text", "")), lambda each: _name(scene, each))
        _noted(scene, signal, f"noted: {said}", user)
        scene.whisper(signal, BotError("Noted in the timeline."))


def pagerduty(scene: Scene, signal: Received) -> None:
    """Somebody did something in PagerDuty; what the bot itself did there comes back too and changes nothing."""
    told: Mapping[str, Any] = signal.payload
    event, who = str(told.get("event", "")), str(told.get("who", "")) or "somebody"
    if told.get("by") == "integration":
        return
    if event == "acknowledged" and not scene.incident.is_had:
        scene.change(acked_as=f"{who} (PagerDuty)")
        _acked(scene, signal.at)
        scene.reply(f"ack:{signal.number}", replies.acknowledged(scene.incident))
        _to_other_levels(scene, "acknowledge", told)
    elif event == "unacknowledged":
        _unacknowledged(scene, signal, who)
    elif event == "resolved":
        _resolved(scene, signal, f"{who} (PagerDuty)")
        _to_other_levels(scene, "resolve", told)
        return
    elif event in ("reassigned", "escalated", "delegated", "reopened"):
        scene.reply(f"pd:{signal.number}", replies.in_pagerduty(event, who, tuple(told.get("to") or ())))
    more = f": {told['note']}" if told.get("note") else f" to {', '.join(told['to'])}" if told.get("to") else ""
    _noted(scene, signal, f"{event} it in PagerDuty{more}", who)


def _to_other_levels(scene: Scene, action: str, told: Mapping[str, Any]) -> None:
    """The alerts of the levels besides the one where it was done."""
    for level in scene.incident.paged:
        if level != int(told.get("level", level)):
            scene.page(action, level)


def _unacknowledged(scene: Scene, signal: Received, who: str) -> None:
    """An acknowledgement ran out there: whoever has it here still has it, and who had it only there no longer does."""
    if scene.incident.acked_by:
        scene.page_all("acknowledge")
    elif scene.incident.acked_as:
        scene.change(acked_as="", acked_at=0.0, next_at=scene.now + (scene.response.within or 0.0))
        scene.reply(f"pd:{signal.number}", replies.in_pagerduty("unacknowledged", who, ()))


def _noted(scene: Scene, signal: Received, said: str, who: str) -> None:
    at = min(signal.at, float(signal.payload.get("at") or signal.at))
    scene.note(f"person:{signal.number}", at, "person", said, by=who)


def _is_green(scene: Scene, signal: Received, what: str) -> bool:
    if scene.phase is Phase.RECOVERED:
        scene.whisper(signal, ConflictError(f"It has recovered; there is nothing to {what}."))
    return scene.phase is Phase.RECOVERED


def _has_it(scene: Scene, signal: Received, user: str) -> None:
    scene.change(acked_by=user, acked_as="", snoozed_until=0.0, silenced=False)
    _acked(scene, signal.at)
    scene.page_all("acknowledge")


def _acked(scene: Scene, at: float) -> None:
    call_off(scene)
    first = scene.incident.first_acked_at or at
    scene.change(acked_at=at, first_acked_at=first, reminders=0)
    if scene.phase is Phase.OPEN:
        scene.change(next_at=scene.now + scene.settings.timings.remind)


def _resolved(scene: Scene, signal: Received, who: str) -> None:
    call_off(scene)
    scene.phase = Phase.RESOLVED
    scene.change(resolved_by=who, ended_at=signal.at, next_at=0.0)
    if scene.incident.red:
        scene.change(next_at=scene.now + scene.settings.timings.remind)
        scene.reply(f"resolved:{signal.number}", replies.resolved_in_alarm(scene.incident))
    _noted(scene, signal, "resolved it", who)


def _meant(incident: Incident, wanted: str) -> Member | None:
    """The alarm of that key or name, or the only one whose name has the word in it."""
    exact = [each for each in incident.members if wanted in (each.key, each.name)]
    inside = [each for each in incident.members if wanted and wanted.lower() in each.name.lower()]
    return exact[0] if exact else inside[0] if len(inside) == 1 else None


def _last(scene: Scene, member: Member) -> Alarm:
    """The last notification of a member; what is known of it when its row is gone."""
    known = scene.last_alarm(member.key)
    if known is not None:
        return known
    arn, _, contributor = member.key.rpartition("#")
    lead = scene.incident.alarm
    return Alarm(
        arn=arn,
        name=member.name,
        state=member.state,
        reason=member.reason,
        at=member.at,
        region=lead.region,
        account=lead.account,
        contributor=contributor,
    )


def _name(scene: Scene, user: str) -> str:
    """What a person is called; their id while Slack cannot be asked."""
    try:
        return scene.world.chat.person(user).name
    except BotError:
        return user
