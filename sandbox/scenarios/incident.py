"""A release that looked good begins to die of memory; Bob reads the thread, goes back, and the incident ends."""

from __future__ import annotations

from sandbox.scenarios import oom, recover, ship_good
from sandbox.scenarios.shipping import CONFIRM, SETTLED, ask, end_of, expect, press
from sandbox.scenarios.stage import BOB, STAR, STAR_CHANNEL, Message, Scenario, Stage
from sandbox.scenarios.weather import headline

_FINDINGS_SECONDS = 60.0


def play(stage: Stage) -> None:
    """Ship, break, read, go back, recover. Raises StoryError where it does not go on."""
    ship_good.play(stage)
    stage.say("it runs well for a while")
    oom.play(stage)
    stage.until(lambda: _findings(stage), _FINDINGS_SECONDS, "nobody looked into the incident")
    stage.say("Bob reads the findings in the thread: it began with the release, so he goes back")
    back = ask(stage, BOB, STAR_CHANNEL, "rollback", f"{STAR.name} {STAR.environment}")
    press(stage, BOB, STAR_CHANNEL, back, CONFIRM)
    expect(end_of(stage, STAR_CHANNEL, back), SETTLED, "the rollback")
    recover.play(stage)
    stage.say("what happened stands in the thread, from the first alarm to the last")


def _findings(stage: Stage) -> list[Message] | None:
    """What the bot has written under the incident."""
    incident = headline(stage, green=False)
    if incident is None:
        return None
    replies = [
        message for message in stage.messages(STAR_CHANNEL, thread_ts=incident["ts"]) if message["ts"] != incident["ts"]
    ]
    return replies or None


SCENARIO = Scenario(
    "incident",
    "From a release over an alarm and its findings to a rollback, and back to green: one whole incident.",
    play,
)
