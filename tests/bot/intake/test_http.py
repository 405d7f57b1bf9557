from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.intake.delivery import Delivery
from bot.intake.http import MAX_BODY, SnsEndpoint

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


class Intake:
    """What the route hands over to: a store that knows ids, and a list of confirmed subscriptions."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.confirmed: list[tuple[str, str, str]] = []
        self.broken: Exception | None = None

    def accept(self, deliveries: Sequence[Delivery]) -> list[bool | Exception]:
        return [self.take(delivery) for delivery in deliveries]

    def take(self, delivery: Delivery) -> bool:
        if self.broken:
            raise self.broken
        new = delivery.message_id not in {one.message_id for one in self.taken}
        if new:
            self.taken.append(delivery)
        return new

    def confirm(self, topic: str, token: str, region: str) -> None:
        if self.broken:
            raise self.broken
        self.confirmed.append((topic, token, region))


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def client(sns: Any, intake: Intake) -> TestClient:
    return client_of(sns, intake)


def client_of(sns: Any, intake: Intake) -> TestClient:
    endpoint = SnsEndpoint(sns.verifier(), intake.accept, intake.confirm, sns.clock)
    return TestClient(Starlette(routes=[endpoint.route()]))


def post(client: TestClient, envelope: Any, **headers: str) -> int:
    # SNS says text/plain, whatever the body is.
    body = json.dumps(envelope).encode()
    return client.post(
        "/sns", content=body, headers={"content-type": "text/plain; charset=UTF-8", **headers}
    ).status_code


def test_a_signed_message_is_stored_and_answered_with_200(sns: Any, intake: Intake, client: TestClient) -> None:
    envelope = sns.envelope()
    assert post(client, envelope) == 200
    assert intake.taken == [
        Delivery(envelope["MessageId"], TOPIC, sns.clock.at, envelope["Subject"], envelope["Message"], "https")
    ]


def test_a_message_that_comes_twice_is_answered_with_200_and_stored_once(
    sns: Any, intake: Intake, client: TestClient
) -> None:
    envelope = sns.envelope()
    assert [post(client, envelope), post(client, envelope)] == [200, 200]
    assert len(intake.taken) == 1


def test_a_store_that_is_down_is_answered_with_503_and_the_retry_is_stored(
    sns: Any, intake: Intake, client: TestClient
) -> None:
    intake.broken = OSError("disk full")
    assert post(client, sns.envelope()) == 503
    intake.broken = None
    assert post(client, sns.envelope()) == 200
    assert len(intake.taken) == 1


def test_a_certificate_that_cannot_be_fetched_is_answered_with_503(
    sns: Any, intake: Intake, client: TestClient
) -> None:
    sns.pem = OSError("no route")
    assert post(client, sns.envelope()) == 503
    assert intake.taken == []


def test_what_only_a_wrong_clock_speaks_against_is_answered_with_503_and_taken_later(
    sns: Any, intake: Intake, client: TestClient
) -> None:
    envelope = sns.envelope()
    sns.clock.at += 7_200
    assert post(client, envelope) == 503
    assert post(client, envelope | {"Message": "other"}) == 403
    assert intake.taken == []
    sns.clock.at -= 7_200
    assert post(client, envelope) == 200


def test_a_forged_message_is_answered_with_403(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.envelope() | {"Message": "other"}) == 403
    assert intake.taken == []


def test_a_topic_that_is_not_listed_is_answered_with_403(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.envelope(TopicArn=TOPIC + "2")) == 403
    assert post(client, sns.confirmation(TopicArn=TOPIC + "2")) == 403
    assert intake.taken == [] and intake.confirmed == [] and sns.fetched == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff", b'{"AlarmName": "x"}'])
def test_a_malformed_body_is_answered_with_400(client: TestClient, body: bytes) -> None:
    assert client.post("/sns", content=body).status_code == 400


def test_raw_delivery_is_answered_with_403(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, {"AlarmName": "x"}, **{"x-amz-sns-rawdelivery": "true"}) == 403
    assert post(client, sns.envelope(), **{"x-amz-sns-rawdelivery": "true"}) == 403
    assert intake.taken == []


def test_the_largest_message_of_sns_is_taken(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.envelope(Message="\u00e9" * 131_072)) == 200
    assert len(intake.taken) == 1


def test_a_body_without_end_is_answered_with_400(client: TestClient) -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(MAX_BODY // 65_536 + 2):
            taken += 1
            yield b" " * 65_536

    assert client.post("/sns", content=pieces()).status_code == 400


def test_a_subscription_of_a_listed_topic_is_confirmed_through_the_api(
    sns: Any, intake: Intake, client: TestClient
) -> None:
    assert post(client, sns.confirmation()) == 200
    assert intake.confirmed == [(TOPIC, "t" * 64, "eu-west-1")]
    assert intake.taken == []
    assert all(url.endswith(".pem") for url in sns.fetched)


def test_a_confirmation_that_aws_refuses_is_answered_with_503(sns: Any, intake: Intake, client: TestClient) -> None:
    intake.broken = RuntimeError("Throttling")
    assert post(client, sns.confirmation()) == 503


def test_a_forged_confirmation_confirms_nothing(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.confirmation() | {"Token": "other"}) == 403
    assert intake.confirmed == []


def test_an_unsubscription_is_shown_to_people(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.confirmation("UnsubscribeConfirmation")) == 200
    (delivery,) = intake.taken
    assert "unsubscribed" in delivery.subject and TOPIC in delivery.text
    assert "Action=Confirm" not in delivery.text


def test_text_that_no_database_takes_is_made_storable(sns: Any, intake: Intake, client: TestClient) -> None:
    assert post(client, sns.envelope(Message="a\x00b")) == 200
    assert intake.taken[0].text == "a\ufffdb"


def test_only_post_is_answered(client: TestClient) -> None:
    assert client.get("/sns").status_code == 405


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = (
    "Type",
    "MessageId",
    "TopicArn",
    "Message",
    "Subject",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
    "Token",
)


def test_no_broken_body_is_ever_answered_with_500(make_sns: Callable[[], Any]) -> None:
    sns, intake = make_sns(), Intake()
    client = client_of(sns, intake)
    signed = sns.envelope()

    @given(st.dictionaries(st.sampled_from(KEYS), JSON))
    def broken_fields(changes: dict[str, Any]) -> None:
        status = post(client, signed | changes)
        assert status in (200, 400, 403)
        assert status != 200 or all(signed[key] == value for key, value in changes.items() if key != "Token")

    @given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(["true", "false", "x"]))
    def any_bytes(body: bytes, raw: str) -> None:
        answer = client.post("/sns", content=body, headers={"x-amz-sns-rawdelivery": raw})
        assert answer.status_code in (400, 403)

    @given(st.text(st.characters()), st.none() | st.text())
    def any_signed_text(message: str, subject: str | None) -> None:
        storable = message.encode("utf-8", "ignore").decode()
        assert post(client, sns.envelope(Message=storable, Subject=subject)) == 200

    broken_fields()
    any_bytes()
    any_signed_text()
