from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import logs as sandbox_logs
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from sandbox.seed.busy_group import make_busy_group

Client = Callable[..., Any]
GROUP = "/ecs/shop"
BUCKET = "shop-exported-logs"


def policy(service: str = "logs.us-east-1.amazonaws.com", *actions: str) -> str:
    allowed = {"Effect": "Allow", "Principal": {"Service": service}}
    own_all = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    statements = [
        allowed | {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{BUCKET}"},
        allowed | {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*", "Condition": own_all},
    ]
    kept = [each for each in statements if not actions or each["Action"] in actions]
    return json.dumps({"Version": "2012-10-17", "Statement": kept})


@pytest.fixture
def s3(client: Client) -> Any:
    made = client("s3")
    made.create_bucket(Bucket=BUCKET)
    made.put_bucket_policy(Bucket=BUCKET, Policy=policy())
    return made


@pytest.fixture
def logs(client: Client, clock: Clock) -> Any:
    now = int(clock.now() * 1000)
    sandbox_logs.write("us-east-1", GROUP, "ecs/web/1", [(now - 3_000, "first"), (now - 1_000, "trace\n\tat x")])
    sandbox_logs.write("us-east-1", GROUP, "ecs/worker/1", [(now - 2_000, "second")])
    return client("logs")


def export(logs: Any, clock: Clock, **more: Any) -> str:
    now = int(clock.now() * 1000)
    asked = {"logGroupName": GROUP, "from": now - 60_000, "to": now, "destination": BUCKET, **more}
    return str(logs.create_export_task(**asked)["taskId"])


def status(logs: Any, task_id: str) -> str:
    (task,) = logs.describe_export_tasks(taskId=task_id)["exportTasks"]
    return str(task["status"]["code"])


def keys(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_a_task_is_pending_then_runs_then_its_objects_are_there(logs: Any, s3: Any, clock: Clock) -> None:
    task_id = export(logs, clock, destinationPrefix="from-bot", taskName="shop")
    assert status(logs, task_id) == "PENDING"
    assert s3.get_object(Bucket=BUCKET, Key="aws-logs-write-test")["Body"].read() == b"Permission Check Successful"
    clock.advance(5)
    assert status(logs, task_id) == "RUNNING"
    assert keys(s3) == ["aws-logs-write-test"]
    clock.advance(5)
    (task,) = logs.describe_export_tasks(taskId=task_id)["exportTasks"]
    assert task["status"] == {"code": "COMPLETED", "message": "Completed successfully"}
    assert task["executionInfo"]["completionTime"] - task["executionInfo"]["creationTime"] == 10_000
    assert (task["taskName"], task["logGroupName"], task["destinationPrefix"]) == ("shop", GROUP, "from-bot")
    prefix = f"from-bot/{task_id}"
    found = [f"{prefix}/ecs-web-1/000000.gz", f"{prefix}/ecs-worker-1/000000.gz"]
    assert keys(s3) == ["aws-logs-write-test", *found]
    body = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=found[0])["Body"].read()).decode()
    assert body == "2026-11-22T10:01:34.811Z first\n2026-11-22T10:01:36.811Z trace\n\tat x\n"


def test_it_goes_on_though_nobody_looks(aws: AwsServer, logs: Any, s3: Any, clock: Clock) -> None:
    task_id = export(logs, clock, logStreamNamePrefix="ecs/worker")
    clock.advance(10)
    aws.tick()
    aws.tick()
    assert keys(s3) == ["aws-logs-write-test", f"exportedlogs/{task_id}/ecs-worker-1/000000.gz"]


def test_a_large_group_takes_its_time(logs: Any, s3: Any, clock: Clock) -> None:
    make_busy_group("us-east-1", "/lab/busy", end=clock.now(), count=400_000, period=10.0, streams=2)
    task_id = export(logs, clock, logGroupName="/lab/busy", **{"from": int(clock.now() * 1000) - 1_500_000})
    clock.advance(6)
    assert status(logs, task_id) == "RUNNING"
    assert len(keys(s3)) == 1
    clock.advance(4)
    assert status(logs, task_id) == "RUNNING"
    assert status(logs, task_id) == "COMPLETED"
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys(s3)[1:]]
    assert sum(gzip.decompress(body).count(b"Z ") for body in bodies) >= 149_000


def test_there_is_one_task_at_a_time_until_it_is_cancelled(logs: Any, s3: Any, clock: Clock) -> None:
    first = export(logs, clock)
    with pytest.raises(logs.exceptions.LimitExceededException, match="Resource limit exceeded"):
        export(logs, clock)
    logs.cancel_export_task(taskId=first)
    assert status(logs, first) == "PENDING_CANCEL"
    clock.advance(1)
    assert status(logs, first) == "CANCELLED"
    with pytest.raises(logs.exceptions.ClientError, match=r"InvalidOperationException.*already finished"):
        logs.cancel_export_task(taskId=first)
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="export task does not exist"):
        logs.cancel_export_task(taskId="none")
    second = export(logs, clock)
    clock.advance(20)
    listed = logs.describe_export_tasks()["exportTasks"]
    assert [each["taskId"] for each in listed] == [second, first]
    page = logs.describe_export_tasks(limit=1)
    assert logs.describe_export_tasks(limit=1, nextToken=page["nextToken"])["exportTasks"][0]["taskId"] == first
    assert [each["taskId"] for each in logs.describe_export_tasks(statusCode="CANCELLED")["exportTasks"]] == [first]
    assert logs.describe_export_tasks(taskId="none")["exportTasks"] == []
    assert not any(first in key for key in keys(s3))


def test_the_bucket_must_be_there_in_the_region_and_let_the_service_write(
    logs: Any, s3: Any, client: Client, clock: Clock
) -> None:
    refused = logs.exceptions.InvalidParameterException
    with pytest.raises(refused, match=r"The given bucket does not exist\. Please make sure the bucket is valid\."):
        export(logs, clock, destination="nobody-s")
    tokyo = {"LocationConstraint": "ap-northeast-1"}
    client("s3", "ap-northeast-1").create_bucket(Bucket="far-away", CreateBucketConfiguration=tokyo)
    with pytest.raises(refused, match="region"):
        export(logs, clock, destination="far-away")
    for given, missing in (
        (policy("logs.us-east-1.amazonaws.com", "s3:PutObject"), "GetBucketAcl"),
        (policy("logs.us-east-1.amazonaws.com", "s3:GetBucketAcl"), "PutObject"),
        (policy("logs.eu-west-1.amazonaws.com"), "GetBucketAcl"),
    ):
        s3.put_bucket_policy(Bucket=BUCKET, Policy=given)
        with pytest.raises(refused, match=f"{missing} call on the given bucket failed"):
            export(logs, clock)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy("logs.amazonaws.com"))
    assert export(logs, clock)
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        export(logs, clock, logGroupName="/nobody")


def test_a_task_can_fail(aws: AwsServer, logs: Any, s3: Any, clock: Clock) -> None:
    aws.faults.add("aws", "logs:CreateExportTask", "export_failed", count=1)
    task_id = export(logs, clock)
    clock.advance(10)
    assert status(logs, task_id) == "FAILED"
    another = export(logs, clock)
    s3.delete_object(Bucket=BUCKET, Key="aws-logs-write-test")
    s3.delete_bucket(Bucket=BUCKET)
    clock.advance(10)
    assert status(logs, another) == "FAILED"
