"""What people do with the alarms of an incident: split one off, or merge two incidents."""

from __future__ import annotations

from dataclasses import replace

from alerts.escalation import CLOSE_AFTER
from alerts.members import recover, take_in
from alerts.opening import call_off, open_for_people
from alerts.people import ABSORB, has_it, noted
from alerts.scene import Scene
from alerts.triage import MOVED, TRIAGE_ID, opened, triage_row
from bot import authz
from bot.domain import Alarm, AlarmState, as_json
from bot.errors import BotError, ConflictError, NotFoundError
from bot.incident import KIND as INCIDENT
from bot.incident import LIVE, Incident, Member, Phase, headline_key, worst
from bot.posts import address, posted
from bot.rows import Received, Row, Signal, Store
from bot.views import incident_replies as replies

NO_SUCH = "There is no such open incident."


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
    new = replace(new, body={**new.body, **_same_owner(scene)})
    scene.new += [new, triage_row()]
    scene.signals.append((TRIAGE_ID, Signal(MOVED, {"key": member.key, "incident": new.id})))
    noted(scene, signal, f"split {member.name} off", user)
    scene.reply(f"split:{signal.number}", replies.split_off(member, user))
    if scene.phase is Phase.OPEN and all(each.state is AlarmState.OK for each in left):
        recover(scene, signal.at)


def _same_owner(scene: Scene) -> dict[str, str | float]:
    """Fields of an incident that is had from its beginning by whoever has this one; none when nobody has."""
    if not scene.incident.is_had:
        return {}
    by, elsewhere = scene.incident.acked_by, scene.incident.acked_as
    return {"acked_by": by, "acked_as": elsewhere, "acked_at": scene.now, "first_acked_at": scene.now}


def merge(scene: Scene, signal: Received, store: Store) -> None:
    """Somebody says that it is the same matter as another incident: its alarms go there, and this one is over."""
    user, into = scene.allowed(signal), str(signal.payload.get("into", ""))
    if not user:
        return
    row = store.get(into)
    error = _cannot_merge(scene, row, into, user)
    if row is None or error is not None:
        scene.whisper(signal, error or NotFoundError(NO_SUCH))
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
    noted(scene, signal, f"merged it into the incident of {row.body['alarm']['name']}", user)
    where = address(scene.world.chat, posted(store, headline_key(into)))
    scene.reply(f"merge:{signal.number}", replies.merged(str(row.body["alarm"]["name"]), user, where))


def _cannot_merge(scene: Scene, row: Row | None, into: str, user: str) -> BotError | None:
    """Why somebody cannot merge this incident into that one, of which ``row`` is known; None when they can."""
    if into == scene.row.id:
        return NotFoundError("It cannot be merged with itself.", hint="Pick one that is still open.")
    if row is None or row.kind != INCIDENT:
        return NotFoundError(NO_SUCH, hint="Pick one that is still open.")
    if row.state == Phase.MERGED and row.body.get("merged_into") == scene.row.id:
        return ConflictError("That one has been merged into this one already.")
    if row.state not in LIVE:
        return NotFoundError(NO_SUCH, hint="Pick one that is still open.")
    return _not_allowed_there(scene, Incident.model_validate(row.body), user)


def _not_allowed_there(scene: Scene, other: Incident, user: str) -> BotError | None:
    target = scene.world.catalog.target(other.target) if other.target else None
    try:
        authz.require(scene.access, scene.world.chat.person(user), "incident", target)
    except BotError as error:
        said = f"It cannot be merged into the incident of {other.alarm.label}: {error.message}"
        return ConflictError(said, hint=error.hint)
    return None


def crossed(scene: Scene, signal: Received) -> bool:
    """Two incidents were merged into each other at once: the older goes on with all alarms, the other stays over.

    False when that is not what happened.
    """
    other = str(signal.payload["from"])
    if scene.phase is not Phase.MERGED or scene.incident.merged_into != other:
        return False
    row = scene.store.get(other)
    mine = (scene.incident.opened_at, scene.row.id)
    if row is not None and (float(row.body["opened_at"]), other) < mine:
        return True
    _go_on(scene, signal)
    return True


def _go_on(scene: Scene, signal: Received) -> None:
    incident = scene.incident
    scene.phase = Phase.OPEN if any(each.state is not AlarmState.OK for each in incident.members) else Phase.RECOVERED
    # Both merges ended what had been called.
    scene.change(merged_into="", ended_at=0.0, paged=(), next_at=scene.now + CLOSE_AFTER)
    scene.reply(f"crossed:{signal.number}", replies.goes_on())
    absorb(scene, signal, anew=True)
    # Triage may have looked while both were over, and knows neither any more.
    for each in scene.incident.members:
        scene.signals.append((TRIAGE_ID, Signal(MOVED, {"key": each.key, "incident": scene.row.id})))


def absorb(scene: Scene, signal: Received, *, anew: bool = False) -> None:
    """Another incident was merged into this one; people hear of this one ``anew`` when it had been over."""
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
        has_it(scene, signal, owner)
    elif scene.phase is Phase.OPEN and (anew or (not scene.incident.is_had and scene.incident.severity is not before)):
        scene.change(level=0)
        open_for_people(scene)
    noted(scene, signal, f"merged the incident of {alarm.label} into this one", user)
    scene.reply(f"absorbed:{signal.number}", replies.absorbed(len(signal.payload["members"]), alarm, user))


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
