"""Where a function's code comes from: archives in S3 and images in ECR that must exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.ecr.models import ecr_backends
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from sandbox.aws.lambda_life import FATES
from sandbox.aws.world import current

_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)(?P<rest>[:@].+)?")


def check(code: Mapping[str, Any]) -> None:
    """Refuse code that is not there, in Lambda's words."""
    if "ImageUri" in code:
        digest_of(str(code["ImageUri"]))
    elif "S3Bucket" in code:
        _check_archive(str(code["S3Bucket"]), str(code.get("S3Key", "")))
    elif "ZipFile" not in code:
        raise InvalidParameterValueException("Please provide a source for function code.")


def _check_archive(bucket: str, key: str) -> None:
    said = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"
    try:
        found = s3_backends[current().account]["aws"].get_object(bucket, key)
    except MissingBucket:
        text = said.format("NoSuchBucket", "The specified bucket does not exist")
        raise InvalidParameterValueException(text) from None
    if found is None:
        raise InvalidParameterValueException(said.format("NoSuchKey", "The specified key does not exist."))


def digest_of(image: str) -> str:
    """The digest that an image's address names. Refuses images that are not in the registry."""
    return str(_image(image).get_image_digest())


def _image(image: str) -> Any:
    match = _IMAGE.fullmatch(image)
    repository = None
    if match:
        repository = ecr_backends[current().account][match["region"]].repositories.get(match["name"])
    rest = (match["rest"] or ":latest") if match else ""
    for found in repository.images if repository else ():
        if rest[1:] == found.get_image_digest() if rest[0] == "@" else rest[1:] in found.image_tags:
            return found
    raise InvalidParameterValueException(f"Source image {image} does not exist. Provide a valid source image.")


def fate_of(code: Mapping[str, Any]) -> str:
    """What the ending of an archive's name, or of one of the image's tags, decides."""
    names = [str(code.get("S3Key", "")).removesuffix(".zip")]
    if "ImageUri" in code:
        names = list(_image(str(code["ImageUri"])).image_tags)
    endings = [name.rpartition("-")[2] for name in names if "-" in name]
    return next((ending for ending in endings if ending in FATES), "")
