"""Signing SNS messages as AWS documents it, with a key and a certificate made in this process."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

_COMMON_NAME = "sns.amazonaws.com"
_VALID_FOR = timedelta(days=397)
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Signer:
    """Signs with the process's key; the certificate is valid at ``now`` (seconds since the epoch) and today."""

    def __init__(self, now: float) -> None:
        moments = [datetime.fromtimestamp(at, UTC) for at in (now, time.time())]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(_key().public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(moments) - timedelta(days=1))
            .not_valid_after(max(moments) + _VALID_FOR)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(_COMMON_NAME)]), critical=False)
            .sign(_key(), hashes.SHA256())
        )
        self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        digest = hashlib.sha256(self.certificate_pem.encode()).hexdigest()
        self.file_name = f"SimpleNotificationService-{digest[:32]}.pem"

    def certificate_url(self, region: str) -> str:
        """Where SNS says the certificate lies."""
        return f"https://sns.{region}.amazonaws.com/{self.file_name}"

    def sign(self, envelope: Mapping[str, str], version: str) -> str:
        """The base64 signature: RSA with SHA-1 for SignatureVersion 1, with SHA-256 for 2."""
        algorithm: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = _key().sign(string_to_sign(envelope), padding.PKCS1v15(), algorithm)
        return base64.b64encode(signature).decode()


def string_to_sign(envelope: Mapping[str, str]) -> bytes:
    r"""The documented canonical string: "Key\nValue\n" in byte order of the keys, Subject only when present."""
    keys = _NOTIFICATION if envelope["Type"] == "Notification" else _CONFIRMATION
    return "".join(f"{key}\n{envelope[key]}\n" for key in keys if envelope.get(key) is not None).encode()
