from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.intake.sns import CERTIFICATE_TTL, Forged, Malformed, SnsVerifier, Unavailable, Verified

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
HOST = "https://sns.eu-west-1.amazonaws.com"
GOOD_PATH = "/SimpleNotificationService-0123abcd.pem"


def outcome(verifier: SnsVerifier, envelope: dict[str, Any]) -> Any:
    return verifier.verify(json.dumps(envelope).encode())


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_notification_is_verified(sns: Any, version: str) -> None:
    found = outcome(sns.verifier(), sns.envelope(version))
    assert isinstance(found, Verified)
    assert (found.type, found.topic, found.region) == ("Notification", TOPIC, "eu-west-1")
    assert found.message == "zwei\nZeilen – “ü”"
    assert found.subject.startswith("ALARM")


@pytest.mark.parametrize("subject", [None, "absent"])
def test_a_notification_without_a_subject_is_verified(sns: Any, subject: str | None) -> None:
    envelope = sns.envelope(Subject=None)
    if subject == "absent":
        del envelope["Subject"]
    found = outcome(sns.verifier(), envelope)
    assert isinstance(found, Verified) and found.subject == ""


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_signed_confirmation_is_verified_with_its_token(sns: Any, kind: str) -> None:
    found = outcome(sns.verifier(), sns.confirmation(kind))
    assert isinstance(found, Verified) and (found.type, found.token) == (kind, "t" * 64)


@pytest.mark.parametrize("key", ["Message", "MessageId", "Subject", "Timestamp"])
def test_a_message_changed_after_it_was_signed_is_forged(sns: Any, key: str) -> None:
    envelope = sns.envelope()
    envelope[key] = envelope[key].replace("Z", "+00:00") if key == "Timestamp" else envelope[key] + "x"
    assert isinstance(outcome(sns.verifier(), envelope), Forged)


@pytest.mark.parametrize("key", ["Token", "SubscribeURL"])
def test_a_confirmation_changed_after_it_was_signed_is_forged(sns: Any, key: str) -> None:
    envelope = sns.confirmation()
    assert isinstance(outcome(sns.verifier(), envelope | {key: envelope[key] + "x"}), Forged)


def test_a_notification_cannot_be_passed_off_as_a_confirmation(sns: Any) -> None:
    envelope = sns.confirmation()
    assert isinstance(outcome(sns.verifier(), envelope | {"Type": "Notification"}), Forged)


def test_a_message_signed_by_another_key_is_forged(sns: Any) -> None:
    verifier = sns.verifier()
    sns.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert isinstance(outcome(verifier, sns.envelope()), Forged)


@pytest.mark.parametrize("signature", ["", "!!!", "AAAA", "ü"])
def test_a_signature_that_is_none_is_forged(sns: Any, signature: str) -> None:
    assert isinstance(outcome(sns.verifier(), sns.envelope() | {"Signature": signature}), Forged)


def test_a_topic_that_is_not_listed_is_forged_and_nothing_is_fetched(sns: Any) -> None:
    other = sns.envelope(TopicArn=TOPIC + "2")
    assert isinstance(outcome(sns.verifier(), other), Forged)
    assert isinstance(outcome(sns.verifier({}), sns.envelope()), Forged)
    assert sns.fetched == []


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com" + GOOD_PATH,
        "https://sns.us-east-1.amazonaws.com" + GOOD_PATH,
        "https://sns.eu-west-1.amazonaws.com.cn" + GOOD_PATH,
        "https://sns.eu-west-1.amazonaws.com.evil.example" + GOOD_PATH,
        "https://evil.example/sns.eu-west-1.amazonaws.com" + GOOD_PATH,
        "https://sns.eu-west-1.amazonaws.com@evil.example" + GOOD_PATH,
        "https://evil@sns.eu-west-1.amazonaws.com" + GOOD_PATH,
        "https://sns.eu-west-1.amazonaws.com:444" + GOOD_PATH,
        "https://s3.eu-west-1.amazonaws.com" + GOOD_PATH,
        HOST + "/other.pem",
        HOST + "/a/.." + GOOD_PATH,
        HOST + "/SimpleNotificationService-1.txt",
        HOST + "/SimpleNotificationService-../../x.pem",
        HOST + GOOD_PATH + "?x=.pem",
        HOST + GOOD_PATH + "#x",
        HOST + GOOD_PATH + "\n",
        "https://[::1" + GOOD_PATH,
        "file:///etc/passwd",
        "",
    ],
)
def test_a_certificate_from_anywhere_else_is_never_fetched(sns: Any, url: str) -> None:
    assert isinstance(outcome(sns.verifier(), sns.envelope(SigningCertURL=url)), Forged)
    assert sns.fetched == []


