"""What happens at the same instant: real threads, a real engine and store, fakes at the ports."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from alerts.correlation import MOST_ALARMS
from bot.catalog import Catalog
from bot.domain import Actor, AlarmState, System
from bot.incident import ALARM, LIVE, Incident, Phase
from bot.rows import Row, Signal
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene, the_systems
from tests.waiting import until

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:"
ROUNDS = 5
"""Races of one kind in one test: who wins is chance."""
SYSTEMS, STORM, DOORS = 10, 200, 8


@pytest.fixture
def race(tmp_path: Path) -> Iterator[Scene]:
    """A scene whose engine runs by itself; its clock moves while the test waits."""
    scene = Scene(tmp_path, catalog=Catalog(tuple(_system(number) for number in range(SYSTEMS))), workers=4)
    scene.engine.start()
    yield scene
    scene.close()


def _system(number: int) -> System:
    (like,) = the_systems()
    named = {"system": f"s{number}", "channel": "#bi"} if number else {}
    environments = like.model_dump()["environments"]
    for environment in environments.values():
        for service in environment["services"].values():
            alarms = [*service["alarms"], *({"name": f"a-{each}", "severity": "high"} for each in range(STORM))]
            names = {
                f"{each['name']}-{number}" if number or each["name"].startswith("a-") else each["name"]: each
                for each in alarms
            }
            service["alarms"] = (
                [{**each, "name": name} for name, each in names.items()]
                if service["kind"] == "ecs" and environment["production"]
                else []
            )
    return System.model_validate({**like.model_dump(), "environments": environments, **named})


def at_once(*acts: Callable[[], object]) -> None:
    """Do all of it at the same instant, each in a thread of its own."""
    start = threading.Barrier(len(acts))
    failed: list[BaseException] = []

    def act(one: Callable[[], object]) -> None:
        try:
            start.wait(10)
            one()
        except BaseException as error:  # a thread's errors would be nobody's
            failed.append(error)

    threads = [threading.Thread(target=act, args=(one,)) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed, failed


def settle(scene: Scene, seconds: float = 20.0) -> None:
    """Until everything owed within the next seconds of the clock is done."""
    end = scene.clock.now() + seconds
    look = sqlite3.connect(scene.folder / "bot.db", isolation_level=None)

    def over() -> bool:
        due, held = look.execute("SELECT min(due_at), count(lease_until) FROM rows WHERE due_at IS NOT NULL").fetchone()
        if held or (due is not None and due <= scene.clock.now()):
            return False
        if due is None or due > end:
            scene.clock.set(end)
            return True
        scene.clock.set(due)
        scene.engine.poke()
        return False

    until(over, 60, otherwise=lambda: "the engine never came to rest", every=0.002)
    look.close()


def press(scene: Scene, row: Row, action: str, user: str, key: str) -> Callable[[], object]:
    return lambda: scene.front.press(f"incident:{action}", row.id, Actor(user=user), key=key)


def tell(scene: Scene, row_id: str, name: str, key: str, **payload: object) -> Callable[[], object]:
    return lambda: scene.engine.signal(row_id, Signal(name, payload, key=key))


def fire(scene: Scene, name: str, mark: str, word: str = "ALARM") -> Callable[[], object]:
    def act() -> None:
        scene.alarm(word, f"{mark}:{name}", name=name)
        scene.engine.poke()

    return act


def opened(scene: Scene, name: str, mark: str) -> Row:
    """An incident that an alarm opens, in peace."""
    before = {row.id for row in scene.store.rows("incident", limit=1000)}
    fire(scene, name, mark)()
    settle(scene)
    (row,) = [row for row in scene.store.rows("incident", limit=1000) if row.id not in before]
    return row


def again(scene: Scene, row: Row) -> Row:
    found = scene.store.get(row.id)
    assert found is not None
    return found


def live(scene: Scene) -> Counter[str]:
    """In how many live incidents each alarm is, by its row's key."""
    rows = scene.store.rows("incident", states=LIVE, limit=1000)
    return Counter(each.key for row in rows for each in Incident.model_validate(row.body).members)


