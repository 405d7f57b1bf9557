"""ECS's own events, in the words of its documents, become alarms of the service they are about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Alarm, AlarmState, as_json
from bot.intake.parse import alarms_from

SERVICE = "arn:aws:ecs:eu-west-1:123456789012:service/shop/api"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
RECEIVED = 1_790_000_000.0
HAPPENED = 1_789_997_590.0
STAMP = "2026-09-21T13:33:10Z"


def event(kind: str, **detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "e-1",
        "detail-type": kind,
        "source": "aws.ecs",
        "account": "123456789012",
        "time": STAMP,
        "region": "eu-west-1",
        "resources": [SERVICE],
        "detail": detail,
    }


def deployment(name: str) -> dict[str, Any]:
    reason = "ECS deployment circuit breaker: tasks failed to start."
    kind = "ERROR" if name.endswith("FAILED") else "INFO"
    told = {"eventType": kind, "eventName": name, "deploymentId": "ecs-svc/1", "updatedAt": STAMP, "reason": reason}
    return event("ECS Deployment State Change", **told)


def action(name: str, kind: str = "ERROR", **more: Any) -> dict[str, Any]:
    told = {"eventType": kind, "eventName": name, "clusterArn": CLUSTER, "createdAt": STAMP}
    return event("ECS Service Action", **told, **more)


def task(**changes: Any) -> dict[str, Any]:
    container = {"name": "api", "lastStatus": "STOPPED", "exitCode": 1}
    told = {
        "clusterArn": CLUSTER,
        "group": "service:api",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "stoppedAt": STAMP,
        "containers": [container],
    }
    return event("ECS Task State Change", **told | changes) | {"resources": [f"{CLUSTER}/task/1"]}


def read(document: dict[str, Any]) -> tuple[Alarm, ...]:
    return alarms_from(json.dumps(document), "", TOPIC, RECEIVED)


def test_a_failed_deployment_is_an_alarm_of_its_service() -> None:
    (alarm,) = read(deployment("SERVICE_DEPLOYMENT_FAILED"))
    assert (alarm.state, alarm.name) == (AlarmState.ALARM, "ECS deployment failed: api")
    assert (alarm.arn, alarm.source, alarm.at) == (f"{SERVICE}#deployment", "ecs", HAPPENED)
    assert (alarm.account, alarm.region, alarm.topic) == ("123456789012", "eu-west-1", TOPIC)
    assert alarm.reason == "ECS deployment circuit breaker: tasks failed to start."
    assert alarm.metric is not None
    assert alarm.metric.dimensions == {"ClusterName": "shop", "ServiceName": "api"}


def test_tasks_that_cannot_be_placed_are_an_alarm() -> None:
    (alarm,) = read(action("SERVICE_TASK_PLACEMENT_FAILURE", reason="RESOURCE:FARGATE"))
    assert (alarm.state, alarm.name, alarm.arn) == (
        AlarmState.ALARM,
        "ECS cannot place tasks: api",
        f"{SERVICE}#service",
    )
    assert alarm.reason == "SERVICE_TASK_PLACEMENT_FAILURE: RESOURCE:FARGATE"


@pytest.mark.parametrize("kind", ["ERROR", "WARN"])
def test_trouble_that_was_invented_later_is_an_alarm_all_the_same(kind: str) -> None:
    (alarm,) = read(action("SERVICE_SOMETHING_NEW", kind))
    assert (alarm.state, alarm.name) == (AlarmState.ALARM, "ECS tells SERVICE_SOMETHING_NEW: api")


def test_a_task_whose_essential_container_ended_is_an_alarm() -> None:
    (alarm,) = read(task())
    assert (alarm.state, alarm.name, alarm.arn) == (AlarmState.ALARM, "ECS task failed: api", f"{SERVICE}#task")
    assert alarm.reason == "EssentialContainerExited; Essential container in task exited; api exited with 1"


def test_a_task_out_of_memory_is_named_so() -> None:
    container = {"name": "api", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}
    (alarm,) = read(task(containers=[container]))
    assert alarm.name == "ECS task out of memory: api"
    assert "api exited with 137 (OutOfMemoryError" in alarm.reason


def test_a_task_that_could_not_start_is_an_alarm() -> None:
    container = {"name": "api", "reason": "CannotPullContainerError: no such tag"}
    (alarm,) = read(task(stopCode="TaskFailedToStart", containers=[container]))
    assert alarm.state is AlarmState.ALARM
    assert "api did not run (CannotPullContainerError: no such tag)" in alarm.reason


@pytest.mark.parametrize(
    "document", [action("SERVICE_STEADY_STATE", "INFO"), deployment("SERVICE_DEPLOYMENT_COMPLETED")]
)
def test_a_service_that_is_well_again_ends_each_of_its_alarms(document: dict[str, Any]) -> None:
    alarms = read(document)
    assert {alarm.arn for alarm in alarms} == {f"{SERVICE}#{about}" for about in ("deployment", "service", "task")}
    assert {(alarm.state, alarm.source, alarm.at) for alarm in alarms} == {(AlarmState.OK, "ecs", HAPPENED)}


@pytest.mark.parametrize(
    "document",
    [
        deployment("SERVICE_DEPLOYMENT_IN_PROGRESS"),
        action("SERVICE_DESIRED_COUNT_UPDATED", "INFO"),
        task(lastStatus="RUNNING"),
        task(stopCode="ServiceSchedulerInitiated", containers=[{"name": "api", "exitCode": 0}]),
        task(group="family:migrate"),
        task(clusterArn=None),
        deployment("SERVICE_DEPLOYMENT_FAILED") | {"resources": []},
        deployment("SERVICE_DEPLOYMENT_FAILED") | {"source": "my.app"},
        deployment("SERVICE_DEPLOYMENT_FAILED") | {"resources": ["arn:aws:ecs:eu-west-1:1:service/a b/<!here>"]},
    ],
)
def test_what_tells_of_no_trouble_of_a_service_is_shown_as_it_came(document: dict[str, Any]) -> None:
    (shown,) = read(document)
    assert shown.state is None
    assert shown.raw == json.dumps(document)


def test_a_service_arn_of_the_old_format_takes_its_cluster_from_the_event() -> None:
    old = "arn:aws:ecs:eu-west-1:123456789012:service/api"
    (alarm,) = read(action("SERVICE_TASK_PLACEMENT_FAILURE") | {"resources": [old]})
    assert alarm.arn == f"{old}#service"
    assert alarm.metric is not None and alarm.metric.dimensions["ClusterName"] == "shop"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("eventName", "eventType", "clusterArn", "reason", "createdAt", "group", "containers", "stopCode", "lastStatus")


@given(
    st.sampled_from([deployment("SERVICE_DEPLOYMENT_FAILED"), action("SERVICE_STEADY_STATE"), task()]),
    st.dictionaries(st.sampled_from(KEYS), JSON),
    st.dictionaries(st.sampled_from(["resources", "source", "time", "detail"]), JSON),
)
def test_no_broken_event_raises_and_all_can_be_stored(
    document: dict[str, Any], detail: dict[str, Any], outer: dict[str, Any]
) -> None:
    for alarm in read(document | {"detail": document["detail"] | detail} | outer):
        stored = json.dumps(as_json(alarm), allow_nan=False, ensure_ascii=False).encode()
        assert Alarm.model_validate(json.loads(stored)) == alarm
