"""A quiet day of metrics for every service: enough for a graph, the same hours of yesterday, and an alarm at rest."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from sandbox.aws.cloudwatch import put_series
from sandbox.seed.alarms import dimensions, ecs_dimensions, target_dimensions
from sandbox.seed.catalogue import LAMBDA, LAMBDA_ALIAS, PHOTO_DLQ, PHOTO_QUEUE, SERVICES, SITES, TOKYO, US, EcsService
from sandbox.seed.fleet import Front

HOURS = 27
_MINUTE = 60
_ALIKE = ((1.0, 1.0),)
_SPREADS = {
    "TargetResponseTime": ((0.5, 50.0), (0.9, 40.0), (1.6, 8.0), (2.2, 2.0)),
    "Duration": ((0.5, 50.0), (0.9, 40.0), (1.6, 8.0), (2.2, 2.0)),
    "CPUUtilization": ((0.8, 1.0), (1.0, 1.0), (1.2, 1.0)),
    "MemoryUtilization": ((0.95, 1.0), (1.0, 1.0), (1.05, 1.0)),
}
"""What stands behind a value: of response times many are short and few long, of tasks each has its own load."""

Series = tuple[str, str, list[dict[str, str]], float, float, str]
"""Namespace, name, dimensions, the usual value, how far it strays (a share of it), and the unit."""


def put_quiet_hours(now: float, fronts: Mapping[str, Mapping[str, Front]]) -> None:
    """Put a value for every minute of a day and three hours until ``now`` (seconds since the epoch)."""
    by_region: dict[str, list[Series]] = {
        US: [*_photo_series(), *_store_series(), *_site_series()],
        TOKYO: _bi_series(),
    }
    for service in SERVICES:
        by_region[service.region] += _service_series(service, fronts[service.region].get(service.family))
    chance = random.Random(4)
    newest = now - now % _MINUTE - _MINUTE
    instants = [newest - minute * _MINUTE for minute in reversed(range(HOURS * 60))]
    for region, series in by_region.items():
        for namespace, name, where, usual, strays, unit in series:
            places = 0 if unit == "Count" else 4
            points = [(at, round(usual * (1 + chance.uniform(-strays, strays)), places)) for at in instants]
            filed = {each["Name"]: each["Value"] for each in where}
            put_series(region, namespace, name, filed, points, unit, _SPREADS.get(name, _ALIKE))


def _service_series(service: EcsService, front: Front | None) -> Iterator[Series]:
    where = ecs_dimensions(service)
    yield ("AWS/ECS", "CPUUtilization", where, 28.0, 0.3, "Percent")
    yield ("AWS/ECS", "MemoryUtilization", where, 54.0, 0.06, "Percent")
    yield ("ECS/ContainerInsights", "DesiredTaskCount", where, float(service.desired), 0.0, "Count")
    yield ("ECS/ContainerInsights", "RunningTaskCount", where, float(service.desired), 0.0, "Count")
    if front is None:
        return
    slow = 1.1 if service.system == "caption" else 0.18
    balanced = target_dimensions(front)
    yield ("AWS/ApplicationELB", "RequestCount", balanced, 420.0, 0.25, "Count")
    yield ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balanced, 1.0, 1.0, "Count")
    yield ("AWS/ApplicationELB", "TargetResponseTime", balanced, slow, 0.4, "Seconds")
    yield ("AWS/ApplicationELB", "HealthyHostCount", balanced, float(service.desired), 0.0, "Count")
    yield ("AWS/ApplicationELB", "UnHealthyHostCount", balanced, 0.0, 0.0, "Count")
    whole = dimensions(LoadBalancer=front.load_balancer)
    yield ("AWS/ApplicationELB", "RequestCount", whole, 420.0, 0.25, "Count")
    yield ("AWS/ApplicationELB", "TargetResponseTime", whole, slow, 0.4, "Seconds")
    yield ("AWS/ApplicationELB", "ActiveConnectionCount", whole, 55.0, 0.3, "Count")


def _photo_series() -> list[Series]:
    where = dimensions(FunctionName=LAMBDA, Resource=f"{LAMBDA}:{LAMBDA_ALIAS}")
    backend = dimensions(Environment="production")
    return [
        ("AWS/Lambda", "Invocations", where, 60.0, 0.4, "Count"),
        ("AWS/Lambda", "Errors", where, 0.0, 0.0, "Count"),
        ("AWS/Lambda", "Throttles", where, 0.0, 0.0, "Count"),
        ("AWS/Lambda", "Duration", where, 2_400.0, 0.5, "Milliseconds"),
        ("AWS/Lambda", "ConcurrentExecutions", where, 4.0, 0.5, "Count"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions(QueueName=PHOTO_QUEUE), 4.0, 0.9, "Seconds"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions(QueueName=PHOTO_QUEUE), 3.0, 0.9, "Count"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions(QueueName=PHOTO_DLQ), 0.0, 0.0, "Count"),
        ("AWS/DynamoDB", "ThrottledRequests", _table("image_captions"), 0.0, 0.0, "Count"),
        *_used("image_captions", 35.0),
        ("Arbor/Backend", "ConnectionPoolTimeouts", backend, 0.0, 0.0, "Count"),
        ("Arbor/Backend", "CacheHitRate", backend, 91.0, 0.03, "Percent"),
    ]


def _store_series() -> list[Series]:
    """The databases and the cache."""
    series: list[Series] = []
    for instance, connections in (("arbor-production-db", 42.0), ("rapid-photo-prod-db", 25.0)):
        where = dimensions(DBInstanceIdentifier=instance)
        series += [
            ("AWS/RDS", "CPUUtilization", where, 22.0, 0.3, "Percent"),
            ("AWS/RDS", "DatabaseConnections", where, connections, 0.2, "Count"),
            ("AWS/RDS", "FreeStorageSpace", where, 6.4e10, 0.001, "Bytes"),
            ("AWS/RDS", "ReadLatency", where, 0.0016, 0.4, "Seconds"),
        ]
    cache = dimensions(CacheClusterId="arbor-production-redis-001")
    return [
        *series,
        ("AWS/ElastiCache", "EngineCPUUtilization", cache, 9.0, 0.4, "Percent"),
        ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", cache, 37.0, 0.05, "Percent"),
        ("AWS/ElastiCache", "CacheHitRate", cache, 91.0, 0.03, "Percent"),
        ("AWS/ElastiCache", "Evictions", cache, 0.0, 0.0, "Count"),
        ("AWS/ElastiCache", "CurrConnections", cache, 34.0, 0.2, "Count"),
    ]


def _site_series() -> Iterator[Series]:
    """CloudFront measures all over the world and tells it here."""
    for site in SITES:
        where = dimensions(DistributionId=site.distribution, Region="Global")
        yield ("AWS/CloudFront", "Requests", where, 900.0, 0.2, "Count")
        yield ("AWS/CloudFront", "BytesDownloaded", where, 4.5e7, 0.3, "Bytes")
        yield ("AWS/CloudFront", "4xxErrorRate", where, 0.6, 0.5, "Percent")
        yield ("AWS/CloudFront", "5xxErrorRate", where, 0.05, 0.9, "Percent")


def _bi_series() -> list[Series]:
    where = dimensions(Environment="production")
    return [
        ("AWS/DynamoDB", "ThrottledRequests", _table("bi_datasets"), 0.0, 0.0, "Count"),
        *_used("bi_datasets", 240.0),
        ("BI/Executor", "CardExecutions", where, 90.0, 0.3, "Count"),
        ("BI/Executor", "CardTimeouts", where, 1.0, 1.0, "Count"),
    ]


def _used(table: str, reads: float) -> Iterator[Series]:
    """What of a table was used; nothing is throttled, of which CloudWatch has no values then."""
    where = dimensions(TableName=table)
    yield ("AWS/DynamoDB", "ConsumedReadCapacityUnits", where, reads, 0.3, "Count")
    yield ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", where, reads / 10, 0.3, "Count")


def _table(name: str) -> list[dict[str, str]]:
    return dimensions(TableName=name, Operation="Query")
