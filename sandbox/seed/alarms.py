"""The runbooks' alarms, by the names ``config/systems`` gives them, on metrics that ``metrics.py`` fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.seed.account import Account, in_parallel
from sandbox.seed.catalogue import LAMBDA, LAMBDA_ALIAS, PHOTO_DLQ, PHOTO_QUEUE, SERVICES, US, EcsService
from sandbox.seed.fleet import Front

Alarm = dict[str, Any]


def dimensions(**named: str) -> list[dict[str, str]]:
    """CloudWatch's way to write dimensions."""
    return [{"Name": name, "Value": value} for name, value in named.items()]


def ecs_dimensions(service: EcsService) -> list[dict[str, str]]:
    """What the ECS metrics of a service are filed under."""
    return dimensions(ClusterName=service.cluster, ServiceName=service.service)


def target_dimensions(front: Front) -> list[dict[str, str]]:
    """What the load balancer's metrics of a service are filed under."""
    return dimensions(TargetGroup=front.target_group, LoadBalancer=front.load_balancer)


def make_alarms(account: Account, topics: Mapping[str, str], fronts: Mapping[str, Mapping[str, Front]]) -> None:
    """Create every alarm, at rest (OK), and only then let it notify its region's topic.

    Missing data keeps an alarm as it is: the seeded metrics end now, and nobody's silence is an incident.
    """
    alarms = [
        (service.region, alarm)
        for service in SERVICES
        for alarm in _service_alarms(service, fronts[service.region].get(service.family))
    ] + [(US, alarm) for alarm in _photo_processing_alarms()]

    def make(entry: tuple[str, Alarm]) -> None:
        region, alarm = entry
        cloudwatch = account.client("cloudwatch", region)
        topic = topics[region]
        common = {"TreatMissingData": "ignore", "AlarmActions": [topic], "OKActions": [topic], "ActionsEnabled": False}
        cloudwatch.put_metric_alarm(**common | alarm)
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="Nothing crossed the threshold"
        )

    in_parallel(make, alarms)
    for region in topics:
        names = [alarm["AlarmName"] for where, alarm in alarms if where == region]
        account.client("cloudwatch", region).enable_alarm_actions(AlarmNames=names)


def _plain(
    name: str,
    metric: tuple[str, str],
    where: Sequence[dict[str, str]],
    stat: str,
    limit: str,
    text: str,
    **changed: Any,
) -> Alarm:
    """One metric against one limit such as "> 80"."""
    sign, threshold = limit.split()
    statistic = {"ExtendedStatistic": stat} if stat.startswith("p") else {"Statistic": stat}
    return {
        "AlarmName": name,
        "AlarmDescription": text,
        "Namespace": metric[0],
        "MetricName": metric[1],
        "Dimensions": where,
        **statistic,
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": float(threshold),
        "ComparisonOperator": _SIGNS[sign],
        **changed,
    }


_SIGNS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}


def _ratio(name: str, parts: tuple[Alarm, Alarm], expression: str, limit: float, text: str) -> Alarm:
    """A metric-math alarm over two metrics, ``a`` and ``b``."""
    queries = [
        {"Id": key, "ReturnData": False, "MetricStat": part} for key, part in zip(("a", "b"), parts, strict=True)
    ]
    return {
        "AlarmName": name,
        "AlarmDescription": text,
        "Metrics": [*queries, {"Id": "e", "Expression": expression, "Label": text, "ReturnData": True}],
        "EvaluationPeriods": 1,
        "Threshold": limit,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def _stat(namespace: str, name: str, where: Sequence[dict[str, str]], stat: str = "Sum") -> Alarm:
    return {
        "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": where},
        "Period": 60,
        "Stat": stat,
    }


def _error_rate(name: str, front: Front) -> Alarm:
    where = target_dimensions(front)
    parts = (
        _stat("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", where),
        _stat("AWS/ApplicationELB", "RequestCount", where),
    )
    return _ratio(name, parts, "100 * a / b", 5.0, "5xx answers, percent of requests")


def _running_count(name: str, service: EcsService) -> Alarm:
    where = ecs_dimensions(service)
    parts = (
        _stat("ECS/ContainerInsights", "DesiredTaskCount", where, "Average"),
        _stat("ECS/ContainerInsights", "RunningTaskCount", where, "Average"),
    )
    return _ratio(name, parts, "a - b", 0.0, "Tasks missing: desired minus running")


def _latency(name: str, front: Front, limit: str, stat: str = "p95") -> Alarm:
    where = target_dimensions(front)
    return _plain(name, ("AWS/ApplicationELB", "TargetResponseTime"), where, stat, limit, "Response time in seconds")


def _unhealthy(name: str, front: Front) -> Alarm:
    metric = ("AWS/ApplicationELB", "UnHealthyHostCount")
    return _plain(name, metric, target_dimensions(front), "Maximum", ">= 1", "Targets that fail their health check")


def _throttles(name: str, table: str) -> Alarm:
    # UserErrors, which the runbooks ask for, does not count throttling and has no table dimension.
    metric = ("AWS/DynamoDB", "ThrottledRequests")
    return _plain(
        name, metric, dimensions(TableName=table, Operation="Query"), "Sum", "> 0", f"Throttled requests of {table}"
    )


