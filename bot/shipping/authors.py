"""Who made a task definition, in words."""

from __future__ import annotations

from bot.cloud import TaskDefinition
from bot.errors import BotError
from bot.ports import World
from bot.shipping import images


def registrar(arn: str) -> str:
    """Whoever an ARN of IAM or STS names: ``user alice``, ``role deployer (build-7)``, ``the account's root``.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    resource = arn.rpartition(":")[2]
    kind, _, name = resource.partition("/")
    if resource == "root":
        return "the account's root"
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return f"role {role} ({session})" if session else f"role {role}"
    if kind in ("user", "role", "federated-user"):
        return f"{kind.replace('-', ' ')} {name.rpartition('/')[2]}"
    return resource or "somebody unknown"


def shipper(definition: TaskDefinition, world: World) -> str:
    """Who shipped a task definition: whom this bot did it for, else whoever registered it."""
    user = definition.tags.get(images.BY_TAG, "")
    if not user:
        return registrar(definition.registered_by)
    try:
        return world.chat.person(user).name
    except BotError:
        return user
