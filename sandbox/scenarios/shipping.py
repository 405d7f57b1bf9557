"""Asking for a deployment, confirming it and reading how it ended, as a person does."""

from __future__ import annotations

from sandbox.scenarios.stage import ALICE, STAR, STAR_CHANNEL, Message, Stage, StoryError, button

CONFIRM = "Confirm"
PLAN_SECONDS = 30.0
SETTLE_SECONDS = 300.0

SETTLED = "settled"
_SETTLING = "settling"
_ENDS = (SETTLED, "failed", "cancelled", "expired", "refused")


def ship(stage: Stage, version: str) -> str:
    """Deploy a version of the stories' service; returns how it ended: "settled", "failed" ..."""
    before = float(stage.newest(STAR_CHANNEL))
    stage.command(ALICE, STAR_CHANNEL, f"{stage.slash('deploy')} {STAR.name} {STAR.environment} {version}")
    card = stage.until(
        lambda: _plan(stage, before), PLAN_SECONDS, f"no plan with a {CONFIRM} button appeared in {STAR_CHANNEL}"
    )
    action = button(card, CONFIRM)
    if action is None:
        raise StoryError(f"the {CONFIRM} button went away")
    stage.say(f"the plan is there; Alice presses {CONFIRM}")
    stage.press(ALICE, STAR_CHANNEL, card["ts"], action)
    ended = stage.until(
        lambda: _end(stage, card["ts"]), SETTLE_SECONDS, f"the deployment of {version} did not end in time"
    )
    stage.say(f"the deployment of {version} has {ended}")
    return ended


def _plan(stage: Stage, before: float) -> Message | None:
    for message in reversed(stage.messages(STAR_CHANNEL)):
        if float(message["ts"]) > before and button(message, CONFIRM):
            return message
    return None


def _end(stage: Stage, ts: str) -> str | None:
    """The word of the card's state once it is final."""
    for message in stage.messages(STAR_CHANNEL):
        if message["ts"] == ts:
            state = message["text"].rsplit(":", 1)[-1]
            return next((word for word in _ENDS if word in state and _SETTLING not in state), None)
    return None
