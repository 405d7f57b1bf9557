"""DNS as a step asks it, of a small name server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot import reach_ports
from bot.errors import UpstreamError
from bot.names import DnsNames


class NameServer:
    """Answers over UDP with the records a test gives it: ``records`` by type and name; ``code`` overrules all."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.code: dns.rcode.Rcode | None = None
        self.is_silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, sender = self._socket.recvfrom(4096)
            if not wire:
                return
            if not self.is_silent:
                self._socket.sendto(self._answer(dns.message.from_wire(wire)).to_wire(), sender)

    def _answer(self, asked: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(asked)
        question = asked.question[0]
        name, kind = question.name.to_text().rstrip("."), question.to_text().rpartition(" ")[2]
        if self.code is not None:
            answer.set_rcode(self.code)
        elif found := self.records.get(f"{kind} {name}"):
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        elif not any(known.endswith(f" {name}") for known in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


@pytest.fixture
def server() -> Iterator[NameServer]:
    serving = NameServer()
    yield serving
    serving.close()


@pytest.fixture
def names(server: NameServer) -> DnsNames:
    return DnsNames(("127.0.0.1",), server.port)


def refusal(call: Callable[[], object]) -> UpstreamError:
    with pytest.raises(UpstreamError) as raised:
        call()
    return raised.value


def test_it_fills_the_port(names: DnsNames) -> None:
    filled: reach_ports.Names = names
    assert not filled.records("nowhere.example.com", "A", seconds=2).exists


def test_addresses_come_in_order_with_how_long_they_may_be_kept(server: NameServer, names: DnsNames) -> None:
    server.records["A api.example.com"] = ["10.0.0.9", "10.0.0.1"]
    found = names.records("api.example.com", "A", seconds=2)
    assert (found.records, found.exists, found.ttl) == (("10.0.0.1", "10.0.0.9"), True, 60)


@pytest.mark.parametrize(
    ("kind", "record", "shown"),
    [
        ("CNAME", "d1.cloudfront.net.", "d1.cloudfront.net"),
        ("TXT", '"v=spf1 " "-all"', "v=spf1 -all"),
        ("MX", "10 mail.example.com.", "10 mail.example.com"),
        ("AAAA", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_records_of_every_kind_are_plain_texts(
    server: NameServer, names: DnsNames, kind: str, record: str, shown: str
) -> None:
    server.records[f"{kind} api.example.com"] = [record]
    assert names.records("api.example.com", kind, seconds=2).records == (shown,)


def test_a_name_without_records_of_the_type_exists(server: NameServer, names: DnsNames) -> None:
    server.records["A api.example.com"] = ["10.0.0.1"]
    found = names.records("api.example.com", "AAAA", seconds=2)
    assert (found.records, found.exists) == ((), True)


def test_resolvers_that_fail_are_told_with_their_answer(server: NameServer, names: DnsNames) -> None:
    server.code = dns.rcode.SERVFAIL
    error = refusal(lambda: names.records("api.example.com", "A", seconds=2))
    assert str(error) == "No resolver could tell A of api.example.com: SERVFAIL."
    assert error.retryable


def test_resolvers_that_are_silent_are_left_in_time(server: NameServer, names: DnsNames) -> None:
    server.is_silent = True
    began = time.monotonic()
    error = refusal(lambda: names.records("api.example.com", "A", seconds=0.5))
    assert time.monotonic() - began < 5
    assert str(error).startswith("No resolver answered for A of api.example.com within ")


def test_a_name_that_is_none_is_said(names: DnsNames) -> None:
    error = refusal(lambda: names.records("a" * 64 + ".example.com", "A", seconds=2))
    assert "could not be looked up" in str(error)
