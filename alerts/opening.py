"""Who hears of an incident first, and who is called when nobody takes it."""

from __future__ import annotations

from collections.abc import Sequence

from alerts import mails
from alerts.escalation import after_opening, after_reminder
from alerts.mails import called_off
from alerts.scene import Scene
from alerts.silenced import silent, sleep
from bot.incident import Phase
from bot.rows import Received
from bot.views import incident_replies as replies
from bot.views import silences as silence_views
from bot.working_hours import next_business_day


def open_for_people(scene: Scene) -> None:
    """Tell whoever hears first, as the severity's route says; what is next is set.

    While it is silenced nobody is told, and none but whoever has it when somebody has it already.
    """
    found = silent(scene)
    if found is not None:
        sleep(scene, found)
        return
    if scene.incident.is_had:
        scene.change(next_at=scene.now + scene.settings.timings.remind)
        return
    response = scene.response
    wait_for_people(scene)
    if response.route == "pagerduty" and scene.levels:
        call(scene, 1, quietly=True)
    if response.route == "email" and scene.system and scene.system.email:
        hours = scene.calendar.at_work(scene.system.system)
        begins = next_business_day(scene.now, hours.clock, hours.weekdays, hours.hours[0])
        _write(scene, f"opened:{scene.incident.cycle}", scene.system.email, begins)
        # Nobody is reminded before they have been told.
        scene.change(next_at=max(scene.incident.next_at, begins + scene.settings.timings.remind))


def wait_for_people(scene: Scene) -> None:
    """From now on somebody has the severity's time to take it."""
    at = after_opening(scene.response, scene.settings.timings.remind, scene.now)
    scene.change(next_at=at, deadline=at)


def call_off(scene: Scene) -> None:
    """Somebody has it, or it is over: what has not been sent yet need not be."""
    for mark in scene.incident.mails:
        scene.new.append(called_off(scene.row.id, mark))
    scene.change(mails=())


def _write(scene: Scene, mark: str, to: Sequence[str], due_at: float) -> None:
    scene.new.append(mails.mail(scene.row.id, mark, to, due_at, scene.incident.channel))
    scene.change(mails=(*scene.incident.mails, mark))


def call(scene: Scene, level: int, *, by: str = "", quietly: bool = False) -> None:
    """Call a level of escalation (from 1); ``quietly`` without a reply, since the headline says it already."""
    called = scene.levels[level - 1]
    if called.calls_pagerduty:
        rung = scene.rung(level)
        if rung in scene.incident.paged:
            # PagerDuty only appends to an alert that is open or acknowledged; a new one rings.
            scene.page("resolve", rung)
        else:
            scene.change(paged=(*scene.incident.paged, rung))
        scene.page("trigger", rung)
    if called.email:
        _write(scene, f"level:{scene.incident.cycle}:{level}:{scene.now}", called.email, scene.now)
    scene.change(level=level, called_at=scene.now, reminders=0)
    wait_for_people(scene)
    scene.note(
        f"level:{scene.incident.cycle}:{level}:{scene.now}", scene.now, "page", f"{called.name} was called", by=by
    )
    if not quietly:
        told = replies.escalated(scene.incident, called, by)
        scene.reply(f"level:{scene.incident.cycle}:{level}:{scene.now}", told, broadcast=True)


def remind(scene: Scene) -> None:
    """Nothing has happened for a while: whoever has it is asked, or all are told that nobody has."""
    scene.change(reminders=scene.incident.reminders + 1)
    told = "whoever has it was asked about it" if scene.incident.is_had else "people were reminded that nobody has it"
    scene.note(f"reminder:{scene.now}", scene.now, "page", told)
    said = replies.reminder(scene.incident, scene.mentions, scene.now)
    scene.reply(f"reminder:{scene.now}", said)
    scene.change(next_at=after_reminder(scene.incident, scene.response, scene.settings.timings.remind, scene.now))


def wake(scene: Scene) -> None:
    """A snooze has ended: whoever had it has it no longer, and the next level hears of it in time.

    Of a silence nobody took the incident by it, so that whoever has it keeps it; and another one may hold on.
    """
    if scene.incident.silenced:
        wake_from_silence(scene)
        return
    scene.note(f"awake:{scene.now}", scene.now, "incident", "the snooze ended")
    scene.reply(f"awake:{scene.now}", replies.snooze_over(scene.incident))
    scene.change(snoozed_until=0.0, acked_by="", acked_as="", acked_at=0.0, level=0)
    open_for_people(scene)


def wake_from_silence(scene: Scene) -> None:
    """A silence has ended and no other one holds: the next step comes as if it had opened now."""
    found = silent(scene)
    if found is not None:
        sleep(scene, found)
        return
    scene.note(f"awake:{scene.now}", scene.now, "incident", "the silence ended")
    owner = scene.incident.owner
    scene.reply(f"awake:{scene.now}", silence_views.incident_awake(owner, is_unknown=scene.incident.is_unknown))
    scene.change(snoozed_until=0.0, silenced=False)
    if not scene.incident.is_had:
        scene.change(level=0)
    open_for_people(scene)


def silence_over(scene: Scene, signal: Received) -> None:
    """A silence was lifted, or its end has come."""
    if scene.phase is Phase.OPEN and scene.incident.silenced and scene.incident.snoozed_until:
        wake_from_silence(scene)
