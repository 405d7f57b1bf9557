from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.delivery import Delivery
from bot.intake.sqs import WAIT_SECONDS, QueueReader, QueueStatus, delivery_from, pause_after
from tests.waiting import until

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/alarms"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


class FixedClock:
    def now(self) -> float:
        return 42.0


class PretendQueue:
    """A queue that hides what it handed out until it is given back or the test lets the timeout run out."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.waiting: list[dict[str, Any]] = []
        self.hidden: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.given_back: list[str] = []
        self.renewed: list[str] = []
        self.gives_back = True
        self.requests: list[dict[str, Any]] = []
        self.errors: list[Exception] = []
        self.undeletable = False
        self.kept = 0
        self.visibility: int | None = 3

    def send(self, *bodies: str) -> None:
        with self.lock:
            for body in bodies:
                number = len(self.waiting) + len(self.hidden) + len(self.deleted)
                self.waiting.append({"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": body})
            self.lock.notify_all()

    def let_timeouts_run_out(self) -> None:
        with self.lock:
            self.waiting += self.hidden.values()
            self.hidden.clear()
            self.lock.notify_all()

    def receive_message(self, **parameters: Any) -> dict[str, Any]:
        with self.lock:
            self.requests.append(parameters)
            if self.errors:
                raise self.errors.pop(0)
            self.lock.wait_for(lambda: bool(self.waiting), timeout=0.05)
            batch, self.waiting = self.waiting[:10], self.waiting[10:]
            self.hidden |= {message["ReceiptHandle"]: message for message in batch}
            return {"Messages": batch} if batch else {}

    def delete_message_batch(self, **parameters: Any) -> dict[str, Any]:
        with self.lock:
            if self.undeletable:
                self.kept += 1
                return {"Failed": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}
            for entry in parameters["Entries"]:
                self.deleted.append(self.hidden.pop(entry["ReceiptHandle"])["Body"])
            return {"Successful": []}

    def get_queue_attributes(self, **parameters: Any) -> dict[str, Any]:
        if self.visibility is None:
            raise PermissionError("sqs:GetQueueAttributes")
        return {"Attributes": {"VisibilityTimeout": str(self.visibility)}}

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:
        with self.lock:
            for entry in parameters["Entries"]:
                if not self.gives_back:
                    self.renewed.append(entry["ReceiptHandle"])
                    continue
                assert entry["VisibilityTimeout"] == 0
                self.given_back.append(self.hidden.pop(entry["ReceiptHandle"])["Body"])
            return {}


class Intake:
    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.seen: list[str] = []
        self.refuses: set[str] = set()

    def accept(self, deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        return [self.take(delivery) for delivery in deliveries]

    def take(self, delivery: Delivery) -> bool | Exception:
        self.seen.append(delivery.text)
        if delivery.text in self.refuses:
            return OSError("disk full")
        self.taken.append(delivery)
        return True


@pytest.fixture
def queue() -> PretendQueue:
    return PretendQueue()


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def reader(queue: PretendQueue, intake: Intake) -> Iterator[QueueReader]:
    reader = QueueReader([URL], lambda url: queue, intake.accept, FixedClock(), pause=lambda failures: 0.005)
    yield reader
    assert reader.stop()


def test_messages_are_stored_and_then_deleted(queue: PretendQueue, intake: Intake, reader: QueueReader) -> None:
    queue.send(*(f"body {number}" for number in range(25)))
    reader.start()
    until(lambda: len(queue.deleted) == 25, 5)
    assert {one.text for one in intake.taken} == set(queue.deleted)
    assert queue.requests[0] == {"QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": WAIT_SECONDS}


def test_a_message_that_could_not_be_stored_comes_again(
    queue: PretendQueue, intake: Intake, reader: QueueReader
) -> None:
    intake.refuses = {"two"}
    queue.send("one", "two", "three")
    reader.start()
    until(lambda: sorted(queue.deleted) == ["one", "three"], 5)
    intake.refuses = set()
    queue.let_timeouts_run_out()
    until(lambda: "two" in queue.deleted, 5)
    assert intake.seen.count("one") == 1


def test_a_message_that_can_never_be_stored_blocks_no_other(
    queue: PretendQueue, intake: Intake, reader: QueueReader
) -> None:
    intake.refuses = {f"poison {number}" for number in range(30)}
    queue.send(*intake.refuses)
    queue.send(*(f"body {number}" for number in range(30)))
    reader.start()
    until(lambda: len(queue.deleted) == 30, 5)
    queue.let_timeouts_run_out()
    queue.send("after")
    until(lambda: "after" in queue.deleted, 5)
    assert not intake.refuses & set(queue.deleted)


def test_a_store_that_is_down_leaves_everything_in_the_queue(queue: PretendQueue) -> None:
    down = threading.Event()

    def accept(deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        if not down.is_set():
            raise OSError("disk full")
        return [True] * len(deliveries)

    reader = QueueReader([URL], lambda url: queue, accept, FixedClock(), pause=lambda failures: 0.005)
    queue.send("one", "two")
    reader.start()
    until(lambda: len(queue.hidden) == 2, 5)
    assert queue.deleted == []
    down.set()
    queue.let_timeouts_run_out()
    until(lambda: sorted(queue.deleted) == ["one", "two"], 5)
    assert reader.stop()


def test_what_takes_long_to_store_stays_hidden_from_others(queue: PretendQueue) -> None:
    go_on = threading.Event()

    def accept(deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        assert go_on.wait(5)
        return [True] * len(deliveries)

    reader = QueueReader([URL], lambda url: queue, accept, FixedClock(), look_every=0.005)
    queue.visibility, queue.gives_back = 0, False
    queue.send("slow")
    reader.start()
    until(lambda: queue.renewed.count("r0") > 1, 5)
    go_on.set()
    until(lambda: queue.deleted == ["slow"], 5)
    assert reader.stop()


def test_a_queue_that_does_not_tell_its_timeout_is_read_all_the_same(
    queue: PretendQueue, intake: Intake, reader: QueueReader
) -> None:
    queue.visibility = None
    queue.send("one")
    reader.start()
    until(lambda: queue.deleted == ["one"], 5)


def test_an_event_that_eventbridge_sends_twice_is_one(queue: PretendQueue) -> None:
    body = json.dumps({"id": "e-1", "detail-type": "ECS Task State Change", "detail": {}})
    found = [delivery_from({"MessageId": number, "Body": body}, 1.0).message_id for number in ("a", "b")]
    assert found == ["event:e-1", "event:e-1"]


def test_a_message_whose_deletion_fails_is_handed_over_again(
    queue: PretendQueue, intake: Intake, reader: QueueReader
) -> None:
    queue.undeletable = True
    queue.send("one")
    reader.start()
    until(lambda: queue.kept > 0, 5)
    assert intake.seen == ["one"]
    queue.undeletable = False
    until(lambda: "r0" in queue.hidden, 5)
    queue.let_timeouts_run_out()
    until(lambda: queue.deleted == ["one"], 5)


def test_the_reader_survives_errors_and_tells_them(queue: PretendQueue, intake: Intake, reader: QueueReader) -> None:
    assert reader.status == {URL: QueueStatus()}
    queue.errors = [OSError("no route")] * 3
    told: list[QueueStatus] = []

    def reached() -> bool:
        told.append(reader.status[URL])
        return told[-1].reachable is True

    reader.start()
    until(reached, 5)
    assert all(status.error == "OSError: no route" for status in told if status.reachable is False)
    queue.send("one")
    until(lambda: queue.deleted == ["one"], 5)


def test_a_client_that_cannot_be_made_is_asked_for_again(queue: PretendQueue, intake: Intake) -> None:
    asked = 0

    def client(url: str) -> PretendQueue:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise RuntimeError("no credentials")
        return queue

    reader = QueueReader([URL], client, intake.accept, FixedClock(), pause=lambda failures: 0.001)
    queue.send("one")
    reader.start()
    until(lambda: queue.deleted == ["one"], 5)
    assert reader.stop() and asked >= 3


def test_stopping_ends_a_pause_at_once(queue: PretendQueue, intake: Intake) -> None:
    queue.errors = [OSError("no route")]
    paused = threading.Event()

    def pause(failures: int) -> float:
        paused.set()
        return 3_600.0

    reader = QueueReader([URL], lambda url: queue, intake.accept, FixedClock(), pause=pause)
    reader.start()
    assert paused.wait(5)
    assert reader.stop()


def test_a_message_that_arrives_after_stop_goes_back_to_the_queue(queue: PretendQueue, intake: Intake) -> None:
    polling, go_on = threading.Event(), threading.Event()

    class SlowQueue(PretendQueue):
        def receive_message(self, **parameters: Any) -> dict[str, Any]:
            polling.set()
            assert go_on.wait(5)
            return super().receive_message(**parameters)

    slow = SlowQueue()
    slow.send("late")
    reader = QueueReader([URL], lambda url: slow, intake.accept, FixedClock(), receivers=1)
    reader.start()
    assert polling.wait(5)
    assert reader.stop(timeout=0.01) is False
    go_on.set()
    assert reader.stop() is True
    assert (slow.given_back, intake.seen) == (["late"], [])


def test_two_queues_are_read_at_once_and_one_that_is_broken_does_not_stop_the_other(intake: Intake) -> None:
    good, broken = PretendQueue(), PretendQueue()
    broken.errors = [OSError("gone")] * 100_000
    queues = {"a": good, "b": broken}
    reader = QueueReader(["a", "b"], queues.__getitem__, intake.accept, FixedClock(), pause=lambda failures: 0.005)
    good.send("one")
    reader.start()
    until(lambda: good.deleted == ["one"] and reader.status["b"].reachable is False, 5)
    assert reader.status["a"] == QueueStatus(True, "", 42.0)
    assert reader.stop()


def test_a_reader_that_never_started_can_be_stopped() -> None:
    assert QueueReader([URL], lambda url: PretendQueue(), lambda deliveries: [True], FixedClock()).stop()


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (1_000_000, 30)])
def test_pauses_double_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert pause_after(failures) == seconds


def test_an_envelope_gives_the_inner_message_and_its_own_id() -> None:
    envelope = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": TOPIC, "Subject": "s", "Message": "inner"}
    message = {"MessageId": "q-1", "Body": json.dumps(envelope)}
    assert delivery_from(message, 7.0) == Delivery("sns-1", TOPIC, 7.0, "s", "inner", "sqs")


@pytest.mark.parametrize(
    "body", ["prose", "{}", '{"AlarmName": "x"}', '{"Type": "x", "TopicArn": 1, "Message": "m"}', ""]
)
def test_a_raw_body_is_taken_as_it_is(body: str) -> None:
    assert delivery_from({"MessageId": "q-1", "Body": body}, 7.0) == Delivery("sqs:q-1", "", 7.0, "", body, "sqs")


def test_two_different_messages_without_an_id_stay_two() -> None:
    one, two = delivery_from({"Body": "a"}, 1.0), delivery_from({"Body": "b"}, 1.0)
    assert one.message_id != two.message_id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ENVELOPES = st.dictionaries(st.sampled_from(["Type", "TopicArn", "Message", "MessageId", "Subject"]), JSON)
BODIES = st.text(st.characters()) | JSON.map(json.dumps) | ENVELOPES.map(json.dumps)


@given(st.dictionaries(st.sampled_from(["Body", "MessageId"]), BODIES | JSON))
def test_any_message_becomes_a_delivery_that_can_be_stored(message: dict[str, Any]) -> None:
    delivery = delivery_from(message, 1.0)
    assert delivery.message_id
    for text in (delivery.message_id, delivery.topic, delivery.subject, delivery.text):
        assert "\x00" not in text and text.encode().decode() == text
