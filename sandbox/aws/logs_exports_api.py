"""CreateExportTask, DescribeExportTasks and CancelExportTask; each function takes the place of moto's method."""

from __future__ import annotations

import base64
import binascii
import io
import json
import uuid
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse
from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

from sandbox.aws.acted import EXPORT_FAILED, met
from sandbox.aws.logs_errors import LogsError, invalid, not_found
from sandbox.aws.logs_exports import begin, put, tasks_of
from sandbox.aws.logs_groups import group_of

_DEFAULT_PREFIX = "exportedlogs"
_MOST_DESCRIBED = 50
_WRITE_TEST = "aws-logs-write-test"


def create_export_task(self: LogsResponse) -> str:
    """CreateExportTask: one at a time, into a bucket of the same region that lets CloudWatch Logs write to it."""
    params: dict[str, Any] = json.loads(self.body)
    params["destinationPrefix"] = params.get("destinationPrefix") or _DEFAULT_PREFIX
    group = group_of(self.logs_backend, params["logGroupName"])
    _check_bucket(group, params["destination"])
    tasks = tasks_of(self.logs_backend)
    if any(task.is_active() for task in tasks.values()):
        raise LogsError("LimitExceededException", "Resource limit exceeded.")
    put(group, params["destination"], _WRITE_TEST, io.BytesIO(b"Permission Check Successful"))
    task_id = str(uuid.uuid4())
    tasks[task_id] = begin(group, task_id, params, fails=met(EXPORT_FAILED))
    return json.dumps({"taskId": task_id})


def _check_bucket(group: LogGroup, name: str) -> None:
    bucket = s3_backends[group.account_id][get_partition(group.region)].buckets.get(name)
    if bucket is None:
        raise invalid("The given bucket does not exist. Please make sure the bucket is valid.")
    if bucket.region_name != group.region:
        # That it is refused AWS's guide says; the words are the sandbox's.
        raise invalid("The given bucket is not in the region of the log group.")
    for action in ("s3:GetBucketAcl", "s3:PutObject"):
        if not _lets(bucket, action, group.region):
            raise invalid(
                f"{action.removeprefix('s3:')} call on the given bucket failed. "
                "Please check if CloudWatch Logs has been granted permission to perform this operation."
            )


def _lets(bucket: FakeBucket, action: str, region: str) -> bool:
    """Whether the bucket's policy lets CloudWatch Logs do this; its conditions are not looked at."""
    policy = json.loads(bucket.policy or "{}")
    return any(
        statement.get("Effect") == "Allow"
        and _names(statement.get("Principal"), region)
        and any(fnmatchcase(action.lower(), each.lower()) for each in _listed(statement.get("Action")))
        for statement in policy.get("Statement", ())
    )


def _names(principal: Any, region: str) -> bool:
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else _listed(principal)
    return bool({"*", "logs.amazonaws.com", f"logs.{region}.amazonaws.com"} & set(services))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def describe_export_tasks(self: LogsResponse) -> str:
    """DescribeExportTasks: the newest first, on wish those in a status, or the one with an id, if there is one."""
    params: dict[str, Any] = json.loads(self.body or "{}")
    limit = int(params.get("limit") or _MOST_DESCRIBED)
    found = [
        task.described()
        for task in reversed(tasks_of(self.logs_backend).values())
        if params.get("taskId") in (None, task.id) and params.get("statusCode") in (None, task.code)
    ]
    try:
        first = int(base64.b64decode(params["nextToken"], validate=True)) if params.get("nextToken") else 0
    except (binascii.Error, ValueError):
        raise invalid("The specified nextToken is invalid.") from None
    answer: dict[str, Any] = {"exportTasks": found[first : first + limit]}
    if first + limit < len(found):
        answer["nextToken"] = base64.b64encode(str(first + limit).encode()).decode()
    return json.dumps(answer)


def cancel_export_task(self: LogsResponse) -> str:
    """CancelExportTask; a task that has ended cannot be cancelled."""
    task = tasks_of(self.logs_backend).get(self._get_param("taskId"))
    if task is None:
        raise not_found("export task")
    if not task.is_active():
        raise LogsError("InvalidOperationException", "The specified export task has already finished")
    task.cancel()
    return ""


OPERATIONS: tuple[Callable[[LogsResponse], str], ...] = (
    create_export_task,
    describe_export_tasks,
    cancel_export_task,
)
