"""An incident whose alarms are all silenced sleeps: it goes on, and nobody is called until the silence ends."""

from __future__ import annotations

from alerts.scene import Scene
from bot.incident import Phase
from bot.rows import Received
from bot.silence import Silence, covering
from bot.views import silences as view

SILENCE, SILENCE_OVER = "silence", "silence_over"
"""Signals to an incident: a silence was set that covers its alarms; one has ended."""


def silence(scene: Scene, signal: Received) -> None:
    """Its alarms were silenced: it sleeps, whoever has it keeps it, and PagerDuty stops calling."""
    found = silent(scene)
    if found is None or scene.phase is not Phase.OPEN or scene.incident.snoozed_until >= found.until:
        return
    sleep(scene, found)
    scene.page_all("acknowledge")


def sleep(scene: Scene, found: Silence) -> None:
    """Nothing happens by itself until the silence is over."""
    scene.change(snoozed_until=found.until, next_at=found.until, silenced=True)
    by = found.by or "the calendar"
    scene.note(f"silenced:{found.id}", scene.now, "person", f"silenced its alarms: {found.reason}", by=by)
    scene.reply(f"silenced:{found.id}", view.incident_silenced(found))


def silent(scene: Scene) -> Silence | None:
    """The silence under which all its red alarms are, the one that ends first; None when one of them may be heard."""
    red = scene.incident.red
    standing = scene.world.silences.standing() if red else ()
    found = [covering(standing, each.alarm_name, each.arn, each.target) for each in red] if standing else []
    known = [each for each in found if each is not None]
    return min(known, key=lambda each: each.until) if known and len(known) == len(red) else None
