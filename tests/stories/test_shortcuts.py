"""An alarm that somebody sees for the first time: what it is, what others said of it, and what can be asked here."""

from __future__ import annotations

import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.conftest import Places
from tests.stories.town import ALICE, BOB, CAROL, Message, Town, labels

pytestmark = pytest.mark.story

CHANNEL, ALARM = "#image-caption", "image-caption-gen-high-latency-prod"
CAPTION = service_of("caption", "app")


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """A new one, where the alarm has no incident yet."""
    return places.new_town("socket")


def test_whoever_sees_an_alarm_for_the_first_time_is_told_what_it_is(town: Town) -> None:
    _a_bot_of_somebody_elses_names_it(town)
    incident = _it_fires(town)
    _in_the_thread_it_is_the_incidents_own(town, incident)
    _what_bob_said_goes_into_the_timeline(town, incident)
    _whoever_does_not_know_what_to_say_is_told(town, incident)


def test_any_command_is_filled_in_from_the_help_with_ones_own_services_first(town: Town) -> None:
    said = town.ask(ALICE, CHANNEL, "/ops help alarms")
    assert "/alarms caption" in said
    town.ask(ALICE, CHANNEL, "/cancel caption/app production")
    before = town.newest(CHANNEL)
    town.ask(ALICE, CHANNEL, "/ops help operations")
    told = [one for one in town.messages(CHANNEL, ALICE) if one["ephemeral"] and float(one["ts"]) > float(before)]
    shown = next(one for one in told if "Fill in a form" in labels(one))
    town.press(ALICE, CHANNEL, shown["ts"], "Fill in a form")
    view = town.modal(ALICE)
    assert view["title"]["text"] == "Operations"
    service = next(block for block in view["blocks"] if block.get("element", {}).get("action_id") == "field:service")
    groups = [one["label"]["text"] for one in service["element"]["option_groups"]]
    assert (groups[0], len(groups)) == ("Yours lately", len(set(groups)))
    assert town.submit(ALICE, service="caption/app")["ok"]


def _a_bot_of_somebody_elses_names_it(town: Town) -> None:
    ts = town.say(CAROL, CHANNEL, f"CloudWatch Alarm | {ALARM} | {CAPTION.region}")
    said = _explained(town, BOB, ts)
    assert "What it watches" in said
    assert "It fires when that is above" in said
    assert "caption/app production" in said
    assert "The playbook" in said
    assert "It did not fire." in said


def _it_fires(town: Town) -> Message:
    town.alarm(ALARM, CAPTION.region, "ALARM")
    incident: Message = town.until("a headline", lambda: town.shown(CHANNEL, f"`{ALARM}`"))[0]
    town.told(CHANNEL, incident["ts"], "What I found")
    return incident


def _in_the_thread_it_is_the_incidents_own(town: Town, incident: Message) -> None:
    ts = town.say(CAROL, CHANNEL, "what is this?", incident["ts"])
    said = _explained(town, CAROL, ts, incident["ts"])
    assert f"in alarm · *`{ALARM}`*" in said
    assert "It fired once" in said
    assert "is open: nobody has it yet" in said
    before = _last(town, BOB, incident["ts"])
    town.mention(BOB, CHANNEL, "explain", incident["ts"])
    assert "What it watches" in town.whisper(BOB, CHANNEL, before, thread=incident["ts"])


def _what_bob_said_goes_into_the_timeline(town: Town, incident: Message) -> None:
    thread = incident["ts"]
    ts = town.say(BOB, CHANNEL, "the model server was restarted at 14:05", thread)
    before = _last(town, ALICE, thread)
    town.shortcut(ALICE, CHANNEL, ts, "incident:note")
    assert "It is in the incident's timeline." in town.whisper(ALICE, CHANNEL, before, thread=thread)
    before = _last(town, ALICE, thread)
    town.mention(ALICE, CHANNEL, "timeline", thread)
    assert "the model server was restarted at 14:05" in town.whisper(ALICE, CHANNEL, before, thread=thread)


def _whoever_does_not_know_what_to_say_is_told(town: Town, incident: Message) -> None:
    before = _last(town, CAROL, incident["ts"])
    town.mention(CAROL, CHANNEL, "halp", incident["ts"])
    said = town.whisper(CAROL, CHANNEL, before, thread=incident["ts"])
    assert "I do not know “halp”. Did you mean help" in said
    assert "`snooze 30m`" in said


def _explained(town: Town, user: str, ts: str, thread: str = "") -> str:
    before = _last(town, user, thread) if thread else town.newest(CHANNEL)
    town.shortcut(user, CHANNEL, ts, "alarm:explain")
    return town.whisper(user, CHANNEL, before, thread=thread)


def _last(town: Town, user: str, thread: str) -> str:
    """The newest message that somebody sees in a thread."""
    return str(max((one["ts"] for one in town.messages(CHANNEL, user, thread)), key=float))
