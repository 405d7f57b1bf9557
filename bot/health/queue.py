"""SQS queues: how many messages wait, for how long, and how many failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.cloud import Datapoint
from bot.condition import Verdict
from bot.domain import Account, Target
from bot.health import numbers
from bot.health.base import Found, Moment, Reads, amber, counted, green, name_of, unread
from bot.telemetry import Queue
from bot.views import blocks as b

OLD_SECONDS = 300.0
"""A message that waits for longer is late: whoever reads the queue does not keep up."""


@dataclass(frozen=True)
class QueueReading:
    """A queue, and the one that takes what failed; None where it names none."""

    queue: Queue
    dead: Queue | Exception | None


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """Each queue with its dead-letter queue, once."""
    places = {_name(each, queue): (each, queue) for each in targets for queue in each.service.needs.queues}
    return {name: partial(_read, each.account, queue, moment) for name, (each, queue) in places.items()}


def _read(account: Account, name: str, moment: Moment) -> QueueReading:
    queue = moment.world.queues.queue(account, name)
    if not queue.dead_letter:
        return QueueReading(queue, None)
    # A dead-letter queue is in the same account and region, so that its address need not be asked for.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    address = f"{queue.url.rpartition('/')[0]}/{queue.dead_letter.rpartition(':')[2]}"
    ask = partial(moment.world.queues.queue, account, address)
    return QueueReading(queue, moment.world.gather({"dead": ask}, seconds=moment.left)["dead"])


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Each queue the service reads."""
    return [verdict for queue in target.service.needs.queues for verdict in _verdicts(target, queue, found)]


def _verdicts(target: Target, queue: str, found: Found) -> list[Verdict]:
    read: QueueReading | Exception = found[_name(target, queue)]
    if isinstance(read, Exception):
        return [unread(f"queue {b.esc(queue)}", read)]
    return [_waiting(read.queue, numbers.points(target, numbers.age_of(queue), found)), *_dead(read.dead)]


def _waiting(queue: Queue, ages: tuple[Datapoint, ...] | Exception) -> Verdict:
    depth = f"queue {b.esc(queue.name)}: {counted(queue.visible, 'message')} waiting"
    if isinstance(ages, Exception):
        return unread(f"{depth}, for how long", ages)
    age = ages[-1].value if ages and queue.visible else 0.0
    if age > OLD_SECONDS:
        return amber(f"{depth}, the oldest for {b.ago(age)}")
    return green(f"{depth}, the oldest for {b.ago(age)}" if age else depth)


def _dead(dead: Queue | Exception | None) -> list[Verdict]:
    if dead is None:
        return []
    if isinstance(dead, Exception):
        return [unread("dead letters", dead)]
    if dead.visible:
        return [amber(f"{counted(dead.visible, 'message')} failed for good, in {b.esc(dead.name)}")]
    return [green("no dead letters")]


def _name(target: Target, queue: str) -> str:
    return f"queue {name_of(target.account)} {queue}"
