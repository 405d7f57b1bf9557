"""Change events owed to PagerDuty: told with the address of their message, however long PagerDuty is away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.changes import GIVEN_UP, LINK_SECONDS, PATIENCE, TOLD, Changes, change
from bot.engine import Engine
from bot.errors import UpstreamError
from bot.ports import Message
from bot.posts import post
from tests.fakes import NOON
from tests.scene import Scene

AWAY = UpstreamError("PagerDuty could not be reached.", retryable=True)
REFUSED = UpstreamError("PagerDuty answered 400: Event object is invalid", code="400")
CARD = "op:1:card"
DETAILS = {"by": "alice", "version": "v2"}


class Owing:
    """A scene with the machine of changes; ``run`` lets time pass for both."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.engine = Engine(scene.store, scene.clock, {Changes.kind: Changes(scene.store, scene.world)}, workers=1)

    def owe(self, key: str = "op:1:change", thread_key: str = CARD) -> None:
        at = self.scene.clock.now()
        self.engine.add(change(key, "BI_KEY", "Deployed v2 to bi/api production", DETAILS, thread_key, at))

    def run(self, seconds: int = 0) -> None:
        self.scene.run()
        self.engine.run_due()
        for _ in range(seconds):
            self.scene.run(1)
            self.engine.run_due()

    @property
    def told(self) -> list[tuple[str, str, dict[str, str], str, float]]:
        return self.scene.pager.changes

    def state(self, key: str = "op:1:change") -> str:
        row = self.scene.store.by_key(Changes.kind, key)
        assert row is not None
        return row.state


@pytest.fixture
def owing(scene: Scene) -> Any:
    made = Owing(scene)
    yield made
    made.engine.stop(1)


def test_a_change_is_told_once_with_the_address_of_its_message(owing: Owing) -> None:
    owing.scene.engine.add(post(CARD, "#bi", Message(text="card")))
    owing.owe()
    owing.run(3)
    shown = owing.scene.chat.by_key(CARD)
    link = f"https://slack.example.com/C0BI/p{shown.ts}"
    assert owing.told == [("BI_KEY", "Deployed v2 to bi/api production", DETAILS, link, NOON)]
    owing.owe()
    owing.run(60)
    assert (len(owing.told), owing.state()) == (1, TOLD)


def test_it_waits_a_while_for_the_message_it_links_to(owing: Owing) -> None:
    owing.owe()
    owing.run(2)
    assert owing.told == []
    owing.scene.engine.add(post(CARD, "#bi", Message(text="card")))
    owing.run(2)
    assert owing.told[0][3].startswith("https://slack.example.com/")


def test_without_its_message_it_is_told_all_the_same(owing: Owing) -> None:
    owing.owe()
    owing.run(int(LINK_SECONDS) + 1)
    assert (owing.told[0][3], owing.told[0][4]) == ("", NOON)


def test_a_change_without_a_message_waits_for_none(owing: Owing) -> None:
    owing.owe(thread_key="")
    owing.run()
    assert owing.told[0][3] == ""


def test_a_slack_that_tells_no_address_holds_nothing_up(owing: Owing) -> None:
    owing.scene.engine.add(post(CARD, "#bi", Message(text="card")))
    owing.run(2)
    owing.scene.chat.failures.add("permalink", UpstreamError("Slack refused: message_not_found."))
    owing.owe()
    owing.run()
    assert owing.told[0][3] == ""


def test_an_hour_without_pagerduty_loses_nothing(owing: Owing) -> None:
    owing.scene.pager.failures.add("change", *[AWAY] * 50)
    owing.owe(thread_key="")
    owing.run(3_600)
    assert [each[4] for each in owing.told] == [NOON]
    assert PATIENCE > 24 * 60


def test_a_lost_answer_tells_it_again_since_nothing_can_be_looked_up(owing: Owing) -> None:
    owing.scene.pager.lost_answers.add("change", AWAY)
    owing.owe(thread_key="")
    owing.run(10)
    assert (len(owing.told), owing.state()) == (2, TOLD)


def test_a_change_that_pagerduty_refuses_is_given_up(owing: Owing) -> None:
    owing.scene.pager.failures.add("change", REFUSED)
    owing.owe(thread_key="")
    owing.run(60)
    assert (owing.told, owing.state()) == ([], GIVEN_UP)
