from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from sandbox.aws import sns as sandbox_sns
from sandbox.clock import Clock
from tests.sandbox.aws.sns.signatures import verify

Client = Callable[..., Any]


class Room:
    def __init__(self, client: Client) -> None:
        self.sns, self.sqs = client("sns"), client("sqs")
        self.topic = self.sns.create_topic(Name="alarms")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="bot")["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.queue_arn = found["Attributes"]["QueueArn"]

    def subscribe(self, **more: Any) -> str:
        return str(
            self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self.queue_arn, **more)["SubscriptionArn"]
        )

    def received(self) -> list[dict[str, Any]]:
        found = []
        ask = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := self.sqs.receive_message(**ask).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            found += messages
        return found

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.received()]


@pytest.fixture
def room(client: Client) -> Room:
    return Room(client)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, 'ALARM: "x" in US East (N. Virginia)'])
def test_a_notification_verifies_with_and_without_a_subject(room: Room, version: str, subject: str | None) -> None:
    room.subscribe()
    room.sns.set_topic_attributes(TopicArn=room.topic, AttributeName="SignatureVersion", AttributeValue=version)
    more = {"Subject": subject} if subject else {}
    sent = room.sns.publish(TopicArn=room.topic, Message="Grüße\nzweite Zeile", **more)["MessageId"]
    (body,) = room.bodies()
    assert (body["MessageId"], body["SignatureVersion"], body.get("Subject")) == (sent, version, subject)
    assert body["Timestamp"] == "2026-11-22T10:01:37.811Z"
    assert body["SigningCertURL"].startswith("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-")
    verify(body, sandbox_sns.certificate_pem())
    for name in ("Message", "Timestamp", "TopicArn") + (("Subject",) if subject else ()):
        with pytest.raises(InvalidSignature):
            verify({**body, name: body[name] + "!"}, sandbox_sns.certificate_pem())


def test_the_certificate_is_amazons_name_and_valid_on_the_sandboxs_clock(room: Room, clock: Clock) -> None:
    certificate = x509.load_pem_x509_certificate(sandbox_sns.certificate_pem().encode())
    assert certificate.subject.rfc4514_string() == "CN=sns.amazonaws.com"
    assert certificate.not_valid_before_utc < clock.datetime() < certificate.not_valid_after_utc - timedelta(days=300)


def test_a_topic_signs_with_version_1_unless_told(room: Room) -> None:
    room.subscribe()
    room.sns.publish(TopicArn=room.topic, Message="x")
    assert room.bodies()[0]["SignatureVersion"] == "1"
    assert "SignatureVersion" not in room.sns.get_topic_attributes(TopicArn=room.topic)["Attributes"]
    made = room.sns.create_topic(Name="strict", Attributes={"SignatureVersion": "2"})["TopicArn"]
    assert room.sns.get_topic_attributes(TopicArn=made)["Attributes"]["SignatureVersion"] == "2"
    with pytest.raises(room.sns.exceptions.ClientError, match="SignatureVersion"):
        room.sns.set_topic_attributes(TopicArn=made, AttributeName="SignatureVersion", AttributeValue="3")


def test_raw_delivery_is_the_bare_message_with_its_attributes(room: Room) -> None:
    room.subscribe(Attributes={"RawMessageDelivery": "true"})
    kind = {"kind": {"DataType": "String", "StringValue": "drill"}}
    room.sns.publish(TopicArn=room.topic, Message="bare", MessageAttributes=kind)
    (message,) = room.received()
    assert message["Body"] == "bare"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "drill"


def test_message_attributes_travel_in_the_envelope_and_filters_apply(room: Room) -> None:
    room.subscribe(Attributes={"FilterPolicy": json.dumps({"kind": ["drill"]})})
    for kind in ("drill", "fire"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        room.sns.publish(TopicArn=room.topic, Message=kind, MessageAttributes=attributes)
    (body,) = room.bodies()
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "drill"}}


def test_a_queue_that_is_gone_does_not_fail_the_publish(room: Room) -> None:
    room.subscribe()
    room.sqs.delete_queue(QueueUrl=room.queue)
    assert room.sns.publish(TopicArn=room.topic, Message="x")["MessageId"]


def test_messages_can_come_twice_and_in_the_wrong_order(room: Room) -> None:
    room.subscribe()
    sandbox_sns.hold_deliveries()
    sent = [room.sns.publish(TopicArn=room.topic, Message=text)["MessageId"] for text in ("first", "second")]
    assert room.bodies() == []
    sandbox_sns.release_deliveries(newest_first=True)
    bodies = room.bodies()
    assert [body["Message"] for body in bodies] == ["second", "first"]
    assert sandbox_sns.redeliver(sent[0]) == 1
    assert room.bodies() == [bodies[1]]
    assert sandbox_sns.redeliver("unknown") == 0


def test_an_unsubscribed_queue_hears_nothing(room: Room) -> None:
    room.sns.unsubscribe(SubscriptionArn=room.subscribe())
    room.sns.publish(TopicArn=room.topic, Message="x")
    assert room.bodies() == []
