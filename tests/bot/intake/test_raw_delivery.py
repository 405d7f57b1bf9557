"""Raw delivery is refused, and people hear of it: once a day, and of no topic that a stranger made up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.intake.http import SnsEndpoint
from bot.intake.raw_delivery import RawDelivery
from bot.rows import NewRow
from tests.bot.views.limits import check
from tests.fakes import texts
from tests.scene import Scene

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
OTHER = "arn:aws:sns:eu-west-1:123456789012:more"
SUBSCRIPTION = f"{TOPIC}:8a21d249-4329-4871-acc6-7be709c6ea7f"


class Door:
    """The route as SNS sees it; what is owed is posted in the scene."""

    def __init__(self, scene: Scene, sns: Any) -> None:
        self.scene = scene
        self.broken: Exception | None = None
        raw = RawDelivery({TOPIC: None, OTHER: None}, self.add, "#ops", scene.clock)
        endpoint = SnsEndpoint(sns.verifier(), lambda found: [], lambda *told: None, scene.clock, raw)
        self.client = TestClient(Starlette(routes=[endpoint.route()]))

    def add(self, new: NewRow) -> None:
        if self.broken:
            raise self.broken
        self.scene.engine.add(new)

    def knock(self, topic: str = TOPIC, subscription: str = SUBSCRIPTION) -> int:
        named = {"x-amz-sns-topic-arn": topic, "x-amz-sns-subscription-arn": subscription}
        told = {name: value for name, value in named.items() if value}
        answer = self.client.post("/sns", content=b"ALARM", headers={"x-amz-sns-rawdelivery": "true", **told})
        self.scene.run(3)
        return answer.status_code

    def shown(self) -> list[str]:
        return [texts(each.message) for each in self.scene.chat.posts]


@pytest.fixture
def door(scene: Scene, sns: Any) -> Iterator[Door]:
    made = Door(scene, sns)
    yield made
    made.client.close()


def test_people_are_told_which_subscription_sends_raw_messages_and_how_to_mend_it(door: Door) -> None:
    assert door.knock() == 403
    (shown,) = door.scene.chat.posts
    check(shown.message)
    said = texts(shown.message)
    assert shown.channel in ("#ops", "C0OPS")
    assert "`alerts`" in said and "cannot be verified" in said
    assert f"--subscription-arn {SUBSCRIPTION} --attribute-name RawMessageDelivery --attribute-value false" in said


def test_they_are_told_once_a_day_whatever_number_of_topics_and_messages_there_is(door: Door, sns: Any) -> None:
    assert {door.knock(topic) for topic in (TOPIC, OTHER, TOPIC)} == {403}
    again = Door(door.scene, sns)
    again.knock()
    assert len(door.shown()) == 1
    door.scene.clock.advance(86_400)
    door.knock()
    assert len(door.shown()) == 2


@pytest.mark.parametrize("topic", ["", TOPIC + "x", "arn:aws:sns:eu-west-1:999999999999:alerts", "<!channel>"])
def test_of_a_topic_that_is_not_listed_nobody_is_told(door: Door, topic: str) -> None:
    assert door.knock(topic) == 403
    assert door.shown() == []
    door.knock()
    assert len(door.shown()) == 1


@pytest.mark.parametrize("subscription", ["", f"{OTHER}:1", f"{TOPIC}:1; rm -rf /", f"{TOPIC}:<!here>", TOPIC])
def test_a_subscription_that_is_none_of_the_topics_is_not_repeated(door: Door, subscription: str) -> None:
    door.knock(TOPIC, subscription)
    (said,) = door.shown()
    assert "--subscription-arn SUBSCRIPTION " in said and f"list-subscriptions-by-topic --topic-arn {TOPIC}" in said
    assert "rm -rf" not in said and "here" not in said


def test_when_it_could_not_be_stored_the_next_message_tells_it(door: Door) -> None:
    door.broken = OSError("disk full")
    assert door.knock() == 403
    door.broken = None
    assert door.knock() == 403
    assert len(door.shown()) == 1
