from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import Plan, Stage
from bot.errors import ConflictError, UpstreamError
from tests.bot.shipping.functions_room import ERRORS, SLOW, Room
from tests.fakes import NOON


@pytest.fixture
def room() -> Room:
    return Room(canary=[10, 50], canary_wait="5m")


@pytest.fixture
def plan(room: Room) -> Plan:
    plan = room.deploy()
    room.to_the_canary(plan)
    return plan


def test_calls_move_step_by_step_and_each_is_watched_for_its_time(room: Room, plan: Plan) -> None:
    assert list(room.effects(plan)) == ["code", "publish", "shift:10", "shift:50", "alias"]
    room.clock.advance(299)
    found = room.wait(plan, "shift:10")
    assert (found.stage, found.done, found.total, found.calm) == (Stage.ROLLING, 10, 100, True)
    assert found.headline == "10 % of the calls go to version 3 (v1.2.0)"
    assert found.lines == (
        "for 4 min of 5 min; no alarm went off",
        "to end it at once: /rollback photo/resize production",
    )
    room.clock.advance(1)
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED
    room.do(plan, "shift:50")
    assert room.wait(plan, "shift:50").stage is Stage.ROLLING
    room.clock.advance(300)
    assert room.wait(plan, "shift:50").stage is Stage.SUCCEEDED
    room.do(plan, "alias")
    assert room.functions.writes[2:] == ["alias 2 {'3': 0.1}", "alias 2 {'3': 0.5}", "alias 3 {}"]


@pytest.mark.parametrize("late", [10.0, 400.0])
def test_an_alarm_that_goes_off_sends_every_call_back(room: Room, plan: Plan, late: float) -> None:
    room.clock.advance(late)
    room.metrics.states[ERRORS] = "ALARM"
    found = room.wait(plan, "shift:10")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert found.headline == (
        f"Not deployed: {ERRORS} went off while version 3 had a share of the calls; all calls go to version 2 again"
    )
    assert (room.functions.pointer.version, room.functions.pointer.weights) == ("2", {})


def test_a_bot_that_died_right_after_taking_the_calls_back_says_the_same(room: Room, plan: Plan) -> None:
    room.metrics.states[ERRORS] = "ALARM"
    first = room.wait(plan, "shift:10")
    writes = list(room.functions.writes)
    assert room.wait(plan, "shift:10") == first
    assert room.functions.writes == writes
    room.metrics.states[ERRORS] = "OK"
    later = room.wait(plan, "shift:10")
    assert (later.stage, later.unchanged) == (Stage.FAILED, True)
    assert later.headline == "Not deployed: its canary was ended; all calls go to version 2 again"


def test_an_alarm_that_was_red_before_ends_nothing(room: Room) -> None:
    room.metrics.states[SLOW] = "ALARM"
    plan = room.deploy()
    room.to_the_canary(plan)
    room.clock.advance(300)
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED


def test_an_alarm_that_was_red_before_and_comes_anew_ends_it(room: Room) -> None:
    room.metrics.states[SLOW] = "ALARM"
    plan = room.deploy()
    room.to_the_canary(plan)
    alarms = room.metrics.alarms

    class Anew:
        def alarms(self, *args: object) -> object:
            return tuple(replace(each, updated_at=NOON + 30) for each in alarms(*args))  # type: ignore[arg-type]

        def went_red(self, *args: object, since: float) -> tuple[float, ...]:
            return ()

    room.world = replace(room.world, metrics=Anew())  # type: ignore[arg-type]
    assert room.wait(plan, "shift:10").stage is Stage.FAILED


def test_an_alarm_that_is_quiet_again_at_the_next_look_is_not_forgotten(room: Room, plan: Plan) -> None:
    room.clock.advance(400)
    room.metrics.fired = [(NOON + 120, ERRORS)]
    found = room.wait(plan, "shift:10")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert found.headline.startswith(f"Not deployed: {ERRORS} went off while version 3 had a share of the calls")
    assert found.lines == (f"{ERRORS}: it is quiet again by now",)
    assert room.functions.pointer.weights == {}
    assert room.wait(plan, "shift:10") == found


