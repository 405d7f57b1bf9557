"""``/freeze`` and ``/unfreeze``: what people type, what it means, and that it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import arguments
from bot.command import Plan, Run
from bot.domain import Actor
from bot.errors import BotError, DeniedError, NotFoundError, UsageError
from bot.holds import Hold, HoldKind
from commands.freeze import FreezeArgs, freeze
from commands.unfreeze import UnfreezeArgs, unfreeze
from tests.fakes import texts
from tests.scene import ALICE, BOB, DAVE, Scene


def typed(text: str) -> FreezeArgs:
    args = arguments.parse(freeze, "freeze", arguments.words(text))
    assert isinstance(args, FreezeArgs)
    return args


def planned(scene: Scene, text: str, user: str = ALICE) -> Plan:
    return freeze.plan(typed(text), scene.world, scene.chat.people[user])


def unplanned(scene: Scene, text: str, user: str = ALICE) -> Plan:
    args = arguments.parse(unfreeze, "unfreeze", arguments.words(text))
    return unfreeze.plan(args, scene.world, scene.chat.people[user])


def hold(scene: Scene, place: str, hold_id: str, **changes: Any) -> Hold:
    values = {"kind": HoldKind.FREEZE, "reason": f"Frozen: {hold_id}", "since": 0.0, "by": BOB}
    made = Hold.model_validate({"id": hold_id, "place": place, **values, **changes})
    scene.holds.add(made)
    return made


def confirmed(scene: Scene, text: str, channel: str = "C0BI") -> None:
    assert scene.type("ops", text, channel=channel) is None
    scene.press("confirm")
    scene.run(3)


# what is typed


@pytest.mark.parametrize(
    ("text", "where", "until", "reason"),
    [
        ("bi 2h quarter close", "bi", "2h", "quarter close"),
        ("bi for 2h quarter close", "bi", "2h", "quarter close"),
        ("all until friday 18:00 audit", "all", "friday 18:00", "audit"),
        ("bi/api production 2026-12-31 the audit", "bi/api production", "2026-12-31", "the audit"),
        ("bi production until tomorrow 09:00 UTC x", "bi production", "tomorrow 09:00 UTC", "x"),
        ("bi 18:00 London is away", "bi", "18:00", "London is away"),
        ('bi "tomorrow 09:00" we can\u2019t', "bi", "tomorrow 09:00", "we can't"),
        ("bi 2h until it works", "bi", "2h", "until it works"),
    ],
)
def test_words_stand_where_they_read_best(text: str, where: str, until: str, reason: str) -> None:
    args = typed(text)
    assert (args.where, args.until, args.reason) == (where, until, reason)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bi", "Please say which until and which reason"),
        ("bi 2h", "Please say which reason"),
        ("bi soon because", "“soon” is no until: an end is 2h, 3d"),
        ("bi 18:00 Asia/Tokio x", "is no until: Asia/Tokio is no time zone; did you mean Asia/Tokyo"),
        ("bi tomorrow 09:00", "“09:00” is no reason: people must know why"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_the_usage(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed(text)
    assert sentence in caught.value.message
    assert "Usage: /freeze <where> <until> <reason…>" in caught.value.hint


WORDS = ("bi", "api", "production", "all", "2h", "until", "for", "friday", "18:00", "Asia/Tokyo", "UTC", "x")


@given(text=st.lists(st.sampled_from(WORDS)))
def test_what_was_understood_once_is_understood_the_same_way_again(text: list[str]) -> None:
    try:
        args = typed(" ".join(text))
    except UsageError:
        return
    assert FreezeArgs.model_validate(args.model_dump()) == args


# the plan of a freeze


def test_a_length_of_time_counts_from_the_confirmation(scene: Scene) -> None:
    first = planned(scene, "bi/production 2h audit")
    assert first.changes[0].after == "frozen for 2h from its confirmation"
    scene.clock.advance(300)
    assert planned(scene, "bi/production 2h audit").fingerprint() == first.fingerprint()


def test_a_time_of_day_is_a_moment_that_may_pass(scene: Scene) -> None:
    scene.clock.set(datetime(2026, 11, 25, 17, 50, tzinfo=UTC).timestamp())
    first = planned(scene, "bi 18:00 audit")
    assert first.title == "Freeze bi"
    assert [(each.what, each.after) for each in first.changes] == [("bi", "frozen until 2026-11-25 18:00 UTC")]
    scene.clock.advance(601)
    assert planned(scene, "bi 18:00 audit").fingerprint() != first.fingerprint()


def test_the_plan_says_what_goes_on_and_what_is_frozen_already(scene: Scene) -> None:
    scene.deploy()
    hold(scene, "bi", "old")
    hold(scene, "zoo", "other")
    made = planned(scene, "bi/production 2h audit")
    assert made.details == (
        "Why: audit",
        "3 services: rollbacks and cancels stay possible, nothing else.",
        f"Under way, and goes on: {scene.operation()[1].plan.title}",  # type: ignore[union-attr]
    )
    assert made.warnings == ("Frozen: old",)


@pytest.mark.parametrize(("end", "why"), [("0s", "is over"), ("2020-01-01", "is over"), ("2999-01-01", "a year away")])
def test_an_end_must_be_ahead_and_within_a_year(scene: Scene, end: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        planned(scene, f"bi {end} audit")


@pytest.mark.parametrize(
    ("where", "sentence", "hint"),
    [
        ("bii", "There is no system 'bii'", "Did you mean bi?"),
        ("bi/prodction", "'prodction'", "Did you mean production?"),
        ("bi/jobz", "no service and no environment 'jobz'", "Did you mean jobs?"),
        ("bi/api", "bi/api runs in production and staging", "Say in which one"),
        ("bi/api/jobs/web", "is no place", "bi/api production"),
    ],
)
def test_a_misspelt_place_gets_the_nearest_one(scene: Scene, where: str, sentence: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        planned(scene, f"{where} 2h audit")
    assert sentence in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("all", ""),
        ("BI", "bi"),
        ("bi/prod", "bi/production"),
        ("bi production", "bi/production"),
        ("bi/api/production", "bi/production/api"),
        ("bi/production/api", "bi/production/api"),
        ("bi/jobs", "bi/production/jobs"),
    ],
)
def test_places_are_written_as_people_write_them(scene: Scene, where: str, place: str) -> None:
    assert scene.catalog.place(where) == place


def test_whoever_may_not_do_it_everywhere_may_not_do_it(scene: Scene) -> None:
    with pytest.raises(DeniedError, match="You may not freeze or unfreeze anything in all of everything") as caught:
        planned(scene, "all 2h audit", user=DAVE)
    assert "bi/api production" in caught.value.hint


# on the road


def test_a_confirmed_freeze_holds_until_its_end(scene: Scene) -> None:
    confirmed(scene, "freeze bi/production 2h the audit")
    row, operation = scene.operation()
    (held,) = scene.holds.holds
    assert row.state == "done"
    assert (held.id, held.place, held.by, held.channel) == (row.id, "bi/production", ALICE, "C0BI")
    assert (held.since, held.until) == (operation.started_at, operation.started_at + 7200)
    assert held.reason.startswith("Frozen by alice until 2025-06-15 ")
    assert held.reason.endswith(" UTC: the audit")
    assert "bi production is frozen until 2025-06-15" in texts(scene.card().message)


def test_it_needs_no_target_and_takes_no_lock(scene: Scene) -> None:
    scene.deploy()
    confirmed(scene, "freeze bi 2h audit", channel="C0OPS")
    assert scene.card().channel == "C0OPS"
    assert [held.place for held in scene.holds.holds] == ["bi"]


def test_a_frozen_service_is_not_deployed(scene: Scene) -> None:
    confirmed(scene, "freeze bi/production 2h the audit")
    scene.propose()
    assert "*freeze*: Frozen by alice until" in texts(scene.card().message)
    with pytest.raises(KeyError):
        scene.press("confirm")


def test_freezing_again_after_a_crash_is_the_same_freeze(scene: Scene) -> None:
    made = planned(scene, "bi 2h audit")
    (effect,) = freeze.strategies["freeze"].effects(made)
    run = Run("op1", Actor(user=ALICE, channel="C0BI"), None, made, scene.clock.now())
    assert effect.find(run, scene.world) is None
    effect.do(run, scene.world)
    effect.do(run, scene.world)
    assert effect.find(run, scene.world) == {"hold": "op1", "until": run.started_at + 7200}
    assert len(scene.holds.holds) == 1


# unfreezing


def test_what_was_set_at_a_place_is_lifted_there(scene: Scene) -> None:
    hold(scene, "bi", "one")
    hold(scene, "bi", "two", kind=HoldKind.LOCK)
    hold(scene, "bi/production", "three")
    made = unplanned(scene, "bi")
    assert [(each.what, each.after) for each in made.changes] == [("bi: freeze", "lifted"), ("bi: lock", "lifted")]
    assert made.warnings == ("Stays: bi production: Frozen: three",)


def test_the_only_one_within_a_place_is_meant(scene: Scene) -> None:
    hold(scene, "bi/production/api", "one", kind=HoldKind.LOCK)
    assert unplanned(scene, "all").title == "Unfreeze bi/api production"
    assert unplanned(scene, "bi/api production").facts["holds"] == ["one"]


def test_several_are_listed_with_what_to_type(scene: Scene) -> None:
    hold(scene, "bi/production/api", "one")
    hold(scene, "bi/staging", "two")
    made = unplanned(scene, "bi")
    assert not made.changes_anything
    shown = str(made.answer)
    assert "unfreeze bi/production/api`" in shown
    assert "unfreeze bi/staging`" in shown


def test_where_nothing_is_held_what_is_held_elsewhere_is_said(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="Nobody froze or locked bi") as caught:
        unplanned(scene, "bi")
    assert "config/calendar.yaml" in caught.value.hint
    hold(scene, "", "one")
    with pytest.raises(NotFoundError) as caught:
        unplanned(scene, "bi/api production")
    assert "It lies in everything" in caught.value.hint


def test_a_hold_of_a_place_is_lifted_only_by_who_may_freeze_all_of_it(scene: Scene) -> None:
    hold(scene, "bi", "one")
    with pytest.raises(BotError, match="You may not"):
        unplanned(scene, "bi", user=DAVE)


def test_a_confirmed_unfreeze_lifts(scene: Scene) -> None:
    hold(scene, "bi/production", "one")
    confirmed(scene, "unfreeze bi production")
    assert scene.holds.holds == []
    assert scene.operation()[0].state == "done"
    assert "What was set for bi production is lifted." in texts(scene.card().message)


def test_a_freeze_added_meanwhile_makes_the_plan_stale(scene: Scene) -> None:
    hold(scene, "bi", "one")
    scene.type("ops", "unfreeze bi")
    hold(scene, "bi", "two")
    scene.press("confirm")
    scene.run(2)
    assert scene.operation()[0].state == "proposed"
    assert len(scene.holds.holds) == 2


def test_its_place_may_have_blanks() -> None:
    args = arguments.parse(unfreeze, "unfreeze", ["bi/api", "production"])
    assert args == UnfreezeArgs(where="bi/api production")
