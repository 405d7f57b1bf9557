"""Every message the bot can send fits into Slack, whatever the world wrote into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalog import Catalog
from bot.command import Change, Check, CheckStatus, Plan, Progress, Stage
from bot.domain import Actor, Alarm, AlarmState, Fact, Finding, Severity
from bot.incident import Incident, Member, Phase
from bot.operation import Operation, State
from bot.responses import Level, Response
from bot.views import incident as incidents
from bot.views import incident_replies as replies
from bot.views import operation as operations
from bot.views import soak
from tests.bot.views.limits import check, hostile
from tests.fakes import texts
from tests.scene import the_systems

ALICE = "U0ALICE"
TARGET = Catalog(the_systems()).find("bi/api", "production")
OURS = frozenset({ALICE})
ANSWER = incidents.Answer(Response.model_validate({"route": "slack", "within": "15m"}), (), "", 1.75e9 + 60)
many = st.lists(hostile, max_size=4).map(tuple)
plans: st.SearchStrategy[Plan] = st.builds(
    Plan,
    title=hostile,
    changes=st.lists(st.builds(Change, what=hostile, before=hostile, after=hostile), max_size=12).map(tuple),
    checks=st.lists(
        st.builds(Check, name=hostile, status=st.sampled_from(CheckStatus), detail=hostile), max_size=12
    ).map(tuple),
    warnings=many,
    facts=st.just({}),
    basis=st.just({}),
    answer=st.just(()),
)
progresses = st.builds(
    Progress,
    stage=st.sampled_from(Stage),
    headline=hostile,
    done=st.integers(-5, 200),
    total=st.integers(0, 200),
    lines=many,
    logs=many,
    link=st.one_of(hostile, hostile.map(lambda text: f"https://ci.example.com/{text}")),
    facts=st.just({}),
)
operation_bodies: st.SearchStrategy[Operation] = st.builds(
    Operation,
    command=hostile,
    args=st.just({}),
    actor=st.just(Actor(user=ALICE)),
    plan=plans,
    results=st.just({}),
    progress=st.one_of(st.none(), progresses),
    note=hostile,
    started_at=st.sampled_from([0.0, 1.75e9]),
    ended_at=st.sampled_from([0.0, 1.75e9 + 100]),
)
alarms: st.SearchStrategy[Alarm] = st.builds(
    Alarm,
    arn=hostile,
    name=hostile,
    state=st.sampled_from(AlarmState),
    reason=hostile,
    at=st.just(1.75e9),
    metric=st.none(),
    topic=hostile,
    raw=hostile,
    children=st.just(()),
)
findings: st.SearchStrategy[Finding] = st.builds(
    Finding,
    step=hostile,
    title=hostile,
    summary=hostile,
    lines=many,
    facts=st.just((Fact(name="x", value=1.0),)),
    weight=st.integers(0, 100),
    failed=st.booleans(),
)
member_bodies: st.SearchStrategy[Member] = st.builds(
    Member,
    key=hostile,
    name=hostile,
    severity=st.sampled_from(Severity),
    state=st.sampled_from(AlarmState),
    reason=hostile,
    at=st.just(1.75e9),
    joined_at=st.just(1.75e9),
    fired=st.integers(1, 999),
    why=hostile,
)
incident_bodies: st.SearchStrategy[Incident] = st.builds(
    Incident,
    alarm=alarms,
    severity=st.sampled_from(Severity),
    channel=st.just("#bi"),
    opened_at=st.just(1.75e9),
    members=st.lists(member_bodies, min_size=1, max_size=40).map(tuple),
    findings=st.just(()),
    suspected=hostile,
    acked_by=st.sampled_from(["", ALICE]),
    resolved_by=st.sampled_from(["", ALICE]),
    looked=st.booleans(),
    level=st.integers(0, 4),
    snoozed_until=st.sampled_from([0.0, 1.75e9]),
    flaps=st.integers(0, 3),
    called=st.booleans(),
)


@settings(max_examples=40)
@given(operation=operation_bodies, state=st.sampled_from(State), production=st.booleans())
def test_cards_and_outcomes_fit_and_ping_nobody_but_the_asker(
    operation: Operation, state: State, production: bool
) -> None:
    target = replace(TARGET, production=production)
    card = operations.card("op1", operation, state, 1.75e9 + 50, target=target)
    check(card, mentions=OURS)
    check(operations.outcome(operation, state), mentions=OURS)
    pressable = (State.PROPOSED, State.APPROVING, State.APPROVED)
    assert any(block["type"] == "actions" for block in card.blocks) == (state in pressable)


@settings(max_examples=40)
@given(operation=operation_bodies, red=st.lists(hostile, max_size=30).map(tuple))
def test_the_end_of_the_quiet_time_fits(operation: Operation, red: tuple[str, ...]) -> None:
    check(soak.soaked(operation, red, 600), mentions=OURS)
    check(soak.nobody_can_tell(operation, red), mentions=OURS)
    check(soak.not_counted(operation, "".join(red)), mentions=OURS)


@given(text=hostile, hint=hostile)
def test_sentences_fit(text: str, hint: str) -> None:
    check(operations.sentence(text, hint))


@given(incident=incident_bodies, phase=st.sampled_from(Phase), known=st.booleans())
def test_headlines_and_replies_fit_and_ping_nobody_but_whoever_has_it(
    incident: Incident, phase: Phase, known: bool
) -> None:
    target = Catalog(the_systems()).target("bi/production/api") if known else None
    remedies = (("Roll back", "rollback bi/api production"), ("Restart", "restart bi/api production"))
    check(incidents.headline("i1", incident, phase, target, remedies if known else (), ANSWER), mentions=OURS)
    level = Level(name=incident.suspected[:40] or "L1", who=incident.suspected[:120])
    member, alarm = incident.members[0], incident.alarm
    for reply in (
        replies.recovered(incident),
        replies.fired_again(incident, alarm, ""),
        replies.acknowledged(incident),
        replies.alarms("i1", incident),
        replies.flapping(incident, phase),
        replies.taken_over(incident, incident.suspected),
        replies.handed_over(ALICE, ALICE),
        replies.escalated(incident, level, incident.acked_by),
        replies.reminder(incident, "", 1.75e9),
        replies.snoozed(incident, ALICE),
        replies.snooze_over(incident),
        replies.split_off(member, ALICE),
        replies.merged(alarm.name, ALICE),
        replies.goes_on(),
        replies.absorbed(2, alarm, ALICE),
        replies.in_pagerduty(alarm.name, alarm.reason, (alarm.name,)),
    ):
        check(reply, mentions=OURS)


@settings(max_examples=40)
@given(found=st.lists(findings, max_size=4).map(tuple), error=hostile, alarm=alarms)
def test_findings_notices_and_failures_fit(found: tuple[Finding, ...], error: str, alarm: Alarm) -> None:
    check(replies.findings(found, 3.2))
    check(replies.page_failed("trigger", error))
    check(replies.page_failed("resolve", error))
    check(incidents.notice(alarm))


def member_of(state: AlarmState, fired: int = 1) -> Member:
    return Member(key="a#", name="api-down", state=state, at=1.75e9, joined_at=1.75e9, fired=fired)


def an_incident(**changes: Any) -> Incident:
    alarm = Alarm(arn="a", name="api-down", state=AlarmState.ALARM, reason="Too low", at=1.75e9)
    member = member_of(AlarmState.ALARM)
    return Incident(**({"alarm": alarm, "members": (member,), "channel": "#bi", "opened_at": 1.75e9} | changes))


@pytest.mark.parametrize(
    ("phase", "changes", "said"),
    [
        (Phase.OPENING, {}, "looking into it …"),
        (Phase.OPEN, {"looked": True}, "in alarm for 1 min"),
        (
            Phase.OPEN,
            {"members": (member_of(AlarmState.INSUFFICIENT_DATA),)},
            "unknown: the metric has no data, which is not the same as well",
        ),
        (Phase.OPEN, {"members": (member_of(AlarmState.ALARM, fired=3),)}, "fired 3 times"),
        (Phase.OPEN, {"acked_by": ALICE}, f":eyes: <@{ALICE}> has it"),
        (Phase.RECOVERED, {"recovered_at": 1.75e9 + 300}, "recovered after 5 min"),
        (Phase.CLOSED, {"recovered_at": 1.75e9 + 300}, "recovered after 5 min"),
        (Phase.RESOLVED, {"ended_at": 1.75e9 + 60, "resolved_by": ALICE}, f"resolved by <@{ALICE}> after 1 min"),
    ],
)
def test_a_headline_says_how_it_stands(phase: Phase, changes: dict[str, Any], said: str) -> None:
    assert said in texts(incidents.headline("i1", an_incident(**changes), phase, None, (), ANSWER))


def test_findings_are_marked_by_how_much_they_say() -> None:
    def found(weight: int, failed: bool = False) -> Finding:
        return Finding(step="s", title="Logs", summary="something", weight=weight, failed=failed)

    shown = texts(replies.findings((found(90), found(60), found(10), found(0, failed=True)), 2.0))
    marks = (":red_circle:", ":large_orange_circle:", ":small_blue_diamond:", ":grey_question: *Logs* could not be")
    assert all(mark in shown for mark in marks)


def test_no_finding_at_all_is_said() -> None:
    assert "No step of the playbook applies to this alarm." in texts(replies.findings((), 0.1))


def test_an_operation_without_a_plan_has_no_card() -> None:
    operation = Operation(command="deploy", args={}, actor=Actor(user=ALICE))
    with pytest.raises(ValueError, match="no card"):
        operations.card("op1", operation, State.RECEIVED, 0.0, target=None)


@pytest.mark.parametrize(
    "piece", ["&", "<!channel>", "`", "*", "x", "\n", "x`", "😀", "<@U0VICTIM>", "password=hunter2hunter2 "]
)
def test_endless_text_fits_everywhere(piece: str) -> None:
    text = piece * (6000 // len(piece))
    alarm = Alarm(arn=text, name=text, state=AlarmState.ALARM, reason=text, at=1.75e9, topic=text, raw=text)
    incident = an_incident(alarm=alarm, suspected=text)
    found = Finding(step="s", title=text, summary=text, lines=(text,) * 5, weight=90)
    plan = Plan(
        title=text,
        changes=(Change(what=text, before=text, after=text),) * 12,
        checks=(Check(name=text, status=CheckStatus.WARNED, detail=text),) * 12,
        warnings=(text,) * 12,
    )
    progress = Progress(stage=Stage.FAILED, headline=text, lines=(text,) * 20, logs=(text,) * 20)
    operation = Operation(command=text, args={}, actor=Actor(user=ALICE), plan=plan, progress=progress, note=text)
    for message in (
        incidents.headline("i1", incident, Phase.OPEN, None, (), ANSWER),
        replies.findings((found,) * 8, 1.0),
        replies.fired_again(incident, alarm, ""),
        replies.recovered(incident),
        incidents.notice(alarm),
        replies.page_failed("trigger", text),
        operations.card("op1", operation, State.PROPOSED, 1.75e9, target=TARGET),
        operations.outcome(operation, State.FAILED),
        soak.soaked(operation, (text,) * 30, 600),
        operations.sentence(text, text),
    ):
        check(message, mentions=OURS)
