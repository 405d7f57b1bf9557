"""Signals of what a service leans on: SQS queues, RDS databases, DynamoDB tables, ElastiCache nodes.

Documents: AmazonSQS "available-cloudwatch-metrics", AmazonRDS "rds-metrics", amazondynamodb "metrics-dimensions",
AmazonElastiCache "CacheMetrics" of https://docs.aws.amazon.com.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.signal import Line, Signal
from bot.signals.lines import count, line

MOST = 3
"""Resources of one kind that are drawn; each has a line of its own."""


def queues(names: Sequence[str]) -> tuple[Signal, ...]:
    """Messages that wait and for how long the oldest has; a panel for each queue, since few dead letters are many."""
    found: list[Signal] = []
    for name in names[:MOST]:
        where, mark = {"QueueName": name}, f":{name}" if found else ""
        for word, title, metric, unit in (
            ("depth", "Messages waiting in", "ApproximateNumberOfMessagesVisible", ""),
            ("age", "Oldest message in", "ApproximateAgeOfOldestMessage", "s"),
        ):
            highest = line("highest", "AWS/SQS", metric, where, "Maximum")
            found.append(Signal(f"{word}{mark}", f"{title} {name}", (highest,), unit, "queue"))
    return tuple(found)


def databases(names: Sequence[str]) -> tuple[Signal, ...]:
    """Connections, CPU, latency and room of RDS instances."""
    each = {
        name: _each(names, "AWS/RDS", name, "DBInstanceIdentifier", stat)
        for name, stat in (
            ("DatabaseConnections", "Maximum"),
            ("CPUUtilization", "Average"),
            ("ReadLatency", "Average"),
            ("FreeStorageSpace", "Minimum"),
        )
    }
    return _kept(
        Signal("connections", "Database connections", each["DatabaseConnections"], "", "database"),
        Signal("database-cpu", "Database CPU", each["CPUUtilization"], "%", "database"),
        Signal("database-latency", "Database read latency", each["ReadLatency"], "s", "database"),
        Signal("storage", "Database storage left", each["FreeStorageSpace"], "B", "database"),
    )


def tables(names: Sequence[str]) -> tuple[Signal, ...]:
    """Throttled reads and writes of DynamoDB tables, which are reported only when there are any, and what was used."""
    throttled: list[Line] = []
    used: list[Line] = []
    for name in names[:MOST]:
        where = {"TableName": name}
        for word, begins in (("reads", "Read"), ("writes", "Write")):
            capacity = f"Consumed{begins}CapacityUnits"
            throttled.append(count(f"{name} {word}", "AWS/DynamoDB", f"{begins}ThrottleEvents", (where,), capacity))
            used.append(count(f"{name} {word}", "AWS/DynamoDB", capacity, (where,)))
    return _kept(
        Signal("throttled", "Throttled requests of tables", tuple(throttled), "/min", "table"),
        Signal("capacity", "Capacity units used", tuple(used), "/min", "table"),
    )


def caches(names: Sequence[str]) -> tuple[Signal, ...]:
    """CPU of the engine, memory, hits and evictions of ElastiCache nodes."""
    each = {
        name: _each(names, "AWS/ElastiCache", name, "CacheClusterId", stat)
        for name, stat in (
            ("EngineCPUUtilization", "Average"),
            ("DatabaseMemoryUsagePercentage", "Maximum"),
            ("CacheHitRate", "Average"),
        )
    }
    gone = tuple(count(name, "AWS/ElastiCache", "Evictions", ({"CacheClusterId": name},)) for name in names[:MOST])
    return _kept(
        Signal("cache-memory", "Cache memory", each["DatabaseMemoryUsagePercentage"], "%", "cache"),
        Signal("cache-cpu", "Cache CPU", each["EngineCPUUtilization"], "%", "cache"),
        Signal("hits", "Cache hits", each["CacheHitRate"], "%", "cache"),
        Signal("evictions", "Evictions", gone, "/min", "cache"),
    )


def _each(names: Sequence[str], namespace: str, metric: str, dimension: str, statistic: str) -> tuple[Line, ...]:
    return tuple(line(name, namespace, metric, {dimension: name}, statistic) for name in names[:MOST])


def _kept(*signals: Signal) -> tuple[Signal, ...]:
    return tuple(signal for signal in signals if signal.lines)