def test_the_certificate_of_a_topic_in_china_comes_from_china(sns: Any) -> None:
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:alerts"
    url = "https://sns.cn-north-1.amazonaws.com.cn" + GOOD_PATH
    found = outcome(sns.verifier({topic: None}), sns.envelope(TopicArn=topic, SigningCertURL=url))
    assert isinstance(found, Verified) and found.region == "cn-north-1"


def test_where_version_two_is_pinned_version_one_is_refused(sns: Any) -> None:
    verifier = sns.verifier({TOPIC: "2"})
    assert isinstance(outcome(verifier, sns.envelope("1")), Forged)
    assert isinstance(outcome(verifier, sns.envelope("2")), Verified)
    assert isinstance(outcome(verifier, sns.envelope("2") | {"SignatureVersion": "3"}), Forged)


def test_a_message_older_than_an_hour_is_not_taken_and_may_come_again(sns: Any) -> None:
    verifier, envelope = sns.verifier(), sns.envelope()
    sns.clock.at += 3_590
    assert isinstance(outcome(verifier, envelope), Verified)
    sns.clock.at += 10
    assert isinstance(outcome(verifier, envelope), Unavailable)
    assert isinstance(outcome(verifier, envelope | {"Message": "other"}), Forged)


@pytest.mark.parametrize("jump", [-30 * 86_400, 7_200, 30 * 86_400])
def test_a_clock_that_jumped_loses_nothing_once_it_is_right_again(sns: Any, jump: float) -> None:
    verifier, envelope = sns.verifier(), sns.envelope()
    sns.clock.at += jump
    assert isinstance(outcome(verifier, envelope), Unavailable)
    sns.clock.at -= jump
    assert isinstance(outcome(verifier, envelope), Verified)


def test_a_certificate_is_fetched_once_until_its_time_is_up(sns: Any) -> None:
    verifier = sns.verifier()
    outcome(verifier, sns.envelope())
    outcome(verifier, sns.envelope())
    assert len(sns.fetched) == 1
    sns.clock.at += CERTIFICATE_TTL + 1
    outcome(verifier, sns.envelope(Timestamp=datetime.fromtimestamp(sns.clock.at, UTC).isoformat()))
    assert len(sns.fetched) == 2


def test_messages_that_wait_for_one_certificate_fetch_it_once(sns: Any) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def fetch(url: str) -> bytes:
        asked.set()
        assert go_on.wait(5)
        pem: bytes = sns.fetch(url)
        return pem

    verifier = SnsVerifier({TOPIC: None}, fetch, sns.clock)
    body = json.dumps(sns.envelope()).encode()
    assert verifier.verify_at_once(body) is None
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(verifier.verify, body) for _ in range(8)]
        assert asked.wait(5)
        go_on.set()
        assert all(isinstance(each.result(5), Verified) for each in found)
    assert len(sns.fetched) == 1
    assert isinstance(verifier.verify_at_once(body), Verified)


@pytest.mark.parametrize(("start", "end"), [(-200, -100), (100, 200)])
def test_what_a_certificate_out_of_its_dates_signed_is_not_taken(sns: Any, start: float, end: float) -> None:
    sns.pem = sns.certificate(sns.clock.at + start, sns.clock.at + end)
    assert isinstance(outcome(sns.verifier(), sns.envelope()), Unavailable)
    assert isinstance(outcome(sns.verifier(), sns.envelope() | {"Message": "other"}), Forged)


@pytest.mark.parametrize("answer", [OSError("no route"), TimeoutError(), b"<html>proxy says no</html>", b""])
def test_without_a_certificate_nothing_is_said_and_the_next_message_asks_again(sns: Any, answer: Any) -> None:
    good, sns.pem = sns.pem, answer
    verifier = sns.verifier()
    assert isinstance(outcome(verifier, sns.envelope()), Unavailable)
    sns.pem = good
    assert isinstance(outcome(verifier, sns.envelope()), Verified)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{" * 100_000,
        b'{"Type": "Notification"}',
        b'{"Type": "Other"}',
        b'{"Type": ["x"]}',
    ],
)
def test_what_is_no_sns_message_is_malformed(sns: Any, body: bytes) -> None:
    assert isinstance(sns.verifier().verify(body), Malformed)


@pytest.mark.parametrize(
    "key", ["Message", "MessageId", "Timestamp", "TopicArn", "Signature", "SigningCertURL", "SignatureVersion"]
)
@pytest.mark.parametrize("value", [None, 7, ["x"]])
def test_a_message_that_lacks_a_field_is_malformed(sns: Any, key: str, value: Any) -> None:
    assert isinstance(outcome(sns.verifier(), sns.envelope() | {key: value}), Malformed)


@pytest.mark.parametrize("time", ["soon", "0001-01-01T00:00:00+23:00x", ""])
def test_a_time_that_is_none_is_malformed(sns: Any, time: str) -> None:
    assert isinstance(outcome(sns.verifier(), sns.envelope(Timestamp=time)), Malformed)
