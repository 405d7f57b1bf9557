"""Teaches moto ECR: digests of what was pushed, the sandbox's time, tags that move and leave the image behind."""

from __future__ import annotations

import copy
import hashlib
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
_put_image = ECRBackend.put_image
_make_image = Image.__init__


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(Image, "__init__", _pushed_now)  # noqa: B010
    setattr(Image, "_create_digest", _digest)  # noqa: B010
    setattr(ECRBackend, "put_image", put_image)  # noqa: B010
    setattr(ECRResponse, "describe_images", describe_images)  # noqa: B010


def _pushed_now(self: Image, *args: Any, **kwargs: Any) -> None:
    _make_image(self, *args, **kwargs)
    self.image_pushed_at = int(current().clock.now())


def _digest(self: Image) -> None:
    self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"


def put_image(self: ECRBackend, repository_name: str, *args: Any, **kwargs: Any) -> Image:
    """The place of moto's: a tag that moves leaves its old image untagged, but there."""
    repository = self.repositories.get(repository_name)
    if repository is None:
        raise RepositoryNotFoundException(repository_name, self.account_id)
    manifest, tag = args[0], args[1]
    if tag is not None and not repository.is_tag_immutable():
        images: list[Any] = repository.images
        for image in images:
            if tag in image.image_tags and image.image_manifest != manifest:
                image.remove_tag(tag)
                image.image_tag = image.image_tags[-1] if image.image_tags else None
    pushed: Image = _put_image(self, repository_name, *args, **kwargs)
    return pushed


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
