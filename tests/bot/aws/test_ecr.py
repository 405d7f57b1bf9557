from __future__ import annotations

import json
from typing import Any

import pytest

from bot.aws.ecr import parse
from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.cloud import Image
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

HOST = "210987654321.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("image", "name", "tag", "digest"),
    [
        (f"{HOST}/bi/api:v1.2", "bi/api", "v1.2", ""),
        (f"{HOST}/bi/api", "bi/api", "latest", ""),
        (f"{HOST}/bi/api@{DIGEST}", "bi/api", "", DIGEST),
        (f"{HOST}/bi/api:v1.2@{DIGEST}", "bi/api", "", DIGEST),
    ],
)
def test_an_image_address_is_taken_apart(image: str, name: str, tag: str, digest: str) -> None:
    found = parse(image)
    assert (found.registry, found.region) == ("210987654321", "eu-west-1")
    assert (found.repository, found.name, found.tag, found.digest) == (f"{HOST}/{name}", name, tag, digest)


@pytest.mark.parametrize(
    "host",
    [
        "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "210987654321.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "210987654321.dkr-ecr.us-east-1.on.aws",
    ],
)
def test_every_kind_of_registry_host_is_known(host: str) -> None:
    assert parse(f"{host}/bi:1").registry == "210987654321"


@pytest.mark.parametrize("image", ["nginx", "nginx:1.27", "public.ecr.aws/x/y:1", f"{HOST}/", HOST, "", "ghcr.io/a/b"])
def test_an_image_outside_ecr_cannot_be_checked(image: str) -> None:
    with pytest.raises(NotFoundError, match="is not in ECR and cannot be checked"):
        parse(image)


def test_a_tag_is_looked_up_in_the_registry_its_address_names(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    detail = {"imageDigest": DIGEST, "imageTags": ["v2", "latest"], "imagePushedAt": 1000.0}
    aws.on("DescribeImages", {"imageDetails": [detail]})
    found = Ecs(sessions).image(account, f"{HOST}/bi/api:v2")
    assert found == Image(f"{HOST}/bi/api", DIGEST, ("v2", "latest"), 1000.0)
    asked = {"registryId": "210987654321", "repositoryName": "bi/api", "imageIds": [{"imageTag": "v2"}]}
    assert aws.asked("DescribeImages") == [asked]


def test_a_missing_tag_is_not_found(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeImages", Refusal("ImageNotFoundException", "The image with imageId {…} does not exist"))
    with pytest.raises(NotFoundError, match=rf"ECR has no tag v9 in {HOST}/bi/api"):
        Ecs(sessions).image(account, f"{HOST}/bi/api:v9")


def test_a_missing_digest_is_not_found(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeImages", {"imageDetails": []})
    with pytest.raises(NotFoundError, match=f"no image {DIGEST}"):
        Ecs(sessions).image(account, f"{HOST}/bi/api@{DIGEST}")


def test_a_missing_repository_is_not_found(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeImages", Refusal("RepositoryNotFoundException", "The repository does not exist"))
    with pytest.raises(NotFoundError, match=f"no repository {HOST}/bi/api"):
        Ecs(sessions).image(account, f"{HOST}/bi/api:v9")


def test_an_archived_image_cannot_be_shipped(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeImages", {"imageDetails": [{"imageDigest": DIGEST, "imageStatus": "ARCHIVED"}]})
    with pytest.raises(NotFoundError, match="archived"):
        Ecs(sessions).image(account, f"{HOST}/bi/api:v1")


def test_a_tag_ecr_cannot_accept_is_an_upstream_error(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeImages", Refusal("InvalidParameterException", "Invalid parameter at 'imageTag'"))
    with pytest.raises(UpstreamError, match="imageTag"):
        Ecs(sessions).image(account, f"{HOST}/bi/api:v 9")


def test_the_newest_images_are_picked_from_every_page(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    def page(*numbers: int) -> dict[str, Any]:
        return {
            "imageDetails": [
                {"imageDigest": f"sha256:{each}", "imageTags": [f"v{each}"], "imagePushedAt": float(each)}
                for each in numbers
            ]
        }

    pages = {None: page(3, 1) | {"nextToken": "more"}, "more": page(4, 2)}
    aws.on("DescribeImages", lambda asked: pages[asked.get("nextToken")])
    found = Ecs(sessions).newest_images(account, f"{HOST}/bi/api", limit=3)
    assert [each.tags for each in found] == [("v4",), ("v3",), ("v2",)]
    assert aws.asked("DescribeImages")[0]["filter"] == {"tagStatus": "TAGGED"}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"manifests": [{"platform": {"architecture": "amd64"}}]}, ("X86_64",)),
        (
            {
                "manifests": [
                    {"platform": {"architecture": "arm64"}},
                    {"platform": {"architecture": "amd64"}},
                    {"platform": {"architecture": "unknown"}},
                ]
            },
            ("ARM64", "X86_64"),
        ),
        ({"config": {"digest": "sha256:1"}, "layers": []}, ()),
        ({"manifests": [{}]}, ()),
        ({"manifests": "x"}, ()),
        ([], ()),
        (None, ()),
    ],
)
def test_architectures_are_those_the_manifest_states(
    aws: ScriptedAws, sessions: Sessions, account: Account, manifest: object, expected: tuple[str, ...]
) -> None:
    aws.on("BatchGetImage", {"images": [{"imageManifest": json.dumps(manifest)}], "failures": []})
    image = Image(f"{HOST}/bi/api", DIGEST, (), 0.0)
    assert Ecs(sessions).architectures(account, image) == expected
    assert aws.asked("BatchGetImage")[0]["imageIds"] == [{"imageDigest": DIGEST}]


def test_an_image_without_a_digest_is_asked_for_by_its_tag(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("BatchGetImage", {"images": [], "failures": []})
    assert Ecs(sessions).architectures(account, Image(f"{HOST}/bi/api", "", ("v2",), 0.0)) == ()
    assert aws.asked("BatchGetImage")[0]["imageIds"] == [{"imageTag": "v2"}]