def red(scene: Scene) -> set[str]:
    """The alarms that are in ALARM, by their rows."""
    return {row.key for row in scene.store.rows(ALARM, states=("firing",), limit=1000)}


def each_is_in_one(scene: Scene) -> None:
    """Every alarm in ALARM is in exactly one live incident, and stands there as being in ALARM."""
    found = live(scene)
    assert {key: found[key] for key in red(scene)} == dict.fromkeys(red(scene), 1)
    rows = scene.store.rows("incident", states=LIVE, limit=1000)
    known = {each.key: each.state for row in rows for each in Incident.model_validate(row.body).members}
    assert {key for key, state in known.items() if state is AlarmState.ALARM} == red(scene)


def no_reply_twice(scene: Scene) -> None:
    posted = Counter(shown.key for shown in scene.chat.posts)
    assert {key: times for key, times in posted.items() if times > 1} == {}


def test_of_two_who_acknowledge_at_once_one_has_it_and_the_other_is_told(race: Scene) -> None:
    for number in range(ROUNDS):
        row = opened(race, f"a-{number}-{number}", "r")
        pressed = [press(race, row, "acknowledge", user, f"{user}:{number}") for user in (ALICE, BOB)]
        at_once(*pressed, *pressed)
        settle(race)
        body = Incident.model_validate(again(race, row).body)
        assert body.acked_by in (ALICE, BOB)
        said = [shown for shown in race.chat.thread(f"inc:{row.id}:headline") if "has it." in shown.message.text]
        assert len(said) == 1
        other = BOB if body.acked_by == ALICE else ALICE
        told = [each for each in race.said_to(other) if "has it already" in texts(each)]
        assert told, "whoever came second was told nothing"
        press(race, row, "resolve", ALICE, f"over:{number}")()
        fire(race, f"a-{number}-{number}", "ok", "OK")()
        settle(race)
    no_reply_twice(race)


def test_an_alarm_that_joins_while_somebody_resolves_is_in_one_incident(race: Scene) -> None:
    for number in range(ROUNDS):
        row = opened(race, f"a-1-{number}", f"r{number}")
        at_once(press(race, row, "resolve", ALICE, f"{number}"), fire(race, f"a-2-{number}", f"r{number}"))
        settle(race)
        assert again(race, row).state == Phase.RESOLVED
        inside = [each["name"] for each in again(race, row).body["members"]]
        # Whoever pressed saw it, or it came too late for them and is a matter of its own.
        joined = live(race)[f"{ARN}a-2-{number}#"]
        assert (f"a-2-{number}" in inside, joined) in ((True, 0), (False, 1))
        for name in (f"a-1-{number}", f"a-2-{number}"):
            fire(race, name, f"ok{number}", "OK")()
        settle(race)


@pytest.mark.parametrize("flapped", [False, True])
def test_two_incidents_merged_into_each_other_lose_no_alarm(race: Scene, flapped: bool) -> None:
    for number in range(ROUNDS):
        first = opened(race, f"a-1-{number}", "r")
        second = opened(race, f"a-2-{number + ROUNDS}", "r")
        if flapped:
            fire(race, f"a-1-{number}", "ok", "OK")()
            settle(race)
            fire(race, f"a-1-{number}", "again")()
            settle(race)
        at_once(
            tell(race, first.id, "merge", f"m1:{number}", user=ALICE, into=second.id),
            tell(race, second.id, "merge", f"m2:{number}", user=BOB, into=first.id),
        )
        settle(race, 40)
        each_is_in_one(race)
    no_reply_twice(race)


