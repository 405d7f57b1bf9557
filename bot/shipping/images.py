"""Image references, as task definitions write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.cloud import Container, TaskDefinition
from bot.errors import ConflictError

VERSION_TAG = "runbook-bot:version"
OPERATION_TAG = "runbook-bot:operation"
BY_TAG = "runbook-bot:by"
COPY_TAG = "runbook-bot:copy-of"
"""Names the revision that one was copied from to go back to it."""

_TARGET_GROUP = re.compile(r"arn:aws[\w-]*:elasticloadbalancing:[\w-]*:\d*:targetgroup/([\w-]+)/\w+")
_ECR = re.compile(r"\.dkr[.-]ecr")


def repository(image: str) -> str:
    """The address of an image without tag and digest."""
    address = image.split("@", 1)[0]
    head, slash, tail = address.rpartition("/")
    return f"{head}{slash}{tail.split(':', 1)[0]}"


def tag(image: str) -> str:
    """The tag of an image, or nothing when it is pinned by digest only."""
    tail = image.split("@", 1)[0].rpartition("/")[2]
    return tail.partition(":")[2]


def shipped(definition: TaskDefinition, name: str, target: str) -> Container:
    """The container a deployment changes. Raises ConflictError when nobody said which of several."""
    containers = definition.containers
    if name:
        named = [container for container in containers if container.name == name]
        if named:
            return named[0]
        raise ConflictError(
            f"{definition.family} has no container “{name}”.", hint=f"It has {_names(containers)}; see config/systems."
        )
    essential = [container for container in containers if container.essential]
    if len(essential) == 1:
        return essential[0]
    raise ConflictError(
        f"{target} runs several containers ({_names(containers)}) and I do not know which one to ship.",
        hint="Name it under `container:` in config/systems.",
    )


def _names(containers: tuple[Container, ...]) -> str:
    return ", ".join(container.name for container in containers)


def version(definition: TaskDefinition, container: Container) -> str:
    """What people call the version that a task definition runs: the tag shipped, or the digest's beginning."""
    found = definition.tags.get(VERSION_TAG) or tag(container.image)
    return found or container.image.partition("@sha256:")[2][:12] or "unknown"


def short_digest(digest: str) -> str:
    """The first twelve digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def revision(arn: str) -> str:
    """``family:12`` of a task definition's ARN."""
    return arn.rsplit("/", 1)[-1]


def without_arns(sentence: str) -> str:
    """What ECS says, with target groups by their names: ``arn:aws:…:targetgroup/api/8e00df910601b80d`` is ``api``."""
    return _TARGET_GROUP.sub(r"\1", sentence)


def digest(image: str) -> str:
    """The digest an image is pinned by, or nothing."""
    return image.partition("@")[2]


def in_ecr(image: str) -> bool:
    """Whether an image lives in a private registry of ECR, the only place where it can be looked up."""
    return _ECR.search(image.partition("/")[0]) is not None


def containers(raw: Mapping[str, Any]) -> tuple[Container, ...]:
    """The containers of a task definition that is known only as AWS's own JSON."""
    return tuple(
        Container(name=each["name"], image=each.get("image", ""), essential=each.get("essential", True))
        for each in raw.get("containerDefinitions") or []
    )
