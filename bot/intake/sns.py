"""Verifies what arrives at an open HTTPS door in the name of Amazon SNS.

Rules from https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, and stricter: topics are
listed, and nothing is fetched before the topic is known; the certificate comes from SNS in the topic's own region;
where a topic's signature version is pinned, an older one is refused. A certificate is fetched and read once an hour,
whatever number of messages waits for it.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bot.intake.fields import read_json
from bot.ports import Clock

MAX_AGE = 3600.0
"""Seconds after its Timestamp that a message is not taken; SNS itself gives up after as long."""

CERTIFICATE_TTL = 3600.0
_MAX_CERTIFICATES = 32

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_REQUIRED = {
    kind: frozenset({*signed, "SignatureVersion", "Signature", "SigningCertURL"} - {"Subject"})
    for kind, signed in _SIGNED.items()
}
_HASHES: dict[str, hashes.SHA1 | hashes.SHA256] = {
    "1": hashes.SHA1(),  # noqa: S303 - SNS's default; a topic may be pinned to version 2
    "2": hashes.SHA256(),
}
_PADDING = padding.PKCS1v15()

_TOPIC = re.compile(r"arn:aws[a-z-]{0,16}:sns:([a-z0-9-]{3,40}):\d{12}:[A-Za-z0-9_.-]{1,256}")
_HOST = re.compile(r"sns\.([a-z0-9-]{3,40})\.amazonaws\.com(\.cn)?")
_PATH = re.compile(r"/SimpleNotificationService-[A-Za-z0-9_-]{1,128}\.pem")


@dataclass(frozen=True)
class Verified:
    """A message that SNS really signed, for a topic that is listed. ``token`` only with confirmations."""

    type: str
    message_id: str
    topic: str
    region: str
    subject: str
    message: str
    token: str


@dataclass(frozen=True)
class Malformed:
    """No SNS message at all (HTTP 400)."""

    reason: str


@dataclass(frozen=True)
class Forged:
    """Not from SNS, or from a topic that is not listed (HTTP 403)."""

    reason: str


@dataclass(frozen=True)
class Unavailable:
    """Nothing can be said now; SNS shall try again (HTTP 503).

    The certificate could not be had or, of what SNS did sign, the times do not fit this machine's clock. A clock that
    jumped is put right, while SNS would never send again what it once was refused.
    """

    reason: str


Outcome: TypeAlias = Verified | Malformed | Forged | Unavailable


@dataclass(frozen=True)
class _Signer:
    """The key of a certificate, read once; times in seconds since the epoch. ``until`` is when it is fetched anew."""

    key: object
    not_before: float
    not_after: float
    until: float


class SnsVerifier:
    """Tells what SNS signed from what it did not. May be used by many threads.

    ``topics`` maps the ARNs that are listened to to their signature version ("1" or "2"), None where either is
    taken. ``fetch_certificate`` returns the PEM bytes of a URL and raises anything when it cannot.
    """

    def __init__(
        self, topics: Mapping[str, str | None], fetch_certificate: Callable[[str], bytes], clock: Clock
    ) -> None:
        self._topics = dict(topics)
        self._fetch = fetch_certificate
        self._clock = clock
        self._lock = threading.Lock()
        self._signers: OrderedDict[str, _Signer] = OrderedDict()
        self._fetching: dict[str, Future[_Signer]] = {}

    def verify(self, body: bytes) -> Outcome:
        """What to make of a request's body; it may have to fetch a certificate first. Never raises."""
        envelope = self._plausible(body)
        if not isinstance(envelope, dict):
            return envelope
        try:
            signer = self._fetched(envelope["SigningCertURL"])
        except Exception as error:
            # Whatever the network, a proxy's error page or a broken file does: SNS is asked to come again.
            return Unavailable(f"certificate not available: {type(error).__name__}")
        return self._judged(envelope, signer)

    def verify_at_once(self, body: bytes) -> Outcome | None:
        """The same without waiting for anybody: None when a certificate has to be fetched first. Never raises."""
        envelope = self._plausible(body)
        if not isinstance(envelope, dict):
            return envelope
        signer = self._known(envelope["SigningCertURL"])
        return None if signer is None else self._judged(envelope, signer)

    def _plausible(self, body: bytes) -> dict[str, str] | Malformed | Forged:
        """The envelope, or everything that can be said against it without the certificate."""
        envelope = _envelope(body)
        if isinstance(envelope, Malformed):
            return envelope
        found = _TOPIC.fullmatch(envelope["TopicArn"])
        if envelope["TopicArn"] not in self._topics or found is None:
            return Forged("topic is not listed")
        version = envelope["SignatureVersion"]
        if version not in _HASHES or self._topics[envelope["TopicArn"]] not in (None, version):
            return Forged("signature version is not the topic's")
        if _sent(envelope) is None:
            return Malformed("Timestamp is not a time")
        if not _from_sns(envelope["SigningCertURL"], found.group(1)):
            return Forged("certificate address is not SNS's in the topic's region")
        return envelope

    def _known(self, url: str) -> _Signer | None:
        with self._lock:
            kept = self._signers.get(url)
        return kept if kept is not None and self._clock.now() < kept.until else None

    def _fetched(self, url: str) -> _Signer:
        """The signer behind a URL. Raises what fetching or reading it raised; who comes meanwhile shares the answer."""
        with self._lock:
            known = self._signers.get(url)
            if known is not None and self._clock.now() < known.until:
                return known
            under_way = self._fetching.get(url)
            if under_way is None:
                mine = self._fetching[url] = Future()
        if under_way is not None:
            return under_way.result()
        try:
            signer = _read(self._fetch(url), self._clock.now() + CERTIFICATE_TTL)
        except BaseException as error:
            with self._lock:
                del self._fetching[url]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._fetching[url]
            self._signers[url] = signer
            while len(self._signers) > _MAX_CERTIFICATES:
                self._signers.popitem(last=False)
        mine.set_result(signer)
        return signer

    def _judged(self, envelope: Mapping[str, str], signer: _Signer) -> Verified | Forged | Unavailable:
        if not isinstance(signer.key, rsa.RSAPublicKey):
            return Forged("certificate holds no RSA key")
        try:
            signature = base64.b64decode(envelope["Signature"], validate=True)
            signer.key.verify(signature, canonical(envelope), _PADDING, _HASHES[envelope["SignatureVersion"]])
        except (InvalidSignature, binascii.Error, ValueError):
            return Forged("signature does not match")
        now = self._clock.now()
        if not signer.not_before <= now <= signer.not_after:
            return Unavailable("certificate is not valid now, by this machine's clock")
        if now - (_sent(envelope) or 0.0) > MAX_AGE:
            return Unavailable("message is older than an hour, by this machine's clock")
        return Verified(
            type=envelope["Type"],
            message_id=envelope["MessageId"],
            topic=envelope["TopicArn"],
            region=envelope["TopicArn"].split(":")[3],
            subject=envelope.get("Subject", ""),
            message=envelope["Message"],
            token=envelope.get("Token", ""),
        )


