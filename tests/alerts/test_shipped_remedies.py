"""The playbooks in the repository: what was found decides what is tried first."""

from __future__ import annotations

import pytest

from alerts.remedies import offered, others
from bot.arguments import parse, words
from bot.domain import Fact, Finding, Target
from commands import COMMANDS
from tests.alerts.shipped import CATALOG, NAMES, PLAYBOOKS


def found(weight: int, **facts: float | str) -> Finding:
    """A finding with these facts; ``cpu_max`` stands for ``cpu.max``, and two underscores for one."""
    named = {name.replace("__", "\0").replace("_", ".").replace("\0", "_"): value for name, value in facts.items()}
    told = tuple(Fact(name=name, value=value) for name, value in named.items())
    return Finding(step="s", title="T", summary="s", weight=weight, facts=told)


JUST_DEPLOYED = found(65, changes_count=1.0, changes_age=600.0, shipped_age=600.0, shipped_before__alarm="yes")
NEW_ONES_CRASH = found(
    88, tasks_failed=3.0, tasks_failed__current=3.0, tasks_failed__after__shipping=3.0, tasks_cause="crash"
)
QUIET = found(0, changes_count=0.0)
NOBODY_FAILED = found(0, tasks_failed=0.0)
BUSY = found(60, cpu_max=93.0)
ROOM = found(40, running_count=1.0, running_desired=2.0, running_missing=1.0, service__events_placement="no")

