"""Every signal of a service: the golden ones of its kind, then what it leans on, then what else its alarms watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.cloud import AlarmReading
from bot.domain import ServiceKind, Target
from bot.ports import World
from bot.signal import Signal
from bot.signals import ecs, functions, sites, stores
from bot.signals.watched import metrics_of, others, with_alarms

QUEUE, DATABASE, TABLE, CACHE = "QueueName", "DBInstanceIdentifier", "TableName", "CacheClusterId"

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


def every_signal(first: Sequence[Signal], alarms: Sequence[AlarmReading]) -> tuple[Signal, ...]:
    """All signals of a service whose golden ones and whose alarms are given."""
    named = owned_by(alarms)
    lean = (
        *stores.queues(sorted(named.get(QUEUE, ()))),
        *stores.databases(sorted(named.get(DATABASE, ()))),
        *stores.tables(sorted(named.get(TABLE, ()))),
        *stores.caches(sorted(named.get(CACHE, ()))),
    )
    known = tuple(with_alarms(signal, alarms) for signal in (*first, *lean))
    return (*known, *others(alarms, known))


def owned_by(alarms: Iterable[AlarmReading]) -> Owned:
    """What alarms of a service name: a queue that one of its alarms watches is the service's."""
    found: dict[str, set[str]] = {}
    for alarm in alarms:
        for metric in metrics_of(alarm):
            for dimension, value in metric.dimensions.items():
                found.setdefault(dimension, set()).add(value)
    return {dimension: frozenset(values) for dimension, values in found.items()}


def owned(target: Target, first: Iterable[Signal], alarms: Iterable[AlarmReading]) -> Owned:
    """All values of dimensions that mean this service, for finding its share of any metric."""
    service = target.service
    found = {dimension: set(values) for dimension, values in owned_by(alarms).items()}
    for signal in first:
        for line in signal.lines:
            for dimension, value in line.metrics[0].dimensions.items():
                found.setdefault(dimension, set()).add(value)
    for dimension in ("Environment", "environment", "Env", "env", "Stage", "stage"):
        found.setdefault(dimension, set()).add(target.environment)
    names = {target.name, service.service, service.function} - {""}
    for dimension in ("Service", "service", "ServiceName"):
        found.setdefault(dimension, set()).update(names)
    if service.function:
        found.setdefault("FunctionName", set()).add(service.function)
    if service.bucket:
        found.setdefault("BucketName", set()).add(service.bucket)
    return {dimension: frozenset(values) for dimension, values in found.items()}
