"""Mail through SES: what is sent, what never gets into a header, and what may have been sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.ses.models import ses_backends
from urllib3.response import HTTPResponse as URLLib3Response

from bot.aws.errors import NotPermittedError
from bot.aws.mail import KEY_HEADER, SUBJECT, SesMailer
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.paging import OUTCOME_UNKNOWN, Mailer

FROM = "bot@example.com"
TO = ("oncall@example.com", "lead@example.com")
ACCOUNT = Account("eu-west-1")


@pytest.fixture
def mailer(sessions: Sessions) -> Iterator[Mailer]:
    with mock_aws():
        boto3.client("sesv2", region_name="eu-west-1").create_email_identity(EmailIdentity=FROM)
        yield SesMailer(sessions, FROM)


def sent(region: str = "eu-west-1") -> list[Any]:
    return list(ses_backends["123456789012"][region].sent_messages)


def test_a_mail_is_sent_from_the_region_of_the_account(mailer: Mailer) -> None:
    mailer.send(ACCOUNT, TO, "Low alarm: naïve", "api is slow – since 12:00", key="inc1:low")
    (message,) = sent()
    assert sent("us-east-1") == []
    assert (message.source, message.subject, message.body) == (FROM, "Low alarm: naïve", "api is slow – since 12:00")
    assert message.destinations["ToAddresses"] == list(TO)


def test_a_sender_nobody_verified_is_refused_in_words(mailer: Mailer) -> None:
    with pytest.raises(UpstreamError) as refused:
        mailer.send(Account("us-east-1"), TO, "s", "t", key="k")
    assert not refused.value.retryable and refused.value.code != OUTCOME_UNKNOWN


def test_no_secret_leaves_by_mail(mailer: Mailer) -> None:
    secret = "hunter" + "2"
    mailer.send(ACCOUNT, TO, f"password={secret}", f"\x1b[31mtoken={secret}\nsecond line", key="k")
    (message,) = sent()
    assert secret not in f"{message.subject}{message.body}"
    assert message.body == "token=[redacted]\nsecond line"


@pytest.mark.parametrize(
    "to",
    [
        (),
        ("",),
        ("a@example.com\nBcc: b@example.com",),
        ("a@example.com, b@example.com",),
        ("A <a@example.com>",),
        ("a@localhost",),
        TO[:1] * 51,
    ],
)
def test_what_is_no_list_of_addresses_gets_no_mail(mailer: Mailer, to: tuple[str, ...]) -> None:
    with pytest.raises(UpstreamError, match="No mail was sent") as refused:
        mailer.send(ACCOUNT, to, "s", "t", key="k")
    assert not refused.value.retryable and sent() == []


def test_without_a_sender_no_mail_is_sent_and_the_variable_is_named(sessions: Sessions) -> None:
    with pytest.raises(UpstreamError, match="BOT_MAIL_FROM") as refused:
        SesMailer(sessions, "").send(ACCOUNT, TO, "s", "t", key="k")
    assert not refused.value.retryable


class Wire:
    """What botocore would send, and the answers it gets instead."""

    def __init__(self, sessions: Sessions) -> None:
        self.answers: list[AWSResponse | Exception] = []
        self.requests: list[dict[str, Any]] = []
        client = sessions.client(ACCOUNT, "sesv2", repeat=False)
        client.meta.events.register("before-send.sesv2.SendEmail", self._answer)
        self.mailer = SesMailer(sessions, FROM)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append(json.loads(request.body))
        answer = self.answers.pop(0) if self.answers else says(200, {"MessageId": "1"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send(self, subject: str = "s", text: str = "t", key: str = "k") -> dict[str, Any]:
        """The content of one mail as it went out."""
        self.mailer.send(ACCOUNT, TO, subject, text, key=key)
        content: dict[str, Any] = self.requests[-1]["Content"]["Simple"]
        return content


def says(status: int, body: dict[str, Any], code: str = "") -> AWSResponse:
    headers = {"content-type": "application/json", **({"x-amzn-errortype": code} if code else {})}
    raw = URLLib3Response(body=io.BytesIO(json.dumps(body).encode()), preload_content=False)
    return AWSResponse("https://email.eu-west-1.amazonaws.com", status, headers, raw)


@pytest.fixture
def wire(sessions: Sessions) -> Wire:
    return Wire(sessions)


def test_the_key_travels_in_a_header(wire: Wire) -> None:
    assert wire.send(key="inc1:low ünd\r\nBcc: x")["Headers"] == [{"Name": KEY_HEADER, "Value": "inc1:low__nd__Bcc:_x"}]


def test_no_text_of_an_alarm_begins_a_header(wire: Wire) -> None:
    @given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
    def whatever_it_says(subject: str, text: str, key: str) -> None:
        content = wire.send(subject, text, key)
        shown = content["Subject"]["Data"]
        assert 0 < len(shown) <= SUBJECT and not set(shown) & set("\r\n\x0b\x0c\x85\u2028\u2029\0")
        value = content["Headers"][0]["Value"]
        assert value.isascii() and value.isprintable() and " " not in value
        assert content["Body"]["Text"]["Data"] and content["Body"]["Text"]["Charset"] == "UTF-8"

    whatever_it_says()


@pytest.mark.parametrize(
    "answer",
    [
        ReadTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
        ConnectionClosedError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
        says(500, {"message": "oops"}, "InternalFailure"),
        says(503, {}),
    ],
    ids=["no answer", "cut off", "failure", "unavailable"],
)
def test_after_a_lost_answer_nobody_knows_and_botocore_asks_no_second_time(
    wire: Wire, answer: AWSResponse | Exception
) -> None:
    wire.answers.append(answer)
    with pytest.raises(UpstreamError) as lost:
        wire.send()
    assert (lost.value.code, lost.value.retryable, len(wire.requests)) == (OUTCOME_UNKNOWN, True, 1)


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (says(429, {"message": "Maximum sending rate exceeded."}, "TooManyRequestsException"), True),
        (ConnectTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"), True),
        (says(400, {"message": "Email address is not verified."}, "MessageRejected"), False),
        (says(400, {"message": "paused"}, "SendingPausedException"), False),
    ],
    ids=["too fast", "not reached", "not verified", "paused"],
)
def test_what_was_certainly_not_sent_says_whether_to_come_again(
    wire: Wire, answer: AWSResponse | Exception, retryable: bool
) -> None:
    wire.answers.append(answer)
    with pytest.raises(UpstreamError) as refused:
        wire.send()
    assert refused.value.retryable is retryable and refused.value.code != OUTCOME_UNKNOWN


def test_a_missing_permission_is_named(wire: Wire) -> None:
    wire.answers.append(
        says(403, {"message": "User is not authorized to perform: ses:SendEmail"}, "AccessDeniedException")
    )
    with pytest.raises(NotPermittedError) as refused:
        wire.send()
    assert refused.value.action == "ses:SendEmail"
