"""An incident and what is left of it: what people pinned, what was shipped and undone, and the report of it all."""

from __future__ import annotations

import re

import httpx
import pytest

from sandbox.seed.catalogue import service_of
from tests.stories.conftest import Places
from tests.stories.town import ALICE, BOB, CAROL, EVE, Message, Town, labels, words

pytestmark = pytest.mark.story

CHANNEL, ALARM = "#image-caption", "image-caption-gen-high-latency-prod"
CAPTION = service_of("caption", "app")


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """A town of its own, where no story has put AWS's and Slack's clocks ahead of the bot's."""
    places.close()
    return places.town("socket")


def test_an_incident_is_told_in_order_in_the_file_it_leaves(town: Town) -> None:
    _alice_ships_something_slow(town)
    incident = _the_alarm_finds_it(town)
    _people_say_what_they_see(town, incident)
    _whoever_looks_at_the_home_tab_sees_it(town)
    _bob_goes_back_and_the_alarm_is_over(town, incident)
    _whoever_asks_is_shown_the_timeline(town, incident)
    town.press(BOB, CHANNEL, incident["ts"], "Resolve")
    _the_report_has_all_of_it_in_order(town, incident)
    _the_home_tab_is_empty_again(town)
    town.confirmed(BOB, CHANNEL, "/unfreeze caption/app production")


def _alice_ships_something_slow(town: Town) -> None:
    card = town.plan(ALICE, CHANNEL, "/deploy caption/app prod v1.6.0")
    town.tick(ALICE, CHANNEL, card["ts"])
    town.until("a button", lambda: "Confirm" in labels(town.message(CHANNEL, card["ts"])))
    town.press(ALICE, CHANNEL, card["ts"], "Confirm")
    assert town.ended(CHANNEL, card["ts"]) == "settled"


def _the_alarm_finds_it(town: Town) -> Message:
    town.alarm(ALARM, CAPTION.region, "ALARM")
    incident: Message = town.until("a headline", lambda: town.shown(CHANNEL, f"`{ALARM}`"))[0]
    town.told(CHANNEL, incident["ts"], "What I found")
    return incident


def _people_say_what_they_see(town: Town, incident: Message) -> None:
    thread = incident["ts"]
    town.say(CAROL, CHANNEL, "lunch?", thread)
    seen = town.say(CAROL, CHANNEL, "the *model* takes 9 s, see <https://status.example.com>", thread)
    graph = town.attach(ALICE, CHANNEL, "latency.png", b"not much of a picture", text="look", thread=thread)
    wrong = town.say(ALICE, CHANNEL, "it is DNS", thread)
    outside = town.say(EVE, CHANNEL, "buy now", thread)
    town.react(BOB, CHANNEL, seen, "pushpin")
    town.pin(BOB, CHANNEL, graph)
    town.react(BOB, CHANNEL, wrong, "pushpin")
    town.react(EVE, CHANNEL, outside, "pushpin")
    _timeline(town, incident, "it is DNS")
    town.react(BOB, CHANNEL, wrong, "pushpin", remove=True)
    town.edit(CAROL, CHANNEL, seen, "the *model* takes 19 s, see <https://status.example.com>")
    town.mention(BOB, CHANNEL, "ack", thread)
    town.mention(BOB, CHANNEL, "note the vendor knows", thread)


def _timeline(town: Town, incident: Message, expected: str) -> str:
    """What Bob is shown when he asks, once it says that."""

    def shown() -> list[str]:
        seen = town.messages(CHANNEL, BOB, incident["ts"])
        return [words(one) for one in seen if one["ephemeral"] and "Timeline" in one["text"]]

    def ask() -> str:
        before = len(shown())
        town.mention(BOB, CHANNEL, "timeline", incident["ts"])
        return town.until("a timeline", lambda: shown()[before:])[-1]

    for _ in range(20):
        told = ask()
        if expected in told:
            return told
    raise AssertionError(f"{expected} is not in\n{told}")


def _whoever_looks_at_the_home_tab_sees_it(town: Town) -> None:
    town.open_home(ALICE)
    said = town.until("the home tab", lambda: words({"text": "", "blocks": town.home(ALICE).get("blocks", [])}))
    assert re.search(rf"\*<http.*\|{ALARM}>\* · caption/app production · .* since", said)
    assert "Image Caption Generator" in said
    assert f"<@{ALICE}>" in said
    town.press_home(ALICE, "Deploy …")
    assert town.modal(ALICE)["title"]["text"] == "Deploy"
    town.post("view", user=ALICE, view_id=town.modal(ALICE)["id"], action="close")
    town.open_home(EVE)
    seen = town.until("Eve's home tab", lambda: town.home(EVE).get("blocks"))
    assert words({"text": "", "blocks": seen}).strip() == "There is nothing here that you may see."


def _bob_goes_back_and_the_alarm_is_over(town: Town, incident: Message) -> None:
    before = town.newest(CHANNEL)
    town.press(BOB, CHANNEL, incident["ts"], "Roll back")
    card = town.until("a plan to go back", lambda: town.shown(CHANNEL, "Roll back caption/app", before))[0]
    town.press(BOB, CHANNEL, card["ts"], "Confirm")
    assert town.ended(CHANNEL, card["ts"]) == "settled"
    town.alarm(ALARM, CAPTION.region, "OK")
    town.told(CHANNEL, incident["ts"], "is OK again")


def _whoever_asks_is_shown_the_timeline(town: Town, incident: Message) -> None:
    said = _timeline(town, incident, "all alarms are OK")
    assert "takes 19 s" in said
    for gone in ("takes 9 s", "it is DNS", "buy now", "lunch?"):
        assert gone not in said


def _the_report_has_all_of_it_in_order(town: Town, incident: Message) -> None:
    def shared() -> Message | None:
        replies = town.replies(CHANNEL, incident["ts"])
        return next((one for one in replies for file in one.get("files") or () if file["name"].endswith(".md")), None)

    reply = town.until("the report", shared)
    (file,) = reply["files"]
    assert re.fullmatch(r"incident-20\d\d-\d\d-\d\d-image-caption-gen-high-latency-prod-\w{10}\.md", file["name"])
    report = httpx.get(file["url"], trust_env=False).text
    timeline = report.split("## Timeline")[1].split("## ")[0]
    places = [
        timeline.index(expected)
        for expected in (
            f"**alarm** · {ALARM}: Threshold Crossed",
            "**finding** · ",
            "**pin** · the \\*model\\* takes 19 s, see https://status.example.com",
            "**pin** · look (",
            "**person** · acknowledged it — bob",
            "**person** · noted: the vendor knows — bob",
            "**person** · pressed the remedy rollback caption/app production",
            "**operation** · Roll back caption/app production",
            "succeeded",
            f"**alarm** · {ALARM} is OK",
            "**incident** · all alarms are OK",
            "**person** · resolved it — bob",
        )
    ]
    assert places == sorted(places)
    assert "latency.png" in timeline
    for gone in ("takes 9 s", "it is DNS", "buy now", "lunch?"):
        assert gone not in report
    assert re.search(
        r"## What changed before it\n\n- .* Deploy caption/app production → v1\.6\.0, asked for by alice", report
    )
    assert re.search(
        r"## What fixed it\n\n- .* Roll back caption/app production .*, asked for by bob: succeeded", report
    )


def _the_home_tab_is_empty_again(town: Town) -> None:
    town.open_home(ALICE)
    town.until("nothing to be open", lambda: f"|{ALARM}>" not in str(town.home(ALICE)))
