"""Very many services with very many alarms, for a storm of them: as configuration, and as a pretend account has them.

Nothing of it is in the sandbox unless it is asked for.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.seed.account import Account, in_parallel
from sandbox.seed.alarms import dimensions, ecs_dimensions
from sandbox.seed.catalogue import RUNNING, US, EcsService
from sandbox.seed.fleet import manifest, task_definition

SERVICES = 40
CLUSTER = "storm"
REPOSITORY = "storm"
SERIES_ALARM = "storm-throttled-services"
"""One alarm over all services, each of which is a series of its own."""

_SYSTEMS = 4
_CHANNEL = "#ops"
_NAMESPACE = "Storm"
_ENABLED_AT_ONCE = 100

METRICS = (
    ("errors", "critical"),
    ("unhealthy-hosts", "critical"),
    ("latency", "high"),
    ("queue-age", "high"),
    ("cpu", "medium"),
    ("memory", "medium"),
    ("disk", "low"),
)
"""What each service has an alarm on, and how severe it is."""
COMPOSED_OF = ("errors", "unhealthy-hosts")
"""The alarms of a service that its composite alarm ``<service>-down`` is red with."""
FLAPPING = "latency"
"""The alarm of a service that may flap: no composite alarm hangs on it."""


@dataclass(frozen=True)
class Stormy:
    """A service of a storm by its name, its alarms, and the composite alarm over some of them ("" for none)."""

    name: str
    region: str
    alarms: tuple[str, ...]
    composite: str = ""
    composed_of: tuple[str, ...] = ()
    flapping: str = ""


def stormy_services(count: int = SERVICES) -> tuple[Stormy, ...]:
    """So many services: storm-01, storm-02 ..."""
    return tuple(_stormy(f"storm-{number:02d}") for number in range(1, count + 1))


def _stormy(name: str) -> Stormy:
    return Stormy(
        name,
        US,
        tuple(f"{name}-{metric}" for metric, _ in METRICS),
        f"{name}-down",
        tuple(f"{name}-{metric}" for metric in COMPOSED_OF),
        f"{name}-{FLAPPING}",
    )


def write_storm_config(source: Path, target: Path, count: int = SERVICES) -> Path:
    """The configuration of ``source`` with so many services more, in four systems; replaces ``target``, returns it.

    Raises FileNotFoundError when ``source`` is no directory.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    services = stormy_services(count)
    for number in range(_SYSTEMS):
        of_system = services[number::_SYSTEMS]
        if of_system:
            system = _system(f"storm{number + 1}", of_system, with_series=number == 0)
            text = yaml.safe_dump(system, sort_keys=False, allow_unicode=True)
            (target / "systems" / f"{system['system']}.yaml").write_text(text)
    return target


def _system(name: str, services: tuple[Stormy, ...], *, with_series: bool) -> dict[str, Any]:
    configured: dict[str, Any] = {}
    for service in services:
        alarms = [{"name": f"{service.name}-{metric}", "severity": severity} for metric, severity in METRICS]
        alarms.append({"name": service.composite, "severity": "critical"})
        configured[service.name] = {"kind": "ecs", "cluster": CLUSTER, "alarms": alarms}
    if with_series:
        configured[services[0].name]["alarms"].append({"name": SERIES_ALARM, "severity": "high"})
    environment = {"production": True, "services": configured}
    return {
        "system": name,
        "title": f"Storm {name.removeprefix('storm')}",
        "channel": _CHANNEL,
        "region": US,
        "email": ["storm@example.com"],  # low alarms go to email, and a configuration must say where that is
        "environments": {"production": environment},
    }


def storm_of(config: Path) -> tuple[Stormy, ...]:
    """The services that ``write_storm_config`` put into a configuration; none where it did not."""
    return tuple(_stormy(service.name) for service in configured_services(config) if service.composite)


def configured_services(config: Path) -> list[Stormy]:
    """Every service of a configuration that has alarms, sorted by its name; ``composite`` only of those made here."""
    found = []
    for file in (config / "systems").glob("*.yaml"):
        system = yaml.safe_load(file.read_text())
        for environment in system["environments"].values():
            for name, service in environment["services"].items():
                alarms = tuple(alarm["name"] for alarm in service.get("alarms") or ())
                made = service.get("cluster") == CLUSTER
                if alarms:
                    found.append(Stormy(name, system["region"], alarms, f"{name}-down" if made else ""))
    return sorted(found, key=lambda service: service.name)