FIRST: list[tuple[str, str, list[Finding], str]] = [
    (
        "default",
        "bi/api",
        [JUST_DEPLOYED, NEW_ONES_CRASH],
        "rollback bi/api production",
    ),
    ("default", "bi/api", [QUIET, found(95, tasks_failed=3.0, tasks_cause="oom")], "Give the task more memory"),
    ("default", "bi/api", [JUST_DEPLOYED, found(66, logs_errors=9.0, logs_new=1.0)], "rollback bi/api production"),
    ("default", "bi/api", [QUIET, found(92, tasks_failed=3.0, tasks_cause="pull")], "Make the image available"),
    ("capacity", "bi/api", [BUSY, QUIET], "scale bi/api production +1"),
    ("capacity", "bi/api", [found(60, memory_max=90.0, memory_growth=30.0)], "restart bi/api production"),
    ("capacity", "bi/api", [found(60, memory_max=90.0, memory_growth=1.0)], "Give the task more memory"),
    ("capacity", "bi/api", [found(90, service__events_placement="yes")], "Make room in the cluster"),
    ("memory", "bi/executor", [found(30, exhausted_count=4.0)], "Give the task more memory"),
    ("bi-memory", "bi/executor", [found(60, memory_max=80.0, memory_growth=25.0)], "restart bi/executor production"),
    (
        "high-error-rate",
        "usage/delivery-standard",
        [BUSY, found(30, endpoints_rows=1.0)],
        "scale usage/delivery-standard",
    ),
    (
        "high-error-rate",
        "usage/delivery-standard",
        [found(30, endpoints_rows=1.0, endpoints_path="/v1/usage", endpoints_errors=40.0)],
        "Look at the code behind /v1/usage",
    ),
    (
        "high-error-rate",
        "usage/delivery-standard",
        [JUST_DEPLOYED, found(70, targets_unhealthy=1.0), BUSY],
        "rollback usage/delivery-standard production",
    ),
    ("high-error-rate", "bi/api", [found(60, failing_faults=7.0, failing_throttles=0.0)], "Look at the service"),
    (
        "caption-high-error-rate",
        "caption/app",
        [found(80, role_denied=1.0, role_role="task")],
        "Allow in the policies of",
    ),
    ("caption-high-error-rate", "caption/app", [found(30, model_count=12.0)], "Look at Bedrock's state"),
    ("photo-high-error-rate", "photo/backend", [found(30, pool_count=8.0)], "restart photo/backend production"),
    ("photo-high-error-rate", "photo/backend", [found(20, queue_age=900.0)], "Look at the image processor"),
    ("high-latency", "bi/api", [BUSY, found(15, connections_growth=80.0)], "scale bi/api production +1"),
    ("high-latency", "bi/api", [found(15, connections_growth=80.0)], "scale bi/api production +1 raise"),
    (
        "high-latency",
        "usage/delivery-standard",
        [found(30, slow_rows=1.0, slow_path="/v1/reports", slow_average=2100.0)],
        "Look at what /v1/reports does",
    ),
    ("bi-high-latency", "bi/api", [found(60, memory_max=88.0, memory_growth=20.0)], "restart bi/api production"),
    (
        "caption-high-latency",
        "caption/app",
        [found(30, captions_rows=9.0, captions_duration=7200.0), found(10, cpu_max=30.0)],
        "Shorten the prompts",
    ),
    ("photo-high-latency", "photo/backend", [found(60, load_max=97.0)], "Look at the database's slowest statements"),
    ("arbor-slow-recommendations", "arbor/backend", [found(30, cache_hit__rate=12.0)], "Fill the cache again"),
    (
        "arbor-slow-recommendations",
        "arbor/backend",
        [found(15, statements_mean__ms=900.0)],
        "Look at the slowest statement",
    ),
    (
        "arbor-slow-recommendations",
        "arbor/backend",
        [found(10, response_last=3.0, cpu_max=70.0)],
        "scale arbor/backend production +2",
    ),
    (
        "unhealthy-hosts",
        "arbor/frontend",
        [found(90, security__groups_blocked="yes"), QUIET],
        "Let the load balancer's",
    ),
    (
        "unhealthy-hosts",
        "arbor/frontend",
        [found(70, targets_unhealthy=1.0), NOBODY_FAILED, QUIET],
        "restart arbor/frontend production",
    ),
    (
        "unhealthy-hosts",
        "arbor/frontend",
        [found(70, targets_unhealthy=1.0), NOBODY_FAILED, JUST_DEPLOYED],
        "rollback arbor",
    ),
    (
        "usage-unhealthy-hosts",
        "usage/delivery-standard",
        [found(70, targets_unhealthy=1.0), JUST_DEPLOYED],
        "rollback usage/delivery-standard production",
    ),
    ("bad-gateway", "bi/api", [ROOM, NOBODY_FAILED, QUIET], "restart bi/api production"),
    (
        "arbor-bad-gateway",
        "arbor/backend",
        [found(70, targets_unhealthy=2.0), NOBODY_FAILED, QUIET],
        "restart arbor/backend",
    ),
    ("no-traffic", "bi/api", [found(80, certificate_ok="no")], "Renew the certificate"),
    ("no-traffic", "bi/api", [found(70, http_ok="no"), found(10, targets_healthy=2.0)], "Open the load balancer"),
    (
        "usage-no-traffic",
        "usage/delivery-standard",
        [found(75, dns_ok="no"), found(5, certificate_ok="yes")],
        "Put the records",
    ),
    (
        "usage-no-traffic",
        "usage/delivery-standard",
        [found(5, http_ok="yes"), found(5, requests_last=0.0)],
        "Ask those who call",
    ),
    ("running-count", "bi/executor", [found(40, running_desired=0.0)], "scale bi/executor production 2"),
    ("running-count", "bi/executor", [ROOM, NOBODY_FAILED, QUIET], "restart bi/executor production"),
    ("running-count", "bi/executor", [found(55, tasks_missing=1.0), JUST_DEPLOYED], "rollback bi/executor production"),
    (
        "failed-deployment",
        "photo/backend",
        [found(80, deployment_failed="yes"), JUST_DEPLOYED],
        "rollback photo/backend production",
    ),
    (
        "failed-deployment",
        "photo/backend",
        [found(88, tasks_failed=2.0, tasks_cause="crash")],
        "Compare the environment",
    ),
    ("database-connections", "usage/delivery-standard", [found(30, pool_count=5.0)], "restart usage/delivery-standard"),
    (
        "arbor-database-connections",
        "arbor/backend",
        [found(30, pool_count=5.0), found(15, connections_used=40.0, connections_abandoned=0.0)],
        "restart arbor/backend production",
    ),
    (
        "arbor-database-connections",
        "arbor/backend",
        [found(30, pool_count=5.0), found(85, connections_refused="too many connections")],
        "Raise the database's limit",
    ),
    ("database", "usage/delivery-standard", [found(30, unreached_count=5.0)], "Look at the database's security group"),
    ("photo-database", "photo/backend", [found(60, room_last=1e8)], "Give the database more storage"),
    ("cache", "bi/api", [found(30, uncached_count=5.0)], "Look at the cache in ElastiCache"),
    ("arbor-cache", "arbor/backend", [found(30, cache_hit__rate=20.0, cache_evicted=0.0)], "Fill the cache again"),
    (
        "arbor-cache",
        "arbor/backend",
        [found(30, cache_hit__rate=70.0, cache_evicted=500.0)],
        "Give the cache more memory",
    ),
    ("bi-card-timeouts", "bi/executor", [BUSY, found(30, timeouts_count=9.0)], "scale bi/executor production +1"),
    (
        "bi-card-timeouts",
        "bi/executor",
        [found(30, cards_rows=2.0, cards_card="card_117", cards_timeouts=8.0)],
        "Give card_117 less to do",
    ),
    ("permissions", "bi/api", [found(50, trail_age=300.0), found(30, refused_count=4.0)], "Undo the change that took"),
    ("bi-permissions", "bi/api", [found(80, role_denied=2.0, role_role="bi-task")], "Allow in the policies of bi-task"),
    ("connectivity", "bi/api", [found(30, network_count=9.0)], "Look at the VPC's endpoints"),
    (
        "connectivity",
        "bi/api",
        [found(30, network_count=9.0), found(50, trail_age=900.0)],
        "Undo the change to the network",
    ),
    ("dynamodb-throttling", "bi/api", [JUST_DEPLOYED, found(45, throttled_new=1.0)], "rollback bi/api production"),
    ("bi-dynamodb-throttling", "bi/api", [found(60, refused_sum=9.0)], "Raise the capacity of bi_datasets"),
    ("caption-dynamodb-throttling", "caption/app", [found(60, refused_sum=9.0)], "Ask for items in batches"),
    ("authentication", "caption/app", [found(30, mismatched_count=3.0)], "Compare the client's id"),
    (
        "lambda-errors",
        "photo/image-processor",
        [found(55, function_errors=9.0, function_error__rate=30.0), JUST_DEPLOYED],
        "rollback photo/image-processor",
    ),
    (
        "lambda-errors",
        "photo/image-processor",
        [found(30, cut_count=4.0, function_timeout=3000.0)],
        "Give the function more memory",
    ),
    (
        "lambda-throttling",
        "photo/image-processor",
        [found(75, function_throttles=9.0, function_reserved=5.0)],
        "Raise the function's reserved concurrency",
    ),
    (
        "photo-lambda-throttling",
        "photo/image-processor",
        [found(75, function_throttles=9.0, function_reserved="none", function_account__limit=1000.0)],
        "Ask AWS for a higher limit",
    ),
    ("queue", "photo/image-processor", [found(55, queue_dead=3.0)], "See in the dead letters"),
    (
        "photo-queue",
        "photo/image-processor",
        [found(20, queue_depth=5000.0, queue_age=600.0), found(10, function_throttles=0.0)],
        "Let more of the function run",
    ),
]


