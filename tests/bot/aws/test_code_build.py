"""Builds in CodeBuild: started once, found again by their operation, and told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot import shipping_ports
from bot.aws.code_build import CodeBuild
from bot.aws.session import Sessions
from bot.domain import Build, Target
from bot.errors import NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

API = Build(codebuild="api-build")
STARTED = 1_790_000_000.0
LINK = "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEvent:group=/aws/codebuild/api;stream=1"


@pytest.fixture
def code_build(sessions: Sessions) -> Iterator[CodeBuild]:
    made = CodeBuild(sessions)
    yield made
    made.close()


def a_build(name: str, operation: str = "", **changes: Any) -> dict[str, Any]:
    """A build as BatchGetBuilds shows it while it runs."""
    listed = [{"name": "VERSION", "value": "v2", "type": "PLAINTEXT"}]
    if operation:
        listed.append({"name": "OPERATION", "value": operation, "type": "PLAINTEXT"})
    return {
        "id": name,
        "buildNumber": 7,
        "startTime": STARTED,
        "currentPhase": "BUILD",
        "buildStatus": "IN_PROGRESS",
        "environment": {"environmentVariables": listed},
        "logs": {"deepLink": LINK, "groupName": "/aws/codebuild/api", "streamName": "1"},
        **changes,
    }


def has(aws: ScriptedAws, *pages: list[dict[str, Any]]) -> None:
    """The project's builds, newest first, a list for each page."""
    known = {build["id"]: build for page in pages for build in page}

    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        number = int(asked.get("nextToken", 0))
        more = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"ids": [build["id"] for build in pages[number]], **more}

    aws.on("ListBuildsForProject", listed)
    aws.on("BatchGetBuilds", lambda asked: {"builds": [known[each] for each in asked["ids"] if each in known]})


def test_it_fills_the_port(code_build: CodeBuild) -> None:
    port: shipping_ports.Builds = code_build
    assert port


def test_a_build_gets_the_version_and_carries_the_operation(
    aws: ScriptedAws, code_build: CodeBuild, target: Target
) -> None:
    aws.on("StartBuild", {"build": a_build("api-build:1")})
    assert code_build.start(target, API, "v2", "op1") == "api-build:1"
    (asked,) = aws.asked("StartBuild")
    assert asked == {
        "projectName": "api-build",
        "idempotencyToken": "op1",
        "environmentVariablesOverride": [
            {"name": "VERSION", "value": "v2", "type": "PLAINTEXT"},
            {"name": "OPERATION", "value": "op1", "type": "PLAINTEXT"},
        ],
    }


def test_a_project_that_does_not_exist_is_named(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    for operation in ("StartBuild", "ListBuildsForProject"):
        aws.on(operation, Refusal("ResourceNotFoundException", "Project cannot be found: arn:aws:…"))
    with pytest.raises(NotFoundError, match="no project api-build in us-east-1"):
        code_build.start(target, API, "v2", "op1")
    with pytest.raises(NotFoundError, match="no project api-build"):
        code_build.find(target, API, "v2", "op1", since=STARTED)


def test_too_many_builds_at_once_is_for_later(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    aws.on("StartBuild", Refusal("AccountLimitExceededException", "Cannot have more than 60 builds in queue"))
    with pytest.raises(UpstreamError, match="more than 60 builds") as caught:
        code_build.start(target, API, "v2", "op1")
    assert caught.value.retryable and caught.value.retry_after == 30


def test_a_build_is_found_by_its_operation_on_any_page(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    has(aws, [a_build("api-build:3", "op3"), a_build("api-build:2")], [a_build("api-build:1", "op1")])
    assert code_build.find(target, API, "v2", "op1", since=STARTED) == "api-build:1"
    assert code_build.find(target, API, "v2", "op", since=STARTED) is None
    assert "sortOrder" not in aws.asked("ListBuildsForProject")[0]


def test_builds_from_before_end_the_search(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    old = a_build("api-build:1", "other", startTime=STARTED - 61)
    has(aws, [old], [a_build("api-build:0", "op1", startTime=STARTED - 90)])
    assert code_build.find(target, API, "v2", "op1", since=STARTED) is None
    assert len(aws.asked("ListBuildsForProject")) == 1


def test_a_project_that_never_built_has_none(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    has(aws, [])
    assert code_build.find(target, API, "v2", "op1", since=STARTED) is None
    assert aws.asked("BatchGetBuilds") == []


def test_a_running_build_says_its_phase_and_where_its_log_is(
    aws: ScriptedAws, code_build: CodeBuild, target: Target
) -> None:
    has(aws, [a_build("api-build:1", "op1")])
    status = code_build.status(target, API, "api-build:1")
    assert (status.state, status.detail, status.url) == ("running", "build 7, phase BUILD", LINK)


def test_a_build_without_a_log_yet_has_no_link(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    nowhere = {"deepLink": "https://console.aws.amazon.com/cloudwatch/home#logEvent:group=null;stream=null"}
    has(aws, [a_build("api-build:1", currentPhase="QUEUED", logs=nowhere)])
    status = code_build.status(target, API, "api-build:1")
    assert (status.detail, status.url) == ("build 7, phase QUEUED", "")


FAILED = {
    "phaseType": "BUILD",
    "phaseStatus": "FAILED",
    "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "docker build. Reason: exit status 1"}],
}


@pytest.mark.parametrize(
    ("word", "phases", "state", "detail"),
    [
        ("SUCCEEDED", [], "succeeded", "took 90 s"),
        (
            *("FAILED", [{"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED"}, FAILED, {"phaseType": "COMPLETED"}]),
            *("failed", "failed in phase BUILD: COMMAND_EXECUTION_ERROR: docker build. Reason: exit status 1"),
        ),
        (
            *("FAULT", [{"phaseType": "PROVISIONING", "phaseStatus": "FAULT", "contexts": [{"statusCode": ""}]}]),
            *("failed", "CodeBuild itself failed in phase PROVISIONING"),
        ),
        ("TIMED_OUT", [{"phaseType": "BUILD", "phaseStatus": "TIMED_OUT"}], "failed", "timed out in phase BUILD"),
        ("STOPPED", [{"phaseType": "BUILD", "phaseStatus": "STOPPED"}], "stopped", "was stopped in phase BUILD"),
        ("FAILED", [], "failed", "failed"),
    ],
)
def test_every_ending_is_told_with_its_phase(
    aws: ScriptedAws, code_build: CodeBuild, target: Target, word: str, phases: list[Any], state: str, detail: str
) -> None:
    ended: dict[str, Any] = {
        "buildStatus": word,
        "currentPhase": "COMPLETED",
        "endTime": STARTED + 90,
        "phases": phases,
    }
    has(aws, [a_build("api-build:1", **ended)])
    status = code_build.status(target, API, "api-build:1")
    assert (status.state, status.detail) == (state, detail)


def test_a_build_that_codebuild_forgot_is_not_found(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    has(aws, [])
    with pytest.raises(NotFoundError, match="no build api-build:9"):
        code_build.status(target, API, "api-build:9")


def test_a_missing_permission_is_named(aws: ScriptedAws, code_build: CodeBuild, target: Target) -> None:
    words = "User: x is not authorized to perform: codebuild:StartBuild on resource: arn:aws:codebuild:r:1:project/a"
    aws.on("StartBuild", Refusal("AccessDeniedException", words))
    with pytest.raises(UpstreamError, match="codebuild:StartBuild"):
        code_build.start(target, API, "v2", "op1")
