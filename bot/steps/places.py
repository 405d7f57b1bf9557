"""Placeholders in the strings of steps: what belongs to a service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.domain import ServiceKind, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.steps.base import Scene

PLACEHOLDERS: Mapping[str, ServiceKind | None] = {
    "system": None,
    "environment": None,
    "service": None,
    "region": None,
    "cluster": ServiceKind.ECS,
    "ecs_service": ServiceKind.ECS,
    "function": ServiceKind.LAMBDA,
}
"""What may stand in braces, and the kind of service it is for; None is every kind."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_VALUES: Mapping[str, Callable[[Target], str]] = {
    "system": lambda target: target.system,
    "environment": lambda target: target.environment,
    "service": lambda target: target.name,
    "region": lambda target: target.account.region,
    "cluster": lambda target: target.service.cluster,
    "ecs_service": lambda target: target.service.service or target.name,
    "function": lambda target: target.service.function,
}


def applies(scene: Scene, *texts: str) -> bool:
    """False when a placeholder in these texts is for another kind of service, or there is no service at all."""
    words = {word for text in texts for word in _PLACEHOLDER.findall(text)}
    if scene.target is None:
        return words <= {"region"}
    return all(PLACEHOLDERS[word] in (None, scene.target.service.kind) for word in words)


def fill(text: str, scene: Scene, world: World) -> str:
    """The text with its placeholders filled in; other braces stay. Raises NotFoundError when one does not apply."""

    def value(found: re.Match[str]) -> str:
        word = found[1]
        if not applies(scene, found[0]):
            what = scene.target.label if scene.target else f"the alarm {scene.alarm.name}"
            raise NotFoundError(f"{found[0]} does not apply: {what} has no {word.replace('_', ' ')}.")
        return scene.alarm.region if scene.target is None else _VALUES[word](scene.target)

    return _PLACEHOLDER.sub(value, text)
