"""The JSON bodies that SNS sends: notifications and the two kinds of confirmation, signed."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urlencode

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import Subscription, Topic, sns_backends

from sandbox.aws.sns_signing import Signer
from sandbox.aws.world import current

_signer: Signer | None = None

_WELCOME = (
    "You have chosen to subscribe to the topic {topic}.\n"
    "To confirm the subscription, visit the SubscribeURL included in this message."
)
_FAREWELL = (
    "You have chosen to deactivate subscription {subscription}.\n"
    "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
)


def renew_signer(now: float) -> None:
    """Issue the certificate anew, valid around ``now`` (seconds since the epoch)."""
    global _signer  # noqa: PLW0603 - one certificate for all of AWS
    _signer = Signer(now)


def signer() -> Signer:
    """The signer in force."""
    if _signer is None:
        renew_signer(current().clock.now())
    assert _signer is not None
    return _signer


def notification(
    subscription: Subscription,
    message: str,
    message_id: str,
    subject: str | None,
    attributes: dict[str, Any] | None,
) -> dict[str, Any]:
    """The envelope of one published message."""
    envelope: dict[str, Any] = {"Type": "Notification", "MessageId": message_id, "TopicArn": subscription.topic.arn}
    if subject:
        envelope["Subject"] = subject
    envelope |= {"Message": message, "Timestamp": _timestamp()}
    _sign(envelope, subscription.topic)
    region = subscription.topic.sns_backend.region_name
    query = urlencode({"Action": "Unsubscribe", "SubscriptionArn": subscription.arn}, safe=":")
    envelope["UnsubscribeURL"] = f"https://sns.{region}.amazonaws.com/?{query}"
    if attributes:
        envelope["MessageAttributes"] = attributes
    return envelope


def confirmation(subscription: Subscription, token: str, farewell: bool = False) -> dict[str, Any]:
    """A SubscriptionConfirmation or, as ``farewell``, an UnsubscribeConfirmation."""
    topic = subscription.topic
    words = _FAREWELL if farewell else _WELCOME
    query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic.arn, "Token": token}, safe=":")
    envelope: dict[str, Any] = {
        "Type": "UnsubscribeConfirmation" if farewell else "SubscriptionConfirmation",
        "MessageId": str(uuid.uuid4()),
        "Token": token,
        "TopicArn": topic.arn,
        "Message": words.format(topic=topic.arn, subscription=subscription.arn),
        "SubscribeURL": f"https://sns.{topic.sns_backend.region_name}.amazonaws.com/?{query}",
        "Timestamp": _timestamp(),
    }
    _sign(envelope, topic)
    return envelope


def written(envelope: dict[str, Any]) -> str:
    """The envelope as SNS writes it into a body."""
    return json.dumps(envelope, indent=2, separators=(",", " : "), ensure_ascii=False)


def _sign(envelope: dict[str, Any], topic: Topic) -> None:
    """Add the signature by the topic's SignatureVersion, 1 unless set, and offer the certificate over moto."""
    version = str(getattr(topic, "signature_version", "1"))
    region = topic.sns_backend.region_name
    envelope["SignatureVersion"] = version
    envelope["Signature"] = signer().sign(envelope, version)
    envelope["SigningCertURL"] = signer().certificate_url(region)
    keys = sns_backends[DEFAULT_ACCOUNT_ID][region]._message_public_keys
    keys[signer().file_name] = signer().certificate_pem.encode()


def _timestamp() -> str:
    moment = current().clock.datetime()
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
