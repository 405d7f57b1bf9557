"""Images in Amazon ECR."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.aws.calls import Calls, seconds
from bot.aws.errors import ask
from bot.cloud import Image
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError

PAGES = 10
"""Pages of 1,000 images read of a repository."""

_HOST = re.compile(r"(?P<registry>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)\.[a-z0-9.-]+")
_ARCHITECTURES = {"amd64": "X86_64", "arm64": "ARM64"}
# A multi-platform image is an index of manifests; only the index says which platforms there are.
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True)
class Reference:
    """An image address in its parts. ``repository`` is the address without tag or digest; one of the two is set."""

    repository: str
    registry: str
    region: str
    name: str
    tag: str = ""
    digest: str = ""

    @property
    def id(self) -> dict[str, str]:
        """What ECR calls an image identifier."""
        return {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag}


def parse(image: str) -> Reference:
    """Take apart ``repository:tag`` or ``repository@digest``; a digest wins over a tag, no tag means ``latest``.

    Raises NotFoundError for an image that lives outside ECR.
    """
    address, _, digest = image.partition("@")
    host, slash, path = address.partition("/")
    name, _, tag = path.partition(":")
    match = _HOST.fullmatch(host)
    if not match or not slash or not name:
        raise NotFoundError(f"{image} is not in ECR and cannot be checked.")
    return Reference(
        repository=f"{host}/{name}",
        registry=match["registry"],
        region=match["region"],
        name=name,
        tag="" if digest else tag or "latest",
        digest=digest,
    )


class Images(Calls):
    """Fills the ECR part of ``bot.ports.Ecs``."""

    def image(self, account: Account, image: str) -> Image:
        """The image in ECR that ``repository:tag`` or ``repository@digest`` names. Raises NotFoundError."""
        reference = parse(image)
        answer = self._ask_ecr(account, reference, "describe_images", imageIds=[reference.id])
        found = answer["imageDetails"]
        if not found:
            raise _no_image(reference)
        # An archived image exists but cannot be pulled until somebody restores it.
        if found[0].get("imageStatus", "ACTIVE") == "ARCHIVED":
            raise NotFoundError(f"{image} is archived in ECR and cannot be pulled.", hint="Restore it in ECR first.")
        return _read_image(reference.repository, found[0])

    def newest_images(self, account: Account, repository: str, limit: int = 10) -> tuple[Image, ...]:
        """The most recently pushed tagged images of a repository, newest first."""
        reference = parse(repository)
        images = [_read_image(reference.repository, each) for each in self._tagged(account, reference)]
        return tuple(sorted(images, key=lambda each: each.pushed_at, reverse=True)[:limit])

    def architectures(self, account: Account, image: Image) -> tuple[str, ...]:
        """CPU architectures an image runs on (X86_64, ARM64); empty when its manifest does not say.

        An image without a digest is named by its first tag, so that both can be asked for at once.
        """
        named = f"@{image.digest}" if image.digest else f":{image.tags[0]}"
        reference = parse(f"{image.repository}{named}")
        answer = self._ask_ecr(
            account, reference, "batch_get_image", imageIds=[reference.id], acceptedMediaTypes=list(_MANIFESTS)
        )
        stated = {name for found in answer["images"] for name in _platforms(str(found.get("imageManifest", "")))}
        return tuple(sorted(stated))

    def _tagged(self, account: Account, reference: Reference) -> Iterator[dict[str, Any]]:
        parameters: dict[str, Any] = {"filter": {"tagStatus": "TAGGED"}, "maxResults": 1000}
        for _ in range(PAGES):
            answer = self._ask_ecr(account, reference, "describe_images", **parameters)
            yield from answer["imageDetails"]
            if not answer.get("nextToken"):
                return
            parameters["nextToken"] = answer["nextToken"]

    def _ask_ecr(self, account: Account, reference: Reference, operation: str, **parameters: Any) -> dict[str, Any]:
        # The registry may be another account's, in another region; the role is the one of the service.
        client = self._client(replace(account, region=reference.region), "ecr")
        try:
            return ask(client, operation, registryId=reference.registry, repositoryName=reference.name, **parameters)
        except UpstreamError as error:
            if error.code == "RepositoryNotFoundException":
                raise NotFoundError(f"ECR has no repository {reference.repository}.") from error
            if error.code == "ImageNotFoundException":
                raise _no_image(reference) from error
            raise


def _no_image(reference: Reference) -> NotFoundError:
    what = f"image {reference.digest}" if reference.digest else f"tag {reference.tag}"
    return NotFoundError(f"ECR has no {what} in {reference.repository}.")


def _read_image(repository: str, found: dict[str, Any]) -> Image:
    return Image(
        repository=repository,
        digest=found["imageDigest"],
        tags=tuple(found.get("imageTags", ())),
        pushed_at=seconds(found.get("imagePushedAt")),
    )


def _platforms(manifest: str) -> Iterator[str]:
    try:
        index = json.loads(manifest)
        entries = index.get("manifests", []) if isinstance(index, dict) else []
        names = [str(entry["platform"]["architecture"]) for entry in entries if entry.get("platform")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    # Attestations stand in the index too, as platform "unknown".
    yield from (_ARCHITECTURES.get(name, name.upper()) for name in names if name != "unknown")
