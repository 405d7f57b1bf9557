"""Log groups with the last hours' lines, in streams named as the awslogs driver names them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.aws.logs import backdate
from sandbox.seed.account import Account, in_parallel
from sandbox.seed.catalogue import LAMBDA, PHOTO_RDS_LOG_GROUP, RDS_LOG_GROUP, SERVICES, US, EcsService
from sandbox.seed.fleet import DAY, PAST_DAYS
from sandbox.seed.log_lines import STYLES, visits

HOURS = 3
_SECONDS_BETWEEN_REQUESTS = 30.0
_NEWEST = 5.0


@dataclass(frozen=True)
class _Stream:
    region: str
    group: str
    name: str
    style: str
    seed: int


_OTHERS = (
    _Stream(US, f"/aws/lambda/{LAMBDA}", "2026/11/26/[2]9b1d7c0a", "lambda", 1),
    _Stream(US, RDS_LOG_GROUP, "arbor-production-db.0", "postgresql", 1),
    _Stream(US, PHOTO_RDS_LOG_GROUP, "rapid-photo-prod-db.0", "postgresql-photo", 1),
)


def write_logs(account: Account, now: float) -> int:
    """Write the lines of the last hours until ``now`` (seconds since the epoch); returns how many events."""
    groups = sorted({(service.region, service.log_group) for service in SERVICES})
    groups += [(other.region, other.group) for other in _OTHERS]
    in_parallel(lambda group: account.client("logs", group[0]).create_log_group(logGroupName=group[1]), groups)
    for region, group in groups:
        backdate(region, group, PAST_DAYS * DAY)
    found = in_parallel(lambda service: _streams(account, service), SERVICES)
    streams = [stream for several in found for stream in several]
    streams += _OTHERS
    return sum(in_parallel(lambda stream: _write(account, stream, now), streams))


def _streams(account: Account, service: EcsService) -> list[_Stream]:
    ecs = account.client("ecs", service.region)
    tasks = ecs.list_tasks(cluster=service.cluster, serviceName=service.service)["taskArns"]
    return [
        _Stream(
            service.region,
            service.log_group,
            f"ecs/{service.container}/{task.rsplit('/', 1)[1]}",
            service.log_style,
            number,
        )
        for number, task in enumerate(sorted(tasks))
    ]


def _write(account: Account, stream: _Stream, now: float) -> int:
    chance = random.Random(f"{stream.group}{stream.seed}")
    lines = STYLES[stream.style]
    events = [
        {"timestamp": int(visit.at * 1000), "message": line}
        for visit in visits(now - HOURS * 3600, now - _NEWEST, _SECONDS_BETWEEN_REQUESTS, stream.style, chance)
        for line in lines(visit, chance)
    ]
    logs = account.client("logs", stream.region)
    logs.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
    logs.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=events)
    return len(events)
