"""``kill -9`` before and after every effect of a deployment and of an incident: each happens exactly once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.drill import ARBOR, CAPTION, CHANNELS, USAGE, Drill
from tests.chaos.ground import drilling

pytestmark = pytest.mark.story

DEPLOYMENT = (
    "post op:*:card",
    "register",
    "update_service",
    "update Deploy *",
    "post op:*:outcome",
    "post op:*:soak",
)
INCIDENT = (
    "accept",
    "post inc:*:headline",
    "post inc:*:findings",
    "update *drill-*",
    "page trigger *",
    "post inc:*:ack:*",
    "page acknowledge *",
    "post inc:*:ok:*",
    "page resolve *",
)
ONCE = {"registrations": 1, "updates": 1, "card": 1, "outcome": 1, "soak": 1}


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    with drilling(tmp_path_factory.mktemp("chaos"), "--fork") as drill:
        yield drill


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_deployment_that_is_killed_at_every_effect_happens_once(drill: Drill, moment: str) -> None:
    for effect in DEPLOYMENT:
        drill.order(moment, effect)
    operation = drill.ask(USAGE)
    drill.confirm(USAGE, operation)
    assert drill.until(lambda: drill.ended(USAGE, operation), "it did not end") == "settled"
    assert drill.left() == []
    assert drill.deployment(USAGE, operation) == ONCE


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_incident_that_is_killed_at_every_effect_happens_once(drill: Drill, moment: str) -> None:
    for effect in INCIDENT:
        drill.order(moment, effect)
    alarm = drill.fire(ARBOR)
    incident = drill.until(lambda: drill.incident(ARBOR, alarm), "no headline appeared")
    headline = f"inc:{incident}:headline"
    drill.until(lambda: drill.pages(incident) == ["triggered"], "nobody was paged")
    drill.press(ARBOR, headline, "Acknowledge")
    drill.until(lambda: drill.pages(incident) == ["acknowledged"], "PagerDuty does not know who has it")
    drill.set_alarm(ARBOR, alarm, "OK")
    drill.until(lambda: drill.left() == [], "not every order was carried out")
    drill.until(lambda: drill.pages(incident) == ["resolved"], "PagerDuty does not know that it is over")
    drill.until(lambda: "large_green_circle" in _text(drill, headline), "the headline did not turn green")
    drill.until(lambda: len(_posted(drill, incident)) >= 4, "not all that is to be said was said")
    assert _posted(drill, incident) == {"headline": 1, "findings": 1, "ack": 1, "ok": 1}


def _posted(drill: Drill, incident: str) -> dict[str, int]:
    """How often each part of an incident was posted."""
    posted = drill.all_keys(CHANNELS[ARBOR])
    return {key.split(":")[2]: times for key, times in posted.items() if key.startswith(f"inc:{incident}:")}


def _text(drill: Drill, headline: str) -> str:
    message = drill.message(CHANNELS[ARBOR], headline)
    return str(message["text"]) if message else ""


def test_without_the_look_ups_by_key_effects_are_doubled(drill: Drill) -> None:
    with drill.blind():
        for effect in DEPLOYMENT[:3]:
            drill.order("after", effect)
        operation = drill.ask(CAPTION)
        drill.confirm(CAPTION, operation)
        drill.until(lambda: drill.ended(CAPTION, operation), "it did not end")
    assert drill.left() == []
    counted = drill.deployment(CAPTION, operation)
    assert counted | {"card": 2, "registrations": 2, "updates": 2} == counted


def test_without_the_look_ups_by_key_an_incident_has_two_headlines(drill: Drill) -> None:
    with drill.blind():
        drill.order("after", "post inc:*:headline")
        alarm = drill.fire(ARBOR)
        drill.until(lambda: drill.left() == [], "the bot did not die")
        incident = drill.until(lambda: drill.incident(ARBOR, alarm), "no headline appeared")
        drill.until(lambda: _posted(drill, incident).get("findings"), "no findings appeared")
    assert _posted(drill, incident)["headline"] == 2
