"""``kill -9`` before and after every effect of an incident: each happens exactly once."""

from __future__ import annotations

import pytest

from sandbox.scenarios.stage import ALICE, StoryError, button
from tests.chaos import counts
from tests.chaos.drill import Drill
from tests.chaos.people import CHANNELS, PHOTO, fire, incident, set_alarm

pytestmark = pytest.mark.story

MOMENTS = ("before", "after")


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_incident_happens_once(drill: Drill, moment: str) -> None:
    drill.order(
        moment,
        *("accept", "post inc:*:headline", "post inc:*:findings", "update *drill-*", "page trigger *"),
        *("post inc:*:ack:*", "page acknowledge *", "post inc:*:ok:*", "page resolve *"),
    )
    alarm = fire(drill, MOMENTS.index(moment))
    opened = drill.until(lambda: incident(drill, alarm), "no headline appeared")
    headline = f"inc:{opened}:headline"
    drill.until(lambda: counts.pages(drill, opened) == ["triggered"], "nobody was paged")
    drill.until(lambda: _acknowledged(drill, headline), "it could not be acknowledged")
    drill.until(lambda: counts.pages(drill, opened) == ["acknowledged"], "PagerDuty does not know who has it")
    set_alarm(drill, alarm, "OK")
    drill.until(lambda: drill.left() == [], "not every order was carried out")
    drill.until(lambda: counts.pages(drill, opened) == ["resolved"], "PagerDuty does not know that it is over")
    drill.until(lambda: "large_green_circle" in _text(drill, headline), "the headline did not turn green")
    drill.until(lambda: len(_posted(drill, opened)) >= 4, "not all that is to be said was said")
    assert _posted(drill, opened) == {"headline": 1, "findings": 1, "ack": 1, "ok": 1}


def test_without_the_look_ups_by_key_an_incident_has_two_headlines(drill: Drill) -> None:
    with drill.blind():
        drill.order("after", "post inc:*:headline")
        alarm = fire(drill, len(MOMENTS))
        drill.until(lambda: drill.left() == [], "the bot did not die")
        opened = drill.until(lambda: incident(drill, alarm), "no headline appeared")
        drill.until(lambda: _posted(drill, opened).get("findings"), "no findings appeared")
    assert _posted(drill, opened)["headline"] == 2


def _acknowledged(drill: Drill, headline: str) -> bool:
    """Alice presses, and again when Slack tells her that the app did not answer."""
    message = drill.message(CHANNELS[PHOTO], headline)
    action = button(message, "Acknowledge") if message else None
    if message is None or action is None:
        return message is not None
    try:
        drill.stage.press(ALICE, CHANNELS[PHOTO], message["ts"], action)
    except StoryError:
        return False
    return True


def _posted(drill: Drill, opened: str) -> dict[str, int]:
    """How often each part of an incident was posted."""
    posted = drill.all_keys(CHANNELS[PHOTO])
    return {key.split(":")[2]: times for key, times in posted.items() if key.startswith(f"inc:{opened}:")}


def _text(drill: Drill, headline: str) -> str:
    message = drill.message(CHANNELS[PHOTO], headline)
    return str(message["text"]) if message else ""
