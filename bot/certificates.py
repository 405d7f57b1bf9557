"""Certificates of TLS servers: what one shows, be it good or not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.errors import UpstreamError
from bot.reach_ports import Certificate
from bot.within import within

MOST_NAMES = 20
_LONGEST_REPLY = 8 * 1024


class TlsCertificates:
    """Fills ``bot.reach_ports.Certificates``.

    ``proxy`` is the address of an HTTP proxy that is asked to CONNECT, ``ca_file`` a PEM file of further authorities.
    """

    def __init__(self, proxy: str | None = None, ca_file: Path | None = None) -> None:
        self._proxy = urlsplit(proxy) if proxy else None
        self._trusting = ssl.create_default_context()
        if ca_file is not None:
            self._trusting.load_verify_locations(cafile=ca_file)
        self._looking = ssl.create_default_context()
        self._looking.check_hostname = False
        # What is looked at may be expired or self-signed; nothing is ever sent over such a connection.
        self._looking.verify_mode = ssl.CERT_NONE

    def of(self, host: str, port: int, *, seconds: float) -> Certificate:
        """The certificate that a server shows for this name. Raises UpstreamError when there is no TLS to be had."""
        where = f"{host}:{port}"
        try:
            return within(seconds + 0.5, lambda: self._of(host, port, seconds))
        except TimeoutError:
            raise UpstreamError(f"{where} gave no answer within {seconds:g} s.", retryable=True) from None
        except ssl.SSLError as error:
            reason = (error.reason or "handshake failed").replace("_", " ").lower()
            raise UpstreamError(f"{where} speaks no TLS that I could use: {reason}.") from None
        except (OSError, ValueError) as error:
            said = " ".join((getattr(error, "strerror", "") or str(error)).split()) or type(error).__name__
            raise UpstreamError(f"{where} cannot be reached: {said[:200]}.", retryable=True) from None

    def _of(self, host: str, port: int, seconds: float) -> Certificate:
        deadline = time.monotonic() + seconds
        try:
            shown, problem = self._shown(self._trusting, host, port, deadline), ""
        except ssl.SSLCertVerificationError as error:
            # OpenSSL stops at the first problem, so the certificate itself is had without looking for any.
            shown, problem = self._shown(self._looking, host, port, deadline), _why(error)
        return _read(x509.load_der_x509_certificate(shown), problem)

    def _shown(self, context: ssl.SSLContext, host: str, port: int, deadline: float) -> bytes:
        with self._connected(host, port, deadline) as plain:
            plain.settimeout(max(0.1, deadline - time.monotonic()))
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                shown = encrypted.getpeercert(binary_form=True)
        if shown is None:
            raise ssl.SSLError(0, "no certificate was shown")
        return shown

    @contextmanager
    def _connected(self, host: str, port: int, deadline: float) -> Iterator[socket.socket]:
        proxy = self._proxy
        left = max(0.1, deadline - time.monotonic())
        if proxy is None:
            with socket.create_connection((host, port), timeout=left) as plain:
                yield plain
            return
        with socket.create_connection((proxy.hostname or "", proxy.port or 80), timeout=left) as plain:
            authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            plain.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("ascii"))
            reply = b""
            while b"\r\n\r\n" not in reply and len(reply) < _LONGEST_REPLY:
                part = plain.recv(1)
                if not part:
                    break
                reply += part
            status = reply.split(b" ", 2)[1:2]
            if status != [b"200"]:
                code = status[0].decode("ascii", "replace")[:20] if status else "nothing"
                raise OSError(f"the proxy answered {code}")
            yield plain


def _why(error: ssl.SSLCertVerificationError) -> str:
    return (error.verify_message or str(error)).rstrip(".")


def _read(found: x509.Certificate, problem: str) -> Certificate:
    try:
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(each) for each in alternatives.get_values_for_type(x509.DNSName)]
        names += [str(each) for each in alternatives.get_values_for_type(x509.IPAddress)]
    except (x509.ExtensionNotFound, ValueError):
        names = []
    return Certificate(
        subject=_common(found.subject),
        issuer=_common(found.issuer),
        names=tuple(names[:MOST_NAMES]),
        begins_at=found.not_valid_before_utc.timestamp(),
        ends_at=found.not_valid_after_utc.timestamp(),
        self_signed=found.issuer == found.subject,
        problem=problem,
    )


def _common(name: x509.Name) -> str:
    """The part of a name that people know it by: of the issuer its organisation too, of a subject its common name."""
    wanted = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    parts = [str(each.value) for oid in wanted for each in name.get_attributes_for_oid(oid)]
    return " ".join(dict.fromkeys(parts))[:200]
