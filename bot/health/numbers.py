"""What CloudWatch measures of functions, queues, databases and tables: one GetMetricData for each account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from bot.cloud import Datapoint
from bot.condition import Verdict
from bot.domain import AlarmMetric, Target
from bot.health.base import Found, Moment, Reads, name_of

WINDOW = 900.0
"""Seconds back; SQS tells once a minute, and now and then late."""
MINUTES = "15 min"
ERRORS, THROTTLES, CALLS = "errors", "throttles", "calls"
CONNECTIONS = "connections"
TABLE_THROTTLED = ("ReadThrottleEvents", "WriteThrottleEvents")
TABLE_USED = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """All metrics of an account at once, whatever systems they are of."""
    wanted: dict[str, tuple[Target, dict[str, AlarmMetric]]] = {}
    for target in targets:
        mine = {f"{target.key} {what}": metric for what, metric in _metrics(target).items()}
        if mine:
            wanted.setdefault(_name(target), (target, {}))[1].update(mine)
    span = {"start": moment.now - WINDOW, "end": moment.now + 60}
    several = moment.world.metrics.several
    return {name: partial(several, target.account, metrics, **span) for name, (target, metrics) in wanted.items()}


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """None by itself: the looks that the numbers belong to tell them."""
    return []


def points(target: Target, what: str, found: Found) -> tuple[Datapoint, ...] | Exception:
    """The values of one metric of a service, oldest first; empty when it tells nothing."""
    read: Mapping[str, tuple[Datapoint, ...]] | Exception = found[_name(target)]
    return read if isinstance(read, Exception) else read[f"{target.key} {what}"]


def age_of(queue: str) -> str:
    """The name here of how long the oldest message of a queue waits."""
    return f"age {queue}"


def of_table(metric: str, table: str) -> str:
    """The name here of a metric of a DynamoDB table."""
    return f"{metric} {table}"


def _metrics(target: Target) -> dict[str, AlarmMetric]:
    service, needs = target.service, target.service.needs
    found: dict[str, AlarmMetric] = {}
    if service.function:
        where = {"FunctionName": service.function}
        where |= {"Resource": f"{service.function}:{service.alias}"} if service.alias else {}
        for what, name in ((ERRORS, "Errors"), (THROTTLES, "Throttles"), (CALLS, "Invocations")):
            found[what] = _metric("AWS/Lambda", name, where, "Sum")
    for queue in needs.queues:
        name = queue.replace(":", "/").rstrip("/").rpartition("/")[2]
        found[age_of(queue)] = _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name}, "Maximum")
    for table in needs.tables:
        for name in (*TABLE_THROTTLED, *TABLE_USED):
            found[of_table(name, table)] = _metric("AWS/DynamoDB", name, {"TableName": table}, "Sum")
    if needs.database and needs.database.instance:
        where = {"DBInstanceIdentifier": needs.database.instance}
        found[CONNECTIONS] = _metric("AWS/RDS", "DatabaseConnections", where, "Maximum")
    return found


def _metric(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> AlarmMetric:
    return AlarmMetric(namespace=namespace, name=name, dimensions=dimensions, statistic=statistic, period=60)


def _name(target: Target) -> str:
    return f"numbers {name_of(target.account)}"
