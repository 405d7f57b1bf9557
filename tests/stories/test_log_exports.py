"""Somebody wants a service's logs kept: they are exported to the team's bucket, one log group after the other."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from sandbox.seed.catalogue import RDS_LOG_GROUP, US, service_of
from sandbox.seed.export_buckets import ARBOR_EXPORTS
from tests.stories.conftest import Places
from tests.stories.town import ALICE, BOB, Town, words

pytestmark = pytest.mark.story

ARBOR, BACKEND = "#arbor-energy", service_of("arbor", "backend")
EXPORT = "/logs arbor/backend production export last 2h"
FAST = 10.0
"""An export takes ten seconds of the sandbox's."""


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """A new one: exports of other stories would take the one place there is."""
    made = places.new_town("socket")
    made.speed(FAST)
    return made


def test_logs_are_exported_to_the_bucket_of_the_system(town: Town) -> None:
    card = town.plan(ALICE, ARBOR, EXPORT)
    planned = words(card)
    assert "Export logs of arbor/backend production: last 2h less the newest 5 minutes, reckoned when" in planned
    assert RDS_LOG_GROUP in planned
    assert f"s3://{ARBOR_EXPORTS}/logs/production/backend/" in planned
    assert "it takes up to 12 hours until log data can be exported" in planned
    town.press(ALICE, ARBOR, card["ts"], "Confirm")
    assert town.ended(ARBOR, card["ts"]) == "done"
    said = words(town.message(ARBOR, card["ts"]))
    assert f"2 log groups are exported to s3://{ARBOR_EXPORTS}/logs/production/backend/" in said
    assert f"https://{US}.console.aws.amazon.com/s3/buckets/{ARBOR_EXPORTS}?" in said
    for task in _tasks(town):
        assert f"s3://{ARBOR_EXPORTS}/logs/production/backend/{task['taskId']}/" in said
        assert _lines(town, task["taskId"]) > 0
    assert {task["logGroupName"] for task in _tasks(town)} == {RDS_LOG_GROUP, BACKEND.log_group}


def test_who_may_read_logs_may_not_export_them(town: Town) -> None:
    assert "You may not export logs in production." in town.ask(BOB, ARBOR, EXPORT)


def test_an_export_waits_for_somebody_else_s_and_is_cancelled_in_aws(town: Town) -> None:
    town.speed(0.5)
    now = int(town.sandbox.clock.now() * 1000)
    logs = town.aws("logs", US)
    theirs = {"from": now - 3_600_000, "to": now, "destination": ARBOR_EXPORTS, "taskName": "nightly"}
    logs.create_export_task(logGroupName=RDS_LOG_GROUP, **theirs)
    card = town.plan(ALICE, ARBOR, EXPORT)
    assert f"another is under way: {RDS_LOG_GROUP}" in words(card)
    town.press(ALICE, ARBOR, card["ts"], "Confirm")
    town.says(ARBOR, card["ts"], "Waiting for another export: AWS runs one at a time in an account")
    town.speed(FAST)
    town.until("their export to end", lambda: _tasks(town, "nightly")[0]["status"]["code"] == "COMPLETED")
    town.speed(0.1)
    town.says(ARBOR, card["ts"], f"Exporting {RDS_LOG_GROUP}: PENDING")
    town.press(ALICE, ARBOR, card["ts"], "Cancel")
    assert town.ended(ARBOR, card["ts"]) == "cancelled, not all of it was done"
    said = words(town.message(ARBOR, card["ts"]))
    assert f"Not begun: {BACKEND.log_group}." in said
    town.speed(FAST)
    assert town.until("AWS to cancel it", lambda: _tasks(town)[0]["status"]["code"] == "CANCELLED")


def _tasks(town: Town, name: str = "runbook-bot-") -> list[dict[str, Any]]:
    """The export tasks whose name begins so, newest first."""
    listed = town.aws("logs", US).describe_export_tasks()["exportTasks"]
    return [task for task in listed if task["taskName"].startswith(name)]


def _lines(town: Town, task_id: str) -> int:
    s3 = town.aws("s3", US)
    listed = s3.list_objects_v2(Bucket=ARBOR_EXPORTS, Prefix=f"logs/production/backend/{task_id}/")["Contents"]
    bodies = [s3.get_object(Bucket=ARBOR_EXPORTS, Key=each["Key"])["Body"].read() for each in listed]
    return sum(gzip.decompress(body).count(b"\n") for body in bodies)
