"""DNS, as this machine's resolvers see it."""

from __future__ import annotations

import time

import dns.exception
import dns.message
import dns.rdatatype
import dns.resolver

from bot.errors import UpstreamError
from bot.reach_ports import NameAnswer

MOST_RECORDS = 50


class DnsNames:
    """Fills ``bot.reach_ports.Names``. ``resolvers`` are addresses (with ``port``) to ask instead of the system's."""

    def __init__(self, resolvers: tuple[str, ...] = (), port: int = 53) -> None:
        self._resolvers = resolvers
        self._port = port

    def records(self, host: str, kind: str, *, seconds: float) -> NameAnswer:
        """Records of one type, in the order of their texts; names without the dot at their end.

        Raises UpstreamError when no resolver answers in time, or each of them fails.
        """
        began = time.monotonic()
        try:
            resolver = self._resolver()
            found = resolver.resolve(host, kind, lifetime=seconds, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return NameAnswer((), exists=False)
        except dns.resolver.NoNameservers as error:
            codes = sorted({dns.rcode.to_text(each[4].rcode()) for each in error.kwargs["errors"] if each[4]})
            why = ", ".join(codes) or "no answer"
            raise UpstreamError(f"No resolver could tell {kind} of {host}: {why}.", retryable=True) from None
        except dns.exception.Timeout:
            text = f"No resolver answered for {kind} of {host} within {time.monotonic() - began:.1f} s."
            raise UpstreamError(text, retryable=True) from None
        except (dns.exception.DNSException, OSError) as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise UpstreamError(f"{kind} of {host} could not be looked up: {said[:200]}.") from None
        if found.rrset is None:
            return NameAnswer((), exists=True)
        texts = sorted(_text(each.to_text(), kind) for each in found.rrset)[:MOST_RECORDS]
        return NameAnswer(tuple(texts), exists=True, ttl=found.rrset.ttl)

    def _resolver(self) -> dns.resolver.Resolver:
        # Made anew each time: the resolvers of a machine may change, and its file is small.
        resolver = dns.resolver.Resolver(configure=not self._resolvers)
        if self._resolvers:
            resolver.nameservers = list(self._resolvers)
            resolver.port = self._port
        return resolver


def _text(record: str, kind: str) -> str:
    if kind == "TXT":
        # A long text comes in several quoted pieces that belong together (RFC 7208 3.3).
        return record.strip('"').replace('" "', "")
    return record.rstrip(".")
