"""What people do besides commands, with the real bot installed as its own manifest asks."""

from __future__ import annotations

import pytest

from bot.manifest import SCOPES
from tests.stories.town import ALICE, BOB, CAROL, Town

pytestmark = pytest.mark.story


def test_the_bot_is_granted_what_its_manifest_asks_for_and_nothing_else(town: Town) -> None:
    assert town.get("state")["scopes"] == list(SCOPES)


def test_people_write_edit_react_pin_and_attach_in_a_thread(town: Town) -> None:
    parent = town.say(ALICE, "#ops", "a thread of our own")
    reply = town.say(BOB, "#ops", "it is teh database", parent)
    town.edit(BOB, "#ops", reply, "it is the database")
    town.react(CAROL, "#ops", reply, "eyes")
    town.pin(ALICE, "#ops", reply)
    picture = town.attach(BOB, "#ops", "cpu.png", b"not much of a picture", text="look", thread=parent)
    gone = town.mention(CAROL, "#ops", "status", parent)
    town.delete(CAROL, "#ops", gone)
    edited, posted = [one for one in town.replies("#ops", parent) if one["user"] == BOB]
    assert (edited["text"], edited["reactions"][0]["users"], edited["pinned_to"]) == (
        "it is the database",
        [CAROL],
        ["C0OPS"],
    )
    assert (posted["ts"], posted["text"], posted["files"][0]["name"]) == (picture, "look", "cpu.png")
    assert gone not in [one["ts"] for one in town.replies("#ops", parent)]
    town.react(CAROL, "#ops", reply, "eyes", remove=True)
    town.pin(ALICE, "#ops", reply, remove=True)
    assert "reactions" not in town.message("#ops", reply, thread=parent)
