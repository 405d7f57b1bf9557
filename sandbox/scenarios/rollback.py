"""Somebody goes back while a deployment is still under way: the rollback takes it over."""

from __future__ import annotations

from sandbox.scenarios.shipping import CONFIRM, SETTLED, TAKEN_OVER, ask, begin, end_of, expect, press
from sandbox.scenarios.stage import BOB, STAR, STAR_CHANNEL, Scenario, Stage

SLOW = "v1.5.5-slow"
_BEGIN_SECONDS = 60.0


def play(stage: Stage) -> None:
    """Deploy something slow and go back. Raises StoryError when the service does not come back."""
    ts = begin(stage, SLOW)
    stage.until(lambda: _rolls(stage, ts), _BEGIN_SECONDS, "the deployment did not begin")
    stage.say("the new tasks take long to start; Bob goes back")
    back = ask(stage, BOB, STAR_CHANNEL, "rollback", f"{STAR.name} {STAR.environment}")
    press(stage, BOB, STAR_CHANNEL, back, CONFIRM)
    expect(end_of(stage, STAR_CHANNEL, back), SETTLED, "the rollback")
    expect(end_of(stage, STAR_CHANNEL, ts), TAKEN_OVER, "the deployment")
    stage.say("the service runs what it ran before")


def _rolls(stage: Stage, ts: str) -> bool | None:
    return "settling" in stage.message(STAR_CHANNEL, ts)["text"] or None


SCENARIO = Scenario("rollback", "Bob goes back while Alice's slow deployment is under way, and takes it over.", play)
