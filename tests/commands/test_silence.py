"""``/silence`` and ``/unsilence``: what people type, what it means, and that a silence never stops an action of AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import arguments
from bot.catalog import Catalog
from bot.command import CheckStatus, Plan
from bot.domain import AlarmState, Environment, Service
from bot.engine import LEASE_SECONDS
from bot.errors import DeniedError, NotFoundError, UpstreamError, UsageError
from bot.silence import NamedAlarm
from bot.views.operation import CHOICE
from commands.silence import SilenceArgs, silence
from commands.unsilence import unsilence
from tests.fakes import buttons, texts
from tests.scene import ALICE, DAVE, Scene, the_systems

API = "bi/production/api"
SNS, POLICY = "arn:aws:sns:eu-west-1:1:alarms", "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:1:resource/ecs/service"
AWAY = UpstreamError("AWS did not answer.", retryable=True)
DENIED = UpstreamError("AWS denied cloudwatch:PutAlarmMuteRule.")


class Killed(BaseException):
    """The process died here."""


def typed(text: str) -> SilenceArgs:
    args = arguments.parse(silence, "silence", arguments.words(text))
    assert isinstance(args, SilenceArgs)
    return args


def planned(scene: Scene, text: str, user: str = ALICE) -> Plan:
    return silence.plan(typed(text), scene.world, scene.chat.people[user])


def unplanned(scene: Scene, text: str, user: str = ALICE) -> Plan:
    args = arguments.parse(unsilence, "unsilence", arguments.words(text))
    return unsilence.plan(args, scene.world, scene.chat.people[user])


def confirmed(scene: Scene, text: str, channel: str = "C0BI") -> None:
    assert scene.type("ops", text, channel=channel) is None
    scene.press("confirm")
    scene.run(3)


# what is typed


@pytest.mark.parametrize(
    ("text", "what", "duration", "reason"),
    [
        ("api-errors 2h load test", "api-errors", "2h", "load test"),
        ("bi/api production 2h load test", "bi/api production", "2h", "load test"),
        ("bi/api production for 2h load test", "bi/api production", "2h", "load test"),
        ("api-errors until friday 18:00 audit", "api-errors", "friday 18:00", "audit"),
        ("api prod 2h everywhere audit", "api prod", "2h everywhere", "audit"),
        ("api-errors 18:00 Everywhere audit", "api-errors", "18:00 Everywhere", "audit"),
        ('"API errors 5xx" 30m audit', "API errors 5xx", "30m", "audit"),
        ("api-errors 2h mute the noise", "api-errors", "2h", "mute the noise"),
    ],
)
def test_words_stand_where_they_read_best(text: str, what: str, duration: str, reason: str) -> None:
    args = typed(text)
    assert (args.what, args.duration, args.reason) == (what, duration, reason)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("api", "Please say which duration and which reason"),
        ("api 2h", "Please say which reason"),
        ("api soon because", "“soon” is no duration: an end is 2h, 3d"),
        ("api 2h everywhere", "“everywhere” is no reason: people must know why"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_the_usage(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed(text)
    assert sentence in caught.value.message
    assert "Usage: /silence <what> <duration> <reason…>" in caught.value.hint


WORDS = ("api", "bi", "production", "2h", "everywhere", "until", "for", "friday", "18:00", "UTC", "x")


@given(text=st.lists(st.sampled_from(WORDS)))
def test_what_was_understood_once_is_understood_the_same_way_again(text: list[str]) -> None:
    try:
        args = typed(" ".join(text))
    except UsageError:
        return
    assert SilenceArgs.model_validate(args.model_dump()) == args


# what is meant


def test_a_service_is_meant_with_all_its_alarms(scene: Scene) -> None:
    made = planned(scene, "api prod 2h load test")
    assert made.title == "Silence bi/api production"
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("bi/api production", "heard", "silent for 2h from its confirmation")
    ]
    assert "2 alarms listed: api-down, api-errors" in made.details
    assert (made.facts["places"], made.facts["alarms"]) == ([API], [])


def test_an_alarm_is_meant_before_a_service(scene: Scene) -> None:
    made = planned(scene, "API-errors 2h load test")
    assert made.title == "Silence api-errors"
    assert made.facts["alarms"] == [NamedAlarm(name="api-errors", target=API).model_dump()]
    assert planned(scene, "api-errors prod 2h x").facts["alarms"] == made.facts["alarms"]


def test_an_alarm_that_nobody_configured_is_known_once_it_has_told_of_itself(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        planned(scene, "odd 2h noise")
    scene.alarm("ALARM", "m1", name="odd")
    scene.run(3)
    made = planned(scene, "odd 2h noise")
    assert made.facts["alarms"] == [NamedAlarm(name="odd", arn="arn:aws:cloudwatch:eu-west-1:1:alarm:odd").model_dump()]


def test_an_alarm_that_nobody_configured_is_meant_when_it_exists(scene: Scene) -> None:
    scene.metrics.states["cpu of the batch"] = "OK"
    made = planned(scene, '"cpu of the batch" 2h noise')
    assert made.facts["alarms"][0]["arn"] == "arn:aws:cloudwatch:eu-west-1:1:alarm:cpu of the batch"  # type: ignore[index,call-overload]
    assert made.checks[0].status is CheckStatus.PASSED


def test_an_alarm_of_several_environments_can_be_meant_in_one(tmp_path: Path) -> None:
    (bi,) = the_systems()
    shared = Service.model_validate({"kind": "ecs", "cluster": "c", "alarms": [{"name": "shared"}]})
    environments = {name: Environment(services={"api": shared}) for name in ("production", "staging")}
    scene = Scene(tmp_path, catalog=Catalog((bi.model_copy(update={"environments": environments}),)))
    assert len(planned(scene, "shared 2h x").facts["alarms"]) == 2  # type: ignore[arg-type]
    one = planned(scene, "shared prod 2h x")
    assert one.title == "Silence shared production"
    assert one.facts["alarms"] == [NamedAlarm(name="shared", target=API).model_dump()]
    scene.close()


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("API-e", "There is no alarm and no service “API-e”.", "Did you mean api-errors?"),
        ("errors", "There is no alarm and no service “errors”.", "Did you mean api-errors or jobs-errors?"),
        ("nosuchalarm", "There is no alarm and no service “nosuchalarm”.", "api"),
        ("api-erors", "There is no alarm and no service “api-erors”.", "Did you mean api-errors"),
        ("api", "bi/api runs in production and staging", "Say in which one"),
        ("some words that are nothing", "There is no alarm and no service", "Say an alarm's name"),
    ],
)
def test_a_name_that_is_none_gets_the_nearest(scene: Scene, text: str, sentence: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        planned(scene, f'"{text}" 2h x')
    assert sentence in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("duration", ["30s", "16d", "2020-01-01"])
def test_it_lasts_from_a_minute_to_fifteen_days(scene: Scene, duration: str) -> None:
    with pytest.raises(UsageError, match="from a minute to 15 days"):
        planned(scene, f"api-errors {duration} x")


def test_whoever_may_not_work_on_incidents_silences_nothing(scene: Scene) -> None:
    with pytest.raises(DeniedError, match="You may not work on incidents or silence alarms"):
        planned(scene, "api prod 2h x", user=DAVE)


# where it is silent


def test_by_itself_it_is_silent_in_the_bot_only_and_the_plan_says_so(scene: Scene) -> None:
    scene.metrics.actions = {"api-down": (SNS,), "api-errors": (SNS, POLICY)}
    made = planned(scene, "api prod 2h load test")
    assert made.facts["mute"] == []
    assert any(line.startswith("In Slack and PagerDuty only") for line in made.details)
    (check,) = made.checks
    assert check.status is CheckStatus.PASSED
    assert check.detail.startswith("api-errors also scale, call or restart something; that goes on")
    assert [each.text for each in made.choices] == ['silence "api prod" 2h everywhere load test']


def test_everywhere_mutes_what_only_notifies(scene: Scene) -> None:
    scene.metrics.actions = {"api-down": (SNS,), "api-errors": (SNS, POLICY)}
    made = planned(scene, "api prod 2h everywhere load test")
    assert made.facts["mute"] == ["api-down"]
    assert (made.changes[1].what, made.changes[1].after) == (
        "Mute rule in CloudWatch",
        "mutes api-down, which only notify",
    )
    assert made.choices == ()


def test_what_scales_is_never_muted(scene: Scene) -> None:
    scene.metrics.actions = {"api-down": (POLICY,), "api-errors": ("arn:aws:lambda:eu-west-1:1:function:f",)}
    made = planned(scene, "api prod 2h everywhere load test")
    assert made.facts["mute"] == []
    assert any("Not everywhere, since none of its alarms only notifies." in line for line in made.details)
    assert planned(scene, "api prod 2h load test").choices == ()


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [("standing", DENIED, "AWS denied"), ("standing", AWAY, "AWS did not answer")],
)
def test_where_cloudwatch_takes_no_mute_rules_the_bot_is_silent(
    scene: Scene, call: str, error: UpstreamError, why: str
) -> None:
    scene.mutes.failures.add(call, error)
    made = planned(scene, "api prod 2h everywhere load test")
    assert made.facts["mute"] == []
    assert any("mute rules cannot be used here" in line and why in line for line in made.details)


def test_while_cloudwatch_is_away_it_is_silenced_all_the_same(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", AWAY)
    made = planned(scene, "api prod 2h load test")
    assert made.checks[0].status is CheckStatus.UNKNOWN
    assert made.changes_anything


def test_the_plan_says_what_is_red_and_which_incident_sleeps(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    scene.metrics.states["api-errors"] = "ALARM"
    made = planned(scene, "api prod 2h load test")
    assert "In alarm now: api-errors for 1 h." in made.details
    assert any("Open incidents sleep until then" in line and "api-errors" in line for line in made.details)


# on the road


def test_a_confirmed_silence_holds_until_its_end(scene: Scene) -> None:
    confirmed(scene, "silence bi/api production 2h the load test")
    row, operation = scene.operation()
    (found,) = scene.silences.standing()
    assert row.state == "done"
    assert (found.id, found.name, found.by, found.channel) == (row.id, "bi/api production", ALICE, "C0BI")
    assert (found.since, found.until) == (operation.started_at, operation.started_at + 7200)
    said = texts(scene.card().message)
    assert f"bi/api production is silenced until {datetime.fromtimestamp(found.until, UTC):%Y-%m-%d %H:%M} UTC" in said
    assert "by alice, because: the load test" in said
    assert scene.mutes.puts == 0


def test_everywhere_puts_a_rule_of_the_operation(scene: Scene) -> None:
    confirmed(scene, "silence bi/api production 2h everywhere the load test")
    row, operation = scene.operation()
    ((name, (alarms, since, until)),) = scene.mutes.rules.items()
    assert name == f"runbook-bot-{row.id}"
    assert alarms == ("api-down", "api-errors")
    assert (since, until) == (operation.started_at, operation.started_at + 7200)
    assert scene.silences.standing()[0].muted == alarms
    assert f"CloudWatch is muted too, by the rule {name}." in texts(scene.card().message)


def test_a_rule_that_is_refused_leaves_the_silence_in_the_bot(scene: Scene) -> None:
    scene.mutes.failures.add("put", DENIED)
    confirmed(scene, "silence bi/api production 2h everywhere the load test")
    assert scene.operation()[0].state == "done"
    assert scene.silences.standing()[0].account is None
    assert "CloudWatch is not muted: AWS denied" in texts(scene.card().message)


def test_killed_after_the_rule_was_put_it_is_put_again_the_same(scene: Scene) -> None:
    scene.mutes.lost_answers.add("put", Killed())
    scene.type("ops", "silence bi/api production 2h everywhere the load test")
    scene.press("confirm")
    with pytest.raises(Killed):
        scene.run(3)
    before = dict(scene.mutes.rules)
    assert scene.silences.standing() == ()
    scene.clock.advance(LEASE_SECONDS)
    scene.store.release()
    scene.run(3)
    assert scene.operation()[0].state == "done"
    assert scene.mutes.puts == 2
    assert scene.mutes.rules == before
    assert len(scene.silences.standing()) == 1


def test_killed_after_the_silence_was_stored_there_is_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    add, deaths = scene.silences.add, [Killed()]

    def dies(found: object) -> None:
        add(found)  # type: ignore[arg-type]  # it is handed on as it came
        if deaths:
            raise deaths.pop()

    monkeypatch.setattr(scene.silences, "add", dies)
    scene.type("ops", "silence bi/api production 2h the load test")
    scene.press("confirm")
    with pytest.raises(Killed):
        scene.run(3)
    scene.store.release()
    scene.run(3)
    assert scene.operation()[0].state == "done"
    assert len(scene.store.rows("silence")) == 1


def test_killed_when_its_rule_was_deleted_it_ends_once(scene: Scene) -> None:
    confirmed(scene, "silence bi/api production 2h everywhere the load test")
    scene.alarm("ALARM", "m1")
    scene.run(3)
    scene.metrics.states["api-down"] = "ALARM"
    scene.mutes.lost_answers.add("delete", Killed())
    scene.clock.advance(7200)
    with pytest.raises(Killed):
        scene.run(3)
    scene.store.release()
    scene.run(3)
    assert scene.mutes.rules == {}
    assert len(scene.incidents()) == 1
    assert len([shown for shown in scene.chat.posts if ":over:" in shown.key]) == 1


# ending it


def test_a_confirmed_unsilence_ends_it_at_once(scene: Scene) -> None:
    confirmed(scene, "silence api-errors 2h noise")
    scene.alarm(AlarmState.ALARM, "m1", name="api-errors")
    scene.run(3)
    scene.metrics.states["api-errors"] = "ALARM"
    made = unplanned(scene, "api-errors")
    assert made.details[0] == "Alarms fired 1 time meanwhile."
    confirmed(scene, "unsilence api-errors")
    assert scene.silences.standing() == ()
    assert len(scene.incidents()) == 1


def test_it_is_named_as_it_was_silenced_or_as_it_is_shown(scene: Scene) -> None:
    confirmed(scene, "silence api prod 2h noise")
    assert unplanned(scene, "api prod").facts == unplanned(scene, "bi/api production").facts


def test_what_is_silent_as_a_part_of_something_is_said(scene: Scene) -> None:
    confirmed(scene, "silence api prod 2h noise")
    with pytest.raises(NotFoundError, match="api-errors is not silenced") as caught:
        unplanned(scene, "api-errors")
    assert "as a part of bi/api production" in caught.value.hint
    with pytest.raises(NotFoundError) as caught:
        unplanned(scene, "jobs")
    assert caught.value.hint == "Silenced now: bi/api production."


def test_only_who_may_silence_it_may_end_it(scene: Scene) -> None:
    confirmed(scene, "silence api prod 2h noise")
    with pytest.raises(DeniedError):
        unplanned(scene, "api prod", user=DAVE)


def test_the_choice_beside_the_plan_asks_for_everywhere(scene: Scene) -> None:
    scene.type("ops", "silence api prod 2h load test")
    carried = buttons(scene.card().message)[f"{CHOICE}0"]
    assert typed(carried.removeprefix("silence ")) == typed("api prod 2h everywhere load test")
