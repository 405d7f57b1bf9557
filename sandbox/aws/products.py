"""What a build leaves behind, whoever ran it: an image in the pretend registry, or an artifact in the pretend S3."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from urllib.parse import urlsplit

from moto.ecr.models import ecr_backends
from moto.s3.models import s3_backends

ACCOUNT = "123456789012"
IMAGE_REPOSITORY, ARTIFACT = "IMAGE_REPOSITORY", "ARTIFACT"
"""Variables of a build that say what it makes: a repository's name, and ``s3://…`` with ``{version}`` in it."""

_FAILING = "-nobuild"
_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_CODE = """RELEASE = {version!r}


def main(event, context):
    return RELEASE
"""
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def can_be_built(version: str) -> bool:
    """False for versions whose name says that their build fails."""
    return not version.endswith(_FAILING)


def make(region: str, variables: Mapping[str, str], version: str) -> None:
    """Push the image or write the artifact that the variables ask for; again is the same again."""
    repository = variables.get(IMAGE_REPOSITORY, "")
    if repository:
        ecr_backends[ACCOUNT][region].put_image(repository, _manifest(repository, version), version)
    address = urlsplit(variables.get(ARTIFACT, "").replace("{version}", version))
    if address.netloc:
        for key, content in _files(address.path.lstrip("/"), version).items():
            s3_backends[ACCOUNT]["aws"].put_object(address.netloc, key, content)


def _manifest(repository: str, version: str) -> str:
    digest = hashlib.sha256(f"{repository}:{version}".encode()).hexdigest()
    entry = {
        "mediaType": _MANIFEST,
        "size": 1_572,
        "digest": f"sha256:{digest}",
        "platform": {"architecture": "amd64", "os": "linux"},
    }
    return json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]})


def _files(path: str, version: str) -> dict[str, bytes]:
    """A function's archive where the address ends in ``.zip``, else the files of a site."""
    if path.endswith(".zip"):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr(
                zipfile.ZipInfo("src.py"), f"RELEASE = {version!r}\ndef main(event, context):\n    return RELEASE\n"
            )
        return {path: archive.getvalue()}
    script = f"assets/app-{hashlib.sha256(version.encode()).hexdigest()[:8]}.js"
    page = f'<!doctype html><title>{version}</title><script src="/{script}"></script>'
    return {f"{path}{script}": b"void 0;", f"{path}index.html": page.encode()}
