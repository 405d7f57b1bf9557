"""What is looked at before ECS is told to change a service: pure, over what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cloud import EcsService, Image, TargetHealth
from bot.command import Check, Override
from bot.rollouts import ServiceDeployment
from bot.shipping import images
from bot.shipping.alarms import red
from bot.shipping.ecs_reads import running
from bot.shipping.verdicts import blocking, passed, unknown, warned
from bot.shipping_cloud import CodeDeployment, Scaling
from bot.views.blocks import ago

MANY_DEPLOYMENTS = 4
MOST_DEPLOYMENTS = 5
"""ECS refuses a sixth: protected tasks keep old deployments alive (aws/containers-roadmap#2836)."""
_KINDS = {"secrets": "secret ", "roles": "role ", "log groups": "log group "}


def image_exists(version: str, image: Image, now: float) -> Check:
    """That the image is there; called only when it is."""
    return passed("image", f"{version} exists, pushed {ago(now - image.pushed_at)} ago")


def architecture(found: Any, wanted: str) -> Check:
    """Whether the image runs on the CPU that tasks get."""
    name = "architecture"
    if not isinstance(found, tuple):
        return unknown(name, found)
    if not found:
        return unknown(name, "its manifest does not say")
    if not wanted:
        return unknown(name, f"the image is for {', '.join(found)}; the instances decide what they are")
    if wanted in found:
        return passed(name, wanted)
    return blocking(name, f"tasks run on {wanted}, the image is for {', '.join(found)}")


def needed(found: Mapping[str, Any]) -> list[Check]:
    """Whether secrets, roles and log groups exist: a task that lacks one never starts."""
    checks = []
    for name, start in _KINDS.items():
        mine = {key.removeprefix(start): answer for key, answer in found.items() if key.startswith(start)}
        missing = [_short(key) for key, answer in mine.items() if answer is False]
        unread = [answer for answer in mine.values() if not isinstance(answer, bool)]
        if missing:
            checks.append(blocking(name, f"{', '.join(missing)} missing: tasks could not start"))
        elif unread:
            checks.append(unknown(name, unread[0]))
        else:
            checks.append(passed(name, f"{len(mine)} found" if mine else "none needed"))
    return checks


def _short(reference: str) -> str:
    """A secret or role by its name; ARNs are long, and all begin alike."""
    if not reference.startswith("arn:"):
        return reference
    return reference.split(":", 5)[5].rpartition("/")[2].removeprefix("secret:")


def target_groups(found: Any, groups: Sequence[str]) -> Check:
    """Whether the load balancer is content with what runs now."""
    name = "target groups"
    if not groups:
        return passed(name, "no load balancer")
    if not isinstance(found, tuple):
        return unknown(name, found)
    healths = [each for each in found if isinstance(each, TargetHealth)]
    ill = [each for each in healths if each.state in ("unhealthy", "unavailable")]
    if ill:
        reason = ill[0].description or ill[0].reason
        return warned(name, f"{len(ill)} of {len(healths)} targets are {ill[0].state} already: {reason}")
    if not any(each.state == "healthy" for each in healths):
        return warned(name, "no target is healthy now")
    return passed(name, f"{sum(each.state == 'healthy' for each in healths)} targets are healthy")


def rollback_alarms(found: Any, service: EcsService) -> tuple[Check, ...]:
    """ECS ignores its own alarms for a whole deployment when one is red as it begins.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    name = "rollback alarms"
    if not service.alarms:
        return ()
    if not isinstance(found, tuple):
        return (unknown(name, found),)
    already = red(found)
    if already:
        return (warned(name, f"{', '.join(already)} is red already, so ECS would not roll back on any of them"),)
    does = "ECS rolls back on" if service.alarm_rollback else "ECS stops the deployment on"
    return (passed(name, f"{does} {', '.join(service.alarms)}"),)


def rollout(service: EcsService) -> Check:
    """Who shifts the traffic, and who goes back when it fails."""
    name = "rollout"
    if service.controller == "CODE_DEPLOY":
        return passed(name, "CodeDeploy shifts the traffic")
    how = service.strategy.lower().replace("_", "/")
    if service.breaker_enabled and service.breaker_rollback:
        return passed(name, f"{how}; the circuit breaker goes back by itself")
    if service.breaker_enabled:
        return warned(name, f"{how}; the circuit breaker stops it and leaves it so, without going back")
    return warned(name, f"{how}; no circuit breaker: a bad version is tried again and again")


def room_to_roll(service: EcsService) -> Check:
    """ECS can neither start nor stop a task when both limits come to the same number of tasks."""
    name = "room to roll"
    if service.controller != "ECS" or service.strategy != "ROLLING":
        return passed(name, "old and new tasks stand side by side")
    if service.scheduling == "DAEMON":
        return passed(name, "a daemon: one task on each instance, replaced in place")
    least = -(-service.desired * service.minimum_healthy_percent // 100)
    most = service.desired * service.maximum_percent // 100
    if service.desired and most <= least:
        return blocking(
            name, f"with {service.desired} tasks at least {least} and at most {most} may run: it would never move"
        )
    return passed(name, f"{least} to {most} tasks while it rolls")


def in_flight(service: EcsService, record: Any, who: str, now: float) -> Check:
    """Whether a deployment is under way, whose, and since when."""
    name = "deployments in flight"
    rolling = service.in_flight or (isinstance(record, ServiceDeployment) and not record.ended)
    if not rolling and isinstance(record, Exception):
        return unknown(name, record)
    if not rolling:
        return passed(name, "none")
    began = service.primary.created_at if service.primary else now
    what = images.revision(running(service))
    return warned(name, f"{what}, by {who}, is still rolling out since {ago(now - began)}; this would supersede it")


def code_deploy_in_flight(found: Any) -> Check:
    """CodeDeploy runs one deployment of a group at a time, and refuses the next."""
    name = "deployments in flight"
    if not isinstance(found, tuple):
        return unknown(name, found)
    active = [each for each in found if isinstance(each, CodeDeployment) and not ended(each)]
    if active:
        whose = f", started by {active[0].creator}" if active[0].creator else ""
        detail = f"CodeDeploy's {active[0].id}{whose} is {active[0].status}, and it runs one at a time"
        return blocking(name, detail, Override.NEVER)
    return passed(name, "none")


def ended(deployment: CodeDeployment) -> bool:
    """True when nothing of a CodeDeploy deployment will change any more."""
    return deployment.status in ("Succeeded", "Failed", "Stopped")


def active_deployments(service: EcsService) -> Check:
    """How near the service is to the number of deployments ECS refuses to exceed."""
    name = "active deployments"
    many = len(service.deployments)
    if many >= MOST_DEPLOYMENTS:
        return blocking(name, f"{many} are active, and ECS takes no more: protected tasks keep old ones alive")
    if many >= MANY_DEPLOYMENTS:
        return warned(name, f"{many} are active; ECS takes {MOST_DEPLOYMENTS} at most")
    return passed(name, f"{many}, and ECS takes {MOST_DEPLOYMENTS}")


def autoscaling(found: Any, service: EcsService) -> Check:
    """Whether Auto Scaling will leave the number of tasks alone."""
    name = "autoscaling"
    if not isinstance(found, Scaling):
        return unknown(name, found)
    bounds = found.bounds
    if bounds is None:
        return passed(name, "nothing changes the number of tasks by itself")
    if not bounds.minimum <= service.desired <= bounds.maximum:
        detail = f"{service.desired} tasks are asked for, outside its bounds of {bounds.minimum} to {bounds.maximum}"
        return warned(name, f"{detail}: it may move them while this rolls out")
    return passed(name, f"{service.desired} tasks, between {bounds.minimum} and {bounds.maximum}")
