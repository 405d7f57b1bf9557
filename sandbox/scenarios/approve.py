"""Production is changed by two people: whoever asks can never be the one who agrees."""

from __future__ import annotations

from sandbox.scenarios.ship_good import next_good
from sandbox.scenarios.shipping import APPROVE, CONFIRM, SETTLED, ask, end_of, expect, press
from sandbox.scenarios.stage import ALICE, BOB, STAR, STAR_CHANNEL, Scenario, Stage

_REFUSAL_SECONDS = 20.0


def play(stage: Stage) -> None:
    """Ask, be refused one's own approval, and get another's. Raises StoryError when that is not how it goes."""
    ts = ask(stage, ALICE, STAR_CHANNEL, "deploy", f"{STAR.name} {STAR.environment} {next_good(stage)}")
    press(stage, ALICE, STAR_CHANNEL, ts, CONFIRM)
    stage.say("Alice confirms; somebody else has to agree, and those who may are called in the thread")
    press(stage, ALICE, STAR_CHANNEL, ts, APPROVE)
    stage.until(lambda: _refused(stage, ts), _REFUSAL_SECONDS, "nobody told Alice that she cannot approve her own plan")
    stage.say("Alice tries herself, and only she sees why not")
    press(stage, BOB, STAR_CHANNEL, ts, APPROVE)
    stage.say("Bob agrees")
    expect(end_of(stage, STAR_CHANNEL, ts), SETTLED, "a good version")


def _refused(stage: Stage, after: str) -> bool | None:
    """Whether Alice, and she alone, was told."""
    shown = stage.messages(STAR_CHANNEL, ALICE)
    return any(one["ephemeral"] and float(one["ts"]) > float(after) for one in shown) or None


SCENARIO = Scenario("approve", "Alice may not approve her own deployment; Bob does, and it goes ahead.", play)
