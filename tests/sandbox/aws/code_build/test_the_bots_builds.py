"""The bot's own adapter against the pretend CodeBuild."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.aws.code_build import CodeBuild
from bot.aws.session import Sessions
from bot.domain import Account, Build, Service, ServiceKind, Target
from bot.errors import NotFoundError, UpstreamError
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock

BUILD = Build(codebuild="api-build")
TARGET = Target(
    *("bi", "production", "api", Service(kind=ServiceKind.ECS, cluster="c"), Account("us-east-1"), "#bi"),
    production=True,
)


@pytest.fixture
def bot(aws: AwsServer, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeBuild]:
    for name, value in (
        ("AWS_ENDPOINT_URL", aws.url),
        ("AWS_ACCESS_KEY_ID", "sandbox"),
        ("AWS_SECRET_ACCESS_KEY", "sandbox"),
    ):
        monkeypatch.setenv(name, value)
    client("ecr").create_repository(repositoryName="api")
    client("codebuild").create_project(
        name="api-build",
        source={"type": "GITHUB", "location": "https://github.com/example/api"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "IMAGE_REPOSITORY", "value": "api"}],
        },
        serviceRole="arn:aws:iam::123456789012:role/builds",
    )
    aws.faults.clear()
    sessions = Sessions(attempts=1)
    made = CodeBuild(sessions)
    yield made
    made.close()
    sessions.close()


def test_a_build_is_started_watched_and_has_pushed_its_image(
    bot: CodeBuild, clock: Clock, client: Callable[..., Any]
) -> None:
    name = bot.start(TARGET, BUILD, "v2", "op1")
    assert bot.status(TARGET, BUILD, name).detail == "build 1, phase QUEUED"
    clock.advance(9)
    status = bot.status(TARGET, BUILD, name)
    assert (status.state, status.detail) == ("running", "build 1, phase BUILD")
    assert status.url.startswith("https://console.aws.amazon.com/cloudwatch/home?region=us-east-1")
    clock.advance(60)
    status = bot.status(TARGET, BUILD, name)
    assert (status.state, status.detail) == ("succeeded", "took 17 s")
    (image,) = client("ecr").describe_images(repositoryName="api")["imageDetails"]
    assert image["imageTags"] == ["v2"]


def test_a_build_that_fails_says_what_failed(bot: CodeBuild, clock: Clock) -> None:
    name = bot.start(TARGET, BUILD, "v2-nobuild", "op1")
    clock.advance(60)
    status = bot.status(TARGET, BUILD, name)
    assert status.state == "failed"
    assert status.detail.startswith("failed in phase BUILD: COMMAND_EXECUTION_ERROR: Error while executing command")


def test_a_build_whose_answer_was_lost_is_found_and_never_started_twice(
    bot: CodeBuild, aws: AwsServer, clock: Clock, client: Callable[..., Any]
) -> None:
    began = clock.now()
    other = bot.start(TARGET, BUILD, "v1", "op0")
    aws.faults.add("aws", "codebuild:StartBuild", "lost_response", count=1)
    with pytest.raises(UpstreamError) as caught:
        bot.start(TARGET, BUILD, "v2", "op1")
    assert caught.value.retryable
    name = bot.find(TARGET, BUILD, "v2", "op1", since=began)
    assert name not in (None, other)
    assert bot.start(TARGET, BUILD, "v2", "op1") == name
    assert bot.find(TARGET, BUILD, "v2", "op2", since=began) is None
    clock.advance(3_600)
    assert bot.find(TARGET, BUILD, "v2", "op1", since=began) == name
    assert len(client("codebuild").list_builds_for_project(projectName="api-build")["ids"]) == 2


def test_what_is_not_there_or_not_allowed_is_said(bot: CodeBuild, aws: AwsServer) -> None:
    with pytest.raises(NotFoundError, match="no project other"):
        bot.start(TARGET, Build(codebuild="other"), "v2", "op1")
    with pytest.raises(NotFoundError, match="no build api-build:1"):
        bot.status(TARGET, BUILD, "api-build:1")
    aws.faults.add("aws", "codebuild:StartBuild", "AccessDenied", count=1)
    with pytest.raises(UpstreamError, match="denied codebuild:StartBuild"):
        bot.start(TARGET, BUILD, "v2", "op1")
