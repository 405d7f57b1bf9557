"""The playbooks in the repository: alarms get the one a person would take, and no mistake of a runbook."""

from __future__ import annotations

import re

import pytest

from bot.domain import Alarm, AlarmMetric, AlarmState
from tests.alerts.shipped import CATALOG, CONFIG, NAMES, PLAYBOOKS

CHOSEN = {
    "arbor-production-backend-unhealthy-hosts": "unhealthy-hosts",
    "arbor-production-backend-5xx": "arbor-bad-gateway",
    "arbor-production-backend-connection-pool": "arbor-database-connections",
    "arbor-production-backend-slow-recommendations": "arbor-slow-recommendations",
    "arbor-production-backend-cache-misses": "arbor-cache",
    "arbor-production-frontend-unhealthy-hosts": "unhealthy-hosts",
    "bi-staging-api-error-rate": "high-error-rate",
    "bi-staging-api-running-count": "running-count",
    "bi-staging-executor-running-count": "running-count",
    "bi-production-api-error-rate": "high-error-rate",
    "bi-production-api-latency-p95": "bi-high-latency",
    "bi-production-api-running-count": "running-count",
    "bi-production-api-dynamodb-throttles": "bi-dynamodb-throttling",
    "bi-production-executor-card-timeouts": "bi-card-timeouts",
    "bi-production-executor-running-count": "running-count",
    "image-caption-gen-high-error-rate-prod": "caption-high-error-rate",
    "image-caption-gen-high-latency-prod": "caption-high-latency",
    "image-caption-gen-dynamodb-throttles-prod": "caption-dynamodb-throttling",
    "rapid-photo-prod-backend-5xx": "photo-high-error-rate",
    "rapid-photo-prod-backend-latency-p95": "photo-high-latency",
    "rapid-photo-prod-backend-running-count": "running-count",
    "rapid-photo-prod-backend-cpu": "capacity",
    "rapid-photo-prod-backend-memory": "memory",
    "rapid-photo-prod-image-processor-errors": "lambda-errors",
    "rapid-photo-prod-image-processor-throttles": "photo-lambda-throttling",
    "rapid-photo-prod-image-processor-duration-p95": "lambda-errors",
    "rapid-photo-prod-image-processor-queue-age": "photo-queue",
    "rapid-photo-prod-image-processor-dlq": "photo-queue",
    "delivery-standard-prod-unhealthy-hosts": "usage-unhealthy-hosts",
    "delivery-standard-prod-high-error-rate": "high-error-rate",
    "delivery-standard-prod-high-latency": "high-latency",
    "delivery-standard-prod-low-requests": "usage-no-traffic",
    "delivery-standard-prod-high-cpu": "capacity",
    "delivery-standard-prod-high-memory": "memory",
}
CONFIGURED = {alarm.name: target for target in CATALOG.targets for alarm in target.service.alarms}


def an_alarm(name: str, metric: str = "", namespace: str = "") -> Alarm:
    watched = AlarmMetric(namespace=namespace, name=metric) if metric else None
    return Alarm(arn="arn", name=name, state=AlarmState.ALARM, at=1.0, metric=watched)


def test_every_configured_alarm_gets_the_playbook_a_person_would_take() -> None:
    assert {name: PLAYBOOKS.choose(an_alarm(name), target)[0] for name, target in CONFIGURED.items()} == CHOSEN


@pytest.mark.parametrize(
    ("name", "metric", "service", "expected"),
    [
        ("x", "AWS/ApplicationELB HTTPCode_ELB_503_Count", "usage/delivery-standard", "bad-gateway"),
        ("x", "AWS/ApplicationELB TargetResponseTime", "usage/delivery-standard", "high-latency"),
        ("x", "AWS/ApplicationELB TargetResponseTime", "arbor/backend", "high-latency"),
        ("x", "AWS/ECS MemoryUtilization", "bi/executor", "bi-memory"),
        ("x", "AWS/Lambda Throttles", "photo/image-processor", "photo-lambda-throttling"),
        ("x", "AWS/RDS FreeableMemory", "photo/backend", "photo-database"),
        ("x", "AWS/RDS DatabaseConnections", "usage/delivery-standard", "database-connections"),
        ("api-access-denied", "", "bi/api", "bi-permissions"),
        ("api-access-denied", "", "usage/delivery-standard", "permissions"),
        ("app-authentication-failures", "", "caption/app", "authentication"),
        ("backend-deployment-failed", "", "photo/backend", "failed-deployment"),
        ("api-connectivity", "", "bi/api", "connectivity"),
        ("something-else", "", "bi/api", "default"),
        ("something-else", "AWS/S3 5xxErrors", "bi/frontend", "default"),
    ],
)
def test_alarms_that_nobody_listed_are_understood_too(name: str, metric: str, service: str, expected: str) -> None:
    namespace, _, watched = metric.partition(" ")
    target = CATALOG.find(service, "production")
    assert PLAYBOOKS.choose(an_alarm(name, watched, namespace), target)[0] == expected


def test_an_alarm_of_no_service_gets_the_default() -> None:
    assert PLAYBOOKS.choose(an_alarm("capacity-of-something"), None)[0] == "default"


@pytest.mark.parametrize("name", NAMES)
def test_every_playbook_begins_with_the_default_and_stays_small(name: str) -> None:
    steps = [step.do for step in PLAYBOOKS[name].steps]
    assert steps[:5] == ["stopped_tasks", "log_errors", "alarm_metric", "target_health", "recent_changes"]
    assert len(steps) <= 20


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_in_the_runbooks_is_not_repeated(name: str) -> None:
    written = (CONFIG / "playbooks" / f"{name}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"#.*", "", written)
    assert not re.search(r"\bmean_time\b|UserErrors|\bKEYS\b|FLUSHALL", text)
    assert written.startswith("# yaml-language-server: $schema=../../docs/schema/playbook.json\n# ")


def test_what_belongs_to_one_system_stands_in_no_shared_file() -> None:
    own = re.compile(r"bi_datasets|image_captions|arbor|rapid-photo|api\.example\.com|card_")
    for name in NAMES:
        if not PLAYBOOKS[name].systems:
            text = (CONFIG / "playbooks" / f"{name}.yaml").read_text(encoding="utf-8")
            assert not own.search(text), name
