"""Every signal of a service: the golden ones of its kind, then what it leans on, then what else its alarms watch."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bot.cloud import AlarmReading
from bot.domain import ServiceKind, Target
from bot.ports import World
from bot.signal import Signal
from bot.signals import ecs, functions, sites, stores
from bot.signals.watched import metrics_of, others, with_alarms

QUEUE, DATABASE, TABLE, CACHE = "QueueName", "DBInstanceIdentifier", "TableName", "CacheClusterId"

ENVIRONMENTS = ("Environment", "environment", "Env", "env", "Stage", "stage")
"""Dimensions by which teams tell environments apart."""
_RDS_LOG = re.compile(r"/aws/rds/instance/([^/]+)/")
_Values = defaultdict[str, set[str]]

Owned = Mapping[str, frozenset[str]]
"""Values of CloudWatch's dimensions that mean this service, by the dimension."""


def golden(target: Target, world: World) -> tuple[Signal, ...]:
    """RED and USE of its kind. Raises UpstreamError when AWS has to be asked and does not answer."""
    match target.service.kind:
        case ServiceKind.ECS:
            return ecs.signals(target, world)
        case ServiceKind.LAMBDA:
            return functions.signals(target)
        case ServiceKind.STATIC_SITE:
            return sites.signals(target)


def without_asking(target: Target) -> tuple[Signal, ...]:
    """Those of the golden signals that are known though AWS does not answer."""
    return ecs.of_tasks(target) if target.service.kind is ServiceKind.ECS else ()


def every_signal(target: Target, first: Sequence[Signal], alarms: Sequence[AlarmReading]) -> tuple[Signal, ...]:
    """All signals of a service whose golden ones and whose alarms are given."""
    named = named_by(target, alarms)
    needs = target.service.needs
    own = [_queue_name(queue) for queue in needs.queues]
    lean = (
        *stores.queues([*own, *sorted(named.get(QUEUE, frozenset()) - {*own}, key=_dead_last)]),
        *stores.databases(sorted(named.get(DATABASE, ()))),
        *stores.tables([*needs.tables, *sorted(named.get(TABLE, frozenset()) - {*needs.tables})]),
        *stores.caches(sorted(named.get(CACHE, ()))),
    )
    known = tuple(with_alarms(signal, alarms) for signal in (*first, *lean))
    return (*known, *others(alarms, known))


def _dead_last(queue: str) -> tuple[bool, str]:
    """Queues by name, those that only take what failed behind the others."""
    return bool(re.search(r"dlq|dead", queue, re.IGNORECASE)), queue


def _queue_name(queue: str) -> str:
    """The name in a queue's name, address or ARN."""
    return re.split(r"[:/]", queue)[-1]


def named_by(target: Target, alarms: Iterable[AlarmReading]) -> Owned:
    """What the configuration of a service names, and its alarms: a queue that one of them watches is the service's."""
    needs, found = target.service.needs, _Values(set)
    found[QUEUE].update(map(_queue_name, needs.queues))
    if needs.database is not None and needs.database.instance:
        found[DATABASE].add(needs.database.instance)
    found[TABLE].update(needs.tables)
    if needs.redis is not None:
        found[CACHE].update(needs.redis.nodes)
    found[DATABASE].update(log[1] for group in target.service.log_groups if (log := _RDS_LOG.match(group)))
    for alarm in alarms:
        for metric in metrics_of(alarm):
            for dimension, value in metric.dimensions.items():
                found[dimension].add(value)
    return {dimension: frozenset(values) for dimension, values in found.items() if values}


def owned(target: Target, first: Iterable[Signal], alarms: Iterable[AlarmReading]) -> Owned:
    """All values of dimensions that mean this service, for finding its share of any metric."""
    service = target.service
    found = _Values(set, {dimension: set(values) for dimension, values in named_by(target, alarms).items()})
    for signal in first:
        for line in signal.lines:
            for dimension, value in line.metrics[0].dimensions.items():
                found[dimension].add(value)
    for dimension in ENVIRONMENTS:
        found[dimension].add(target.environment)
    for dimension in ("Service", "service", "ServiceName"):
        found[dimension].update({target.name, service.service, service.function} - {""})
    found["FunctionName"].update({service.function} - {""})
    found["BucketName"].update({service.bucket} - {""})
    return {dimension: frozenset(values) for dimension, values in found.items() if values}
