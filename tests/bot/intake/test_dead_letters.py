from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.intake.dead_letters import Dead, DeadLetters
from tests.fakes import texts
from tests.scene import Scene

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/alarms"
ARN = "arn:aws:sqs:eu-west-1:123456789012:alarms-dlq"


class PretendQueues:
    """A queue, its dead-letter queue, and how many lie there."""

    def __init__(self) -> None:
        self.many = 0
        self.policy: str | None = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 20})
        self.error: Exception | None = None

    def get_queue_url(self, **parameters: Any) -> dict[str, Any]:
        assert parameters == {"QueueName": "alarms-dlq", "QueueOwnerAWSAccountId": "123456789012"}
        return {"QueueUrl": URL + "-dlq"}

    def get_queue_attributes(self, **parameters: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        if parameters["QueueUrl"] == URL:
            return {"Attributes": {"RedrivePolicy": self.policy}} if self.policy else {}
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.many)}}


class Watch:
    """A watch over one queue, in a scene that posts what is owed."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.queues = PretendQueues()
        self.letters = DeadLetters([URL], lambda url: self.queues, scene.engine.add, "#ops", scene.clock)

    def look(self, many: int) -> None:
        self.queues.many = many
        self.letters.look()
        self.scene.run(3)

    def shown(self) -> list[str]:
        return [texts(shown.message) for shown in self.scene.chat.posts]


@pytest.fixture
def watch(scene: Scene) -> Watch:
    return Watch(scene)


def test_an_empty_queue_of_dead_letters_is_no_news(watch: Watch) -> None:
    watch.look(0)
    assert watch.shown() == []
    assert watch.letters.waiting == []


def test_dead_letters_are_told_with_how_many_and_how_they_come_back(watch: Watch) -> None:
    watch.look(3)
    (shown,) = watch.shown()
    assert "3 messages could not be taken from `alarms` and lie in its dead-letter queue `alarms-dlq`" in shown
    assert f"aws sqs start-message-move-task --source-arn {ARN}" in shown
    assert watch.scene.chat.posts[0].channel == "C0OPS"
    assert watch.letters.waiting == [Dead(ARN, 3)]


def test_more_dead_letters_on_the_same_day_update_the_same_message(watch: Watch) -> None:
    watch.look(1)
    watch.look(1)
    watch.look(12)
    (shown,) = watch.shown()
    assert "12 messages" in shown


def test_a_queue_that_was_redriven_is_told_to_be_empty_again(watch: Watch) -> None:
    watch.look(1)
    watch.look(0)
    (shown,) = watch.shown()
    assert "is empty again" in shown
    assert watch.letters.waiting == []


def test_a_restarted_bot_updates_the_message_of_the_day(watch: Watch, scene: Scene) -> None:
    watch.look(2)
    again = Watch(scene)
    again.look(2)
    assert len(watch.shown()) == 1


def test_dead_letters_of_another_day_are_told_anew(watch: Watch) -> None:
    watch.look(2)
    watch.scene.clock.advance(86_400)
    watch.look(2)
    assert len(watch.shown()) == 1
    watch.look(5)
    assert len(watch.shown()) == 2


def test_good_news_alone_opens_no_message_on_a_new_day(watch: Watch) -> None:
    watch.look(2)
    watch.scene.clock.advance(86_400)
    watch.look(1)
    assert len(watch.shown()) == 1


def test_a_queue_without_dead_letter_queue_is_left_alone(watch: Watch) -> None:
    watch.queues.policy = None
    watch.look(5)
    assert watch.shown() == [] and watch.letters.waiting == []


def test_a_queue_that_cannot_be_seen_stays_as_it_was_and_hides_no_other(scene: Scene) -> None:
    good, broken = PretendQueues(), PretendQueues()
    good.many = broken.many = 1
    letters = DeadLetters(["b", URL], lambda url: good if url == URL else broken, scene.engine.add, "#ops", scene.clock)
    broken.error = PermissionError("denied")
    letters.look()
    assert letters.waiting == [Dead(ARN, 1)]
    good.error = PermissionError("denied")
    letters.look()
    assert letters.waiting == [Dead(ARN, 1)]


def test_the_message_is_owed_in_the_store_before_anybody_is_told(watch: Watch, tmp_path: Path) -> None:
    watch.queues.many = 4
    watch.letters.look()
    assert [row.key.rpartition(":")[0] for row in watch.scene.store.rows("post")] == [f"dlq:{ARN}"]
