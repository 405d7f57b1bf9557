"""``kill -9`` at random instants of a mix of everything, and what people press while the bot is dead.

``CHAOS_KILLS`` says how often (twenty times by default, a hundred in ``make chaos``), ``CHAOS_SEED`` which instants.
"""

from __future__ import annotations

import os
import random
import statistics
from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.scenarios.stage import ALICE, StoryError, button
from tests.chaos import counts
from tests.chaos.drill import Drill
from tests.chaos.ground import SPEED, drilling
from tests.chaos.incidents import headlines
from tests.chaos.mix import Round
from tests.chaos.people import ARBOR, CAPTION, CHANNELS, PHOTO, USAGE, ask, new_card, place

pytestmark = pytest.mark.story

SHORT = 20
KILLS = int(os.environ.get("CHAOS_KILLS", SHORT))
SEED = int(os.environ.get("CHAOS_SEED", "20"))
MOST_CALLS = 100
"""A life ends after at most so many calls, about a quarter of a round."""
EFFECTS = (
    *("chat.postMessage", "chat.update", "enqueue", "change", "ecs:RegisterTaskDefinition", "ecs:UpdateService"),
    "application-autoscaling:RegisterScalableTarget",
)
LOOK_UPS = ("conversations.history", "conversations.replies")


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    # The short run spares each life the second that Python's imports take.
    options = ("--fork",) if KILLS <= SHORT else ()
    with drilling(tmp_path_factory.mktemp("chaos"), *options) as drill:
        yield drill


class Tally:
    """What was counted over all rounds."""

    def __init__(self) -> None:
        self.rounds = self.look_ups = self.told_again = 0
        self.alarms: set[str] = set()
        self.effects: Counter[str] = Counter()
        self.resumed: list[float] = []
        self.lost: list[str] = []

    def count(self, drill: Drill, current: Round, killed: list[tuple[int, float]], began: int) -> None:
        """Take in a round that is over, with its kills; the sandbox forgets old calls."""
        self.rounds += 1
        self.alarms |= {current.alarm, *(matter.alarm for life in current.lives for matter in life.matters)}
        effects = current.effects()
        self.effects.update(effects)
        self.lost += [f"{name}: {end}" for name, end in current.ends().items() if end != "settled"]
        self.lost += sorted(current.expected() - {name for name, times in effects.items() if times})
        self.told_again += sum(counts.changes(asked) - 1 for asked in current.people_asked)
        made = drill.of_the_bot(began)
        self.look_ups += sum(call["operation"] in LOOK_UPS for call in made)
        for number, (seq, at) in enumerate(killed):
            before = killed[number + 1][0] if number + 1 < len(killed) else drill.seen()
            came = [call for call in made if seq < call["seq"] <= before and call["operation"] in EFFECTS]
            # After some kills nothing was left to do.
            self.resumed += [(came[0]["at"] - at) / SPEED] if came else []

    @property
    def doubled(self) -> dict[str, int]:
        """The effects that happened more than once."""
        return {name: times for name, times in self.effects.items() if times > 1}

    def tell(self, kills: int) -> None:
        """Print it all."""
        operations = 4 * self.rounds
        approvals = sum(name.endswith(" approve") for name in self.effects)
        print(  # noqa: T201 - pytest -s shows it to whoever wants to know
            f"\n{kills} kills, seed {SEED}: {operations} operations ({self.rounds} each of deployments, rollbacks, "
            f"changes of number and their putting back; {approvals} approvals) and {len(self.alarms)} incidents; "
            f"{self.effects.total()} effects, {len(self.doubled)} doubled, {len(self.lost)} lost; next effect after "
            f"{statistics.median(self.resumed):.2f} s (median), {max(self.resumed):.2f} s (longest) of "
            f"{len(self.resumed)}; {self.look_ups} look-ups in Slack; {self.told_again} change events told again"
        )


def test_kills_at_random_instants_lose_and_double_nothing(drill: Drill) -> None:
    chance, tally, kills = random.Random(SEED), Tally(), 0
    while kills < KILLS:
        began = drill.seen()
        current, killed = Round(drill, tally.rounds), []
        while kills < KILLS and _worked(drill, current, chance.randint(1, MOST_CALLS)):
            killed.append((drill.seen(), drill.sandbox.clock.now()))
            drill.kill()
            kills += 1
        _wait(drill, current)
        tally.count(drill, current, killed, began)
    tally.tell(kills)
    assert tally.lost == []
    assert tally.doubled == {}
    assert headlines(drill) == dict.fromkeys(tally.alarms, 1)
    for channel in (CHANNELS[USAGE], CHANNELS[ARBOR], CHANNELS[PHOTO]):
        posted = drill.all_keys(channel)
        assert {key: times for key, times in posted.items() if times != 1} == {}


def _wait(drill: Drill, current: Round) -> None:
    """Until everything has come to its end."""

    def look() -> bool:
        current.press_on()
        return not current.left()

    drill.until(look, lambda: f"this did not go on after a kill: {current.left()}")


def _worked(drill: Drill, current: Round, calls: int) -> bool:
    """Wait until the bot made so many calls while people press on; False when there was nothing left to do."""
    since = seen = drill.seen()

    def look() -> str:
        nonlocal seen
        current.press_on()
        made = drill.of_the_bot(since)
        if len(made) >= calls:
            return "worked"
        newest, seen = seen, drill.seen()
        # Only a bot that says nothing is worth asking, which costs the sandbox many answers.
        return "over" if newest == seen and not current.left() else ""

    return drill.until(look, lambda: f"neither work nor an end: {current.left()}") == "worked"


def test_a_press_while_the_bot_is_dead_is_told_and_pressing_again_works(drill: Drill) -> None:
    asked = ask(drill, CHANNELS[ARBOR], f"/rollback {place(ARBOR)} previous")
    card = asked.card
    assert card is not None
    confirm = button(card, "Confirm")
    assert confirm is not None
    with drill.dead(), pytest.raises(StoryError, match=r"dispatch_failed|operation_timeout"):
        drill.stage.press(ALICE, CHANNELS[ARBOR], card["ts"], confirm)
    drill.until_connected()
    drill.order("after", "press operation:confirm")
    with pytest.raises(StoryError, match="operation_timeout"):
        drill.stage.press(ALICE, CHANNELS[ARBOR], card["ts"], confirm)
    # It was stored before the bot died, so nobody need press again; who does changes nothing.
    drill.until_connected()
    asked.agree()
    assert drill.until(lambda: asked.ended("soak"), "it did not end") == "settled"
    assert counts.shipped(asked, ARBOR)["updates"] == 1


def test_a_command_whose_acknowledgement_was_lost_is_planned_all_the_same(drill: Drill) -> None:
    channel, known = CHANNELS[CAPTION], set(drill.keys(CHANNELS[CAPTION]))
    drill.until_connected()
    drill.order("after", "receive deploy *")
    with pytest.raises(StoryError, match="operation_timeout"):
        drill.stage.command(ALICE, channel, f"/deploy {place(CAPTION)} v1.5.0")
    drill.until(lambda: new_card(drill, channel, known), "a command that was stored led to nothing")


def test_a_bot_that_is_asked_to_end_lets_go_of_what_it_holds(drill: Drill) -> None:
    drill.until_connected()
    drill.terminate()
    assert '"event": "stopped", "clean": true' in drill.log()
