"""The adapter of Lambda against the sandbox, whose Lambda behaves."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bot import shipping_ports as ports
from bot.aws.errors import NotPermittedError
from bot.aws.functions import Functions
from bot.aws.session import Sessions
from bot.domain import Account, Service, ServiceKind, Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.telemetry import Concurrency
from sandbox.aws.server import AwsServer
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.sandbox.aws import standing
from tests.sandbox.aws.functions.mill import BUCKET, IMAGE, REPOSITORY, ZIP, Mill, archive


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def server(running: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    standing.emptied(running)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    return running


@pytest.fixture
def mill(server: AwsServer) -> Iterator[Mill]:
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(boto3.client(service, region_name="us-east-1", config=Config(s3={"addressing_style": "path"})))
        return made[-1]

    yield Mill(client, server.clock)
    for each in made:
        each.close()


@pytest.fixture
def functions(mill: Mill, sessions: Sessions) -> Functions:
    return Functions(sessions)


def a_function(name: str = ZIP, alias: str = "prod") -> Target:
    service = Service(kind=ServiceKind.LAMBDA, function=name, alias=alias, artifact=f"s3://{BUCKET}/{{version}}.zip")
    return Target("photo", "production", "mill", service, Account("us-east-1"), "#photo", production=True)


def test_the_adapter_fills_the_port(sessions: Sessions) -> None:
    port: ports.Functions = Functions(sessions)
    assert port


def test_a_function_is_read_with_how_it_is(functions: Functions, mill: Mill) -> None:
    mill.functions.update_function_configuration(FunctionName=ZIP, Environment={"Variables": {"MODE": "fast"}})
    found = functions.function(a_function())
    assert (found.name, found.version, found.package, found.update) == (ZIP, "$LATEST", "Zip", "InProgress")
    assert (found.architecture, found.memory, found.timeout) == ("x86_64", 128, 3)
    assert found.environment == {"MODE": "fast"}
    assert found.modified_at == pytest.approx(mill.clock.now(), abs=0.001)
    assert found.sha256 == base64.b64encode(hashlib.sha256(archive("v1")).digest()).decode()


def test_a_functions_concurrency_is_its_own_or_the_accounts(aws: ScriptedAws, sessions: Sessions) -> None:
    functions, of_function = Functions(sessions), f"/2019-09-30/functions/{ZIP}/concurrency"
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 950}
    aws.on("/2016-08-19/account-settings", {"AccountLimit": limit})
    aws.on(of_function, {})
    assert functions.concurrency(a_function()) == Concurrency(None, 1000, 950)
    aws.on(of_function, {"ReservedConcurrentExecutions": 0})
    assert functions.concurrency(a_function()) == Concurrency(0, 1000, 950)
    aws.on(of_function, Refusal("AccessDeniedException", status=403))
    with pytest.raises(NotPermittedError, match="lambda:GetFunctionConcurrency"):
        functions.concurrency(a_function())


def test_a_failed_update_says_why(functions: Functions, mill: Mill) -> None:
    mill.update("v4-failed")
    mill.clock.advance(10)
    found = functions.function(a_function())
    assert (found.update, "could not unzip" in found.reason) == ("Failed", True)


def test_a_version_is_found_by_the_alias_that_has_it(functions: Functions) -> None:
    found = functions.function(a_function(), "prod")
    assert (found.version, found.state, found.description) == ("1", "Active", "release v1")


def test_an_image_is_told_with_its_tag_and_the_digest_behind_it(functions: Functions) -> None:
    found = functions.function(a_function(IMAGE))
    assert found.image == f"{REPOSITORY}:v1@sha256:{found.sha256}"
    updated = functions.update_code(a_function(IMAGE), image=f"{REPOSITORY}:v2")
    assert (updated.update, updated.image) == ("InProgress", f"{REPOSITORY}:v2")


@pytest.mark.parametrize(
    ("target", "version", "expected"),
    [
        (a_function("nobody"), "$LATEST", "function nobody does not exist in us-east-1"),
        (a_function(), "9", "mill has no version 9"),
    ],
)
def test_what_is_missing_is_named(functions: Functions, target: Target, version: str, expected: str) -> None:
    with pytest.raises(NotFoundError, match=expected):
        functions.function(target, version)


def test_a_missing_alias_is_named_with_the_remedy(functions: Functions) -> None:
    with pytest.raises(NotFoundError, match="has no alias live") as caught:
        functions.alias(a_function(alias="live"))
    assert "alias:" in caught.value.hint


def test_versions_come_newest_first_and_do_not_tell_how_they_are(functions: Functions, mill: Mill) -> None:
    mill.publish("v2")
    found = functions.versions(a_function())
    assert [(each.version, each.description, each.state) for each in found] == [
        ("2", "v2", ""),
        ("1", "release v1", ""),
    ]
    with pytest.raises(NotFoundError, match="does not exist"):
        functions.versions(a_function("nobody"))


def test_the_zip_of_a_version_is_known_by_its_hash(functions: Functions) -> None:
    found = functions.archive(a_function(), "v2")
    assert (found.version, found.address) == ("v2", f"s3://{BUCKET}/v2.zip")
    assert found.sha256 == functions.sha256(Account("us-east-1"), found.address)
    assert found.etag
    assert '"' not in found.etag


def test_a_hash_that_s3_does_not_know_is_left_out_and_can_be_made(functions: Functions, mill: Mill) -> None:
    mill.s3.put_object(Bucket=BUCKET, Key="v7.zip", Body=archive("v7"), ChecksumAlgorithm="CRC32")
    assert functions.archive(a_function(), "v7").sha256 == ""
    expected = base64.b64encode(hashlib.sha256(archive("v7")).digest()).decode()
    assert functions.sha256(Account("us-east-1"), f"s3://{BUCKET}/v7.zip") == expected


def test_a_missing_zip_is_not_found(functions: Functions) -> None:
    with pytest.raises(NotFoundError, match=rf"There is no s3://{BUCKET}/v9\.zip"):
        functions.archive(a_function(), "v9")
    with pytest.raises(NotFoundError, match=r"There is no s3://nobody/v9\.zip"):
        functions.sha256(Account("us-east-1"), "s3://nobody/v9.zip")


def test_only_zips_of_versions_are_listed(functions: Functions, mill: Mill) -> None:
    for key in ("readme.txt", "old/v0.zip", ".zip"):
        mill.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    found = functions.archives(a_function())
    assert sorted(each.version for each in found) == ["v1", "v2", "v3-errors", "v4-failed", "v5-slow"]
    assert found[0].address == f"s3://{BUCKET}/{found[0].version}.zip"


def test_code_is_updated_published_and_given_to_the_alias(functions: Functions, mill: Mill) -> None:
    target = a_function()
    before = functions.function(target)
    updated = functions.update_code(target, artifact=f"s3://{BUCKET}/v2.zip", revision=before.revision)
    assert updated.sha256 == functions.archive(target, "v2").sha256
    mill.clock.advance(10)
    made = functions.publish(target, sha256=updated.sha256, description="v2 for test")
    assert (made.version, made.state, made.description) == ("2", "Pending", "v2 for test")
    shared = functions.move_alias(target, "1", {"2": 0.1}, revision=functions.alias(target).revision)
    assert (shared.version, shared.weights) == ("1", {"2": 0.1})
    moved = functions.move_alias(target, "2", {}, revision=shared.revision)
    assert (moved.version, moved.weights) == ("2", {})
    assert functions.alias(target) == moved


def test_a_change_based_on_an_old_look_is_a_conflict(functions: Functions, mill: Mill) -> None:
    target = a_function()
    old, alias = functions.function(target).revision, functions.alias(target).revision
    mill.publish("v2")
    mill.move(FunctionVersion="2")
    with pytest.raises(ConflictError, match="Somebody else changed mill"):
        functions.update_code(target, artifact=f"s3://{BUCKET}/v1.zip", revision=old)
    with pytest.raises(ConflictError, match="Somebody else changed mill"):
        functions.move_alias(target, "1", {}, revision=alias)


def test_a_change_during_an_update_is_a_conflict(functions: Functions, mill: Mill) -> None:
    mill.update("v2")
    with pytest.raises(ConflictError, match="Something else is going on with mill"):
        functions.update_code(a_function(), artifact=f"s3://{BUCKET}/v1.zip")


def test_code_that_somebody_else_put_there_is_not_published(functions: Functions, mill: Mill) -> None:
    mill.publish("v2")
    with pytest.raises(ConflictError, match="changed the code of mill"):
        functions.publish(a_function(), sha256=functions.archive(a_function(), "v1").sha256, description="x")


def test_other_refusals_keep_lambdas_words(functions: Functions) -> None:
    with pytest.raises(UpstreamError, match=r"InvalidParameterValueException") as caught:
        functions.update_code(a_function(IMAGE), image=f"{REPOSITORY}:v9")
    assert "does not exist" in caught.value.message
    assert not caught.value.retryable


def test_a_denied_call_names_the_permission(functions: Functions, server: AwsServer) -> None:
    server.faults.add("aws", "lambda:UpdateAlias", "AccessDenied")
    with pytest.raises(UpstreamError, match="AWS denied lambda:UpdateAlias"):
        functions.move_alias(a_function(), "1", {})


def test_a_change_whose_answer_was_lost_is_not_repeated(mill: Mill, server: AwsServer) -> None:
    target = a_function()
    shared = Sessions(attempts=3)
    patient = Functions(shared)
    revision = patient.alias(target).revision
    mill.publish("v2")
    server.faults.add("aws", "lambda:UpdateAlias", "lost_response", count=1)
    with pytest.raises(UpstreamError) as caught:
        patient.move_alias(target, "2", {}, revision=revision)
    assert caught.value.retryable
    assert patient.alias(target).version == "2"
    shared.close()


def test_images_of_the_mill_are_indexes_of_one_platform(mill: Mill) -> None:
    found = mill.ecr.batch_get_image(repositoryName="mill-image", imageIds=[{"imageTag": "v1"}])["images"]
    assert json.loads(found[0]["imageManifest"])["manifests"][0]["platform"]["architecture"] == "amd64"
