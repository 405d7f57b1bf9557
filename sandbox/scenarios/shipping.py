"""Asking for a change, confirming it, agreeing to it and reading how it ended, as people do."""

from __future__ import annotations

from sandbox.scenarios.stage import ALICE, BOB, STAR, STAR_CHANNEL, Message, Stage, StoryError, button

CONFIRM, APPROVE = "Confirm", "Approve"
PLAN_SECONDS = 30.0
APPROVAL_SECONDS = 30.0
SETTLE_SECONDS = 300.0

SETTLED, FAILED, TAKEN_OVER = "settled", "failed", "taken over"
_SETTLING = "settling"
_ENDS = (SETTLED, FAILED, TAKEN_OVER, "cancelled", "expired", "refused")


def ship(stage: Stage, version: str) -> str:
    """Deploy a version of the stories' service, which Bob agrees to; returns how it ended: "settled", "failed" ..."""
    ts = begin(stage, version)
    ended = end_of(stage, STAR_CHANNEL, ts)
    stage.say(f"the deployment of {version} has {ended}")
    return ended


def begin(stage: Stage, version: str) -> str:
    """Deploy a version of the stories' service up to where AWS is told; returns the ts of its card."""
    ts = ask(stage, ALICE, STAR_CHANNEL, "deploy", f"{STAR.name} {STAR.environment} {version}")
    stage.say("the plan is there; Alice confirms, and Bob agrees")
    press(stage, ALICE, STAR_CHANNEL, ts, CONFIRM)
    press(stage, BOB, STAR_CHANNEL, ts, APPROVE)
    return ts


def ask(stage: Stage, user: str, channel: str, command: str, words: str) -> str:
    """Type a command; returns the ts of the card with its plan. Raises StoryError when none appears."""
    before = float(stage.newest(channel))
    stage.command(user, channel, f"{stage.slash(command)} {words}")
    otherwise = f"no plan with a {CONFIRM} button appeared in {channel}"
    return str(stage.until(lambda: _plan(stage, channel, before), PLAN_SECONDS, otherwise)["ts"])


def press(stage: Stage, user: str, channel: str, ts: str, label: str) -> None:
    """Press a button of a card as soon as it is there. Raises StoryError when it never is."""

    def look() -> str | None:
        return button(stage.message(channel, ts), label)

    action = stage.until(look, APPROVAL_SECONDS, f"the button {label} did not appear in {channel}")
    stage.press(user, channel, ts, action)


def end_of(stage: Stage, channel: str, ts: str) -> str:
    """The word of a card's state once it is final. Raises StoryError when it never is."""

    def look() -> str | None:
        state = stage.message(channel, ts)["text"].rsplit(":", 1)[-1]
        return next((word for word in _ENDS if word in state and _SETTLING not in state), None)

    return stage.until(look, SETTLE_SECONDS, "the operation did not end in time")


def expect(ended: str, wanted: str, what: str) -> None:
    """Raise StoryError when it ended otherwise."""
    if ended != wanted:
        raise StoryError(f"{what} should have {wanted}, but it has {ended}")


def _plan(stage: Stage, channel: str, before: float) -> Message | None:
    for message in reversed(stage.messages(channel)):
        if float(message["ts"]) > before and button(message, CONFIRM):
            return message
    return None
