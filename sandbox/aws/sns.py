"""Teaches moto SNS: signatures, confirmed subscriptions, deliveries that fail and are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sns.models import Subscription
from moto.sns.responses import SNSResponse

from sandbox.aws import sns_subscriptions
from sandbox.aws.sns_delivery import deliveries
from sandbox.aws.sns_envelopes import renew_signer, signer

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat), issue a certificate valid on this AWS's clock and retry on its ticks."""
    for operation in sns_subscriptions.OPERATIONS:
        setattr(SNSResponse, operation.__name__, operation)
    setattr(Subscription, "publish", sns_subscriptions.publish_to_subscriber)  # noqa: B010
    deliveries.clear()
    renew_signer(aws.clock.now())
    aws.on_tick(lambda: deliveries.retry_due(aws.clock.now()))


def certificate_pem() -> str:
    """The certificate that SigningCertURL stands for; the proxy serves it as https://sns.<region>.amazonaws.com."""
    return signer().certificate_pem


def redeliver(message_id: str) -> int:
    """Deliver a published message once more to each subscriber, unchanged; answers to how many."""
    return deliveries.redeliver(message_id)


def latest_messages(count: int) -> list[str]:
    """The ids of the messages that were published last, oldest first."""
    return deliveries.latest(count)


def hold_deliveries() -> None:
    """Keep every delivery back until ``release_deliveries``."""
    deliveries.hold()


def release_deliveries(newest_first: bool = False) -> None:
    """Send what was held back, in the wrong order when asked to."""
    deliveries.release(newest_first)
