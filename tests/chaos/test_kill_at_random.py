"""``kill -9`` at twenty random instants of deployments and incidents, and what people press while the bot is dead."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

import pytest

from sandbox.scenarios.stage import ALICE, StoryError, button
from sandbox.seed.catalogue import EcsService
from tests.chaos.drill import ARBOR, CHANNELS, EFFECTS, SPEED, USAGE, Drill, command
from tests.chaos.ground import drilling

pytestmark = pytest.mark.story

KILLS = 20
MOST_CALLS = 16
"""A life ends after at most so many calls, about a third of a deployment."""
SEED = 20
LOOK_UPS = ("conversations.history", "conversations.replies")


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    with drilling(tmp_path_factory.mktemp("chaos")) as drill:
        yield drill


class Round:
    """A deployment and an incident of two systems at the same time."""

    def __init__(self, drill: Drill, deployed: EcsService, broken: EcsService) -> None:
        self.drill, self.deployed, self.broken = drill, deployed, broken
        self.operation = drill.ask(deployed)
        drill.confirm(deployed, self.operation)
        self.alarm = drill.fire(broken)

    @property
    def incident(self) -> str:
        """Empty until its headline is there."""
        return self.drill.incident(self.broken, self.alarm)

    def over(self) -> bool:
        """Both have had their last effect."""
        settled = self.drill.ended(self.deployed, self.operation) == "settled"
        return settled and self.gathered() and self.drill.pages(self.incident) == ["triggered"]

    def gathered(self) -> bool:
        incident = self.incident
        keys = self.drill.keys(CHANNELS[self.broken], thread_of=f"inc:{incident}:headline") if incident else []
        return f"inc:{incident}:findings" in keys


def test_twenty_kills_at_random_instants_lose_and_double_nothing(drill: Drill) -> None:
    chance = random.Random(SEED)
    rounds: list[Round] = []
    killed: list[tuple[int, float]] = []
    while len(killed) < KILLS:
        pair = (USAGE, ARBOR) if len(rounds) % 2 == 0 else (ARBOR, USAGE)
        rounds.append(Round(drill, *pair))
        while len(killed) < KILLS and _worked(drill, rounds[-1], chance.randint(1, MOST_CALLS)):
            killed.append((drill.seen(), drill.sandbox.clock.now()))
            drill.kill()
        drill.until(rounds[-1].over, "a deployment or an incident did not go on after the kill")
    for each in rounds:
        counted = drill.deployment(each.deployed, each.operation)
        assert counted == {"registrations": 1, "updates": 1, "card": 1, "outcome": 1, "soak": 1}
        assert drill.pages(each.incident) == ["triggered"]
    for channel in (CHANNELS[USAGE], CHANNELS[ARBOR]):
        posted = drill.all_keys(channel)
        assert {key: times for key, times in posted.items() if times != 1} == {}
    _tell(drill, rounds, killed)


def _worked(drill: Drill, current: Round, calls: int) -> bool:
    """Wait until the bot made so many calls; False when there was nothing left to do."""
    since = seen = drill.seen()

    def look() -> str:
        nonlocal seen
        made = drill.of_the_bot(since)
        if len(made) >= calls:
            return "worked"
        newest, seen = seen, drill.seen()
        # Only a bot that says nothing is worth asking, which costs the sandbox many answers.
        return "over" if newest == seen and current.over() else ""

    return drill.until(look, "neither work nor an end") == "worked"


def _tell(drill: Drill, rounds: list[Round], killed: list[tuple[int, float]]) -> None:
    """Print how long after a kill the next effect came; kills after which nothing was left to do are left out."""
    resumed = []
    for number, (seq, at) in enumerate(killed):
        before = killed[number + 1][0] if number + 1 < len(killed) else drill.seen()
        effects = [call for call in drill.of_the_bot(seq) if call["seq"] <= before and call["operation"] in EFFECTS]
        resumed += [(effects[0]["at"] - at) / SPEED] if effects else []
    looked = [call for call in drill.of_the_bot(0) if call["operation"] in LOOK_UPS]
    print(  # noqa: T201 - pytest -s shows it to whoever wants to know how soon the bot is back
        f"\n{len(killed)} kills over {len(rounds)} deployments and {len(rounds)} incidents, seed {SEED}; "
        f"next effect after {statistics.median(resumed):.2f} s (median), {max(resumed):.2f} s (longest) "
        f"of {len(resumed)}; {len(looked)} look-ups in Slack"
    )


def test_a_press_while_the_bot_is_dead_is_told_and_pressing_again_works(drill: Drill) -> None:
    operation = drill.ask(USAGE)
    card = drill.message(CHANNELS[USAGE], f"op:{operation}:card")
    assert card is not None
    confirm = button(card, "Confirm")
    assert confirm is not None
    drill.kill()
    with pytest.raises(StoryError, match=r"dispatch_failed|operation_timeout"):
        drill.stage.press(ALICE, CHANNELS[USAGE], card["ts"], confirm)
    drill.until_connected()
    drill.order("after", "press operation:confirm")
    with pytest.raises(StoryError, match="operation_timeout"):
        drill.stage.press(ALICE, CHANNELS[USAGE], card["ts"], confirm)
    # It was stored before the bot died, so nobody need press again; who does changes nothing.
    drill.until_connected()
    drill.confirm(USAGE, operation)
    assert drill.until(lambda: drill.ended(USAGE, operation), "it did not end") == "settled"
    assert drill.deployment(USAGE, operation)["registrations"] == 1


def test_a_command_whose_acknowledgement_was_lost_is_planned_all_the_same(drill: Drill) -> None:
    known = set(drill.keys(CHANNELS[ARBOR]))
    drill.until_connected()
    drill.order("after", "receive deploy *")
    typed = command(ARBOR, drill.next_version(ARBOR))
    with pytest.raises(StoryError, match="operation_timeout"):
        drill.stage.command(ALICE, CHANNELS[ARBOR], typed)
    drill.until(lambda: set(drill.keys(CHANNELS[ARBOR])) - known, "a command that was stored led to nothing")


def test_a_bot_that_is_asked_to_end_lets_go_of_what_it_holds(drill: Drill) -> None:
    drill.until_connected()
    drill.terminate()
    assert '"event": "stopped", "clean": true' in drill.log()
