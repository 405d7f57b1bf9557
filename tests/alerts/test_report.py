"""The draft of a post-incident report, word by word, and hostile text in all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts.record import Record, lines, operations
from alerts.report import Around, fix, report
from bot.chat_ports import SharedFile
from bot.domain import Alarm, AlarmState, Fact, Finding, Severity
from bot.incident import Incident, Member, Phase
from bot.ports import Past
from bot.record import Line
from tests.fakes import NOON, FakeRecent, a_past

API = "bi/production/api"
DEPLOY = a_past(
    API,
    id="op-1",
    title="Deploy bi/api production → v2",
    actor="U0ALICE",
    approved_by=("U0CARA",),
    asked_at=NOON - 700,
    started_at=NOON - 600,
    ended_at=NOON - 300,
)
ROLLBACK = a_past(
    API,
    id="op-2",
    command="rollback",
    title="Roll back bi/api production → v1",
    actor="U0BOB",
    state="soaking",
    asked_at=NOON + 300,
    started_at=NOON + 360,
    ended_at=NOON + 480,
)


def an_incident(**changes: Any) -> Incident:
    alarm = Alarm(arn="arn:a", name="api-errors", state=AlarmState.ALARM, reason="7 > 5", at=NOON)
    fields: dict[str, Any] = {
        "alarm": alarm,
        "members": (
            Member(key="a#", name="api-errors", target=API, severity=Severity.HIGH, at=NOON, joined_at=NOON, fired=2),
            Member(key="b#", name="api-down", target=API, severity=Severity.CRITICAL, at=NOON, joined_at=NOON),
        ),
        "target": API,
        "targets": (API,),
        "severity": Severity.CRITICAL,
        "channel": "#bi",
        "opened_at": NOON,
        "findings": (
            Finding(
                step="recent_changes",
                title="Changes",
                summary="Deploy by alice 10 min before",
                facts=(Fact(name="changes.age", value=600.0),),
                weight=80,
            ),
            Finding(
                step="log_errors",
                title="Log errors",
                summary="42 errors",
                facts=(Fact(name="logs.errors", value=42.0),),
                weight=60,
            ),
            Finding(step="target_health", title="Tasks", summary="2 of 2 tasks run", weight=0),
        ),
        "acked_by": "U0BOB",
        "first_acked_at": NOON + 120,
        "recovered_at": NOON + 540,
        "resolved_by": "U0BOB",
        "ended_at": NOON + 900,
    }
    return Incident(**(fields | changes))


LINES = (
    Line(NOON, "alarm", "api-errors: 7 > 5"),
    Line(NOON + 4, "finding", "Deploy by alice 10 min before; 42 errors"),
    Line(NOON + 120, "person", "acknowledged it", "U0BOB"),
    Line(
        NOON + 200,
        "pin",
        "look",
        "U0CARA",
        "https://x.slack.com/archives/C1/p1",
        (SharedFile("CPU", "https://x.slack.com/files/F1"),),
    ),
    Line(NOON + 360, "operation", "Roll back bi/api production → v1: began", "U0BOB"),
    Line(NOON + 540, "incident", "all alarms are OK"),
    Line(NOON + 900, "person", "resolved it", "U0BOB"),
)
AROUND = Around(
    at=NOON + 960,
    names={"U0ALICE": "alice", "U0BOB": "bob", "U0CARA": "cara"},
    labels={API: "bi/api production"},
    severity="P1",
    link="https://x.slack.com/archives/C1/p0",
)


def a_record(incident: Incident | None = None, **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "id": "abc123",
        "incident": incident or an_incident(),
        "phase": Phase.RESOLVED,
        "lines": LINES,
        "past": (DEPLOY, ROLLBACK),
        "red": {"a#": 540.0, "b#": 61.0},
    }
    return Record(**(fields | changes))


WHOLE = """\
# Incident `api-errors`, 2025-06-15

Draft, made by the bot from what it saw until 2025-06-15 15:22:40 UTC. All times are UTC.

## Summary

