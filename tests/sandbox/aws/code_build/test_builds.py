"""The pretend CodeBuild: phases over time, variables that stay, tokens, failures, and what a build leaves behind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import Clock

PROJECT = "api-build"
OPERATION = {"name": "OPERATION", "value": "op1"}


@pytest.fixture
def builds(client: Callable[..., Any]) -> Any:
    make_project(client, PROJECT, {"IMAGE_REPOSITORY": "api"})
    client("ecr").create_repository(repositoryName="api")
    return client("codebuild")


def make_project(client: Callable[..., Any], name: str, variables: dict[str, str]) -> None:
    environment = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [{"name": key, "value": value} for key, value in variables.items()],
    }
    client("codebuild").create_project(
        name=name,
        source={"type": "GITHUB", "location": "https://github.com/example/api"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=environment,
        serviceRole="arn:aws:iam::123456789012:role/builds",
    )


def start(builds: Any, version: str, project: str = PROJECT, **more: Any) -> dict[str, Any]:
    variables = [{"name": "VERSION", "value": version}, OPERATION]
    build: dict[str, Any] = builds.start_build(projectName=project, environmentVariablesOverride=variables, **more)[
        "build"
    ]
    return build


def look(builds: Any, build: dict[str, Any]) -> dict[str, Any]:
    (found,) = builds.batch_get_builds(ids=[build["id"]])["builds"]
    assert isinstance(found, dict)
    return found


def tags(client: Callable[..., Any]) -> list[str]:
    return [
        tag
        for image in client("ecr").describe_images(repositoryName="api")["imageDetails"]
        for tag in image["imageTags"]
    ]


def test_a_build_goes_through_its_phases_in_time(builds: Any, clock: Clock) -> None:
    build = start(builds, "v1")
    assert (build["buildStatus"], build["currentPhase"]) == ("IN_PROGRESS", "SUBMITTED") or build[
        "currentPhase"
    ] == "QUEUED"
    clock.advance(2)
    assert look(builds, build)["currentPhase"] == "PROVISIONING"
    assert "null" in look(builds, build)["logs"]["deepLink"]
    clock.advance(7)
    found = look(builds, build)
    assert (found["currentPhase"], found["buildStatus"], found["buildComplete"]) == ("BUILD", "IN_PROGRESS", False)
    assert found["logs"]["streamName"] in found["logs"]["deepLink"]
    clock.advance(60)
    found = look(builds, build)
    assert (found["currentPhase"], found["buildStatus"], found["buildComplete"]) == ("COMPLETED", "SUCCEEDED", True)
    assert (found["endTime"] - found["startTime"]).total_seconds() == 17
    assert {phase.get("phaseStatus") for phase in found["phases"][:-1]} == {"SUCCEEDED"}


def test_the_variables_stay_with_the_build(builds: Any) -> None:
    listed = look(builds, start(builds, "v1"))["environment"]["environmentVariables"]
    assert {each["name"]: each["value"] for each in listed} == {
        "IMAGE_REPOSITORY": "api",
        "VERSION": "v1",
        "OPERATION": "op1",
    }


def test_the_image_is_pushed_by_a_good_build_only(builds: Any, clock: Clock, client: Callable[..., Any]) -> None:
    good, bad = start(builds, "v1"), start(builds, "v2-nobuild")
    clock.advance(5)
    look(builds, good)
    assert tags(client) == []
    clock.advance(60)
    assert look(builds, good)["buildStatus"] == "SUCCEEDED"
    failed = look(builds, bad)
    assert failed["buildStatus"] == "FAILED"
    (phase,) = [each for each in failed["phases"] if each.get("phaseStatus") == "FAILED"]
    assert phase["phaseType"] == "BUILD"
    assert "exit status 1" in phase["contexts"][0]["message"]
    assert tags(client) == ["v1"]


def test_the_ticker_lets_a_build_end_that_nobody_looks_at(
    builds: Any, aws: Any, clock: Clock, client: Callable[..., Any]
) -> None:
    start(builds, "v1")
    clock.advance(60)
    aws.tick()
    assert tags(client) == ["v1"]


def test_a_site_and_an_archive_are_written_where_the_project_says(
    builds: Any, clock: Clock, client: Callable[..., Any]
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="artifacts")
    make_project(client, "web", {"ARTIFACT": "s3://artifacts/web/{version}/"})
    make_project(client, "jobs", {"ARTIFACT": "s3://artifacts/jobs/{version}.zip"})
    for project in ("web", "jobs"):
        start(builds, "v1", project)
    clock.advance(60)
    builds.batch_get_builds(ids=["any:one"])
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="artifacts")["Contents"]]
    assert keys[0] == "jobs/v1.zip" and keys[-1] == "web/v1/index.html" and len(keys) == 3
    body = s3.get_object(Bucket="artifacts", Key="jobs/v1.zip")["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(body)).namelist() == ["src.py"]


def test_the_same_token_is_the_same_build_for_five_minutes(builds: Any, clock: Clock) -> None:
    first = start(builds, "v1", idempotencyToken="t")
    clock.advance(299)
    assert start(builds, "v1", idempotencyToken="t")["id"] == first["id"]
    with pytest.raises(ClientError, match="InvalidInputException"):
        start(builds, "v2", idempotencyToken="t")
    clock.advance(2)
    assert start(builds, "v1", idempotencyToken="t")["id"] != first["id"]


def test_builds_are_listed_newest_first_in_pages(builds: Any, clock: Clock) -> None:
    ids = [start(builds, "v1")["id"] for _ in range(102)]
    page = builds.list_builds_for_project(projectName=PROJECT)
    assert page["ids"] == ids[:1:-1]
    assert builds.list_builds_for_project(projectName=PROJECT, nextToken=page["nextToken"])["ids"] == ids[1::-1]
    with pytest.raises(ClientError, match="InvalidInputException"):
        builds.list_builds_for_project(projectName=PROJECT, sortOrder="DESCENDING")


def test_a_stopped_build_leaves_nothing(builds: Any, clock: Clock, client: Callable[..., Any]) -> None:
    build = start(builds, "v1")
    clock.advance(9)
    builds.stop_build(id=build["id"])
    clock.advance(60)
    found = look(builds, build)
    assert found["buildStatus"] == "STOPPED"
    assert [each["phaseType"] for each in found["phases"]][-2:] == ["BUILD", "COMPLETED"]
    assert tags(client) == []


def test_what_does_not_exist_is_said(builds: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        start(builds, "v1", "nothing")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        builds.list_builds_for_project(projectName="nothing")
    answer = builds.batch_get_builds(ids=["nothing:1"])
    assert (answer["builds"], answer["buildsNotFound"]) == ([], ["nothing:1"])
