"""``kill -9`` while logs are followed: the next life goes on, and every line is told once."""

from __future__ import annotations

from functools import partial
from itertools import count

import pytest

from sandbox.scenarios.stage import ALICE
from tests.chaos.drill import Drill, Message, key_of
from tests.chaos.people import ARBOR, CHANNELS, place, said

pytestmark = pytest.mark.story

STREAM = "backend/backend/drilled"


def test_what_is_followed_goes_on_after_every_death_and_no_line_is_lost_or_told_twice(drill: Drill) -> None:
    logs, numbers = drill.stage.aws("logs", ARBOR.region), count(1)
    logs.create_log_stream(logGroupName=ARBOR.log_group, logStreamName=STREAM)
    written: list[str] = []

    def write() -> None:
        written.append(f"INFO drilled number {next(numbers)}.")
        event = {"timestamp": round(drill.stage.now() * 1000), "message": written[-1]}
        logs.put_log_events(logGroupName=ARBOR.log_group, logStreamName=STREAM, logEvents=[event])

    def is_told() -> bool:
        return written[-1] in _text(_live(drill))

    drill.order_twice("post op:*:live")
    drill.until_connected()
    drill.stage.command(ALICE, CHANNELS[ARBOR], f"/logs {place(ARBOR)} drilled follow")
    drill.until(partial(_live, drill), "nothing is followed")
    drill.until(lambda: not drill.left(), "not every order was carried out")
    for _ in range(2):
        _press(drill, "5 minutes more")
    for order in (f"look {ARBOR.log_group}", "update Following *"):
        for moment in ("before", "after"):
            write()
            drill.order(moment, order)
            drill.until(lambda: not drill.left(), "not every order was carried out")
            write()
            drill.until(is_told, "a line is missing")
    for _ in range(3):
        write()
        drill.kill()
        write()
        drill.until(is_told, "a line is missing")
    _press(drill, "Stop")
    drill.until(lambda: "stopped" in _text(_live(drill)), "it did not end")
    text = _text(_live(drill))
    assert {line: text.count(line) for line in written} == dict.fromkeys(written, 1)
    assert f"{len(written)} lines · stopped" in text
    assert sum(key_of(each).endswith(":live") for each in drill.messages(_conversation(drill))) == 1


def _conversation(drill: Drill) -> str:
    """Where Alice and the bot talk alone; nothing as long as they have not."""
    channels = drill.stage._http.get("/client/state", params={"user": ALICE}).json()["channels"]
    return next((str(each["id"]) for each in channels if each["is_im"]), "")


def _live(drill: Drill) -> Message | None:
    """The message that is brought up to date."""
    channel = _conversation(drill)
    found = drill.messages(channel) if channel else []
    return next((each for each in reversed(found) if key_of(each).endswith(":live")), None)


def _text(message: Message | None) -> str:
    return str(message["blocks"]) if message else ""


def _press(drill: Drill, label: str) -> None:
    drill.until_connected()
    message = _live(drill)
    assert message is not None
    elements = [element for block in message["blocks"] for element in block.get("elements") or []]
    button = next(each for each in elements if each["type"] == "button" and said(each) == label)
    asked = {"user": ALICE, "channel": _conversation(drill), "ts": message["ts"], "action_id": button["action_id"]}
    assert drill.stage._post("/client/action", {**asked, "value": None})["ok"]
