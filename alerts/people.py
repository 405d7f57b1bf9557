"""What people do with an incident: acknowledge, take over, hand over, escalate, snooze and resolve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.opening import call, call_off
from alerts.scene import Scene
from bot import authz
from bot.errors import BotError, ConflictError, DeniedError, NotFoundError, UpstreamError, UsageError
from bot.incident import Phase
from bot.mrkdwn import plain
from bot.rows import Received
from bot.views import blocks as b
from bot.views import incident_replies as replies
from bot.views.incident import calls_shown

ACKNOWLEDGE, TAKE_OVER, HAND_OVER = "acknowledge", "take_over", "hand_over"
ESCALATE, SNOOZE, RESOLVE = "escalate", "snooze", "resolve"
SPLIT, MERGE, ABSORB = "split", "merge", "absorb"
NOTE = "note"
"""Names of signals to an incident."""
UNSEEN, SHOWN_LATE = 15.0, 60.0
"""Seconds after a call in which who writes may not have seen it, and in which a headline may not show it."""
UNKNOWN_PERSON = ("user_not_found", "users_not_found", "user_not_visible")
"""What Slack answers about people whom this workspace does not know."""
SNOOZE_LEAST, SNOOZE_MOST = 60.0, 7 * 86_400.0


def acknowledge(scene: Scene, signal: Received) -> None:
    """Somebody has it."""
    user = scene.allowed(signal)
    if not user or scene.incident.acked_by == user:
        return
    if scene.incident.is_had:
        hint = "Take it over if you want it."
        scene.whisper(signal, ConflictError(f"{name_of(scene, scene.incident.owner)} has it already.", hint=hint))
        return
    has_it(scene, signal, user)
    noted(scene, signal, "acknowledged it", user)
    scene.reply(f"ack:{signal.number}", replies.acknowledged(scene.incident))


def take_over(scene: Scene, signal: Received) -> None:
    """Somebody has it instead of whoever had it."""
    user, before = scene.allowed(signal), scene.incident.owner
    if not user or before == user:
        return
    has_it(scene, signal, user)
    noted(scene, signal, f"took it over from {name_of(scene, before)}" if before else "took it", user)
    scene.reply(f"ack:{signal.number}", replies.taken_over(scene.incident, before))


def hand_over(scene: Scene, signal: Received) -> None:
    """Somebody gives it to somebody else, who has to be allowed to work on it."""
    user, to = scene.allowed(signal), str(signal.payload.get("to", ""))
    if not user:
        return
    try:
        person = scene.world.chat.person(to)
        authz.require(scene.access, person, "incident", scene.target, other=person.name)
    except DeniedError as error:
        scene.whisper(signal, ConflictError(f"It cannot be handed over: {error.message}", hint=error.hint))
        return
    except BotError as error:
        unknown = isinstance(error, UpstreamError) and error.code in UNKNOWN_PERSON
        said = "Slack knows nobody of that name here." if unknown else error.message
        scene.whisper(signal, ConflictError(f"It cannot be handed over: {said}"))
        return
    has_it(scene, signal, to)
    noted(scene, signal, f"handed it over to {person.name}", user)
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
    if _is_called_already(scene, signal):
        name, seconds = scene.levels[scene.incident.level - 1].name, abs(scene.now - scene.incident.called_at)
        said = f"{name} was called {b.ago(seconds)} ago."
        scene.whisper(signal, ConflictError(said, hint="Ask again if that is not enough."))
        return
    scene.change(acked_by="", acked_as="", acked_at=0.0, snoozed_until=0.0, silenced=False)
    call(scene, min(scene.incident.level + 1, len(scene.levels)), by=user)


def _is_called_already(scene: Scene, signal: Received) -> bool:
    """Whether a level was called that whoever asked for the next one had not seen.

    A button knows which call was the last one that its message showed, though Slack may show the next one late. Words
    do not: they were on their way when they were written within seconds of the call. Whoever escalates what is had
    knows what they do.
    """
    incident = scene.incident
    if incident.is_had or not 0 < incident.level <= len(scene.levels):
        return False
    age = abs(float(signal.payload.get("at") or signal.at) - incident.called_at)
    if "seen" in signal.payload:
        return age < SHOWN_LATE and str(signal.payload["seen"]) != calls_shown(incident)
    return age < UNSEEN


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
    has_it(scene, signal, scene.incident.acked_by or user)
    until = signal.at + seconds
    scene.change(snoozed_until=until, next_at=until)
    noted(scene, signal, f"snoozed it for {seconds / 60:.0f} min", user)
    scene.reply(f"snooze:{signal.number}", replies.snoozed(scene.incident, user))


def resolve(scene: Scene, signal: Received) -> None:
    """Somebody says that it is over."""
    user = scene.allowed(signal)
    if user:
        _resolved(scene, signal, user)
        scene.page_all("resolve")


def note(scene: Scene, signal: Received) -> None:
    """Somebody wants something in the timeline."""
    user = scene.allowed(signal)
    if user:
        said = plain(str(signal.payload.get("text", "")), lambda each: name_of(scene, each))
        noted(scene, signal, f"noted: {said}", user)
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
    noted(scene, signal, f"{event} it in PagerDuty{more}", who)


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


def noted(scene: Scene, signal: Received, said: str, who: str) -> None:
    """Keep in the timeline what somebody did, as of when they did it."""
    at = min(signal.at, float(signal.payload.get("at") or signal.at))
    scene.note(f"person:{signal.number}", at, "person", said, by=who)


def _is_green(scene: Scene, signal: Received, what: str) -> bool:
    if scene.phase is Phase.RECOVERED:
        scene.whisper(signal, ConflictError(f"It has recovered; there is nothing to {what}."))
    return scene.phase is Phase.RECOVERED


def has_it(scene: Scene, signal: Received, user: str) -> None:
    """Somebody whom Slack knows has it from now on."""
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
    noted(scene, signal, "resolved it", who)


def name_of(scene: Scene, user: str) -> str:
    """What a person is called; their id while Slack cannot be asked."""
    try:
        return scene.world.chat.person(user).name
    except BotError:
        return user
