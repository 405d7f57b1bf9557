"""The CloudWatch alarms on which ECS, or CodeDeploy, gives a rollout up."""

from __future__ import annotations

from collections.abc import Iterable

from moto.cloudwatch.models import cloudwatch_backends

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_region import alarms_of
from sandbox.aws.ecs_model import Service
from sandbox.aws.ecs_records import ServiceDeployment


def watch(service: Service, record: ServiceDeployment, names: Iterable[str], *, whatever_their_state: bool) -> float:
    """Watch these alarms while the rollout lasts; returns how many seconds they need at its end to notice anything.

    ECS ignores them all when one is red at the start; CodeDeploy does not (``whatever_their_state``).
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    record.alarms = tuple(names)
    found = _found(service, record)
    if not record.alarms or (not whatever_their_state and any(alarm.state_value == "ALARM" for alarm in found)):
        return 0.0
    record.watching = "MONITORING"
    # AWS computes the bake time of the alarms' periods, and does not say how.
    return max(map(_notices_after, found), default=0.0)


def red_at(service: Service) -> float | None:
    """When a watched alarm went off; None while all are well, or none is watched."""
    record = service.deployments[0].record if service.deployments else None
    if record is None or record.watching != "MONITORING" or service.deployments[0].rolls_back:
        return None
    red = [alarm for alarm in _found(service, record) if alarm.state_value == "ALARM"]
    if not red:
        return None
    record.red = tuple(alarm.name for alarm in red)
    return max(record.created_at, min(alarm.state_transitioned for alarm in red))


def _found(service: Service, record: ServiceDeployment) -> list[Alarm]:
    known = alarms_of(cloudwatch_backends[service.account][service.region])
    return [known[name] for name in record.alarms if name in known]


def _notices_after(alarm: Alarm) -> float:
    parts = [query.get("MetricStat") or query for query in alarm.settings.get("Metrics") or [alarm.settings]]
    period = max(float(part.get("Period") or 60) for part in parts)
    return period * int(alarm.settings.get("EvaluationPeriods") or 1)
