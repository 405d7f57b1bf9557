"""What an incident says besides its headline fits into Slack and pings nobody, whatever the world wrote into it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.command import Suggestion
from bot.domain import Alarm, AlarmState, Fact, Finding, Severity
from bot.incident import Incident, Member
from bot.remedy import Offered
from bot.silence import Held, Silence, StillRed
from bot.views import incident_asks, mail, silences
from bot.views import incident_replies as replies
from tests.bot.views.limits import check, check_markup, hostile, mrkdwn, texts

ALICE = "U0ALICE"
OURS = frozenset({ALICE})
AT = 1.75e9
facts = st.lists(st.builds(Fact, name=hostile, value=st.one_of(hostile, st.floats())), max_size=5).map(tuple)
offers = st.builds(Offered, label=hostile, command=hostile, because=hostile, facts=facts)
found = st.builds(
    Finding,
    step=hostile,
    title=hostile,
    summary=hostile,
    lines=st.lists(hostile, max_size=4).map(tuple),
    facts=facts,
    weight=st.integers(0, 100),
    failed=st.booleans(),
)


def an_incident(word: str) -> Incident:
    alarm = Alarm(arn=word, name=word, state=AlarmState.ALARM, reason=word, description=word, at=AT)
    member = Member(key=f"{word}#", name=word, at=AT, joined_at=AT, reason=word, why=word)
    finding = Finding(step="s", title=word, summary=word)
    changes: dict[str, Any] = {"members": (member,) * 3, "findings": (finding,), "suspected": word, "acked_as": word}
    return Incident(alarm=alarm, channel="#bi", opened_at=AT, **changes)


@settings(max_examples=40)
@given(
    findings=st.lists(found, max_size=4).map(tuple),
    offered=st.lists(offers, max_size=6).map(tuple),
    where=hostile,
)
def test_findings_with_what_is_offered_fit(
    findings: tuple[Finding, ...], offered: tuple[Offered, ...], where: str
) -> None:
    check(replies.findings(findings, 3.2, where, offered))


@given(word=hostile, state=st.sampled_from(AlarmState))
def test_people_with_hostile_names_ping_nobody(word: str, state: AlarmState) -> None:
    incident = an_incident(word)
    for reply in (
        replies.found_by_asking(incident.members[0], state),
        replies.acknowledged(incident),
        replies.taken_over(incident, word),
        replies.handed_over(word, word),
        replies.reminder(incident, "", AT + 99),
        replies.snoozed(incident, word),
        replies.snooze_over(incident),
        replies.split_off(incident.members[0], word),
        replies.merged(word, word),
        replies.absorbed(2, incident.alarm, word),
        replies.in_pagerduty(word, word, (word, word)),
        replies.page_failed(word, word),
        mail.mail_failed([word, f"{word}@example.com"], word, word, perhaps_sent=True),
    ):
        check(reply, mentions=OURS)


@given(word=hostile)
def test_a_question_about_an_incident_fits_its_modal(word: str) -> None:
    options = [Suggestion(word=f"{number}", label=word) for number in range(3)]
    for asks in incident_asks.TITLES:
        shown = incident_asks.ask(asks, "i1", an_incident(word), options)
        assert len(shown["title"]["text"]) <= 24
        assert len(shown["private_metadata"]) <= 3000
        for text in mrkdwn(shown["blocks"]):
            check_markup(text, OURS)
        for option in _options(shown["blocks"]):
            assert 1 <= len(option["text"]["text"]) <= 75
        assert not any("hunter2hunter2" in text for text in texts(shown["blocks"]))


def _options(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        mine = list(value.get("options", ()))
        return mine + [one for inner in value.values() for one in _options(inner)]
    return [one for inner in value for one in _options(inner)] if isinstance(value, list | tuple) else []


@settings(max_examples=40)
@given(word=hostile, by=st.sampled_from([ALICE, ""]), lifted=st.booleans())
def test_silences_with_hostile_reasons_ping_nobody_but_whoever_set_them(word: str, by: str, lifted: bool) -> None:
    silence = Silence(id="s1", name=word, reason=word, by=by, since=AT, until=AT + 60, places=(word,))
    held = [Held(key=f"{n}", name=word, target="", severity=Severity.HIGH, first_at=AT, last_at=AT) for n in range(30)]
    red = [StillRed(name=word, since=AT, opens=n % 2 == 0) for n in range(30)]
    for said in (
        silences.begun(silence),
        silences.over(silence, held, red, lifted_by=ALICE if lifted else "", unread=word),
        silences.not_unmuted(silence, word),
        silences.incident_silenced(silence),
        silences.incident_awake(word),
    ):
        check(said, mentions=OURS)
