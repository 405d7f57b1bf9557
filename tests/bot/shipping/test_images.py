"""Image references, as task definitions write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import ConflictError
from bot.shipping import images
from tests.fake_aws import a_definition

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("1.dkr.ecr.r.amazonaws.com/api:v1", "1.dkr.ecr.r.amazonaws.com/api", "v1"),
        ("1.dkr.ecr.r.amazonaws.com/team/api:v1", "1.dkr.ecr.r.amazonaws.com/team/api", "v1"),
        (f"1.dkr.ecr.r.amazonaws.com/api@{DIGEST}", "1.dkr.ecr.r.amazonaws.com/api", ""),
        (f"1.dkr.ecr.r.amazonaws.com/api:v1@{DIGEST}", "1.dkr.ecr.r.amazonaws.com/api", "v1"),
        ("localhost:5000/api", "localhost:5000/api", ""),
        ("localhost:5000/api:v1", "localhost:5000/api", "v1"),
        ("nginx", "nginx", ""),
    ],
)
def test_an_image_is_taken_apart(image: str, repository: str, tag: str) -> None:
    assert images.repository(image) == repository
    assert images.tag(image) == tag


@pytest.mark.parametrize(
    ("image", "tags", "version"),
    [
        ("x/api:v1", {}, "v1"),
        ("x/api:v1", {images.VERSION_TAG: "v2"}, "v2"),
        (f"x/api@{DIGEST}", {}, "a1a1a1a1a1a1"),
        (f"x/api@{DIGEST}", {images.VERSION_TAG: "v3"}, "v3"),
        ("nginx", {}, "unknown"),
    ],
)
def test_a_version_is_what_was_shipped_or_what_the_image_says(image: str, tags: dict[str, str], version: str) -> None:
    definition = a_definition("api", 1, image, tags)
    assert images.version(definition, definition.containers[0]) == version


def test_a_container_that_is_named_but_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(ConflictError) as caught:
        images.shipped(a_definition("api", 1, "x"), "web", "bi/api production")
    assert str(caught.value) == "api has no container “web”. It has app; see config/systems."


def test_no_container_named_means_the_only_essential_one() -> None:
    app = a_definition("api", 1, "x").containers[0]
    sidecar = replace(app, name="router", essential=False)
    definition = replace(a_definition("api", 1, "x"), containers=(sidecar, app))
    assert images.shipped(definition, "", "bi/api production") == app


def test_several_essential_containers_are_listed() -> None:
    app = a_definition("api", 1, "x").containers[0]
    definition = replace(a_definition("api", 1, "x"), containers=(app, replace(app, name="worker")))
    with pytest.raises(ConflictError, match=r"several containers \(app, worker\)"):
        images.shipped(definition, "", "bi/api production")
    assert images.shipped(definition, "worker", "bi/api production").name == "worker"


def test_target_groups_in_what_ecs_says_are_called_by_their_names() -> None:
    group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/bi-api/8e00df910601b80d"
    said = images.without_arns(f"Task failed ELB health checks in (target-group {group})")
    assert said == "Task failed ELB health checks in (target-group bi-api)"
