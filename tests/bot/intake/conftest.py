"""A pretend SNS: its key and certificate are made when the tests run."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from bot.intake.sns import SnsVerifier

NOW = 1_790_000_000.0
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"


class SetClock:
    """A clock that stands where it was put."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


class PretendSns:
    """Signs as SNS documents it, written apart from the code under test; counts how often it is asked."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.clock = SetClock(NOW)
        self.fetched: list[str] = []
        self.pem: bytes | Exception = self.certificate(NOW - 86_400, NOW + 86_400)

    def certificate(self, start: float, end: float) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(datetime.fromtimestamp(start, UTC))
            .not_valid_after(datetime.fromtimestamp(end, UTC))
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if isinstance(self.pem, Exception):
            raise self.pem
        return self.pem

    def verifier(self, topics: dict[str, str | None] | None = None) -> SnsVerifier:
        return SnsVerifier({TOPIC: None} if topics is None else topics, self.fetch, self.clock)

    def envelope(self, version: str = "2", **changes: Any) -> dict[str, Any]:
        """A signed notification; ``changes`` are made before it is signed."""
        sent = datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=5)
        envelope: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": 'ALARM: "api" in EU (Ireland)',
            "Message": "zwei\nZeilen – “ü”",
            "Timestamp": sent.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        }
        envelope |= changes
        envelope["Signature"] = self.sign(envelope)
        return envelope

    def confirmation(self, kind: str = "SubscriptionConfirmation", **changes: Any) -> dict[str, Any]:
        extra = {"Type": kind, "Token": "t" * 64, "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Confirm"}
        envelope = self.envelope(**{**extra, "Subject": None, **changes})
        del envelope["Subject"]
        return envelope

    def sign(self, envelope: dict[str, Any]) -> str:
        text = ""
        if envelope["Type"] == "Notification":
            text += f"Message\n{envelope['Message']}\nMessageId\n{envelope['MessageId']}\n"
            if envelope.get("Subject") is not None:
                text += f"Subject\n{envelope['Subject']}\n"
        else:
            text += f"Message\n{envelope['Message']}\nMessageId\n{envelope['MessageId']}\n"
            text += f"SubscribeURL\n{envelope['SubscribeURL']}\n"
        text += f"Timestamp\n{envelope['Timestamp']}\n"
        if envelope["Type"] != "Notification":
            text += f"Token\n{envelope['Token']}\n"
        text += f"TopicArn\n{envelope['TopicArn']}\nType\n{envelope['Type']}\n"
        digest = hashes.SHA1() if envelope["SignatureVersion"] == "1" else hashes.SHA256()
        return base64.b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()


@pytest.fixture(scope="module")
def make_sns() -> Callable[[], PretendSns]:
    """Makes a pretend SNS; hypothesis tests call it once for all their examples."""
    return PretendSns


@pytest.fixture
def sns() -> PretendSns:
    """A pretend SNS with a fresh key."""
    return PretendSns()
