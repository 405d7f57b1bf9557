"""Calls to PagerDuty that are owed: one row for each level of an incident, its events sent in order.

The dedup key is made of the incident's id, so that an event sent twice after a crash changes nothing at PagerDuty. A
later level has a routing key of its own, and so an alert of its own: PagerDuty drops an acknowledgement that comes
through another routing key than the trigger did.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from alerts.illustrations import Illustrate, without_pictures
from alerts.page_contents import DEDUP_PREFIX, call_of, contents, target_of, told
from alerts.timeline import moment
from bot.domain import Alarm
from bot.engine import Lease, Machine
from bot.errors import BotError, UpstreamError
from bot.incident import LIVE, Incident, Phase, headline_key
from bot.paging import Link
from bot.ports import World
from bot.posts import address, post, posted
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import incident_replies as view

log = logging.getLogger("alerts.pages")

KIND = "page"
TRIGGER, DETAILS = "trigger", "details"
ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"
ACTIONS = (TRIGGER, DETAILS, ACKNOWLEDGE, RESOLVE)
CALLED = "called"
LATE_SECONDS = 120.0
"""How long after the call PagerDuty is told what was found."""
LINK_SECONDS = 3.0
"""How long a call waits for the headline to be posted, so that it can carry its address."""
PATIENCE = 5
"""Attempts (about twenty seconds) before the thread is told that nobody was called."""
TRY_EVERY, TRY_FOR = 60.0, 6 * 3600.0
"""Seconds between calls after that, and for how long: somebody asleep does not read the thread."""


def page(
    incident_id: str,
    incident: Incident,
    routing_key_env: str,
    action: str,
    level: int = 0,
    *,
    remedy: str = "",
    images: Sequence[Link] = (),
) -> NewRow:
    """An event that PagerDuty is owed: ``trigger``, ``details``, ``acknowledge`` or ``resolve``.

    ``details`` adds findings that came after the trigger to what was told by it: sent once, never before the trigger,
    and dropped when nothing is new or it is over. ``level`` counts escalations from 0; one that has its own routing
    key gets its own alert and has to be acknowledged and resolved on its own. What is sent later goes through the
    routing key that triggered. ``remedy`` is the first thing the runbook would do, ``images`` are pictures at https
    addresses. The signal ``CALLED`` tells the incident that PagerDuty took the call. Raises ValueError for another
    action.
    """
    if action not in ACTIONS:
        raise ValueError(f"PagerDuty cannot be told to {action}")
    told_now = contents(incident, remedy, images) | {"env": routing_key_env}
    body = told_now | {"incident": incident_id, "level": level, "channel": incident.channel, "first": action}
    payload = told_now if action in (TRIGGER, DETAILS) else {}
    return NewRow(kind=KIND, key=_key(incident_id, level), state="owed", body=body, else_signal=Signal(action, payload))


def _key(incident_id: str, level: int) -> str:
    return f"{incident_id}:{level}" if level else incident_id


class Pages(Machine):
    """The machine of calls to PagerDuty.

    Of a row's body ``first`` is the action it was made for until that is done, ``open`` that PagerDuty has its alert
    under ``dedup_key``, ``told`` what the alert says, and ``failing_since`` when a call began to fail.
    """

    kind = KIND
    is_urgent = True

    def __init__(self, store: Store, world: World, illustrate: Illustrate = without_pictures) -> None:
        self._store = store
        self._world = world
        self._illustrate = illustrate

    def patience(self, row: Row) -> int:
        """Short: people must know soon that they have to telephone."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Send the oldest event that is owed."""
        body = dict(row.body)
        action, _, later = _next(body, signals)
        if not action:
            return Step("sent", None, body)
        if action == TRIGGER:
            return self._trigger(row, signals, lease)
        if action == DETAILS:
            return self._details(row, signals, lease)
        lease.before_effect()
        send = self._world.pager.acknowledge if action == ACKNOWLEDGE else self._world.pager.resolve
        send(str(body["env"]), self._dedup_key(body), self._world.clock.now())
        if action == RESOLVE:
            body["open"] = False
        return _sent(body, signals, later)

    def _trigger(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        body = dict(row.body)
        _, payload, later = _next(body, signals)
        if body.get("failing_since") and self._is_over(body, later):
            # Before PagerDuty came back: nobody need be woken any more.
            return _sent(body, signals, later)
        now = self._world.clock.now()
        shown = posted(self._store, headline_key(str(body["incident"])))
        if 0 <= now - row.created_at < LINK_SECONDS and shown is None:
            return Step("owed", now + 0.2, body)
        # While an alert is open everything about it has to come through the key that opened it.
        kept = {"env": body["env"]} if body.get("open") else {}
        body |= dict(payload) | kept
        while later and later[0].name == DETAILS:
            # Found before the call was made, so that the call itself tells it.
            body |= dict(later.pop(0).payload) | {"env": body["env"]}
        lease.before_effect()
        call = call_of(body, self._world, address(self._world.chat, shown))
        body["dedup_key"] = self._dedup_key(body)
        called = self._world.pager.trigger(str(body["env"]), body["dedup_key"], call)
        body |= {"open": called, "told": told(body), "called_at": now}
        step = _sent(body, signals, later)
        told_incident = ((str(body["incident"]), Signal(CALLED)),) if called else ()
        nobody = BotError(f"There is no routing key in {body['env'] or 'PAGERDUTY_ROUTING_KEY'}.")
        said = () if called else _not_called(row, body, TRIGGER, nobody, now)
        return replace(step, signals=told_incident, new=said)

    def _is_over(self, body: dict[str, Any], later: list[Received]) -> bool:
        """Resolved, or green; what somebody merely has is called still, since PagerDuty acknowledges what it knows."""
        incident = self._store.get(str(body["incident"]))
        green = incident is not None and incident.state not in (Phase.OPENING, Phase.OPEN)
        return green or any(signal.name == RESOLVE for signal in later)

    def _details(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        body = dict(row.body)
        _, payload, later = _next(body, signals)
        body |= dict(payload) | {"env": body["env"]}
        # PagerDuty opens a new alert for what is told of one that somebody resolved there, of which the bot hears late.
        late = self._world.clock.now() - float(body.get("called_at", 0.0)) > LATE_SECONDS
        over = late or any(signal.name == RESOLVE for signal in later) or not self._is_live(str(body["incident"]))
        # What only explains must not hold up that somebody has it.
        in_the_way = row.attempts > 1 and later
        if not body.get("open") or over or in_the_way or told(body) == body.get("told"):
            return _sent(body, signals, later)
        body["images"] = body.get("images") or self._pictures(body)
        lease.before_effect()
        shown = posted(self._store, headline_key(str(body["incident"])))
        call = call_of(body, self._world, address(self._world.chat, shown))
        self._world.pager.trigger(str(body["env"]), self._dedup_key(body), call)
        body["told"] = told(body)
        return _sent(body, signals, later)

    def _is_live(self, incident: str) -> bool:
        row = self._store.get(incident)
        return row is None or row.state in LIVE

    def _pictures(self, body: dict[str, Any]) -> list[list[str]]:
        """Drawn only now: whoever is called should not wait for a picture."""
        alarm = Alarm.model_validate(body["alarm"])
        picture = self._illustrate(str(body["incident"]), alarm, target_of(alarm, self._world))
        return [[picture.href, picture.text]] if picture is not None else []

    def _dedup_key(self, body: dict[str, Any]) -> str:
        """That of the alert which is open; a level that goes through the first's routing key has none of its own."""
        if body.get("open") and body.get("dedup_key"):
            return str(body["dedup_key"])
        incident, level = str(body["incident"]), int(body.get("level", 0))
        first = self._store.by_key(KIND, incident) if level else None
        if first is not None and first.body.get("env") == body["env"]:
            level = 0
        return f"{DEDUP_PREFIX}{_key(incident, level)}"

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """PagerDuty did not take it: the thread says so, since somebody has to telephone; a call is tried further."""
        body, now = dict(row.body), self._world.clock.now()
        action, payload, later = _next(body, signals)
        log.error("PagerDuty was not told", extra={"row": row.id, "action": action, "error": str(error)})
        if action == DETAILS:
            # Whoever was called has the thread, where the findings stand.
            return _sent(body | dict(payload) | {"env": body["env"]}, signals, later)
        if action == TRIGGER and isinstance(error, UpstreamError) and error.retryable:
            body["failing_since"] = float(body.get("failing_since") or now)
            if now - body["failing_since"] < TRY_FOR:
                return Step("owed", now + TRY_EVERY, body, new=_not_called(row, body, action, error, now))
        said = _not_called(row, body, action, error, now)
        return replace(_sent(body, signals, later), new=said)


def _next(body: dict[str, Any], signals: list[Received]) -> tuple[str, dict[str, Any], list[Received]]:
    """The action that is owed first, what came with it, and the signals that come after it."""
    if body.get("first"):
        return str(body["first"]), {}, list(signals)
    if not signals:
        return "", {}, []
    return signals[0].name, dict(signals[0].payload), signals[1:]


def _sent(body: dict[str, Any], signals: list[Received], later: list[Received]) -> Step:
    """Done with all but the later signals."""
    left = {signal.number for signal in later}
    consumed = tuple(signal.number for signal in signals if signal.number not in left)
    body |= {"first": "", "failing_since": None}
    return Step("sent", 0.0 if later else None, body, consumed=consumed)


def _not_called(row: Row, body: dict[str, Any], action: str, error: BotError, now: float) -> tuple[NewRow, ...]:
    """One reply for as long as PagerDuty stays away; owing it again under the same key changes nothing."""
    incident, level = str(body["incident"]), int(body.get("level", 0))
    mark = body.get("failing_since") or row.epoch
    key = f"inc:{incident}:page:{level}:{mark}" if level else f"inc:{incident}:page:{mark}"
    message = view.page_failed(action, str(error))
    noted = moment(incident, key, now, "page", f"PagerDuty could not be told to {action}: {error}")
    return post(key, str(body["channel"]), message, thread_key=headline_key(incident)), noted