def test_an_alarm_that_went_off_while_aws_could_not_be_read_is_seen_afterwards(room: Room, plan: Plan) -> None:
    room.clock.advance(100)
    room.metrics.failures.add("alarms", UpstreamError("AWS is throttling.", retryable=True))
    with pytest.raises(UpstreamError):
        room.wait(plan, "shift:10")
    room.metrics.fired = [(NOON + 90, SLOW)]
    room.clock.advance(100)
    assert room.wait(plan, "shift:10").stage is Stage.FAILED


def test_an_alarm_that_went_off_between_two_steps_is_seen_by_the_second(room: Room, plan: Plan) -> None:
    room.clock.advance(300)
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED
    room.clock.advance(60)
    room.metrics.fired = [(room.clock.now() - 30, ERRORS)]
    room.do(plan, "shift:50")
    assert room.wait(plan, "shift:50").stage is Stage.FAILED


def test_what_went_off_before_the_first_share_is_not_its_doing(room: Room, plan: Plan) -> None:
    room.metrics.fired = [(NOON - 10, ERRORS)]
    room.clock.advance(300)
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (UpstreamError("AWS denied cloudwatch:DescribeAlarmHistory."), "AWS denied cloudwatch:DescribeAlarmHistory."),
        (TimeoutError(), "AWS did not answer in time"),
    ],
)
def test_where_the_past_of_an_alarm_cannot_be_read_nobody_says_that_it_was_quiet(
    room: Room, plan: Plan, error: Exception, why: str
) -> None:
    room.clock.advance(300)
    room.metrics.failures.add("went_red", error)
    found = room.wait(plan, "shift:10")
    assert found.stage is Stage.SUCCEEDED
    assert found.lines[0] == (
        f"for 5 min of 5 min; no alarm is red because of it; whether one was in between cannot be told: {why}"
    )


def test_unknown_data_is_not_an_alarm(room: Room, plan: Plan) -> None:
    room.metrics.states[ERRORS] = "INSUFFICIENT_DATA"
    assert room.wait(plan, "shift:10").stage is Stage.ROLLING


@pytest.mark.parametrize("error", [UpstreamError("AWS is throttling.", retryable=True), TimeoutError()])
def test_nothing_goes_on_while_the_alarms_cannot_be_read(room: Room, plan: Plan, error: Exception) -> None:
    room.clock.advance(1000)
    room.metrics.failures.add("alarms", error)
    with pytest.raises(UpstreamError):
        room.wait(plan, "shift:10")
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED


def test_without_alarms_the_step_is_only_a_pause_and_says_so() -> None:
    room = Room(canary=[10], alarms=[])
    plan = room.deploy()
    room.to_the_canary(plan)
    assert room.wait(plan, "shift:10").lines[0] == "for 0 s of 5 min; no alarm is configured to watch it"
    room.clock.advance(300)
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED


def test_shares_that_somebody_else_changed_are_not_fought_over(room: Room, plan: Plan) -> None:
    room.functions.pointer = replace(room.functions.pointer, version="1", weights={}, revision="theirs")
    found = room.wait(plan, "shift:10")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert found.headline == "Superseded: live is at version 1, and not by this operation"
    with pytest.raises(ConflictError, match="Not moved: live is at version 1"):
        room.do(plan, "shift:50")


def test_going_back_while_somebody_moves_the_alias_is_seen_at_the_next_look(room: Room, plan: Plan) -> None:
    room.metrics.states[ERRORS] = "ALARM"
    room.functions.failures.add("move_alias", ConflictError("Somebody else changed resize."))
    assert room.wait(plan, "shift:10").stage is Stage.ROLLING
    assert room.wait(plan, "shift:10").stage is Stage.FAILED
    assert room.functions.pointer.weights == {}


def test_going_back_that_aws_denies_is_tried_again(room: Room, plan: Plan) -> None:
    room.metrics.states[ERRORS] = "ALARM"
    room.functions.failures.add("move_alias", UpstreamError("AWS denied lambda:UpdateAlias."))
    with pytest.raises(UpstreamError):
        room.wait(plan, "shift:10")
    assert room.wait(plan, "shift:10").unchanged


def test_the_wait_begins_anew_when_the_bot_died_before_it_knew(room: Room, plan: Plan) -> None:
    room.clock.advance(200)
    room.again(plan, "shift:10")
    room.clock.advance(299)
    assert room.wait(plan, "shift:10").stage is Stage.ROLLING
