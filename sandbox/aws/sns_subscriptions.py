"""Subscriptions: pending until confirmed with the right token, delivered to only after that."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sns.exceptions import SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from sandbox.aws.sns_delivery import Delivery, deliveries
from sandbox.aws.sns_envelopes import confirmation, notification, written

_CONFIRMED_BY_HAND = ("http", "https", "email", "email-json")
_WEB = ("http", "https")
_PENDING = "PendingConfirmation"
_subscribe = SNSResponse.subscribe
_topic_attributes = SNSResponse.get_topic_attributes
_set_topic_attributes = SNSResponse.set_topic_attributes
_create_topic = SNSResponse.create_topic
_publish = Subscription.publish


def subscribe(self: SNSResponse) -> ActionResult:
    """Subscribe: an endpoint that must confirm is "pending confirmation", and asked again every time."""
    protocol, endpoint = self._get_param("Protocol"), self._get_param("Endpoint")
    if protocol in _WEB and not re.match(rf"{protocol}://", endpoint):
        raise SNSInvalidParameter("Invalid parameter: Endpoint must match the specified protocol")
    known = self.backend._find_subscription(self._get_param("TopicArn"), endpoint, protocol)
    arn = str(_subscribe(self).result["SubscriptionArn"])  # type: ignore[index]
    subscription = self.backend.subscriptions[arn]
    if protocol not in _CONFIRMED_BY_HAND or (known and not known.attributes[_PENDING]):
        return ActionResult({"SubscriptionArn": arn})
    subscription.attributes |= {_PENDING: True, "ConfirmationWasAuthenticated": False}
    _ask_to_confirm(subscription)
    shown = arn if str(self._get_param("ReturnSubscriptionArn")).lower() == "true" else "pending confirmation"
    return ActionResult({"SubscriptionArn": shown})


def _ask_to_confirm(subscription: Subscription) -> None:
    token = subscription.__dict__.setdefault("sandbox_token", secrets.token_hex(96))
    if subscription.protocol in _WEB:
        envelope = confirmation(subscription, token)
        deliveries.send(Delivery(subscription, envelope["MessageId"], envelope["Type"], written(envelope)))


def confirm_subscription(self: SNSResponse) -> ActionResult:
    """ConfirmSubscription: only the token that was sent confirms; it may be used again, and restores one deleted."""
    arn, token = self._get_param("TopicArn"), self._get_param("Token")
    if arn not in self.backend.topics:
        raise SNSNotFoundError("Topic does not exist")
    waiting = [each for each in self.backend.subscriptions.values() if each.topic.arn == arn]
    left = _unsubscribed(self.backend)
    found = next((each for each in waiting if each.__dict__.get("sandbox_token") == token), left.get(token))
    if found is None:
        raise SNSInvalidParameter("Invalid parameter: Token")
    self.backend.subscriptions[found.arn] = found
    left.pop(token, None)
    strict = str(self._get_param("AuthenticateOnUnsubscribe") or "").lower() == "true"
    if found.attributes[_PENDING]:
        found.attributes |= {_PENDING: False, "ConfirmationWasAuthenticated": strict}
    return ActionResult({"SubscriptionArn": found.arn})


def _unsubscribed(backend: SNSBackend) -> dict[str, Subscription]:
    """Deleted web subscriptions by the token that brings them back."""
    left: dict[str, Subscription] = backend.__dict__.setdefault("sandbox_unsubscribed", {})
    return left


def unsubscribe(self: SNSResponse) -> ActionResult:
    """Unsubscribe: unsigned only where the confirmation did not forbid it; a web endpoint is told of it."""
    subscription = self.backend.subscriptions.get(self._get_param("SubscriptionArn"))
    if subscription is None:
        return EmptyResult()
    if subscription.attributes["ConfirmationWasAuthenticated"] and "Authorization" not in self.headers:
        raise SNSInvalidParameter("Invalid parameter: the subscription can only be deleted by a signed request")
    self.backend.unsubscribe(subscription.arn)
    if subscription.protocol in _WEB and not subscription.attributes[_PENDING]:
        token = secrets.token_hex(96)
        _unsubscribed(self.backend)[token] = subscription
        envelope = confirmation(subscription, token, farewell=True)
        deliveries.send(Delivery(subscription, envelope["MessageId"], envelope["Type"], written(envelope)))
    return EmptyResult()


def list_subscriptions(self: SNSResponse) -> ActionResult:
    """ListSubscriptions."""
    found, token = self.backend.list_subscriptions(next_token=self._get_param("NextToken"))
    return ActionResult({"Subscriptions": [_listed(each) for each in found], "NextToken": token})


def list_subscriptions_by_topic(self: SNSResponse) -> ActionResult:
    """ListSubscriptionsByTopic."""
    found, token = self.backend.list_subscriptions_by_topic(
        self._get_param("TopicArn"), next_token=self._get_param("NextToken")
    )
    return ActionResult({"Subscriptions": [_listed(each) for each in found], "NextToken": token})


def _listed(subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": _PENDING if subscription.attributes[_PENDING] else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }


def get_topic_attributes(self: SNSResponse) -> ActionResult:
    """GetTopicAttributes with true counts and the SignatureVersion when one was set."""
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    attributes: dict[str, Any] = _topic_attributes(self).result["Attributes"]  # type: ignore[index]
    pending = [bool(each.attributes[_PENDING]) for each in self.backend._get_topic_subscriptions(topic)]
    attributes |= {"SubscriptionsPending": str(sum(pending)), "SubscriptionsConfirmed": str(pending.count(False))}
    if hasattr(topic, "signature_version"):
        attributes["SignatureVersion"] = str(topic.signature_version)
    return ActionResult({"Attributes": attributes})


def set_topic_attributes(self: SNSResponse) -> ActionResult:
    """SetTopicAttributes; SignatureVersion is 1 or 2."""
    if self._get_param("AttributeName") == "SignatureVersion":
        _check_version(self._get_param("AttributeValue"))
    return _set_topic_attributes(self)


def create_topic(self: SNSResponse) -> ActionResult:
    """CreateTopic; SignatureVersion is 1 or 2."""
    _check_version(self._get_param("Attributes", {}).get("SignatureVersion", "1"))
    return _create_topic(self)


def _check_version(version: str) -> None:
    if version not in ("1", "2"):
        raise SNSInvalidParameter("Invalid parameter: SignatureVersion")


def publish_to_subscriber(
    self: Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """One message to one subscriber; takes the place of moto's Subscription.publish for queues and the web."""
    if self.attributes.get(_PENDING):
        return
    if self.protocol not in ("sqs", *_WEB):
        _publish(self, message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)
        return
    matcher = self._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if message_structure == "json":
        message = self._parse_message_structure(message, self.protocol)
    options: dict[str, Any] = {}
    if self.protocol == "sqs":
        options = {"group_id": group_id, "deduplication_id": deduplication_id}
    raw = bool(self.attributes.get("RawMessageDelivery"))
    if raw and self.protocol == "sqs":
        options["message_attributes"] = _queue_attributes(message_attributes or {})
    body = message if raw else written(notification(self, message, message_id, subject, message_attributes))
    deliveries.send(Delivery(self, message_id, "Notification", body, raw, options))


def _queue_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "DataType": each["Type"],
            "BinaryValue" if each["Type"].startswith("Binary") else "StringValue": str(each["Value"]),
        }
        for name, each in attributes.items()
    }


OPERATIONS: tuple[Callable[[SNSResponse], ActionResult], ...] = (
    subscribe,
    confirm_subscription,
    unsubscribe,
    list_subscriptions,
    list_subscriptions_by_topic,
    get_topic_attributes,
    set_topic_attributes,
    create_topic,
)
