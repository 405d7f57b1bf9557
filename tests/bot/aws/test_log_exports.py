"""Exports of log groups, over real boto3 against the sandbox: begun once, recognised by name, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot import telemetry_ports
from bot.aws.errors import NotPermittedError
from bot.aws.log_exports import LogExports
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.telemetry import LogGroup
from sandbox.aws import logs as sandbox_logs
from sandbox.aws.server import AwsServer
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws
from tests.sandbox.aws import standing

GROUP, OTHER = "/ecs/shop", "/ecs/shop-worker"
BUCKET, PREFIX = "shop-exported-logs", "logs/production/shop"
SERVICE = {"Service": "logs.us-east-1.amazonaws.com"}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{BUCKET}"},
        {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"},
    ],
}


@pytest.fixture(scope="module")
def running() -> Iterator[AwsServer]:
    with standing.server() as server:
        yield server


@pytest.fixture
def server(running: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """Two groups that said something a minute ago, and a bucket in the same region."""
    standing.emptied(running)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    at = int(running.clock.now() * 1000) - 60_000
    for group in (GROUP, OTHER):
        sandbox_logs.write("us-east-1", group, "ecs/1", [(at, "first"), (at + 1000, "second")])
    return running


@pytest.fixture
def s3(server: AwsServer) -> Iterator[Any]:
    made = standing.client(server, "s3")
    made.create_bucket(Bucket=BUCKET)
    made.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(POLICY))
    yield made
    made.close()


@pytest.fixture
def exports(server: AwsServer, sessions: Sessions) -> LogExports:
    return LogExports(sessions)


def begin(exports: LogExports, account: Account, server: AwsServer, group: str = GROUP, name: str = "op-1") -> str:
    now = server.clock.now()
    return exports.begin(account, name, group, start=now - 3600, end=now, bucket=BUCKET, prefix=PREFIX)


def test_the_adapter_fills_the_port(sessions: Sessions) -> None:
    port: telemetry_ports.LogExports = LogExports(sessions)
    assert port


def test_groups_are_found_by_their_whole_names(exports: LogExports, account: Account, server: AwsServer) -> None:
    found = exports.groups(account, [OTHER, "/ecs/sho", GROUP])
    assert [each.name for each in found] == [OTHER, GROUP]
    assert found[1].log_class == "STANDARD"
    assert found[1].kept_bytes > 0
    assert 0 < found[1].made_at <= server.clock.now()


def test_a_group_s_class_is_told(exports: LogExports, account: Account, server: AwsServer) -> None:
    client = standing.client(server, "logs")
    client.create_log_group(logGroupName="/audit", logGroupClass="INFREQUENT_ACCESS")
    client.close()
    assert exports.groups(account, ["/audit"])[0].log_class == "INFREQUENT_ACCESS"


@pytest.mark.usefixtures("s3")
def test_a_bucket_tells_its_region_wherever_it_lies(exports: LogExports, account: Account, server: AwsServer) -> None:
    tokyo = standing.client(server, "s3", "ap-northeast-1")
    tokyo.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    tokyo.close()
    assert exports.bucket_region(account, BUCKET) == "us-east-1"
    assert exports.bucket_region(account, "far-away") == "ap-northeast-1"
    with pytest.raises(NotFoundError, match=r"There is no bucket nobody-s\."):
        exports.bucket_region(account, "nobody-s")


def test_a_bucket_that_may_not_be_looked_at_names_the_permission(
    exports: LogExports, account: Account, server: AwsServer
) -> None:
    server.faults.add("aws", "s3:HeadBucket", "AccessDenied")
    with pytest.raises(NotPermittedError) as caught:
        exports.bucket_region(account, BUCKET)
    assert caught.value.action == "s3:ListBucket"


def test_a_task_goes_from_pending_to_completed_and_its_objects_lie_in_its_folder(
    exports: LogExports, account: Account, server: AwsServer, s3: Any
) -> None:
    task_id = begin(exports, account, server)
    (task,) = exports.active(account)
    assert (task.id, task.name, task.group, task.status) == (task_id, "op-1", GROUP, "PENDING")
    server.clock.advance(6)
    assert [each.status for each in exports.active(account)] == ["RUNNING"]
    server.clock.advance(10)
    ended = exports.task(account, task_id)
    assert ended is not None
    assert (ended.status, ended.message) == ("COMPLETED", "Completed successfully")
    assert exports.active(account) == ()
    assert ended.folder == f"s3://{BUCKET}/{PREFIX}/{task_id}/"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert f"{PREFIX}/{task_id}/ecs-1/000000.gz" in keys


@pytest.mark.usefixtures("s3")
def test_an_account_runs_one_at_a_time_and_tasks_are_found_by_name(
    exports: LogExports, account: Account, server: AwsServer
) -> None:
    first = begin(exports, account, server)
    with pytest.raises(UpstreamError, match=r"Another export is under way: AWS runs one at a time") as caught:
        begin(exports, account, server, OTHER)
    assert caught.value.retryable
    server.clock.advance(20)
    second = begin(exports, account, server, OTHER)
    assert {each.group: each.id for each in exports.named(account, "op-1")} == {GROUP: first, OTHER: second}
    assert exports.named(account, "op-2") == ()
    assert exports.task(account, "nobody-s") is None


@pytest.mark.usefixtures("s3")
def test_a_task_is_cancelled_and_cancelling_one_that_has_ended_is_no_error(
    exports: LogExports, account: Account, server: AwsServer
) -> None:
    task_id = begin(exports, account, server)
    exports.cancel(account, task_id)
    server.clock.advance(2)
    exports.cancel(account, task_id)
    exports.cancel(account, "nobody-s")
    task = exports.task(account, task_id)
    assert task is not None and task.status == "CANCELLED"


def test_a_refusal_is_in_aws_s_words(exports: LogExports, account: Account, server: AwsServer) -> None:
    with pytest.raises(UpstreamError, match=r"The given bucket does not exist\. Please make sure the bucket is valid"):
        begin(exports, account, server)


def test_a_denial_names_the_permission(exports: LogExports, account: Account, server: AwsServer) -> None:
    server.faults.add("aws", "logs:CreateExportTask", "AccessDeniedException")
    with pytest.raises(NotPermittedError) as caught:
        begin(exports, account, server)
    assert caught.value.action == "logs:CreateExportTask"


def test_a_call_whose_answer_was_lost_is_not_repeated(
    aws: ScriptedAws, monkeypatch: pytest.MonkeyPatch, account: Account
) -> None:
    aws.on("CreateExportTask", Refusal("ServiceUnavailableException", "later", 503))
    patient = Sessions(attempts=3)
    with pytest.raises(UpstreamError) as caught:
        LogExports(patient).begin(account, "n", GROUP, start=1.5, end=2.0, bucket="b", prefix="p")
    assert caught.value.retryable
    (asked,) = aws.asked("CreateExportTask")
    assert (asked["from"], asked["to"], asked["taskName"]) == (1500, 2000, "n")
    patient.close()


def test_a_group_without_a_class_is_of_the_standard_one(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeLogGroups", {"logGroups": [{"logGroupName": GROUP, "creationTime": 5000}]})
    assert LogExports(sessions).groups(account, [GROUP]) == (LogGroup(GROUP, 0, "STANDARD", 5.0),)