@pytest.mark.parametrize(("name", "service", "findings", "expected"), FIRST)
def test_what_was_found_decides_what_is_tried_first(
    name: str, service: str, findings: list[Finding], expected: str
) -> None:
    first = offered(PLAYBOOKS[name], findings, CATALOG.find(service, "production"), COMMANDS)[0]
    said = first.command or first.label
    assert said.startswith(expected), said
    assert first.facts and first.because


def test_every_playbook_has_such_a_first_remedy() -> None:
    assert {name for name, *_ in FIRST} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_with_nothing_found_nothing_is_claimed_and_going_back_is_still_possible(name: str) -> None:
    target = a_target_of(name)
    shown = offered(PLAYBOOKS[name], (), target, COMMANDS)
    assert not any(each.facts or each.command for each in shown)
    assert f"rollback {target.system}/{target.name} production" in [
        each.command for each in others(PLAYBOOKS[name], shown, target, COMMANDS)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_line_could_be_typed(name: str) -> None:
    target = a_target_of(name)
    for each in others(PLAYBOOKS[name], (), target, COMMANDS):
        typed = words(each.command)
        command = COMMANDS[typed[0]]
        if typed[0] == "scale" and len(typed) == 3:
            continue  # opens the form that asks for the number
        args = parse(command, command.name, typed[1:])
        assert command.target is not None
        assert command.target(args, CATALOG) == target


def a_target_of(name: str) -> Target:
    service = next(service for playbook, service, *_ in FIRST if playbook == name)
    return CATALOG.find(service, "production")
