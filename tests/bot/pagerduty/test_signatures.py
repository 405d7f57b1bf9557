"""Signatures of webhooks: only whoever knows a secret can make one."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pagerduty.signatures import SIGNATURES, is_signed

OLD, NEW = "o" * 32, "n" * 32
BODY = b'{"event": "\xc3\xa9"}'


def signature(secret: str, body: bytes = BODY) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_hmac_of_the_raw_body_is_a_signature() -> None:
    assert is_signed(BODY, signature(NEW), [NEW])


def test_while_a_secret_is_replaced_any_of_the_signatures_and_any_of_the_secrets_will_do() -> None:
    both = f"{signature(OLD)},{signature(NEW)}"
    assert is_signed(BODY, both, [NEW]) and is_signed(BODY, both, [OLD])
    assert is_signed(BODY, signature(OLD), [NEW, OLD]) and is_signed(BODY, f" {signature(NEW)} ", [NEW, OLD])
    assert not is_signed(BODY, signature(OLD), [NEW])


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "v1=",
        "v1",
        signature(NEW).removeprefix("v1="),
        signature(NEW).replace("v1=", "v0="),
        signature(NEW)[:-1],
        signature(NEW) + "0",
        signature(NEW).upper(),
        signature(NEW, BODY + b" "),
        signature("x"),
        "v1=\xff\u20ac",
        "v1=" + "0" * 1_000_000,
    ],
)
def test_a_forgery_is_none(header: str) -> None:
    assert not is_signed(BODY, header, [NEW])


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(BODY, signature(""), [])


def test_a_header_of_many_guesses_is_cut_off() -> None:
    guesses = ["v1=" + "0" * 64] * SIGNATURES
    assert not is_signed(BODY, ",".join([*guesses, signature(NEW)]), [NEW])
    assert is_signed(BODY, ",".join([*guesses[1:], signature(NEW)]), [NEW])


@given(st.binary(), st.binary(), st.text())
def test_a_signature_fits_its_body_only(body: bytes, other: bytes, junk: str) -> None:
    assert is_signed(body, signature(NEW, body), [OLD, NEW])
    assert is_signed(other, signature(NEW, body), [NEW]) is (other == body)
    assert not is_signed(body, junk, [NEW])
