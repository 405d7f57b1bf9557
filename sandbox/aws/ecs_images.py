"""What an image's name decides: its digest, and what befalls the tasks that run it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from moto.ecr.models import Repository, ecr_backends

from sandbox.aws.ecs_records import WELL, Fate

FATES = ("crash", "oom", "nopull", "unhealthy", "slow", "stuck")

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)")


def tag_of(image: str) -> str:
    """The tag an image address is written with; empty where there is none."""
    last = image.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]


def fate_of_tag(tag: str) -> str:
    """The fate that a tag ends in, or ""."""
    ending = tag.rpartition("-")[2] if "-" in tag else ""
    return ending if ending in FATES else ""


def resolve(containers: Iterable[dict[str, Any]]) -> tuple[list[dict[str, str]], Fate]:
    """Each container's image with its digest, and the fate that one of the images decides."""
    images, fate = [], WELL
    for container in containers:
        image = str(container.get("image", ""))
        images.append({"containerName": container["name"], "image": image, "imageDigest": digest_of(image)})
        word = _fate_of(image)
        if word and not fate.word:
            fate = Fate(word, container["name"])
    return images, fate


def digest_of(image: str) -> str:
    """The digest written, or the one the registry has for the tag, or one made of the name for a foreign image."""
    written = image.partition("@")[2]
    if written:
        return written
    repository = _repository(image)
    if repository is not None:
        for found in repository.images:
            if (tag_of(image) or "latest") in found.image_tags:
                return str(found.image_digest)
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _fate_of(image: str) -> str:
    """A tag's own fate; else that of the image behind it, by the newest of its tags that has one."""
    written = fate_of_tag(tag_of(image))
    repository = _repository(image)
    if written or repository is None:
        return written
    digest = digest_of(image)
    tags = [tag for found in repository.images if found.image_digest == digest for tag in found.image_tags]
    return next((fate for fate in map(fate_of_tag, reversed(tags)) if fate), "")


def _repository(image: str) -> Repository | None:
    match = _ECR.match(image)
    if match is None:
        return None
    backend = ecr_backends[match["account"]][match["region"]]
    found: Repository | None = backend.repositories.get(match["name"])
    return found
