"""What belongs to a service, and where it lies: placeholders in strings of steps, log groups, the last deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bot.cloud import Container
from bot.domain import ServiceKind, Target
from bot.errors import BotError, NotFoundError
from bot.ports import World
from bot.steps.base import Scene

PLACEHOLDERS: Mapping[str, ServiceKind | None] = {
    "system": None,
    "environment": None,
    "service": None,
    "region": None,
    "cluster": ServiceKind.ECS,
    "ecs_service": ServiceKind.ECS,
    "load_balancer": ServiceKind.ECS,
    "target_group": ServiceKind.ECS,
    "function": ServiceKind.LAMBDA,
}
"""What may stand in braces, and the kind of service it is for; None is every kind."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
# Nothing that has a meaning in a query, a filter pattern or an address, wherever the value is put.
_PLAIN = re.compile(r"[\w.:/@+=,$-]+")
LASTING_SECONDS = 86_400.0
"""How long a deployment may be the cause of what happens."""


def applies(scene: Scene, *texts: str) -> bool:
    """False when a placeholder in these texts is for another kind of service, or there is no service at all."""
    words = {word for text in texts for word in _PLACEHOLDER.findall(text)}
    if scene.target is None:
        return words <= {"region"}
    return all(PLACEHOLDERS[word] in (None, scene.target.service.kind) for word in words)


def fill(text: str, scene: Scene, world: World) -> str:
    """The text with its placeholders replaced by what they stand for; every other brace stays.

    Raises NotFoundError when one does not apply, and UpstreamError when AWS has to be asked and does not answer.
    """

    def value(found: re.Match[str]) -> str:
        word = found[1]
        if not applies(scene, found[0]):
            what = scene.target.label if scene.target else f"the alarm {scene.alarm.name}"
            raise NotFoundError(f"{found[0]} does not apply: {what} has no {word.replace('_', ' ')}.")
        said = scene.alarm.region if scene.target is None else _VALUES[word](scene.target, world)
        if not _PLAIN.fullmatch(said):
            raise NotFoundError(f"{found[0]} does not apply: its value is not a plain name.")
        return said

    return _PLACEHOLDER.sub(value, text)


def _target_groups(target: Target, world: World) -> tuple[str, ...]:
    found = world.ecs.service(target).target_groups
    if not found:
        raise NotFoundError(f"{target.label} has no load balancer.")
    return found


def _target_group(target: Target, world: World) -> str:
    """``targetgroup/name/id``, the end of its ARN: CloudWatch's dimension."""
    return _target_groups(target, world)[0].rpartition(":")[2]


def _load_balancer(target: Target, world: World) -> str:
    """``app/name/id``, what follows ``loadbalancer/`` in its ARN: CloudWatch's dimension."""
    for group in _target_groups(target, world):
        for arn in world.balancers.of(target.account, group):
            return arn.partition(":loadbalancer/")[2]
    raise NotFoundError(f"No load balancer sends traffic to the target group of {target.label}.")


_VALUES: Mapping[str, Callable[[Target, World], str]] = {
    "system": lambda target, world: target.system,
    "environment": lambda target, world: target.environment,
    "service": lambda target, world: target.name,
    "region": lambda target, world: target.account.region,
    "cluster": lambda target, world: target.service.cluster,
    "ecs_service": lambda target, world: target.service.service or target.name,
    "load_balancer": _load_balancer,
    "target_group": _target_group,
    "function": lambda target, world: target.service.function,
}


def log_groups(target: Target, world: World) -> tuple[str, ...]:
    """The log groups of a service: its containers' or its function's own, as AWS says, and configured ones.

    Raises what AWS answers when that leaves none.
    """
    return known_log_groups(target, world)[0]


def known_log_groups(target: Target, world: World, *, age: float = 0.0) -> tuple[tuple[str, ...], str]:
    """The same, and why its own could not be found where only configured ones are known; nothing when all are.

    What AWS said may be ``age`` seconds old.
    """
    try:
        if target.service.function:
            return tuple(dict.fromkeys([*target.service.log_groups, _of_function(target, world, age)])), ""
        return groups_of(target, _containers(target, world, age)), ""
    except BotError as error:
        configured = groups_of(target, ())
        if not configured:
            raise
        return configured, f"the service's own log groups could not be found: {error.message}"


def groups_of(target: Target, containers: Sequence[Container]) -> tuple[str, ...]:
    """The configured log groups of a service, then those of its containers, each once."""
    return tuple(
        dict.fromkeys([*target.service.log_groups, *(each.log_group for each in containers if each.log_group)])
    )


def _containers(target: Target, world: World, age: float) -> tuple[Container, ...]:
    if not target.service.cluster:
        return ()
    service = world.ecs.service(target, age=age)
    return world.ecs.task_definition(target.account, service.task_definition).containers


def task_streams(target: Target, world: World, *, age: float = 0.0) -> Mapping[str, tuple[str, ...]]:
    """By log group what stands before a task's id in the names of its streams, as ``ecs/app/``: one for each container.

    A group is left out where a container's streams are not named so, and all are where ECS does not answer.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """
    try:
        containers = _containers(target, world, age)
    except BotError:
        return {}
    groups: dict[str, list[str]] = {}
    for each in containers:
        begins = f"{each.log_stream_prefix}/{each.name}/" if each.log_stream_prefix else ""
        groups.setdefault(each.log_group, []).append(begins)
    return {group: tuple(begin) for group, begin in groups.items() if group and all(begin)}


def _of_function(target: Target, world: World, age: float) -> str:
    """What Lambda says; what it names a group by itself where it does not tell."""
    usual = f"/aws/lambda/{target.service.function}"
    try:
        return world.functions.function(target, target.service.alias, age=age).log_group or usual
    except BotError:
        return usual


def deployed_at(
    target: Target, world: World, now: float, *, within: float = LASTING_SECONDS, age: float = 0.0
) -> float | None:
    """When the newest deployment within so many seconds began, whoever made it; None for none, or when nobody knows.

    What AWS said may be ``age`` seconds old; of the bot's own deployments none is missed.
    """
    starts = [each.started_at for each in world.recent.operations(target.key, since=now - within) if each.version]
    try:
        if target.service.cluster:
            primary = world.ecs.service(target, age=age).primary
            starts += [primary.created_at] if primary else []
        elif target.service.function and target.service.alias:
            starts.append(world.functions.function(target, target.service.alias, age=age).modified_at)
    except BotError:
        pass
    newest = max(starts, default=0.0)
    return newest if now - within <= newest <= now else None
