"""What two task definitions differ in, without a value that could be secret."""

from __future__ import annotations

from typing import Any

import pytest

from bot.shipping.differences import differences, with_images


def raw(task: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    one = {"name": "app", "image": "x/api:v1", "cpu": 0, **container}
    return {"family": "api", "revision": 7, "cpu": "256", **(task or {}), "containerDefinitions": [one]}


def test_what_aws_computes_is_no_difference() -> None:
    later = raw({"revision": 8, "registeredBy": "x", "status": "INACTIVE", "taskDefinitionArn": "y"})
    assert differences(raw(), later) == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (raw(), raw(image="x/api:v2"), "app image: x/api:v1 → x/api:v2"),
        (raw(), raw(image="y/api:v1"), "app image: x/api:v1 → y/api:v1"),
        (raw(), raw(image="x/api@sha256:0123456789abcdef"), "app image: x/api:v1 → x/api@0123456789ab"),
        (raw(), raw({"cpu": "512"}), "cpu: 256 → 512"),
        (raw(), raw(memory=64), "app memory: none → 64"),
        (
            raw({"taskRoleArn": "arn:aws:iam::1:role/a"}),
            raw({"taskRoleArn": "arn:aws:iam::1:role/b"}),
            "task role: a → b",
        ),
        (raw(), raw({"executionRoleArn": "arn:aws:iam::1:role/a"}), "execution role: none → a"),
        (raw(command=["a"]), raw(command=["b"]), "app command: changed"),
        (raw(), raw({"somethingNew": {"a": 1}}), "somethingNew: changed"),
    ],
)
def test_a_difference_is_a_line(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    assert differences(before, after) == (said,)


def test_nothing_and_an_empty_member_are_the_same() -> None:
    assert differences(raw(mountPoints=[], essential=None), raw(volumesFrom=[])) == ()


def test_variables_are_named_and_their_values_never_shown() -> None:
    before = raw(environment=[{"name": "LEVEL", "value": "secret-1"}, {"name": "OLD", "value": "secret-2"}])
    after = raw(environment=[{"name": "LEVEL", "value": "secret-3"}, {"name": "NEW", "value": "secret-4"}])
    assert differences(before, after) == ("app environment: added NEW; removed OLD; changed LEVEL",)
    assert differences(before, raw(environment=list(reversed(before["containerDefinitions"][0]["environment"])))) == ()


def test_secrets_are_named_by_the_variable_they_fill() -> None:
    before = raw(secrets=[{"name": "DB", "valueFrom": "arn:a"}])
    assert differences(before, raw(secrets=[{"name": "DB", "valueFrom": "arn:b"}])) == ("app secrets: changed DB",)


def test_containers_that_come_and_go_are_told() -> None:
    after = {**raw(), "containerDefinitions": [{"name": "proxy", "image": "envoy"}]}
    assert differences(raw(), after) == ("container app: removed", "container proxy: added")


def test_images_are_changed_in_a_copy() -> None:
    before = raw()
    assert with_images(before, {"app": "x/api@sha256:b"})["containerDefinitions"][0]["image"] == "x/api@sha256:b"
    assert before == raw()
