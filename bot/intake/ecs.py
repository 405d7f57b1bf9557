"""Amazon ECS's own events, through EventBridge: what went wrong with a service, and that it is well again, as alarms.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html and ecs_task_events.html. Each
service has three such alarms, named by the ARN of the service and what they are about: its deployments, what its
scheduler could not do, and its tasks. Events that tell of neither trouble nor its end are not read as alarms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.domain import Alarm, AlarmMetric, AlarmState
from bot.intake.fields import mapping, moment, prose, words

DEPLOYMENT, SERVICE, TASK = "ECS Deployment State Change", "ECS Service Action", "ECS Task State Change"
ABOUT = {DEPLOYMENT: "deployment", SERVICE: "service", TASK: "task"}
"""What stands behind the # of an alarm's ARN."""

_TITLES = {
    "SERVICE_TASK_PLACEMENT_FAILURE": "ECS cannot place tasks",
    "SERVICE_TASK_CONFIGURATION_FAILURE": "ECS cannot start tasks as configured",
    "SERVICE_TASK_START_IMPAIRED": "ECS tasks keep failing to start",
    "SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED": "ECS violates the placement of daemons",
    "SERVICE_HEALTH_UNKNOWN": "ECS cannot tell the health of tasks",
    "ECS_OPERATION_THROTTLED": "ECS is throttled",
    "SERVICE_DISCOVERY_OPERATION_THROTTLED": "Service discovery is throttled",
    "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY": "Service discovery finds tasks unhealthy",
    "VPC_LATTICE_TARGET_UNHEALTHY": "VPC Lattice finds tasks unhealthy",
}
"""Service actions of the types ERROR and WARN."""
_WELL = ("SERVICE_STEADY_STATE", "SERVICE_DEPLOYMENT_COMPLETED")
_FAILED_STOPS = ("EssentialContainerExited", "TaskFailedToStart")
_SERVICE_ARN = re.compile(r"arn:aws[a-z-]{0,16}:ecs:[a-z0-9-]{1,40}:\d{0,20}:service/(?:[\w-]{1,255}/)?[\w-]{1,255}")
_CLUSTER_ARN = re.compile(r"(arn:aws[a-z-]{0,16}:ecs:[a-z0-9-]{1,40}:\d{0,20}):cluster/([\w-]{1,255})")


def alarms_of(document: Mapping[str, Any], topic: str, at: float) -> tuple[Alarm, ...]:
    """The alarms an event of ECS tells of; none when it is another document, or no trouble and no end of one.

    A service that is steady again, or whose deployment completed, is well in all three respects.
    """
    kind = document.get("detail-type")
    detail = mapping(document.get("detail"))
    if document.get("source") != "aws.ecs" or not isinstance(kind, str) or kind not in ABOUT:
        return ()
    arn, cluster, service = _service(document, detail)
    if not arn:
        return ()
    happened = detail.get("stoppedAt") or detail.get("updatedAt") or detail.get("createdAt") or document.get("time")
    place = {
        "at": moment(happened, moment(document.get("time"), at)),
        "account": arn.split(":")[4],
        "region": arn.split(":")[3],
        "metric": AlarmMetric(namespace="AWS/ECS", dimensions={"ClusterName": cluster, "ServiceName": service}),
        "topic": topic,
        "source": "ecs",
    }
    if detail.get("eventName") in _WELL:
        said = prose(detail.get("reason")) or f"{words(detail.get('eventName'), 100)}: the service is well again."
        return tuple(
            Alarm(arn=f"{arn}#{about}", name=f"ECS {about}: {service}", state=AlarmState.OK, reason=said, **place)
            for about in ABOUT.values()
        )
    title, reason = _trouble(str(kind), detail)
    if not title:
        return ()
    name = f"{title}: {service}"
    return (Alarm(arn=f"{arn}#{ABOUT[str(kind)]}", name=name, state=AlarmState.ALARM, reason=reason, **place),)


def _service(document: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[str, str, str]:
    """ARN, cluster and name of the service an event is about; empty where it is about none."""
    cluster = _CLUSTER_ARN.fullmatch(words(detail.get("clusterArn"), 400))
    group = words(detail.get("group"), 300)
    if document.get("detail-type") == TASK:
        if cluster is None or not re.fullmatch(r"service:[\w-]{1,255}", group):
            return "", "", ""
        name = group.removeprefix("service:")
        return f"{cluster[1]}:service/{cluster[2]}/{name}", cluster[2], name
    resources = document.get("resources")
    texts = [words(one, 700) for one in resources[:10]] if isinstance(resources, list) else []
    arn = next((one for one in texts if _SERVICE_ARN.fullmatch(one)), "")
    parts = arn.split("/")
    if len(parts) == 2:  # an ARN of the old format names no cluster
        return (arn, cluster[2], parts[1]) if cluster else (arn, "", parts[1])
    return (arn, parts[1], parts[2]) if arn else ("", "", "")


def _trouble(kind: str, detail: Mapping[str, Any]) -> tuple[str, str]:
    """What went wrong, as a title and a reason; nothing where all went as it should."""
    event, reason = words(detail.get("eventName"), 100), prose(detail.get("reason"))
    if kind == DEPLOYMENT:
        return ("ECS deployment failed", reason) if event == "SERVICE_DEPLOYMENT_FAILED" else ("", "")
    if kind == SERVICE:
        is_trouble = detail.get("eventType") in ("ERROR", "WARN")
        title = _TITLES.get(event) or (f"ECS tells {event}" if is_trouble and event else "")
        return title, ": ".join(part for part in (event, reason) if part) if title else ""
    if detail.get("lastStatus") != "STOPPED":
        return "", ""
    ended = [text for one in _containers(detail) if (text := _ended(one))]
    out_of_memory = any("OutOfMemory" in text for text in (*ended, prose(detail.get("stoppedReason"))))
    if detail.get("stopCode") not in _FAILED_STOPS and not out_of_memory:
        return "", ""
    title = "ECS task out of memory" if out_of_memory else "ECS task failed"
    parts = (words(detail.get("stopCode"), 100), prose(detail.get("stoppedReason")), *ended)
    return title, "; ".join(part for part in parts if part)[:2_000]


def _containers(detail: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = detail.get("containers")
    return [mapping(one) for one in found[:20]] if isinstance(found, list) else []


def _ended(container: Mapping[str, Any]) -> str:
    """How a container ended: "api exited with 137 (OutOfMemoryError: …)"; nothing for one that ended well."""
    code, reason = container.get("exitCode"), prose(container.get("reason"), 500)
    if code in (0, None) and not reason:
        return ""
    exited = f"exited with {code}" if isinstance(code, int) else "did not run"
    return f"{words(container.get('name'), 255)} {exited}" + (f" ({reason})" if reason else "")
