"""The storm of alarms: what is planned is what arrives."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.core.base_backend import BackendDict

from bot.settings.load import load
from sandbox.aws.server import AwsServer
from sandbox.aws.sns import certificate_pem
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.scenarios import alarm_storm
from sandbox.scenarios.storm import Storm, plan_storm, unleash
from sandbox.seed.account import Account, make_messaging
from sandbox.seed.catalogue import REGIONS, US
from sandbox.seed.storm import (
    CLUSTER,
    SERIES_ALARM,
    build_storm,
    configured_services,
    storm_of,
    stormy_services,
    write_storm_config,
)
from tests.sandbox.aws.sns.signatures import verify

CONFIG = Path(__file__).parents[2] / "config"
SMALL = stormy_services(6)
"""A storm over few services is like one over many."""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    server = AwsServer(Clock(speed=0), Faults(), Calls(), ticker=False)
    server.start()
    made = Account(server.url, "SANDBOXTEST", secrets.token_hex(8))
    try:
        for region in REGIONS:
            topic = make_messaging(made, region).topic_arn
            if region == US:
                build_storm(made, topic, SMALL)
        yield made
    finally:
        made.close()
        server.stop()
        BackendDict.reset()


def _taken(account: Account) -> list[dict[str, Any]]:
    sqs = account.client("sqs", US)
    queue = sqs.get_queue_url(QueueName="runbook-alarms")["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    return found


def _states(account: Account) -> dict[str, str]:
    pages = (
        account.client("cloudwatch", US)
        .get_paginator("describe_alarms")
        .paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"] + page["CompositeAlarms"]]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def test_at_first_all_is_quiet_and_every_service_runs(account: Account) -> None:
    assert set(_states(account).values()) == {"OK"}
    assert _taken(account) == []
    found = account.client("ecs", US).describe_services(cluster=CLUSTER, services=[one.name for one in SMALL])
    assert [service["status"] for service in found["services"]] == ["ACTIVE"] * 6
    build_storm(account, f"arn:aws:sns:{US}:123456789012:runbook-alarms", SMALL)
    assert len(_states(account)) == 6 * 8 + 1


def test_every_planned_notification_arrives_signed_and_some_arrive_twice(account: Account) -> None:
    storm = plan_storm(SMALL, 100)
    steps = list(unleash(account, storm, seconds=0))
    assert steps == storm.steps
    envelopes = _taken(account)
    assert len(envelopes) == 100
    assert len({envelope["MessageId"] for envelope in envelopes}) == storm.messages == 95
    for envelope in envelopes:
        verify(envelope, certificate_pem())
    told = [json.loads(envelope["Message"]) for envelope in envelopes]
    assert any(message.get("TriggeringChildren") for message in told)
    series = {message["AlarmContributorId"] for message in told if message["AlarmName"] == SERIES_ALARM}
    assert len(series) == 4
    states = _states(account)
    assert {name: states[name] for name in storm.states} == storm.states
    assert states[SERIES_ALARM] == "ALARM"


def _moves(storm: Storm) -> dict[str, list[str]]:
    moves: dict[str, list[str]] = {}
    for step in storm.steps:
        if step.alarm:
            moves.setdefault(step.alarm, []).append(step.state)
    return moves


@pytest.mark.parametrize(("services", "notifications"), [(40, 500), (40, 2_000), (1, 10), (3, 60), (100, 500)])
def test_a_plan_has_as_many_notifications_as_were_asked_for(services: int, notifications: int) -> None:
    storm = plan_storm(stormy_services(services), notifications)
    composites = sum(name.endswith("-down") for name in storm.states)
    again = sum(not step.alarm and not step.series for step in storm.steps)
    series = sum(len(step.series) for step in storm.steps)
    sets = sum(bool(step.alarm) for step in storm.steps)
    assert sets + composites + series + again == notifications == storm.notifications
    assert storm.messages == notifications - again
    assert [step.share for step in storm.steps] == sorted(step.share for step in storm.steps)


def test_no_step_sets_a_state_that_is_there_already() -> None:
    for states in _moves(plan_storm(stormy_services())).values():
        assert states[0] == "ALARM"
        assert all(before != after for before, after in itertools.pairwise(states))


def test_a_storm_has_alarms_that_flap_some_that_recover_and_many_that_stay_red() -> None:
    storm = plan_storm(stormy_services())
    counts = Counter({name: len(states) for name, states in _moves(storm).items()})
    assert {name for name, count in counts.items() if count > 3} <= set(storm.flapping)
    recovered = [name for name, state in storm.states.items() if state == "OK" and name not in storm.flapping]
    assert len(recovered) > 40
    assert len(storm.red()) > 150


def test_the_same_storm_can_be_had_again() -> None:
    assert plan_storm(SMALL, 100) == plan_storm(SMALL, 100)
    assert plan_storm(SMALL, 100, seed=2) != plan_storm(SMALL, 100)


@pytest.mark.parametrize(("services", "notifications"), [(0, 500), (3, 9)])
def test_a_storm_of_nothing_is_refused(services: int, notifications: int) -> None:
    with pytest.raises(ValueError, match="a storm needs"):
        plan_storm(stormy_services(services), notifications)


def test_the_steps_wait_for_their_time(account: Account) -> None:
    storm = plan_storm(SMALL, 12, with_series=False, seed=3)
    waited: list[float] = []
    list(unleash(account, storm, seconds=1_000.0, wait=waited.append))
    assert len(waited) == len(storm.steps)
    assert waited[-1] == pytest.approx(1_000.0, abs=60)
    _taken(account)


def test_the_services_are_in_a_configuration_that_the_bot_takes(tmp_path: Path) -> None:
    config = write_storm_config(CONFIG, tmp_path / "config")
    assert storm_of(config) == stormy_services()
    assert storm_of(CONFIG) == ()
    assert len(list((config / "systems").glob("storm*.yaml"))) == 4
    settings = load(config)
    assert len(settings.systems) == len(list((config / "systems").glob("*.yaml")))


def test_configured_services_are_told_with_their_alarms() -> None:
    found = {service.name: service for service in configured_services(CONFIG)}
    assert "delivery-standard-prod-high-latency" in found["delivery-standard"].alarms
    written = yaml.safe_load((CONFIG / "systems" / "usage-metrics.yaml").read_text())
    assert found["delivery-standard"].region == written["region"]


class _Stage:
    """Where the story is played without a sandbox around it: somebody takes what arrives."""

    def __init__(self, account: Account, config_dir: Path) -> None:
        self.account, self.config_dir = account, config_dir
        self.said: list[str] = []
        self.taken: list[dict[str, Any]] = []

    def aws(self, service: str, region: str) -> Any:
        return self.account.client(service, region)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def wait(self, seconds: float) -> None:
        assert seconds >= 0

    def until(self, look: Any, seconds: float, otherwise: str) -> Any:
        taker = threading.Thread(target=lambda: self.taken.extend(_taken(self.account)))
        taker.start()
        taker.join(seconds)
        assert look(), otherwise


def test_the_story_is_played_to_the_last_notification(account: Account, tmp_path: Path) -> None:
    stage: Any = _Stage(account, write_storm_config(CONFIG, tmp_path / "config", len(SMALL)))
    alarm_storm.play(stage)
    assert stage.said[0] == "500 notifications in 10 seconds"
    assert stage.said[-1] == "the bot has taken them all"
    # What an earlier storm left red does not tell again.
    assert len(stage.taken) > 400


def test_without_its_services_the_story_takes_the_configured_ones(account: Account) -> None:
    cloudwatch = account.client("cloudwatch", US)
    wanted = {"MetricName": "x", "Namespace": "y", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    name = "delivery-standard-prod-high-latency"
    cloudwatch.put_metric_alarm(
        AlarmName=name, Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", **wanted
    )
    stage: Any = _Stage(account, CONFIG)
    storm = alarm_storm.plan(stage)
    assert set(storm.states) == {name}
    assert "--storm" in stage.said[0]