`api-errors` went to ALARM for bi/api production (P1, critical) at 2025-06-15 15:06:40 UTC, and 1 more alarm with it.
bob resolved it after 15 min.
Its alarms went to ALARM 3 times in all.
Incident `abc123`, [its thread in Slack](<https://x.slack.com/archives/C1/p0>).

## Impact

- Service: bi/api production
- Alarm: `api-errors`, high, in ALARM for 9 min, fired 2 times
- Alarm: `api-down`, critical, in ALARM for 1 min 1 s
- Measured: errors in the logs: 42
- [ ] What did users notice, how many, and for how long? *(to be filled in)*

## Timeline

- 2025-06-15 15:06:40 UTC · **alarm** · api-errors: 7 \\> 5
- 2025-06-15 15:06:44 UTC · **finding** · Deploy by alice 10 min before; 42 errors
- 2025-06-15 15:08:40 UTC · **person** · acknowledged it — bob
- 2025-06-15 15:10:00 UTC · **pin** · look ([CPU](<https://x.slack.com/files/F1>)) \
([message](<https://x.slack.com/archives/C1/p1>)) — cara
- 2025-06-15 15:12:40 UTC · **operation** · Roll back bi/api production → v1: began — bob
- 2025-06-15 15:15:40 UTC · **incident** · all alarms are OK
- 2025-06-15 15:21:40 UTC · **person** · resolved it — bob

## What changed before it

- 2025-06-15 14:56:40 UTC · Deploy bi/api production → v2, asked for by alice, approved by cara: \
succeeded (10 min before)
- Seen in AWS: Deploy by alice 10 min before

## What fixed it

- 2025-06-15 15:14:40 UTC · Roll back bi/api production → v1, asked for by bob: succeeded. \
The alarms were OK 1 min later.

That it came before the recovery does not prove that it was the reason.

## Suspected cause

- Changes: Deploy by alice 10 min before
- Log errors: 42 errors

This is what the findings point at, strongest first; nobody has confirmed it.

## Times

- Time to acknowledge: 2 min (2025-06-15 15:08:40 UTC)
- Time to recover: 9 min (2025-06-15 15:15:40 UTC)
- Time to resolve: 15 min (2025-06-15 15:21:40 UTC)

## People

- bob: acknowledged it; resolved it; asked for: Roll back bi/api production → v1
- cara: wrote what was pinned

## Open questions

- [ ] Why did it happen? Which of the above is cause, and which is effect?
- [ ] Had Deploy bi/api production → v2 anything to do with it?
- [ ] Did the right people hear of it, early enough? Was the alarm's threshold right?
- [ ] What keeps it from happening again? Who does that, and until when?
"""


def test_the_whole_report_says_what_was_seen() -> None:
    assert report(a_record(), AROUND) == WHOLE


def test_the_same_record_gives_the_same_report() -> None:
    assert report(a_record(), AROUND) == report(a_record(), AROUND)


def test_where_nothing_is_known_nothing_is_claimed() -> None:
    lonely = an_incident(
        members=(),
        target="",
        targets=(),
        findings=(),
        first_acked_at=0.0,
        recovered_at=0.0,
        resolved_by="Ann (PagerDuty)",
    )
    said = report(a_record(lonely, lines=(), past=(), red={}), Around(at=NOON + 960))
    assert "`api-errors` went to ALARM for no configured service (critical) at" in said
    assert "Ann (PagerDuty) resolved it after 15 min, while not every alarm was known to be OK." in said
    assert "Nothing was kept." in said
    assert "No operation of the bot began on these services in the 24 hours before." in said
    assert "The alarms did not go back to OK while the incident was open, so nothing can be said here." in said
    assert "The bot saw nothing that points at a cause." in said
    assert "Time to acknowledge: never, as far as the bot saw" in said
    assert "Nobody did anything that the bot saw." in said
    assert "Why did nobody acknowledge it?" in said
    assert "What ended it?" not in said


def test_how_long_an_alarm_was_red_is_not_guessed() -> None:
    said = report(a_record(red={}), AROUND)
    assert "`api-down`, critical, how long it was in ALARM is not known" in said


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Phase.CLOSED, "Every alarm went back to OK after 15 min, and it stayed calm."),
        (Phase.MERGED, "It was merged into another incident."),
        (Phase.OPEN, "It is not over: it has been open for 15 min."),
    ],
)
def test_the_summary_says_how_it_stands(phase: Phase, words: str) -> None:
    assert words in report(a_record(phase=phase), AROUND)


# what fixed it


@pytest.mark.parametrize(
    ("changes", "fixed"),
    [
        ({}, True),
        ({"state": "done", "good": False}, True),
        ({"state": "failed"}, False),
        ({"state": "cancelled", "started_at": 0.0, "ended_at": 0.0}, False),
        ({"state": "running", "ended_at": 0.0}, False),
        ({"ended_at": NOON + 541}, False),
        ({"ended_at": NOON - 1, "started_at": NOON - 60}, False),
    ],
)
def test_only_what_succeeded_between_the_alarm_and_the_recovery_may_have_fixed_it(
    changes: dict[str, Any], fixed: bool
) -> None:
    ended = a_past(API, **({"title": "Restart", "ended_at": NOON + 480, "started_at": NOON + 360} | changes))
    record = a_record(past=(DEPLOY, ended))
    assert (fix(record) is not None) == fixed
    said = report(record, AROUND)
    assert ("No operation of the bot preceded the recovery." in said) != fixed
    assert ("- [ ] What ended it?" in said) != fixed


def test_who_approved_an_operation_stands_in_the_timeline_with_its_time() -> None:
    approved = a_past(
        API,
        title="Deploy",
        started_at=NOON + 90,
        ended_at=0.0,
        state="running",
        approved_by=("U0CARA", "U0BOB"),
        approved_at=(NOON + 60, NOON + 80),
    )
    assert [(line.at - NOON, line.text, line.by) for line in lines((), (), (approved,), NOON, NOON + 900)] == [
        (60, "Deploy: approved", "U0CARA"),
        (80, "Deploy: approved", "U0BOB"),
        (90, "Deploy: began", "U0ALICE"),
    ]


def test_of_several_the_last_before_the_recovery_is_told() -> None:
    earlier = a_past(API, id="op-0", title="Restart", started_at=NOON + 10, ended_at=NOON + 60)
    assert fix(a_record(past=(earlier, ROLLBACK))) == ROLLBACK


def test_operations_of_its_services_and_the_one_it_followed_belong_to_it() -> None:
    other = a_past("bi/production/web", id="op-9", asked_at=NOON - 100)
    unrelated = a_past("bi/production/jobs", id="op-8", asked_at=NOON - 100)
    late = a_past(API, id="op-7", asked_at=NOON + 2000)
    old = a_past(API, id="op-6", asked_at=NOON - 90_000)
    recent = FakeRecent(late, ROLLBACK, DEPLOY, other, unrelated, old)
    found = operations(recent, an_incident(deployment="op-9"), NOON + 1500)
    assert [past.id for past in found] == ["op-1", "op-9", "op-2"]


# hostile text


HOSTILE = st.lists(
    st.sampled_from(
        [*"`*_[]()<>#-+=|~\\!&;:1.) \n\r\t@", "a", "```", "\n\n# x", "<!channel>", "<@U0BOB>", "![](http://x)"]
    ),
    max_size=25,
).map("".join)
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shape(source: str) -> list[str]:
    """Kinds of blocks and marks that a reader of Markdown finds, without texts."""
    found = []
    for token in READER.parse(source):
        found.append(token.type)
        plain = ("text", "text_special", "softbreak")
        found += [each.type for each in token.children or () if each.type not in plain]
    return found


def with_text(hostile: str) -> str:
    """A report in which every foreign text is this one."""
    past: tuple[Past, ...] = (
        a_past(API, title=hostile, said=hostile, state="failed", started_at=NOON - 60, ended_at=NOON - 30),
        a_past(API, id="op-2", title=hostile, started_at=NOON + 60, ended_at=NOON + 90, approved_by=("U0CARA",)),
    )
    files = (SharedFile(hostile, "https://x.slack.com/files/F1"), SharedFile(hostile, ""))
    told = tuple(Line(NOON, kind, hostile, "U0BOB", "", files) for kind in ("alarm", "finding", "person", "pin"))
    finding = Finding(step="recent_changes", title=hostile, summary=hostile, weight=90)
    member = Member(key="a#", name=hostile or "a", target=API, at=NOON, joined_at=NOON)
    alarm = Alarm(arn="arn:a", name=hostile or "a", state=AlarmState.ALARM, reason=hostile, at=NOON)
    incident = an_incident(alarm=alarm, members=(member,), findings=(finding,), suspected=hostile)
    around = Around(
        at=NOON,
        names=dict.fromkeys(("U0ALICE", "U0BOB", "U0CARA"), hostile or "a"),
        labels={API: hostile or "a"},
        severity=hostile or "a",
        link="https://x.slack.com/p0",
    )
    return report(a_record(incident, lines=told, past=past), around)


@given(HOSTILE)
def test_no_text_changes_what_the_report_is_made_of(hostile: str) -> None:
    said = with_text(hostile)
    if hostile.strip():
        plain = [kind for kind in shape(with_text("a")) if kind != "code_inline"]
        assert [kind for kind in shape(said) if kind != "code_inline"] == plain


def test_secrets_are_masked_everywhere() -> None:
    secret = "hunter2" * 2
    assert secret not in with_text(f"password={secret}")