def build_storm(account: Account, topic_arn: str, services: tuple[Stormy, ...]) -> None:
    """The services, one task each, and their alarms, at rest (OK) and telling the topic; again is the same again."""
    _build_services(account, services)
    _build_alarms(account, topic_arn, services)


def ecs_service(service: Stormy) -> EcsService:
    """A service as the pretend ECS has it."""
    return EcsService(
        system="storm",
        environment="production",
        name=service.name,
        region=service.region,
        cluster=CLUSTER,
        service=service.name,
        family=service.name,
        container="app",
        repository=REPOSITORY,
        log_group=f"/ecs/{service.name}",
        log_style="",
        desired=1,
        cpu=256,
        memory=512,
    )


def _build_services(account: Account, services: tuple[Stormy, ...]) -> None:
    ecs, ecr, ec2 = (account.client(service, US) for service in ("ecs", "ecr", "ec2"))
    ecs.create_cluster(clusterName=CLUSTER)
    if not any(one["repositoryName"] == REPOSITORY for one in ecr.describe_repositories()["repositories"]):
        ecr.create_repository(repositoryName=REPOSITORY)
        ecr.put_image(repositoryName=REPOSITORY, imageTag=RUNNING, imageManifest=manifest(REPOSITORY, RUNNING))
    subnet = ec2.describe_subnets()["Subnets"][0]
    known = {
        arn.rpartition("/")[2]
        for page in ecs.get_paginator("list_services").paginate(cluster=CLUSTER)
        for arn in page["serviceArns"]
    }

    def build(service: Stormy) -> None:
        if service.name in known:
            return
        registered = ecs.register_task_definition(**task_definition(ecs_service(service), RUNNING, []))
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=service.name,
            taskDefinition=registered["taskDefinition"]["taskDefinitionArn"],
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]]}},
        )

    in_parallel(build, services)


def _build_alarms(account: Account, topic_arn: str, services: tuple[Stormy, ...]) -> None:
    cloudwatch = account.client("cloudwatch", US)
    quiet = {"AlarmActions": [topic_arn], "OKActions": [topic_arn], "ActionsEnabled": False}
    usual = {
        "Namespace": _NAMESPACE,
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 90.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    }

    def at_rest(name: str) -> None:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="Nothing crossed the threshold")

    def build(service: Stormy) -> None:
        where = ecs_dimensions(ecs_service(service))
        for name in service.alarms:
            metric = name.removeprefix(f"{service.name}-")
            cloudwatch.put_metric_alarm(AlarmName=name, MetricName=metric, Dimensions=where, **quiet, **usual)
            at_rest(name)
        rule = " OR ".join(f"ALARM({name})" for name in service.composed_of)
        cloudwatch.put_composite_alarm(AlarmName=service.composite, AlarmRule=rule, **quiet)

    in_parallel(build, services)
    query = f'SELECT MAX(throttles) FROM SCHEMA("{_NAMESPACE}", ServiceName) GROUP BY ServiceName'
    plain = {key: value for key, value in usual.items() if key not in ("Namespace", "Statistic", "Period")}
    cloudwatch.put_metric_alarm(
        AlarmName=SERIES_ALARM, Metrics=[{"Id": "q", "Expression": query, "Period": 60}], **quiet, **plain
    )
    put_throttles(account, services, 0.0)
    # Reading them once lets the composite alarms find their first state while nobody is told.
    cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])
    names = [SERIES_ALARM, *(name for service in services for name in (*service.alarms, service.composite))]
    for start in range(0, len(names), _ENABLED_AT_ONCE):
        cloudwatch.enable_alarm_actions(AlarmNames=names[start : start + _ENABLED_AT_ONCE])


def put_throttles(account: Account, services: tuple[Stormy, ...], value: float) -> None:
    """Throttled requests of these services in this minute; the alarm over all of them looks at them."""
    data = [
        {"MetricName": "throttles", "Dimensions": dimensions(ServiceName=service.name), "Value": value}
        for service in services
    ]
    account.client("cloudwatch", US).put_metric_data(Namespace=_NAMESPACE, MetricData=data)
