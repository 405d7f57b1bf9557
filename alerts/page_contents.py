"""What a call to PagerDuty tells: made of an incident, kept in the row of the call, read back when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.console import alarm_address, service_address
from bot.domain import Alarm, Finding, ServiceKind, Severity, Target, as_json
from bot.incident import Incident
from bot.paging import Call, Link
from bot.ports import World

DEDUP_PREFIX = "runbook-bot:"
"""How the dedup keys of the bot's alerts begin; then comes the incident's id, and its level unless that is 0."""
FINDINGS, LINES = 20, 5
"""How many findings are told, and how many lines of each."""


def contents(incident: Incident, remedy: str, images: Sequence[Link]) -> dict[str, Any]:
    """The part of a row's body that says what is told."""
    return {
        "alarm": as_json(incident.alarm),
        "severity": incident.severity.value,
        "findings": [_sentence(finding) for finding in incident.findings[:FINDINGS]],
        "suspected": incident.suspected,
        "remedy": remedy,
        "images": [[image.href, image.text] for image in images],
    }


def _sentence(finding: Finding) -> str:
    head = f"{finding.title} (could not be looked at)" if finding.failed else finding.title
    return "\n".join([f"{head}: {finding.summary}", *finding.lines[:LINES]])


def told(body: Mapping[str, Any]) -> list[Any]:
    """What a second trigger would add; the same again is not worth sending."""
    return [body.get("findings", []), body.get("suspected", ""), body.get("remedy", ""), body.get("images", [])]


def call_of(body: Mapping[str, Any], world: World, thread: str) -> Call:
    """The call a row's body stands for, made now; rows of older versions know the alarm and its severity only."""
    alarm = Alarm.model_validate(body["alarm"])
    return Call(
        summary=f"{alarm.label}: {alarm.reason}" if alarm.reason else alarm.label,
        severity=Severity(body["severity"]),
        alarm=alarm,
        findings=tuple(str(finding) for finding in body.get("findings", ())),
        links=_links(alarm, world),
        images=tuple(Link(str(href), str(text)) for href, text in body.get("images", ())),
        thread=thread,
        at=world.clock.now(),
        suspected=str(body.get("suspected", "")),
        remedy=str(body.get("remedy", "")),
    )


def _links(alarm: Alarm, world: World) -> tuple[Link, ...]:
    dimensions = alarm.metric.dimensions if alarm.metric else {}
    cluster, service = dimensions.get("ClusterName", ""), dimensions.get("ServiceName", "")
    region = alarm.region
    target = target_of(alarm, world)
    if target is not None and target.service.kind is ServiceKind.ECS:
        region = target.account.region
        cluster, service = target.service.cluster, target.service.service or target.name
    found = (
        Link(alarm_address(alarm.region, alarm.name if alarm.arn else ""), "Alarm in CloudWatch"),
        Link(service_address(region, cluster, service), "Service in ECS"),
    )
    return tuple(link for link in found if link.href)


def target_of(alarm: Alarm, world: World) -> Target | None:
    """The service an alarm is configured for, or whose metric it watches."""
    listed = world.catalog.by_alarm(alarm.name, alarm.region)
    if listed is not None:
        return listed[0]
    return world.catalog.by_dimensions(alarm.region, alarm.metric.dimensions) if alarm.metric else None
