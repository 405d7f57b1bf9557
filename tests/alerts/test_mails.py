"""Mails that are owed: at their time, once, twice at the very most, and never in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.mails import KIND, TRY_FOR, Mails, called_off, mail
from bot.domain import Account
from bot.engine import Engine
from bot.errors import NotFoundError, UpstreamError
from bot.incident import headline_key
from bot.paging import OUTCOME_UNKNOWN
from bot.ports import Message
from bot.posts import Posts, post
from bot.store.sqlite import SqliteStore
from tests.fake_paging import FakeMailer
from tests.fakes import NOON, FakeChat, FakeClock

HOME = Account("eu-west-1")
BUSY = UpstreamError("SES takes no more mails for now.", retryable=True, code="TooManyRequestsException")
LOST = UpstreamError("AWS did not answer in time.", retryable=True, code=OUTCOME_UNKNOWN)
TO = ("oncall@example.com",)


class Killed(BaseException):
    """The process dies."""


class Office:
    """Mails and posts over a real store; ``die`` is a kill -9 and a new start."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.known = FakeClock(), "inc1"
        self.store = SqliteStore(folder / "bot.db")
        self.chat, self.mailer = FakeChat(), FakeMailer()
        self.chat.channels = {"#bi": "C0BI", "#ops": "C0OPS"}
        self.engine = self._new()
        self.engine.add(post(headline_key("inc1"), "#bi", Message(text="headline")))
        self.run(1)

    def _new(self) -> Engine:
        mails = Mails(self.clock, self.mailer, HOME, self.write)
        posts = Posts(self.store, self.clock, self.chat, lambda: "#ops")
        return Engine(self.store, self.clock, {KIND: mails, posts.kind: posts}, workers=1)

    def write(self, incident: str) -> tuple[str, str]:
        if self.known != incident:
            raise NotFoundError("The incident it is about is no longer known.")
        return "Low alarm", "api is slow"

    def owe(self, due: float = NOON, key: str = "low", account: Account | None = None) -> None:
        self.engine.add(mail("inc1", key, TO, due, "#bi", account=account))

    def run(self, seconds: int = 0) -> None:
        self.engine.run_due()
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.engine.run_due()

    def run_until_killed(self) -> None:
        with pytest.raises(Killed):
            self.run(120)
        self.engine.stop(1)
        self.store.release()
        self.engine = self._new()

    def state(self, key: str = "low") -> str:
        row = self.store.by_key(KIND, f"inc1:{key}")
        assert row is not None
        return row.state

    def thread(self) -> list[str]:
        return [reply.message.text for reply in self.chat.thread(headline_key("inc1"))]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.engine.stop(1)
    opened.store.close()


def test_a_mail_is_sent_when_its_time_has_come_and_once(office: Office) -> None:
    office.owe(NOON + 100)
    office.run(90)
    assert office.mailer.sent == []
    office.run(30)
    office.owe(NOON + 200)
    office.run(300)
    assert office.mailer.sent == [(HOME, TO, "Low alarm", "api is slow", "inc1:low")]
    assert office.state() == "sent" and office.thread() == []


def test_a_mail_about_an_incident_nobody_knows_any_more_is_told_in_the_thread(office: Office) -> None:
    office.owe(NOON + 10)
    office.known = ""
    office.run(30)
    assert office.mailer.sent == [] and office.state() == "given_up"
    assert ["no longer known" in said for said in office.thread()] == [True]


def test_a_mail_goes_out_from_the_account_it_was_given(office: Office) -> None:
    account = Account("us-east-1", "arn:aws:iam::123456789012:role/mail", "external")
    office.owe(account=account)
    office.run(1)
    assert [sent[0] for sent in office.mailer.sent] == [account]


def test_a_mail_that_is_called_off_is_not_sent(office: Office) -> None:
    office.owe(NOON + 100)
    office.engine.add(called_off("inc1", "low"))
    office.run(200)
    assert office.mailer.sent == [] and office.state() == "called_off"


