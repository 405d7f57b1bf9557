from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.cloud import TaskDefinition
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import LostAnswer, Refusal, ScriptedAws

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/bi-api"
NEW = {"taskDefinition": {"taskDefinitionArn": f"{ARN}:8"}}


@pytest.fixture
def moto() -> Iterator[None]:
    with mock_aws():
        yield


def described(**changes: Any) -> dict[str, Any]:
    """An answer of DescribeTaskDefinition with what AWS fills in, and with the nulls it sends."""
    containers = [
        {"name": "api", "image": "registry/bi:1", "essential": True, "cpu": 0, "healthCheck": None},
        {"name": "router", "image": "registry/router:3", "essential": False, "environment": []},
    ]
    found = {
        "taskDefinitionArn": f"{ARN}:7",
        "family": "bi-api",
        "revision": 7,
        "status": "ACTIVE",
        "registeredAt": 1_790_000_000.5,
        "registeredBy": "arn:aws:iam::123456789012:user/alice",
        "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "ephemeralStorage": None,
        "containerDefinitions": containers,
    }
    tags = [{"key": "team", "value": "bi"}, {"key": "aws:cloudformation:stack-name", "value": "bi"}]
    return {"taskDefinition": found | changes, "tags": tags}


def base(ecs: Ecs, aws: ScriptedAws, account: Account, **changes: Any) -> TaskDefinition:
    aws.on("DescribeTaskDefinition", described(**changes))
    return ecs.task_definition(account, f"{ARN}:7")


