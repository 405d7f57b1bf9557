from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.server import AwsServer
from sandbox.clock import Clock

MEDIA = "application/vnd.oci.image.manifest.v1+json"


def manifest(content: str) -> str:
    return json.dumps({"schemaVersion": 2, "mediaType": MEDIA, "annotations": {"content": content}})


@pytest.fixture
def ecr(client: Callable[..., Any]) -> Any:
    made = client("ecr")
    made.create_repository(repositoryName="api")
    return made


def push(ecr: Any, tag: str, content: str) -> str:
    pushed = ecr.put_image(repositoryName="api", imageTag=tag, imageManifest=manifest(content))["image"]
    return str(pushed["imageId"]["imageDigest"])


def details(ecr: Any, **image: str) -> dict[str, Any]:
    (found,) = ecr.describe_images(repositoryName="api", imageIds=[image])["imageDetails"]
    return dict(found)


def test_a_digest_is_that_of_the_manifest_and_the_push_has_the_sandbox_s_time(ecr: Any, clock: Clock) -> None:
    clock.advance(86_400)
    digest = push(ecr, "v1", "a")
    assert digest == f"sha256:{hashlib.sha256(manifest('a').encode()).hexdigest()}"
    assert details(ecr, imageTag="v1")["imagePushedAt"].timestamp() == int(clock.now())


def test_a_tag_that_moves_leaves_the_old_image_without_it(ecr: Any) -> None:
    old, new = push(ecr, "latest", "a"), push(ecr, "latest", "b")
    assert details(ecr, imageTag="latest")["imageDigest"] == new
    assert "imageTags" not in details(ecr, imageDigest=old)
    tagged = ecr.describe_images(repositoryName="api", filter={"tagStatus": "TAGGED"})["imageDetails"]
    assert [each["imageDigest"] for each in tagged] == [new]
    (read,) = ecr.batch_get_image(repositoryName="api", imageIds=[{"imageDigest": old}])["images"]
    assert read["imageManifest"] == manifest("a")


def test_one_image_may_have_several_tags(ecr: Any) -> None:
    assert push(ecr, "v1", "a") == push(ecr, "stable", "a")
    assert details(ecr, imageTag="v1")["imageTags"] == ["v1", "stable"]


def test_images_come_in_pages(ecr: Any) -> None:
    for number in range(5):
        push(ecr, f"v{number}", str(number))
    pages = ecr.get_paginator("describe_images").paginate(repositoryName="api", PaginationConfig={"PageSize": 2})
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize("text", ["no manifest at all", '{"schemaVersion": 2}', "[]"])
def test_any_text_may_be_pushed_as_a_manifest(ecr: Any, text: str) -> None:
    pushed = ecr.put_image(repositoryName="api", imageTag="v1", imageManifest=text)["image"]["imageId"]
    found = details(ecr, imageTag="v1")
    assert found["imageDigest"] == pushed["imageDigest"]
    assert found["imageSizeInBytes"] > 0
    other = ecr.put_image(repositoryName="api", imageTag="v2", imageManifest=f"{text} ")["image"]["imageId"]
    assert other["imageDigest"] != pushed["imageDigest"]


def test_what_is_not_there_is_refused(ecr: Any) -> None:
    with pytest.raises(ClientError) as error:
        details(ecr, imageTag="v9")
    assert error.value.response["Error"]["Code"] == "ImageNotFoundException"
    for operation, asked in (
        (ecr.describe_images, {}),
        (ecr.put_image, {"imageTag": "v1", "imageManifest": manifest("a")}),
    ):
        with pytest.raises(ClientError) as error:
            operation(repositoryName="web", **asked)
        assert error.value.response["Error"]["Code"] == "RepositoryNotFoundException"


def test_the_simulator_denies_what_a_fault_denies_and_does_not_use_it_up(
    client: Callable[..., Any], aws: AwsServer
) -> None:
    aws.faults.add("aws", "ecs:UpdateService", "AccessDenied", count=1)
    aws.faults.add("aws", "ecs:DescribeServices", "ThrottlingException", count=1)
    actions = ["ecs:UpdateService", "ecs:DescribeServices", "iam:PassRole"]
    for _ in range(2):
        results = client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:role/runbook-bot",
            ActionNames=actions,
            ResourceArns=["arn:aws:ecs:us-east-1:123456789012:service/shop/api"],
        )["EvaluationResults"]
        found = {each["EvalActionName"]: each["EvalDecision"] for each in results}
        assert found == dict(zip(actions, ("implicitDeny", "allowed", "allowed"), strict=True))
