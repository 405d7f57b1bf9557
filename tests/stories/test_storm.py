"""Five hundred notifications in ten seconds over forty services, some twice, some in the wrong order, Slack busy.

In the middle Slack takes no message for a minute. Every alarm is accounted for afterwards: in one incident, which has
one headline, however often and in whatever order it was told of.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.app import Sandbox
from sandbox.aws.sns import hold_deliveries, release_deliveries
from sandbox.scenarios.storm import Storm, plan_storm, unleash
from sandbox.seed.catalogue import US
from sandbox.seed.storm import SERIES_ALARM, stormy_services, write_storm_config
from tests.stories.conftest import CONFIG, Places
from tests.stories.town import Town, measured, words

pytestmark = pytest.mark.story

CHANNELS = ("#bi-platform", "#rapid-photo", "#arbor-energy", "#image-caption")
GREEN = ":large_green_circle:"
MINUTE = 60.0
PATIENCE = 300.0
HOLD, RELEASE, BUSY = 0.3, 0.4, 0.5
"""Shares of the storm at which what is told is held back, comes newest first, and Slack begins to refuse."""
NOTIFICATIONS = "name = 'notified' AND key NOT LIKE 'event:%' AND key NOT LIKE 'asked:%'"
"""Signals made of what SNS sent; EventBridge tells besides, and what is late is found by asking."""
CALLS_EACH = 12
"""Calls to Slack that an incident may cost in all this: its headline, findings and picture, and some updates."""


@dataclass(frozen=True)
class Aftermath:
    """What is left of the storm: what was planned, the calls to Slack, and the rows of incidents by their id."""

    storm: Storm
    calls: Sequence[Mapping[str, Any]]
    incidents: Mapping[str, Mapping[str, Any]]

    def posts(self) -> list[str]:
        """The keys of all messages that Slack took, in order."""
        made = [call for call in self.calls if call["operation"] == "chat.postMessage" and call["status"] == "ok"]
        return [str(_metadata(call["params"])["event_payload"]["key"]) for call in made]

    def where(self) -> dict[str, list[str]]:
        """The incidents that each alarm, or series of one, is a member of, by the key of its row."""
        found: dict[str, list[str]] = {}
        for incident, body in self.incidents.items():
            for member in body["members"]:
                found.setdefault(member["key"], []).append(incident)
        return found

    def states(self) -> dict[str, str]:
        """The state of each member as its incident has it, by the key of its row."""
        return {each["key"]: each["state"] for body in self.incidents.values() for each in body["members"]}


@pytest.fixture(scope="module")
def town(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town with the forty services, each of their systems in a channel of its own, and the shipped times."""
    places.close()
    place = tmp_path_factory.mktemp("storm")
    config = write_storm_config(CONFIG, place / "config")
    for number, channel in enumerate(CHANNELS, start=1):
        system = config / "systems" / f"storm{number}.yaml"
        system.write_text(yaml.safe_dump(yaml.safe_load(system.read_text()) | {"channel": channel}, sort_keys=False))
    sandbox = Sandbox(config_dir=config, state_dir=place / "state", bot_environment={"BOT_CONFIG_DIR": str(config)})
    sandbox.start()
    made = Town(sandbox)
    yield made
    made.close()
    sandbox.stop()


@pytest.fixture(scope="module")
def after(town: Town) -> Aftermath:
    _until_calm(town)
    storm, mark = plan_storm(stormy_services()), town.mark()
    turns = [
        (HOLD, hold_deliveries),
        (RELEASE, lambda: release_deliveries(newest_first=True)),
        (BUSY, lambda: town.fault("slack", "chat.postMessage", "ratelimited", seconds=MINUTE)),
        (BUSY, lambda: town.fault("slack", "chat.update", "ratelimited", seconds=MINUTE)),
    ]
    for step in unleash(town.stage.account, storm):
        while turns and step.share >= turns[0][0]:
            turns.pop(0)[1]()
    town.until(
        "every notification at the bot",
        lambda: _one(town, f"SELECT count(*) FROM signals WHERE {NOTIFICATIONS}") >= storm.messages,
        PATIENCE,
    )
    _until_calm(town)
    return Aftermath(storm, _slack(town, mark), _incidents(town))


def test_every_notification_was_taken_once(town: Town, after: Aftermath) -> None:
    assert _one(town, f"SELECT count(*) FROM signals WHERE {NOTIFICATIONS}") == after.storm.messages
    assert after.storm.notifications - after.storm.messages == 25


def test_every_alarm_is_in_one_incident_which_knows_its_state(town: Town, after: Aftermath) -> None:
    pages = town.aws("cloudwatch", US).get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    named = {each["AlarmName"]: each for page in pages for each in page["MetricAlarms"]}
    where, states = after.where(), after.states()
    assert {key: found for key, found in where.items() if len(found) != 1} == {}
    fired = {_arn(named, name) + "#": state for name, state in after.storm.states.items()}
    told = {key: states.get(key) for key in fired}
    # What was told of only after it was over may have opened nothing; whatever is red must be known to be red.
    assert {key: (state, told[key]) for key, state in fired.items() if told[key] not in (state, None)} == {}
    assert [key for key, state in fired.items() if state == "ALARM" and told[key] is None] == []
    series = [key for key in where if _is_series(key)]
    assert len(series) == 20
    assert {states[key] for key in series} == {"ALARM"}


