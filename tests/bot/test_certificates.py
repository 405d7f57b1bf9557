"""Certificates as a step looks at them, of real TLS servers."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from bot import reach_ports
from bot.certificates import TlsCertificates
from bot.errors import UpstreamError
from tests.bot.servers import a_certificate, closed_port, pem

DAY = 86_400.0


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """A TLS server with server.pem and server.key; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                plain, _ = listening.accept()
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except OSError:
                    plain.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        yield port
        ended.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()


@pytest.fixture
def certificates(certified: Path) -> TlsCertificates:
    return TlsCertificates(ca_file=certified / "authority.pem")


def self_signed(folder: Path, *names: str, days: int) -> Path:
    key, certificate = a_certificate("api.example.com", *names, days=days)
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(pem(key))
    return folder


def refusal(call: Callable[[], object]) -> UpstreamError:
    with pytest.raises(UpstreamError) as raised:
        call()
    return raised.value


def test_a_good_certificate_is_told_whole(certificates: TlsCertificates, certified: Path) -> None:
    filled: reach_ports.Certificates = certificates
    with serving(certified) as port:
        found = filled.of("localhost", port, seconds=3)
    assert (found.subject, found.issuer, found.names) == ("localhost", "Test authority", ("localhost", "127.0.0.1"))
    assert (found.self_signed, found.problem) == (False, "")
    assert 29 * DAY < found.ends_at - time.time() < 31 * DAY
    assert found.begins_at < time.time()


def test_an_authority_nobody_knows_is_a_fact(certified: Path) -> None:
    with serving(certified) as port:
        found = TlsCertificates().of("localhost", port, seconds=3)
    assert "unable to get local issuer certificate" in found.problem
    assert found.issuer == "Test authority"


def test_another_name_than_the_one_asked_for_is_a_fact(
    certificates: TlsCertificates, certified: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection
    with serving(certified) as port:
        monkeypatch.setattr(socket, "create_connection", lambda _, timeout: connect(("127.0.0.1", port), timeout))
        found = certificates.of("api.example.com", 443, seconds=3)
        monkeypatch.undo()
    assert found.problem == "Hostname mismatch, certificate is not valid for 'api.example.com'"


def test_an_expired_certificate_is_a_fact(tmp_path: Path) -> None:
    folder = self_signed(tmp_path, "localhost", days=-3)
    with serving(folder) as port:
        found = TlsCertificates(ca_file=folder / "server.pem").of("localhost", port, seconds=3)
    assert found.problem == "certificate has expired"
    assert -4 * DAY < found.ends_at - time.time() < -2 * DAY


def test_a_self_signed_certificate_is_a_fact(tmp_path: Path) -> None:
    with serving(self_signed(tmp_path, days=10)) as port:
        found = TlsCertificates().of("localhost", port, seconds=3)
    assert found.self_signed
    assert "self-signed certificate" in found.problem.replace("self signed", "self-signed")
    assert found.names == ()


def test_a_server_that_speaks_no_tls_is_said(certificates: TlsCertificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connected, _ = listening.accept()
            with connected:
                connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connected.recv(1000)

        threading.Thread(target=greet, daemon=True).start()
        port = listening.getsockname()[1]
        error = refusal(lambda: certificates.of("localhost", port, seconds=3))
    assert str(error).startswith(f"localhost:{port} speaks no TLS that I could use: ")


def test_a_server_that_is_away_is_said(certificates: TlsCertificates) -> None:
    with closed_port() as port:
        error = refusal(lambda: certificates.of("localhost", port, seconds=3))
    assert str(error) == f"localhost:{port} cannot be reached: Connection refused."


def test_a_server_that_hangs_is_left_in_time(certificates: TlsCertificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        error = refusal(lambda: certificates.of("localhost", port, seconds=0.5))
    assert time.monotonic() - began < 5
    assert str(error) == f"localhost:{port} gave no answer within 0.5 s."


@contextmanager
def proxy(answer: bytes, onward: int) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that answers CONNECT so and then passes on to a port; its address, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def pump(one: socket.socket, other: socket.socket) -> None:
            try:
                while part := one.recv(65536):
                    other.sendall(part)
                other.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def serve() -> None:
            inward, _ = listening.accept()
            with inward:
                asked.append(inward.recv(4096))
                inward.sendall(answer)
                if b" 200 " in answer:
                    with socket.create_connection(("127.0.0.1", onward)) as outward:
                        back = threading.Thread(target=pump, args=(outward, inward), daemon=True)
                        back.start()
                        pump(inward, outward)
                        back.join(2)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        thread.join(5)


def test_the_proxy_is_asked_to_connect(certified: Path) -> None:
    with serving(certified) as port, proxy(b"HTTP/1.1 200 OK\r\n\r\n", port) as (address, asked):
        found = TlsCertificates(address, certified / "authority.pem").of("localhost", 443, seconds=3)
    assert (found.subject, found.problem) == ("localhost", "")
    assert asked == [b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"]


def test_a_proxy_that_refuses_is_said(certified: Path) -> None:
    with proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n", 0) as (address, _):
        error = refusal(lambda: TlsCertificates(address).of("localhost", 443, seconds=3))
    assert str(error) == "localhost:443 cannot be reached: the proxy answered 403."
