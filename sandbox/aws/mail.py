"""What SES was asked to send, readable in the process: nothing leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.ses.models import Message, SESBackend, ses_backends

from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_moto_send_email = SESBackend.send_email


@dataclass(frozen=True)
class Mail:
    """One message, by whichever version of the API. ``at`` is in seconds since the epoch."""

    id: str
    at: float
    region: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(SESBackend, "send_email", send_email)  # noqa: B010


def send_email(self: SESBackend, source: str, subject: str, body: str, destinations: dict[str, list[str]]) -> Message:
    """SendEmail, with the time of the sandbox on the message."""
    message = _moto_send_email(self, source, subject, body, destinations)
    message.__dict__["sandbox_at"] = current().clock.now()
    return message


def sent() -> list[Mail]:
    """Everything that was sent in any region, oldest first."""
    found = [
        Mail(
            message.id,
            float(message.__dict__["sandbox_at"]),
            region,
            message.source,
            tuple(_recipients(message)),
            message.subject,
            message.body,
        )
        for region, backend in list(ses_backends[current().account].items())
        for message in backend.sent_messages
        if "sandbox_at" in message.__dict__
    ]
    return sorted(found, key=lambda mail: mail.at)


def _recipients(message: Any) -> list[str]:
    return [address for addresses in message.destinations.values() for address in addresses]