def _sent(envelope: Mapping[str, str]) -> float | None:
    """When SNS published it, in seconds since the epoch; None when that is no time."""
    try:
        sent = datetime.fromisoformat(envelope["Timestamp"])
        return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _read(pem: bytes, until: float) -> _Signer:
    """Raises anything when it is no certificate."""
    certificate = x509.load_pem_x509_certificate(pem)
    return _Signer(
        key=certificate.public_key(),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        until=until,
    )


def canonical(envelope: Mapping[str, str]) -> bytes:
    """The bytes SNS signs: key and value, each on a line, in this order; Subject only where there is one."""
    keys = _SIGNED[envelope["Type"]]
    return "".join(f"{key}\n{envelope[key]}\n" for key in keys if key in envelope).encode("utf-8", "replace")


def _envelope(body: bytes) -> dict[str, str] | Malformed:
    """The text fields of an SNS message; a null Subject counts as none."""
    try:
        document = read_json(body)
    except (ValueError, RecursionError):
        return Malformed("body is not JSON")
    if not isinstance(document, dict):
        return Malformed("body is not a JSON object")
    envelope = {key: value for key, value in document.items() if isinstance(value, str)}
    if envelope.get("Type") not in _SIGNED:
        return Malformed("Type is none of SNS's")
    missing = sorted(_REQUIRED[envelope["Type"]] - envelope.keys())
    return Malformed(f"missing: {', '.join(missing)}") if missing else envelope


@lru_cache(_MAX_CERTIFICATES)
def _from_sns(url: str, region: str) -> bool:
    """True for a certificate address of SNS in this region: https, its own host, no login, port, query or detour."""
    try:
        parts = urlsplit(url)
        host = _HOST.fullmatch(parts.netloc)
    except ValueError:
        return False
    plain = parts.scheme == "https" and not parts.query and not parts.fragment and url.isascii() and url.isprintable()
    return plain and host is not None and _serves(host, region) and bool(_PATH.fullmatch(parts.path))


def _serves(host: re.Match[str], region: str) -> bool:
    """Amazon's hosts in China, and only those, end with .cn."""
    return host.group(1) == region and bool(host.group(2)) == region.startswith("cn-")