def test_a_task_definition_is_described_with_its_tags_and_asked_for_once(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    first, second = base(ecs, aws, account), base(ecs, aws, account)
    assert first is second
    assert aws.asked("DescribeTaskDefinition") == [{"taskDefinition": f"{ARN}:7", "include": ["TAGS"]}]
    assert (first.family, first.revision, first.registered_at, first.architecture) == (
        "bi-api",
        7,
        1_790_000_000.5,
        "X86_64",
    )
    assert first.tags["team"] == "bi"


def test_a_family_name_is_asked_for_again_since_its_newest_revision_moves(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    aws.on("DescribeTaskDefinition", described())
    ecs.task_definition(account, "bi-api")
    ecs.task_definition(account, "bi-api")
    assert len(aws.asked("DescribeTaskDefinition")) == 2


def test_who_depends_on_the_status_sees_a_revision_become_inactive(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    assert base(ecs, aws, account).status == "ACTIVE"
    aws.on("DescribeTaskDefinition", described(status="INACTIVE"))
    assert ecs.task_definition(account, f"{ARN}:7", fresh=True).status == "INACTIVE"
    assert ecs.task_definition(account, f"{ARN}:7").status == "INACTIVE"
    assert len(aws.asked("DescribeTaskDefinition")) == 2


def test_who_registered_a_revision_is_told(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    assert base(Ecs(sessions), aws, account).registered_by == "arn:aws:iam::123456789012:user/alice"


def test_log_settings_are_read_only_where_a_container_uses_awslogs(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    options = {"awslogs-group": "/ecs/bi", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "api"}
    containers = [
        {"name": "api", "image": "i", "logConfiguration": {"logDriver": "awslogs", "options": options}},
        {"name": "other", "image": "i", "logConfiguration": {"logDriver": "splunk", "options": {"url": "x"}}},
    ]
    found = base(Ecs(sessions), aws, account, containerDefinitions=containers)
    api, other = found.containers
    assert (api.log_group, api.log_stream_prefix, api.log_region) == ("/ecs/bi", "api", "us-east-1")
    assert (other.log_group, other.log_stream_prefix) == ("", "")


def test_a_missing_task_definition_is_not_found(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeTaskDefinition", Refusal("ClientException", "Unable to describe task definition."))
    with pytest.raises(NotFoundError, match="no task definition bi-api:99"):
        Ecs(sessions).task_definition(account, "bi-api:99")


def test_a_copy_differs_in_one_image_and_carries_the_tags(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    aws.on("RegisterTaskDefinition", NEW)
    arn = ecs.register(account, base(ecs, aws, account), {"api": "registry/bi:2"}, {"operation": "op1"})
    assert arn == f"{ARN}:8"
    assert aws.asked("RegisterTaskDefinition") == [
        {
            "family": "bi-api",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [
                {"name": "api", "image": "registry/bi:2", "essential": True, "cpu": 0},
                {"name": "router", "image": "registry/router:3", "essential": False, "environment": []},
            ],
            "tags": [{"key": "team", "value": "bi"}, {"key": "operation", "value": "op1"}],
        }
    ]


def test_the_task_definition_that_was_copied_is_left_as_it_was(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    aws.on("RegisterTaskDefinition", NEW)
    original = base(ecs, aws, account)
    ecs.register(account, original, {"api": "registry/bi:2"}, {})
    assert original.raw == described()["taskDefinition"]


def test_several_images_are_changed_at_once(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    ecs = Ecs(sessions)
    aws.on("RegisterTaskDefinition", NEW)
    ecs.register(account, base(ecs, aws, account), {"api": "registry/bi:2", "router": "registry/router@sha256:1"}, {})
    images = [each["image"] for each in aws.asked("RegisterTaskDefinition")[0]["containerDefinitions"]]
    assert images == ["registry/bi:2", "registry/router@sha256:1"]


def test_a_definition_that_aws_has_forgotten_is_made_again_from_what_was_kept_of_it(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    aws.on("RegisterTaskDefinition", NEW)
    kept = base(ecs, aws, account)
    bare = TaskDefinition("", kept.family, kept.revision, (), 0.0, "", kept.tags, kept.raw)
    ecs.register(account, kept, {"api": "registry/bi:2"}, {"again": "yes"})
    ecs.register(account, bare, {"api": "registry/bi:2"}, {"again": "yes"})
    from_live, from_kept = aws.asked("RegisterTaskDefinition")
    assert from_kept == from_live


def test_an_unknown_container_is_answered_with_those_there_are(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    with pytest.raises(NotFoundError, match=r"no container apo\. It has: api, router"):
        ecs.register(account, base(ecs, aws, account), {"apo": "registry/bi:2"}, {})


def test_a_setting_that_botocore_does_not_know_stops_the_copy(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    ecs = Ecs(sessions)
    containers = [{"name": "api", "image": "registry/bi:1", "quantumMode": {"qubits": 3}}]
    newer = base(ecs, aws, account, containerDefinitions=containers, warpDrive=True, unset=None)
    with pytest.raises(UpstreamError, match=r"containerDefinitions\[0\]\.quantumMode, warpDrive") as caught:
        ecs.register(account, newer, {"api": "registry/bi:2"}, {})
    assert not caught.value.retryable
    assert aws.asked("RegisterTaskDefinition") == []


def test_a_busy_family_is_tried_again(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    busy = "Too many concurrent attempts to create a new revision of the specified family."
    answers = [Refusal("ClientException", busy), Refusal("ClientException", busy), NEW]
    aws.on("RegisterTaskDefinition", lambda _: answers.pop(0))
    pauses: list[float] = []
    ecs = Ecs(sessions, pause=pauses.append)
    assert ecs.register(account, base(ecs, aws, account), {"api": "registry/bi:2"}, {}) == f"{ARN}:8"
    assert len(pauses) == 2


def test_a_family_that_stays_busy_is_an_error_to_retry_later(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("RegisterTaskDefinition", Refusal("ClientException", "Too many concurrent attempts to create"))
    ecs = Ecs(sessions, pause=lambda _: None)
    with pytest.raises(UpstreamError) as caught:
        ecs.register(account, base(ecs, aws, account), {"api": "registry/bi:2"}, {})
    assert caught.value.retryable
    assert len(aws.asked("RegisterTaskDefinition")) == 4


def test_a_registration_whose_answer_was_lost_is_not_repeated(aws: ScriptedAws, account: Account) -> None:
    ecs = Ecs(Sessions(attempts=3))
    aws.on("RegisterTaskDefinition", LostAnswer())
    with pytest.raises(UpstreamError) as caught:
        ecs.register(account, base(ecs, aws, account), {"api": "registry/bi:2"}, {})
    assert caught.value.retryable
    assert len(aws.asked("RegisterTaskDefinition")) == 1


def test_the_newest_revision_with_the_tag_is_found(moto: None, sessions: Sessions, account: Account) -> None:
    ecs = Ecs(sessions)
    client = sessions.client(account, "ecs")
    for family, operation in (("bi", "op1"), ("bi", "op2"), ("bi", "op1"), ("bi-worker", "op3")):
        container = {"name": "api", "image": "registry/bi:1", "memory": 128}
        tags = [{"key": "operation", "value": operation}]
        client.register_task_definition(family=family, containerDefinitions=[container], tags=tags)
    prefix = "arn:aws:ecs:us-east-1:123456789012:task-definition/bi:"
    assert ecs.find_registered(account, "bi", "operation", "op1") == f"{prefix}3"
    assert ecs.find_registered(account, "bi", "operation", "op2") == f"{prefix}2"
    assert ecs.find_registered(account, "bi", "operation", "op3") is None


def test_inactive_revisions_are_searched_too(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    listed = {"ACTIVE": [f"{ARN}:6"], "INACTIVE": [f"{ARN}:7", f"{ARN}:5"]}
    aws.on("ListTaskDefinitions", lambda asked: {"taskDefinitionArns": listed[asked["status"]]})

    def describe(asked: dict[str, Any]) -> Any:
        if asked["taskDefinition"] == f"{ARN}:5":
            return Refusal("ClientException", "Unable to describe task definition.")
        return described() | {"tags": [{"key": "operation", "value": asked["taskDefinition"][-1]}]}

    aws.on("DescribeTaskDefinition", describe)
    ecs = Ecs(sessions)
    assert ecs.find_registered(account, "bi-api", "operation", "7") == f"{ARN}:7"
    assert ecs.find_registered(account, "bi-api", "operation", "5") is None


def test_a_search_that_was_throttled_is_an_error_and_never_nothing_found(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("ListTaskDefinitions", {"taskDefinitionArns": [f"{ARN}:6"]})
    aws.on("DescribeTaskDefinition", Refusal("ThrottlingException", "Rate exceeded"))
    with pytest.raises(UpstreamError) as caught:
        Ecs(sessions).find_registered(account, "bi-api", "operation", "op1")
    assert caught.value.retryable
