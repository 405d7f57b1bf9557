"""The queues and topics of the environment: there or not, and allowed or not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.aws.doors import wrong_with_queues, wrong_with_topics
from bot.aws.session import Sessions
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/alarms"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:alarms"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CALLER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
    <Arn>arn:aws:iam::123456789012:role/bot</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"""
ATTRIBUTES = """<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
    <GetTopicAttributesResult><Attributes/></GetTopicAttributesResult></GetTopicAttributesResponse>"""
SIMULATE = "SimulatePrincipalPolicy"
GONE = "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>"


@pytest.fixture(autouse=True)
def everything_is_there(aws: ScriptedAws) -> None:
    aws.on("GetQueueAttributes", {"Attributes": {"QueueArn": QUEUE_ARN}})
    aws.on("GetTopicAttributes", ATTRIBUTES)
    aws.on("GetCallerIdentity", CALLER)
    deny(aws)


def deny(aws: ScriptedAws, *actions: str) -> None:
    def simulate(asked: dict[str, Any]) -> str:
        action = asked["ActionNames.member.1"]
        return f"""<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
            <SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>{action}</EvalActionName>
            <EvalDecision>{"implicitDeny" if action in actions else "allowed"}</EvalDecision></member>
            </EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""

    aws.on("SimulatePrincipalPolicy", simulate)


def test_a_queue_and_a_topic_that_may_be_used_have_nothing_wrong(aws: ScriptedAws, sessions: Sessions) -> None:
    assert list(wrong_with_queues(sessions, [QUEUE], "us-east-1")) == []
    assert list(wrong_with_topics(sessions, [TOPIC])) == []
    asked = [(each["ActionNames.member.1"], each["ResourceArns.member.1"]) for each in aws.asked(SIMULATE)]
    assert asked == [
        ("sqs:ReceiveMessage", QUEUE_ARN),
        ("sqs:DeleteMessage", QUEUE_ARN),
        ("sqs:ChangeMessageVisibility", QUEUE_ARN),
        ("sqs:GetQueueAttributes", QUEUE_ARN),
        ("sns:ConfirmSubscription", TOPIC),
    ]


def test_what_does_not_exist_is_named(aws: ScriptedAws, sessions: Sessions) -> None:
    aws.on("GetQueueAttributes", Refusal("QueueDoesNotExist"))
    aws.on("GetTopicAttributes", (404, GONE))
    assert list(wrong_with_queues(sessions, [QUEUE], "us-east-1")) == [f"the queue {QUEUE} does not exist"]
    assert list(wrong_with_topics(sessions, [TOPIC])) == [f"the topic {TOPIC} does not exist"]


def test_every_permission_that_lacks_is_named(aws: ScriptedAws, sessions: Sessions) -> None:
    deny(aws, "sqs:DeleteMessage", "sns:ConfirmSubscription")
    assert list(wrong_with_queues(sessions, [QUEUE], "us-east-1")) == [
        f"the bot may not sqs:DeleteMessage: IAM answers implicitDeny for {QUEUE_ARN}"
    ]
    assert list(wrong_with_topics(sessions, [TOPIC])) == [
        f"the bot may not sns:ConfirmSubscription: IAM answers implicitDeny for {TOPIC}"
    ]


def test_one_queue_that_cannot_be_asked_stops_no_other(aws: ScriptedAws, sessions: Sessions) -> None:
    answers = iter([Refusal("AccessDeniedException"), Refusal("QueueDoesNotExist")])
    aws.on("GetQueueAttributes", lambda asked: next(answers))
    denied = "AWS denied sqs:GetQueueAttributes; give the bot's role this permission."
    assert list(wrong_with_queues(sessions, [QUEUE, f"{QUEUE}-old"], "us-east-1")) == [
        f"the queue {QUEUE} could not be checked: {denied}",
        f"the queue {QUEUE}-old does not exist",
    ]