def _use(name: str, service: EcsService, metric: str, limit: str) -> Alarm:
    # A quarter of an hour, so that one busy minute is no alarm.
    return _plain(
        name, ("AWS/ECS", metric), ecs_dimensions(service), "Average", limit, f"{metric}, percent",
        Period=300, EvaluationPeriods=3,
    )  # fmt: skip


def _service_alarms(service: EcsService, front: Front | None) -> list[Alarm]:
    match service.system:
        case "bi":
            return _bi(service, front)
        case "usage":
            return _usage(service, front) if front else []
        case "caption":
            return _caption(front) if front else []
        case "photo":
            return _photo(service, front) if front else []
        case _:
            return _arbor(service, front) if front else []


def _bi(service: EcsService, front: Front | None) -> list[Alarm]:
    prefix = f"bi-{service.environment}-{service.name}"
    alarms = [_running_count(f"{prefix}-running-count", service)]
    if front is not None:
        alarms.append(_error_rate(f"{prefix}-error-rate", front))
    if prefix == "bi-production-api" and front is not None:
        alarms.append(_latency(f"{prefix}-latency-p95", front, "> 3"))
        alarms.append(_throttles(f"{prefix}-dynamodb-throttles", "bi_datasets"))
    if prefix == "bi-production-executor":
        where = dimensions(Environment="production")
        parts = (_stat("BI/Executor", "CardTimeouts", where), _stat("BI/Executor", "CardExecutions", where))
        text = "Cards that timed out, percent"
        alarms.append(_ratio(f"{prefix}-card-timeouts", parts, "100 * a / b", 10.0, text))
    return alarms


def _usage(service: EcsService, front: Front) -> list[Alarm]:
    prefix = "delivery-standard-prod"
    requests = ("AWS/ApplicationELB", "RequestCount")
    return [
        _error_rate(f"{prefix}-high-error-rate", front),
        _latency(f"{prefix}-high-latency", front, "> 1"),
        _unhealthy(f"{prefix}-unhealthy-hosts", front),
        _plain(
            f"{prefix}-low-requests", requests, target_dimensions(front), "Sum", "< 1", "Requests", EvaluationPeriods=5
        ),
        _use(f"{prefix}-high-cpu", service, "CPUUtilization", "> 80"),
        _use(f"{prefix}-high-memory", service, "MemoryUtilization", "> 85"),
    ]


def _caption(front: Front) -> list[Alarm]:
    return [
        _error_rate("image-caption-gen-high-error-rate-prod", front),
        _latency("image-caption-gen-high-latency-prod", front, "> 5"),
        _throttles("image-caption-gen-dynamodb-throttles-prod", "image_captions"),
    ]


def _photo(service: EcsService, front: Front) -> list[Alarm]:
    prefix = "rapid-photo-prod-backend"
    errors = ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count")
    return [
        _plain(f"{prefix}-5xx", errors, target_dimensions(front), "Sum", "> 10", "5xx answers a minute"),
        _latency(f"{prefix}-latency-p95", front, "> 2"),
        _running_count(f"{prefix}-running-count", service),
        _use(f"{prefix}-cpu", service, "CPUUtilization", "> 80"),
        _use(f"{prefix}-memory", service, "MemoryUtilization", "> 85"),
    ]


def _photo_processing_alarms() -> list[Alarm]:
    prefix = LAMBDA
    where = dimensions(FunctionName=LAMBDA, Resource=f"{LAMBDA}:{LAMBDA_ALIAS}")
    age = ("AWS/SQS", "ApproximateAgeOfOldestMessage")
    dead = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    return [
        _plain(f"{prefix}-errors", ("AWS/Lambda", "Errors"), where, "Sum", "> 5", "Failed invocations a minute"),
        _plain(f"{prefix}-throttles", ("AWS/Lambda", "Throttles"), where, "Sum", "> 0", "Throttled invocations"),
        _plain(f"{prefix}-duration-p95", ("AWS/Lambda", "Duration"), where, "p95", "> 10000", "Milliseconds"),
        _plain(f"{prefix}-queue-age", age, dimensions(QueueName=PHOTO_QUEUE), "Maximum", "> 300", "Seconds waited"),
        _plain(f"{prefix}-dlq", dead, dimensions(QueueName=PHOTO_DLQ), "Maximum", "> 0", "Dead letters"),
    ]


def _arbor(service: EcsService, front: Front) -> list[Alarm]:
    prefix = service.service
    alarms = [_unhealthy(f"{prefix}-unhealthy-hosts", front)]
    if service.name == "backend":
        errors = ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count")
        pool = ("Arbor/Backend", "ConnectionPoolTimeouts")
        where = dimensions(Environment="production")
        alarms += [
            _plain(f"{prefix}-5xx", errors, target_dimensions(front), "Sum", "> 10", "5xx answers a minute"),
            _plain(f"{prefix}-connection-pool", pool, where, "Sum", "> 0", "Requests that got no connection"),
            _latency(f"{prefix}-slow-recommendations", front, "> 2", "Average"),
            _plain(
                f"{prefix}-cache-misses", ("Arbor/Backend", "CacheHitRate"), where, "Average", "< 50",
                "Cache hits, percent", EvaluationPeriods=3,
            ),
        ]  # fmt: skip
    return alarms
