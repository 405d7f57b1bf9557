from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import sns as sandbox_sns
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock
from tests.sandbox.aws.sns.endpoint import Endpoint
from tests.sandbox.aws.sns.signatures import verify
from tests.waiting import until

Client = Callable[..., Any]


@pytest.fixture
def sns(client: Client) -> Any:
    return client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name="alarms")["TopicArn"])


def _subscribe(sns: Any, topic: str, endpoint: Endpoint, confirm: bool = True) -> str:
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    token = endpoint.wait_for(1)[0].body["Token"]
    if not confirm:
        return ""
    return str(
        sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")["SubscriptionArn"]
    )


def test_a_subscription_is_pending_until_its_token_comes_back(sns: Any, topic: str, endpoint: Endpoint) -> None:
    _subscribe(sns, topic, endpoint, confirm=False)
    (asked,) = endpoint.posted
    assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert asked.headers["x-amz-sns-message-id"] == asked.body["MessageId"]
    assert asked.headers["x-amz-sns-topic-arn"] == topic
    assert asked.headers["content-type"] == "text/plain; charset=UTF-8"
    assert asked.body["SubscribeURL"].startswith("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription")
    verify(asked.body, sandbox_sns.certificate_pem())
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed[0]["SubscriptionArn"] == "PendingConfirmation"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    with pytest.raises(sns.exceptions.InvalidParameterException, match="Token"):
        sns.confirm_subscription(TopicArn=topic, Token="guess")
    sns.publish(TopicArn=topic, Message="too early")
    arn = sns.confirm_subscription(TopicArn=topic, Token=asked.body["Token"])["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert sns.confirm_subscription(TopicArn=topic, Token=asked.body["Token"])["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="now")
    assert endpoint.wait_for(2)[1].body["Message"] == "now"
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"


def test_a_notification_has_its_headers_attributes_and_signature(sns: Any, topic: str, endpoint: Endpoint) -> None:
    arn = _subscribe(sns, topic, endpoint)
    kind = {"kind": {"DataType": "String", "StringValue": "drill"}}
    sent = sns.publish(TopicArn=topic, Message="hi", Subject="s", MessageAttributes=kind)["MessageId"]
    posted = endpoint.wait_for(2)[1]
    assert posted.headers["x-amz-sns-message-type"] == "Notification"
    assert posted.headers["x-amz-sns-message-id"] == sent
    assert posted.headers["x-amz-sns-subscription-arn"] == arn
    assert posted.body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "drill"}}
    assert arn in posted.body["UnsubscribeURL"]
    verify(posted.body, sandbox_sns.certificate_pem())


def test_raw_delivery_has_no_envelope_and_says_so(sns: Any, topic: str, endpoint: Endpoint) -> None:
    arn = _subscribe(sns, topic, endpoint)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    sns.publish(TopicArn=topic, Message="bare")
    posted = endpoint.wait_for(2)[1]
    assert (posted.text, posted.headers["x-amz-sns-rawdelivery"]) == ("bare", "true")


def test_a_failing_endpoint_is_tried_three_times_more_twenty_seconds_apart(
    sns: Any, topic: str, endpoint: Endpoint, aws: AwsServer, clock: Clock
) -> None:
    _subscribe(sns, topic, endpoint)
    endpoint.status = 503
    sns.publish(TopicArn=topic, Message="x")
    endpoint.wait_for(2)
    for attempt in (3, 4, 5):

        def again(attempt: int = attempt) -> bool:
            clock.advance(20)
            aws.tick()
            return len(endpoint.posted) >= attempt

        until(again)
    for _ in range(5):
        clock.advance(20)
        aws.tick()
    assert len({posted.text for posted in endpoint.posted[1:]}) == 1
    endpoint.status = 200
    sns.publish(TopicArn=topic, Message="last")
    assert [posted.body["Message"] for posted in endpoint.wait_for(6)[5:]] == ["last"]


def test_a_client_error_counts_as_delivered(
    sns: Any, topic: str, endpoint: Endpoint, aws: AwsServer, clock: Clock
) -> None:
    _subscribe(sns, topic, endpoint)
    endpoint.status = 403
    sns.publish(TopicArn=topic, Message="refused")
    endpoint.wait_for(2)
    sns.publish(TopicArn=topic, Message="next")
    endpoint.wait_for(3)
    clock.advance(60)
    aws.tick()
    sns.publish(TopicArn=topic, Message="last")
    assert [posted.body["Message"] for posted in endpoint.wait_for(4)[1:]] == ["refused", "next", "last"]


def test_a_dead_endpoint_does_not_fail_the_publish(sns: Any, topic: str, endpoint: Endpoint) -> None:
    _subscribe(sns, topic, endpoint)
    endpoint.stop()
    assert sns.publish(TopicArn=topic, Message="x")["MessageId"]


def test_unsubscribing_is_told_and_its_token_restores_the_subscription(
    sns: Any, topic: str, endpoint: Endpoint
) -> None:
    arn = _subscribe(sns, topic, endpoint)
    sns.unsubscribe(SubscriptionArn=arn)
    goodbye = endpoint.wait_for(2)[1]
    assert goodbye.headers["x-amz-sns-message-type"] == goodbye.body["Type"] == "UnsubscribeConfirmation"
    verify(goodbye.body, sandbox_sns.certificate_pem())
    assert sns.list_subscriptions()["Subscriptions"] == []
    sns.confirm_subscription(TopicArn=topic, Token=goodbye.body["Token"])
    assert [each["SubscriptionArn"] for each in sns.list_subscriptions()["Subscriptions"]] == [arn]


def test_an_email_address_stays_pending_and_a_wrong_protocol_is_refused(sns: Any, topic: str) -> None:
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com", ReturnSubscriptionArn=True)
    assert answer["SubscriptionArn"].startswith(f"{topic}:")
    found = sns.get_subscription_attributes(SubscriptionArn=answer["SubscriptionArn"])["Attributes"]
    assert found["PendingConfirmation"] == "true"
    with pytest.raises(sns.exceptions.InvalidParameterException, match="protocol"):
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="http://example.com/sns")