def test_every_incident_has_one_headline_and_nothing_was_posted_twice(town: Town, after: Aftermath) -> None:
    posts = after.posts()
    assert {key: times for key, times in Counter(posts).items() if times > 1} == {}
    assert sorted(key for key in posts if key.endswith(":headline")) == sorted(
        f"inc:{incident}:headline" for incident in after.incidents
    )
    shown = [one for channel in CHANNELS for one in town.shown(channel, "storm-")]
    headlines = [one for one in shown if _is_headline(one)]
    assert len(headlines) == len(after.incidents)


def test_every_incident_has_its_findings(after: Aftermath) -> None:
    posts = set(after.posts())
    assert [incident for incident in after.incidents if f"inc:{incident}:findings" not in posts] == []


def test_calls_to_slack_grow_with_incidents_and_not_with_alarms(after: Aftermath) -> None:
    assert len(after.incidents) < after.storm.notifications / 10
    assert len(after.calls) <= CALLS_EACH * len(after.incidents)
    refused = [call for call in after.calls if call["status"] == "ratelimited"]
    measured(f"{len(after.calls)} calls, {len(refused)} of them refused, for {len(after.incidents)} incidents")
    assert refused, "Slack refused nothing, so that nothing is proven"


def test_the_series_of_one_alarm_are_incidents_of_their_own(after: Aftermath) -> None:
    of_series = [sum(_is_series(member["key"]) for member in body["members"]) for body in after.incidents.values()]
    assert (max(of_series), sum(of_series)) == (1, 20)


def test_a_composite_alarm_is_with_what_it_was_red_with(town: Town, after: Aftermath) -> None:
    where, seen = after.where(), 0
    told = _rows(town, "SELECT payload FROM signals WHERE name = 'notified' ORDER BY number")
    for alarm in (json.loads(payload)["alarm"] for (payload,) in told):
        children = [f"{child}#" for child in alarm["children"]]
        if alarm["state"] != "ALARM" or not children or f"{alarm['arn']}#" not in where:
            continue
        seen += 1
        assert {tuple(where[child]) for child in children} == {tuple(where[f"{alarm['arn']}#"])}, alarm["name"]
    assert seen > 30


def test_when_all_of_a_system_is_well_again_its_incidents_are_green_and_the_others_are_not(
    town: Town, after: Aftermath
) -> None:
    channel = CHANNELS[1]
    services = stormy_services()[1 :: len(CHANNELS)]
    cloudwatch = town.aws("cloudwatch", US)
    for service in services:
        for name in service.alarms:
            if after.storm.states.get(name) == "ALARM":
                cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="It is over.")

    def green() -> bool:
        shown = [words(one) for one in town.shown(channel, "alarm") if _is_headline(one)]
        return bool(shown) and all(text.startswith(GREEN) for text in shown)

    town.until("green headlines", green, PATIENCE)
    _until_calm(town)
    phases = Counter((body["channel"], body["phase"]) for body in _incidents(town).values())
    assert {phase for where, phase in phases if where == channel} == {"recovered"}
    assert {phase for where, phase in phases if where != channel} == {"open"}


def _is_series(key: str) -> bool:
    """Whether a row is that of one series; EventBridge tells of the whole alarm, too."""
    alarm, _, series = key.partition("#")
    return bool(series) and alarm.endswith(f":{SERIES_ALARM}")


def _is_headline(message: Mapping[str, Any]) -> bool:
    return str(_metadata(message).get("event_payload", {}).get("key", "")).endswith(":headline")


def _metadata(holder: Mapping[str, Any]) -> dict[str, Any]:
    found = holder.get("metadata") or {}
    return dict(json.loads(found) if isinstance(found, str) else found)


def _arn(named: Mapping[str, Mapping[str, Any]], name: str) -> str:
    some = str(next(iter(named.values()))["AlarmArn"])
    return f"{some.rpartition(':')[0]}:{name}"


def _database(town: Town) -> Path:
    return town.sandbox.state_dir / "bot.sqlite3"


def _rows(town: Town, asked: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{_database(town)}?mode=ro", uri=True)) as database:
        return list(database.execute(asked, values))


def _one(town: Town, asked: str, *values: object) -> int:
    return int(_rows(town, asked, *values)[0][0])


def _incidents(town: Town) -> dict[str, dict[str, Any]]:
    """The incidents of the storm's services."""
    found = {}
    for incident, phase, body in _rows(town, "SELECT id, state, body FROM rows WHERE kind = 'incident'"):
        read = json.loads(body)
        if read["alarm"]["name"].startswith("storm-"):
            found[incident] = read | {"phase": phase}
    return found


def _slack(town: Town, mark: int) -> list[dict[str, Any]]:
    """What was asked of Slack since a mark about these incidents, looking things up included."""
    return [call for call in town.sandbox.calls.list(target="slack") if call["seq"] > mark]


def _until_calm(town: Town) -> None:
    """Until nothing is owed, nothing is being worked on and nothing waits in the queue."""

    def calm() -> bool:
        told = _one(town, "SELECT count(*) FROM signals WHERE consumed_at IS NULL")
        due = "SELECT count(*) FROM rows WHERE lease_until IS NOT NULL OR due_at < ?"
        owed = "SELECT count(*) FROM rows WHERE kind IN ('post', 'file', 'diagnosis') AND state = 'owed'"
        return told == 0 and _one(town, due, time.time() + 1) == 0 and _one(town, owed) == 0

    town.until("the bot to have done everything", lambda: calm() and calm(), PATIENCE)
