"""Teaches moto ECR: digests of what was pushed, the sandbox's time, tags that move and leave the image behind."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ECRBackend, Image
from moto.ecr.responses import ECRResponse

from sandbox.aws.ecs_lookup import page
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_MOST = 1000
_MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_SMALLEST = 40_000_000
"""Bytes of the smallest image that is believable."""
_put_image = ECRBackend.put_image
_make_image = Image.__init__


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(Image, "__init__", _pushed_now)  # noqa: B010
    setattr(Image, "_create_digest", _digest)  # noqa: B010
    setattr(Image, "get_image_size_in_bytes", _size)  # noqa: B010
    setattr(ECRBackend, "put_image", put_image)  # noqa: B010
    setattr(ECRResponse, "describe_images", describe_images)  # noqa: B010


def _pushed_now(self: Image, *args: Any, **kwargs: Any) -> None:
    _make_image(self, *args, **kwargs)
    self.image_pushed_at = int(current().clock.now())


def _digest(self: Image) -> None:
    self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"


def _size(self: Image) -> int:
    """Bytes of the layers, where the manifest is one that tells; else a size that is the same for the same image."""
    try:
        layers = json.loads(self.image_manifest)["layers"]
        return sum(int(layer["size"]) for layer in layers)
    except (ValueError, KeyError, TypeError):
        return _SMALLEST + int(self.get_image_digest()[-6:], 16) * 4


def put_image(
    self: ECRBackend,
    repository_name: str,
    image_manifest: str,
    image_tag: Any,
    image_manifest_mediatype: str | None = None,
    digest: str | None = None,
) -> Image:
    """The place of moto's: a tag that moves leaves its old image untagged, but there.

    Scripts may push any text as a manifest: one that is no manifest becomes one that holds it as its comment.
    """
    repository = self.repositories.get(repository_name)
    if repository is None:
        raise RepositoryNotFoundException(repository_name, self.account_id)
    image_manifest, found_type = _manifest(image_manifest)
    if image_tag is not None and not repository.is_tag_immutable():
        images: list[Any] = repository.images
        for image in images:
            if image_tag in image.image_tags and image.image_manifest != image_manifest:
                image.remove_tag(image_tag)
                image.image_tag = image.image_tags[-1] if image.image_tags else None
    media_type = image_manifest_mediatype or found_type
    pushed: Image = _put_image(self, repository_name, image_manifest, image_tag, media_type, digest)
    return pushed


def _manifest(text: str) -> tuple[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        text, found = json.dumps({"schemaVersion": 2, "comment": text}), {}
    return text, str(found.get("mediaType") or _MEDIA_TYPE)


def describe_images(self: ECRResponse) -> ActionResult:
    """DescribeImages with its filter and pages."""
    repository, registry, ids = (self._get_param(name) for name in ("repositoryName", "registryId", "imageIds"))
    found = list(self.ecr_backend.describe_images(repository, registry, ids))
    status = (self._get_param("filter") or {}).get("tagStatus") or "ANY"
    if status != "ANY":
        found = [image for image in found if bool(image.image_tags) == (status == "TAGGED")]
    shown, token = page(found, self._get_param("nextToken"), self._get_param("maxResults"), _MOST)
    details = [copy.copy(image) for image in shown]
    for image in details:
        if not image.image_tags:
            del image.image_tags
    return ActionResult({"imageDetails": details, "nextToken": token})
