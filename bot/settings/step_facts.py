"""Which facts each kind of step can establish, so that a remedy that waits for a misspelt one is refused.

The steps themselves lie above the settings and are not known here; a test holds this table against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepFacts:
    """The facts of a kind of step. ``name`` is what they begin with where a step may be given another name.

    ``columns`` says that there are more, called like the columns of what was asked for.
    """

    facts: tuple[str, ...]
    name: str = ""
    columns: bool = False


STEP_FACTS: dict[str, StepFacts] = {
    "stopped_tasks": StepFacts(("tasks.failed", "tasks.failed_current", "tasks.failed_after_shipping", "tasks.cause")),
    "log_errors": StepFacts(("logs.errors", "logs.new")),
    "alarm_metric": StepFacts(("metric.last", "metric.max", "metric.breaching_for")),
    "target_health": StepFacts(("targets.healthy", "targets.unhealthy", "tasks.missing")),
    "recent_changes": StepFacts(("changes.count", "changes.age", "shipped.age", "shipped.before_alarm")),
    "service_events": StepFacts(
        (
            *("running.count", "running.desired", "running.missing", "service_events.trouble"),
            *("service_events.placement", "deployment.failed", "deployment.in_flight"),
        )
    ),
    "function": StepFacts(
        tuple(
            f"function.{each}"
            for each in (
                *("throttles", "errors", "error_rate", "invocations", "concurrency", "reserved", "account_limit"),
                *("duration_p95", "timeout"),
            )
        )
    ),
    "log_search": StepFacts(("count", "new"), "search"),
    "insights": StepFacts(("rows",), "insights", columns=True),
    "metric": StepFacts(("last", "min", "max", "avg", "sum", "growth"), "metric"),
    "queue": StepFacts(("depth", "in_flight", "age", "dead"), "queue"),
    "traces": StepFacts(("count", "faults", "throttles", "slowest"), "traces"),
    "trail": StepFacts(("changes", "age"), "trail"),
    "http": StepFacts(("ok", "code", "seconds", "answering", "silent"), "http"),
    "sql": StepFacts(("rows", "refused"), "sql", columns=True),
    "redis": StepFacts(
        ("ping", "memory", "hit_rate", "evicted", "clients", "max_clients", "blocked", "refused"),
        "redis",
    ),
    "dns": StepFacts(("answers", "ok"), "dns"),
    "certificate": StepFacts(("days", "ok"), "certificate"),
    "security_groups": StepFacts(("blocked", "open_to_world"), "security_groups"),
    "role_policies": StepFacts(("denied", "role"), "role"),
}

PLACES = (
    *("system", "environment", "service", "cluster", "ecs_service", "function", "region"),
    *("load_balancer", "target_group"),
)
"""What may stand in braces in a step's strings."""


def key_of(step: dict[str, Any]) -> str:
    """What tells a step from others of its playbook: its name, the name its kind goes by, or its ``do``."""
    do = str(step.get("do", ""))
    known = STEP_FACTS.get(do)
    return str(step.get("name") or (known.name if known else "") or do)


def facts_of(step: dict[str, Any]) -> Iterator[str]:
    """Names of the facts a step can establish; one that ends in ``.*`` stands for any, as do those of unknown steps."""
    known = STEP_FACTS.get(str(step.get("do", "")))
    if known is None:
        yield "*"
    elif not known.name:
        yield from known.facts
    else:
        yield from (f"{key_of(step)}.{fact}" for fact in known.facts)
        if known.columns:
            yield f"{key_of(step)}.*"