def test_an_incident_that_ends_while_another_is_merged_into_it_loses_no_alarm(race: Scene) -> None:
    for number in range(ROUNDS):
        name = f"a-1-{number}"
        first, second = opened(race, f"a-1-{number}", "r"), opened(race, f"a-2-{number + ROUNDS}", "r")
        at_once(
            tell(race, first.id, "merge", f"m:{number}", user=ALICE, into=second.id),
            press(race, second, "resolve", BOB, f"{number}"),
        )
        settle(race)
        over = again(race, second)
        assert over.state == Phase.RESOLVED
        inside = name in [each["name"] for each in over.body["members"]]
        # It came in time to be resolved with the other; or the other was over, and it goes on by itself.
        assert (inside, live(race)[f"{ARN}{name}#"]) in ((True, 0), (False, 1))
        no_reply_twice(race)


def test_an_alarm_that_is_split_off_while_it_recovers_is_in_one_incident(race: Scene) -> None:
    for number in range(ROUNDS):
        row = opened(race, f"a-1-{number}", "r")
        fire(race, f"a-2-{number}", "r")()
        settle(race)
        at_once(
            tell(race, row.id, "split", f"s:{number}", user=ALICE, alarm=f"a-2-{number}"),
            fire(race, f"a-2-{number}", "ok", "OK"),
        )
        settle(race)
        each_is_in_one(race)
        assert live(race)[f"{ARN}a-2-{number}#"] == 1
        fire(race, f"a-2-{number}", "again")()
        settle(race)
        each_is_in_one(race)
    no_reply_twice(race)


def test_an_alarm_that_fires_while_its_incident_closes_is_in_one_incident(race: Scene) -> None:
    for number in range(ROUNDS):
        row = opened(race, f"a-1-{number}", "r")
        fire(race, f"a-1-{number}", "ok", "OK")()
        settle(race)
        closes = float(again(race, row).body["next_at"])
        at_once(partial(race.clock.set, closes), fire(race, f"a-1-{number}", "again"))
        settle(race)
        each_is_in_one(race)
        assert again(race, row).state in (Phase.OPEN, Phase.CLOSED)
    no_reply_twice(race)


def test_a_storm_through_many_doors_puts_every_alarm_into_one_incident(race: Scene) -> None:
    names = [f"a-{each}-{each % SYSTEMS}" for each in range(STORM)]
    chance = random.Random(7)
    told = [chance.sample(names, len(names)) for _ in range(2)]
    told_twice = [fire(race, name, "storm") for each in told for name in each]

    def door(number: int) -> None:
        for act in told_twice[number::DOORS]:
            act()

    at_once(*(partial(door, number) for number in range(DOORS)))
    settle(race, 60)
    assert len(red(race)) == STORM
    each_is_in_one(race)
    assert len(race.store.rows("incident", limit=1000)) == SYSTEMS
    no_reply_twice(race)


def test_what_comes_twice_and_in_any_order_through_many_doors_ends_as_cloudwatch_said_last(race: Scene) -> None:
    names = [f"a-{each}-{each % SYSTEMS}" for each in range(40)]
    began, chance = race.clock.now(), random.Random(11)
    words = ("ALARM", "OK", "ALARM", "OK", "ALARM")
    # Every other alarm has one transition less, and so ends well.
    told = [(name, step) for each, name in enumerate(names) for step in range(len(words) - each % 2)]
    twice = chance.sample(told * 2, 2 * len(told))

    def door(number: int) -> None:
        for name, step in twice[number::DOORS]:
            race.alarm(words[step], f"{name}:{step}", name=name, at=began + step)
            race.engine.poke()

    race.clock.advance(len(words))
    at_once(*(partial(door, number) for number in range(DOORS)))
    settle(race, 30)
    assert red(race) == {f"{ARN}{name}#" for name in names[::2]}
    each_is_in_one(race)
    no_reply_twice(race)


def test_more_alarms_than_one_incident_takes_are_in_another(race: Scene) -> None:
    names = [f"nobodys-{each}" for each in range(MOST_ALARMS + 20)]
    at_once(*(lambda part=part: [fire(race, name, "storm")() for name in names[part::4]] for part in range(4)))
    settle(race, 60)
    assert len(red(race)) == len(names)
    each_is_in_one(race)
    assert len(race.store.rows("incident", limit=1000)) == 2
