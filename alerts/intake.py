"""What comes in is stored before it is answered: a notification for its alarm's row, or a notice in a channel.

Nothing is dropped: a text that is no alarm, and even one on which reading fails, is shown as it came.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from alerts.alarms import FUTURE_SECONDS, KIND, NOTIFIED
from bot.domain import Alarm, as_json
from bot.intake.delivery import Delivery
from bot.intake.parse import alarms_from, unreadable
from bot.posts import post
from bot.redact import clean
from bot.rows import NewRow, Signal, Store
from bot.views import incident as view

log = logging.getLogger("alerts.intake")

Item = tuple[NewRow, Signal | None]


def accept(store: Store, alarm: Alarm, message_id: str, default_channel: str, now: float) -> bool:
    """Store what CloudWatch said of an alarm when it was asked; False when it is known.

    Raises when it cannot be stored. What people wrote into the alarm is kept without the secrets they left there.
    """
    told = {"reason": clean(alarm.reason), "description": clean(alarm.description), "raw": clean(alarm.raw)}
    (known,) = store.deliver([_item(alarm.model_copy(update=told), message_id, default_channel, now)], now)
    if isinstance(known, Exception):
        raise known
    return known


def accept_all(
    store: Store, deliveries: Sequence[Delivery], default_channel: str, now: float
) -> list[bool | Exception]:
    """Store what came through a door, in one transaction: of each True when new, False when known, or its error."""
    told = [_read(each) for each in deliveries]
    items = [
        _item(alarm, each.message_id, default_channel, each.received_at)
        for each, alarms in zip(deliveries, told, strict=True)
        for alarm in alarms
    ]
    outcomes = iter(store.deliver(items, now))
    return [_outcome([next(outcomes) for _ in alarms]) for alarms in told]


def _outcome(outcomes: Sequence[bool | Exception]) -> bool | Exception:
    """Of a message that tells of several alarms: why one could not be stored, else whether anything is new."""
    error = next((each for each in outcomes if isinstance(each, Exception)), None)
    return any(outcomes) if error is None else error


def _read(delivery: Delivery) -> tuple[Alarm, ...]:
    """What a message tells of; reading takes secrets out of what people wrote."""
    told = (delivery.text, delivery.subject, delivery.topic, delivery.received_at)
    try:
        return alarms_from(*told)
    except Exception:
        # A message that cannot be read would come again for days, and people would never see it.
        log.exception("a message could not be read and is shown as it came", extra={"message_id": delivery.message_id})
        return (unreadable(*told),)


def _item(alarm: Alarm, message_id: str, default_channel: str, now: float) -> Item:
    """What is stored of a notification, in which there are no secrets any more."""
    if alarm.state is None:
        return post(f"notice:{message_id}", default_channel, view.notice(alarm), can_wait=True), None
    # A time from the future would make every later notification look old.
    if alarm.at > now + FUTURE_SECONDS:
        alarm = alarm.model_copy(update={"at": now + FUTURE_SECONDS})
    new = NewRow(
        kind=KIND, key=f"{alarm.arn}#{alarm.contributor}", state="quiet", body={}, due_at=None, group=alarm.name
    )
    return new, Signal(NOTIFIED, {"alarm": as_json(alarm), "at": now}, key=message_id)