def test_a_mail_that_was_called_off_before_it_was_owed_is_not_sent_either(office: Office) -> None:
    office.engine.add(called_off("inc1", "low"))
    office.owe()
    office.owe(key="other")
    office.run(200)
    assert [sent[-1] for sent in office.mailer.sent] == ["inc1:other"]


def test_calling_off_what_was_sent_changes_nothing(office: Office) -> None:
    office.owe()
    office.run(1)
    office.engine.add(called_off("inc1", "low"))
    office.run(1)
    assert office.state() == "sent" and office.thread() == []


def test_calling_off_reaches_a_mail_that_ses_does_not_take_yet(office: Office) -> None:
    office.mailer.failures.add("send", BUSY)
    office.owe()
    office.run(1)
    office.engine.add(called_off("inc1", "low"))
    office.run(200)
    assert office.mailer.sent == [] and office.state() == "called_off"


def test_what_ses_refuses_for_now_is_tried_again_and_sent_once(office: Office) -> None:
    office.mailer.failures.add("send", *[BUSY] * 20)
    office.owe()
    office.run(2000)
    assert len(office.mailer.sent) == 1 and office.thread() == []


def test_what_ses_refuses_for_hours_is_told_in_the_thread(office: Office) -> None:
    office.mailer.failures.add("send", *[BUSY] * 400)
    office.owe()
    for _ in range(round(TRY_FOR / 60) + 2):
        office.clock.advance(60)
        office.run()
    office.run(3)
    (said,) = office.thread()
    assert office.state() == "given_up" and "was not sent" in said


def test_what_ses_refuses_for_good_is_told_in_the_thread_at_once(office: Office) -> None:
    office.mailer.failures.add(
        "send", UpstreamError("ses:SendEmail was refused: not verified.", code="MessageRejected")
    )
    office.owe()
    office.run(2)
    (said,) = office.thread()
    assert "The mail “Low alarm” to oncall was not sent: ses:SendEmail was refused: not verified." in said
    assert office.mailer.sent == [] and office.state() == "given_up"


def test_a_lost_answer_may_repeat_a_mail_once_and_no_more(office: Office) -> None:
    office.mailer.lost_answers.add("send", *[LOST] * 5)
    office.owe()
    office.run(600)
    assert len(office.mailer.sent) == 2
    (said,) = office.thread()
    assert "may not have been sent" in said


def test_a_repeated_mail_carries_the_same_key(office: Office) -> None:
    office.mailer.lost_answers.add("send", LOST)
    office.owe()
    office.run(600)
    assert [sent[-1] for sent in office.mailer.sent] == ["inc1:low"] * 2
    assert office.state() == "sent" and office.thread() == []


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_kill_repeats_a_mail_once_at_most(office: Office, where: str) -> None:
    failures = office.mailer.failures if where == "before" else office.mailer.lost_answers
    failures.add("send", Killed())
    office.owe()
    office.run_until_killed()
    office.run(120)
    assert len(office.mailer.sent) == (1 if where == "before" else 2)
    assert office.state() == "sent"


def test_after_two_kills_nobody_gets_a_third_mail_and_the_thread_says_so(office: Office) -> None:
    office.mailer.lost_answers.add("send", Killed(), Killed())
    office.owe()
    office.run_until_killed()
    office.run_until_killed()
    office.run(120)
    assert len(office.mailer.sent) == 2 and office.state() == "given_up"
    assert ["may not have been sent" in said for said in office.thread()] == [True]


def test_a_refusal_between_two_doubtful_attempts_forgets_neither(office: Office) -> None:
    raised: list[Callable[[], UpstreamError]] = [lambda: LOST, lambda: BUSY, lambda: LOST]
    for each in raised:
        office.mailer.failures.add("send", each())
    office.owe()
    office.run(600)
    assert office.mailer.sent == [] and office.state() == "given_up"
