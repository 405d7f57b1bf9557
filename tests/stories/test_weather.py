"""Bad weather while people ship: Slack is busy, AWS throttles or refuses, answers get lost, the bot is killed."""

from __future__ import annotations

import json
import time

import pytest

from sandbox.bot_process import BotProcess
from tests.stories.town import ALICE, Message, Town, labels, measured, words

pytestmark = [pytest.mark.story, pytest.mark.pace(5)]

PHOTO, CAPTION, ARBOR = "#rapid-photo", "#image-caption", "#arbor-energy"


def test_while_slack_is_busy_nothing_is_lost_and_nothing_doubled(town: Town) -> None:
    mark = town.mark()
    card = town.plan(ALICE, PHOTO, "/deploy photo/backend prod v1.5.0")
    town.fault("slack", "chat.*", "ratelimited", seconds=3)
    _confirm(town, PHOTO, card)
    assert town.ended(PHOTO, card["ts"]) == "settled"
    _once(town, PHOTO, card, mark)
    assert town.calls("chat.update", mark, "ratelimited")


def test_answers_that_are_lost_on_the_way_change_nothing_twice(town: Town) -> None:
    mark = town.mark()
    town.fault("slack", "chat.postMessage", "lost_response", count=1)
    card = town.plan(ALICE, CAPTION, "/deploy caption prod v1.5.0")
    for operation in ("ecs:RegisterTaskDefinition", "ecs:UpdateService"):
        town.fault("aws", operation, "lost_response", count=1)
    _confirm(town, CAPTION, card)
    assert town.ended(CAPTION, card["ts"]) == "settled"
    _once(town, CAPTION, card, mark)


def test_a_plan_outlasts_a_moment_of_throttling(town: Town) -> None:
    town.fault("aws", "ecs:DescribeServices", "ThrottlingException", count=2)
    card = town.plan(ALICE, CAPTION, "/deploy caption prod v1.5.7")
    assert labels(card) == ["Confirm", "Cancel"]
    town.press(ALICE, CAPTION, card["ts"], "Cancel")
    assert town.ended(CAPTION, card["ts"]) == "cancelled, nothing was changed"


def test_of_throttling_that_lasts_the_asker_is_told(town: Town) -> None:
    before, began = town.newest(CAPTION), time.monotonic()
    town.fault("aws", "ecs:*", "ThrottlingException")
    said = town.ask(ALICE, CAPTION, "/deploy caption prod v1.5.7")
    measured(f"told of throttling after {time.monotonic() - began:.2f} s: {said!r}")
    assert "AWS" in said
    assert "too many" in said.lower() or "throttl" in said.lower()
    assert town.shown(CAPTION, "Deploy", before) == []


def test_a_missing_permission_fails_the_deployment_and_is_named(town: Town) -> None:
    mark = town.mark()
    card = town.plan(ALICE, CAPTION, "/deploy caption prod v1.5.7")
    town.fault("aws", "ecs:UpdateService", "AccessDenied")
    _confirm(town, CAPTION, card)
    assert town.ended(CAPTION, card["ts"]) == "failed"
    said = words(town.message(CAPTION, card["ts"]))
    assert "ecs:UpdateService" in said
    assert "was registered and is left unused" in said
    outcome = town.until("the outcome", lambda: town.replies(CAPTION, card["ts"]))[0]
    assert outcome["pings"] == [ALICE]
    assert town.calls("ecs:UpdateService", mark) == []


@pytest.mark.pace(2)
def test_killed_while_it_settles_the_bot_goes_on_where_it_was(town: Town) -> None:
    bot, mark = _bot(town), town.mark()
    card = town.plan(ALICE, ARBOR, "/deploy arbor/frontend prod v1.5.0")
    _confirm(town, ARBOR, card)
    _until_settling(town, ARBOR, card)
    restarts = bot.restarts
    bot.kill()
    assert bot.wait_restart(restarts, 30)
    assert town.ended(ARBOR, card["ts"]) == "settled"
    _once(town, ARBOR, card, mark)


@pytest.mark.pace(2)
def test_told_to_stop_it_ends_cleanly_and_loses_nothing(town: Town) -> None:
    bot, mark = _bot(town), town.mark()
    card = town.plan(ALICE, ARBOR, "/deploy arbor/frontend prod v1.5.7")
    _confirm(town, ARBOR, card)
    _until_settling(town, ARBOR, card)
    restarts, began = bot.restarts, time.monotonic()
    log = town.sandbox.state_dir / "bot.log"
    before = log.stat().st_size
    bot.terminate()
    assert bot.wait_restart(restarts, 30)
    measured(f"the end after SIGTERM and the next start: {time.monotonic() - began:.2f} s")
    # The next life may be writing a line just now.
    whole = log.read_bytes()[before:].rpartition(b"\n")[0]
    lines = [json.loads(line) for line in whole.splitlines()]
    assert [line["clean"] for line in lines if line["event"] == "stopped"] == [True]
    assert town.ended(ARBOR, card["ts"]) == "settled"
    _once(town, ARBOR, card, mark)


def test_after_the_sockets_were_cut_commands_work_again(town: Town) -> None:
    town.fault("slack", "socket", "disconnect")
    town.until("a socket", lambda: town.get("state")["sockets"])
    assert "Image Caption Generator" in town.ask(ALICE, CAPTION, "/services caption")


def _confirm(town: Town, channel: str, card: Message) -> None:
    if channel == CAPTION:
        town.tick(ALICE, channel, card["ts"])
    town.press(ALICE, channel, card["ts"], "Confirm")


def _until_settling(town: Town, channel: str, card: Message) -> None:
    town.until("the rollout", lambda: "settling" in words(town.message(channel, card["ts"])))


def _once(town: Town, channel: str, card: Message, mark: int) -> None:
    """One registration, one update, one card, one outcome."""
    assert len(town.calls("ecs:RegisterTaskDefinition", mark)) == 1
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    town.until("the outcome in the thread", lambda: town.replies(channel, card["ts"]))
    said = [one["text"] for one in town.replies(channel, card["ts"])]
    assert sum(f"<@{ALICE}> :white_check_mark: settled" in text for text in said) == 1
    title = card["text"].rpartition(": :")[0]
    cards = [one["ts"] for one in town.shown(channel, title)]
    assert [ts for ts in cards if float(ts) >= float(card["ts"])] == [card["ts"]]


def _bot(town: Town) -> BotProcess:
    assert town.sandbox.bot is not None
    return town.sandbox.bot
