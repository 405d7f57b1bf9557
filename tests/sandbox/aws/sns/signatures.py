"""Checking an SNS signature as a subscriber must, written from AWS's description alone."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def verify(body: dict[str, Any], certificate_pem: str) -> None:
    """Raises InvalidSignature."""
    if body["Type"] == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    lines = [line for name in names if name in body for line in (name, body[name])]
    text = "\n".join(lines) + "\n"
    key = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    algorithm: hashes.HashAlgorithm = hashes.SHA1() if body["SignatureVersion"] == "1" else hashes.SHA256()
    key.verify(base64.b64decode(body["Signature"]), text.encode("utf-8"), padding.PKCS1v15(), algorithm)
