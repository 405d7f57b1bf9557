"""The golden signals of every kind of service, and what it leans on."""

from __future__ import annotations

from bot.signal import Signal
from bot.signals.kinds import every_signal, golden, without_asking
from tests.bot.signals.readings import BALANCER, GROUP, a_service, an_alarm, behind
from tests.scene import Scene


def words(signals: tuple[Signal, ...]) -> list[str]:
    return [signal.name for signal in signals]


def metric(signal: Signal, line: int = 0) -> str:
    found = signal.lines[line].metrics[0]
    return f"{found.namespace} {found.name} {found.statistic}"


def test_an_ecs_service_has_red_from_its_load_balancer_and_use_from_its_tasks(scene: Scene) -> None:
    found = golden(behind(scene, GROUP), scene.world)
    assert words(found) == ["requests", "errors", "latency", "cpu", "memory", "tasks"]
    assert [metric(signal) for signal in found] == [
        "AWS/ApplicationELB RequestCount Sum",
        "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum",
        "AWS/ApplicationELB TargetResponseTime p95",
        "AWS/ECS CPUUtilization Average",
        "AWS/ECS MemoryUtilization Average",
        "ECS/ContainerInsights RunningTaskCount Average",
    ]
    assert metric(found[5], 1) == "ECS/ContainerInsights DesiredTaskCount Average"
    where = found[0].lines[0].metrics[0].dimensions
    assert where == {"TargetGroup": "targetgroup/api/1", "LoadBalancer": "app/front/2"}
    assert found[3].lines[0].metrics[0].dimensions == {"ClusterName": "c", "ServiceName": "api"}


def test_two_target_groups_are_added_up_and_their_latencies_told_apart(scene: Scene) -> None:
    requests, errors, latency, *_ = golden(behind(scene, GROUP, f"{GROUP}-green"), scene.world)
    assert len(requests.lines) == 1
    assert len(requests.lines[0].metrics) == 2
    assert len(errors.lines[0].of) == 2
    assert [line.label for line in latency.lines][:2] == ["p95 group 1", "p50 group 1"]
    assert latency.lines[3].label == "p95 group 2"


def test_without_a_load_balancer_of_requests_there_is_only_use(scene: Scene) -> None:
    assert words(golden(scene.api, scene.world)) == ["cpu", "memory", "tasks"]
    network = BALANCER.replace("/app/", "/net/")
    assert words(golden(behind(scene, GROUP, balancer=network), scene.world)) == ["cpu", "memory", "tasks"]
    assert words(without_asking(scene.api)) == ["cpu", "memory", "tasks"]


def test_a_function_is_measured_by_the_alias_that_callers_use(scene: Scene) -> None:
    jobs = a_service(kind="lambda", cluster="", function="jobs", alias="live")
    found = golden(jobs, scene.world)
    assert words(found) == ["requests", "errors", "latency", "throttles", "concurrency"]
    assert found[0].lines[0].metrics[0].dimensions == {"FunctionName": "jobs", "Resource": "jobs:live"}
    plain = golden(a_service(kind="lambda", cluster="", function="jobs"), scene.world)
    assert plain[0].lines[0].metrics[0].dimensions == {"FunctionName": "jobs"}


def test_a_site_is_measured_where_cloudfront_is(scene: Scene) -> None:
    found = golden(a_service(kind="static_site", cluster="", bucket="b", distribution="E1"), scene.world)
    assert words(found) == ["requests", "errors", "traffic"]
    assert found[0].lines[0].metrics[0].dimensions == {"DistributionId": "E1", "Region": "Global"}
    assert [line.metrics[0].name for line in found[1].lines] == ["5xxErrorRate", "4xxErrorRate"]
    assert golden(a_service(kind="static_site", cluster="", bucket="b"), scene.world) == ()


def test_what_a_service_leans_on_is_named_by_its_configuration_and_its_alarms() -> None:
    api = a_service(
        needs={"queues": ["arn:aws:sqs:eu-west-1:123456789012:work"], "database": {"instance": "main-db"}}
        | {"redis": {"address": "cache:6379", "nodes": ["cache-001"]}, "tables": ["users"]},
        log_groups=["/aws/rds/instance/other-db/postgresql", "/plain"],
    )
    alarms = (
        an_alarm("dlq", "AWS/SQS/ApproximateNumberOfMessagesVisible", {"QueueName": "dead"}, "Maximum", 0.0),
        an_alarm("table", "AWS/DynamoDB/ThrottledRequests", {"TableName": "t", "Operation": "Query"}, "Sum", 0.0),
        an_alarm("redis", "AWS/ElastiCache/Evictions", {"CacheClusterId": "redis-001"}, "Sum", 0.0),
    )
    found = {signal.name: signal for signal in every_signal(api, (), alarms)}
    assert found["depth"].title == "Messages waiting in work"
    assert found["depth:dead"].title == "Messages waiting in dead"
    assert [line.label for line in found["connections"].lines] == ["main-db", "other-db"]
    own, watched = ["users reads", "users writes"], ["t reads", "t writes"]
    assert [line.label for line in found["throttled"].lines] == [*own, *watched]
    (used,) = [signal for signal in every_signal(api, (), ()) if signal.name == "capacity"]
    assert [line.label for line in used.lines] == own
    assert [line.label for line in found["hits"].lines] == ["cache-001", "redis-001"]
    assert found["AWS/DynamoDB/ThrottledRequests"].lines[0].metrics[0].dimensions["Operation"] == "Query"
    assert {signal.group for signal in found.values()} == {"queue", "database", "table", "cache", ""}
