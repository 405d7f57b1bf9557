"""``/scale``: the number, what autoscaling makes of it, and everything put back as it was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cloud import ServiceEvent
from bot.command import CheckStatus, Override, Plan
from bot.errors import ConflictError, UpstreamError
from bot.operation import State
from bot.shipping_cloud import ScalableTarget, Scaling, ScalingActivity, ScalingPolicy, ScheduledAction
from commands.scale import ScaleArgs, plan, target
from tests.fakes import texts
from tests.scene import ALICE, Scene

BOUNDS = ScalableTarget(2, 4)
POLICY = ScalingPolicy("cpu", "TargetTrackingScaling", "keeps CPU at 60 %")
MORNING = ScheduledAction("morning", "cron(0 8 * * ? *)", "UTC", 3, None)


def planned(scene: Scene, count: str, *more: str, environment: str = "production") -> Plan:
    words = dict(zip(("way", "time"), more, strict=False))
    made = plan(
        ScaleArgs(service="api", environment=environment, count=count, **words), scene.world, scene.chat.people[ALICE]
    )
    assert scene.ecs.writes == scene.scaling.writes == []
    return made


def autoscaled(scene: Scene, bounds: ScalableTarget = BOUNDS) -> None:
    scene.scaling.known[scene.api.key] = Scaling(bounds, (POLICY,), (MORNING,))


def scaled(scene: Scene, text: str) -> str:
    """A scaling on its way; the operation's id."""
    assert scene.type("ops", f"scale {text}") is None
    row_id = scene.operation()[0].id
    scene.press("confirm")
    scene.run(3)
    return row_id


def test_without_autoscaling_the_number_just_changes(scene: Scene) -> None:
    made = planned(scene, "5")
    assert [(each.what, each.before, each.after) for each in made.changes] == [("Tasks", "2", "5")]
    assert made.details == ("Nothing scales it by itself: the number stays until somebody changes it.",)
    assert not made.blocking
    assert made.follow_up is None


@pytest.mark.parametrize(("word", "count"), [("+3", 5), ("-1", 1), ("7", 7)])
def test_a_number_may_be_relative(scene: Scene, word: str, count: int) -> None:
    assert planned(scene, word).facts["count"] == count


def test_zero_says_what_it_means(scene: Scene) -> None:
    assert planned(scene, "0").details[-1] == "Nothing answers with zero tasks: expect its alarms."
    autoscaled(scene)
    assert planned(scene, "0", "suspend").details[-1] == "Nothing answers with zero tasks: expect its alarms."


def test_less_than_nothing_is_refused(scene: Scene) -> None:
    with pytest.raises(ConflictError, match="has 2 tasks; it cannot have -1"):
        planned(scene, "-3")


@pytest.mark.parametrize("count", ["many", "+", "1.5", "99999", "--2", "٣"])
def test_what_is_no_number_is_told_so(scene: Scene, count: str) -> None:
    said = scene.type("ops", f"scale api production {count}")
    assert said is not None
    assert "it is a number as 4, +2 or -1, or the word back" in said.text


def test_the_same_number_is_no_change(scene: Scene) -> None:
    assert not planned(scene, "2").changes_anything


def test_within_the_bounds_it_says_who_may_move_it_again(scene: Scene) -> None:
    autoscaled(scene)
    made = planned(scene, "3")
    assert made.details == (
        "Autoscaling may move it again: cpu keeps CPU at 60 %.",
        "Scheduled action morning (cron(0 8 * * ? *), UTC) sets a floor of 3.",
    )
    assert not made.blocking


@pytest.mark.parametrize(
    ("count", "said", "label"), [("6", "above the ceiling of 4", "Raise"), ("1", "below the floor of 2", "Lower")]
)
def test_outside_the_bounds_nothing_is_promised_and_ways_are_offered(
    scene: Scene, count: str, said: str, label: str
) -> None:
    autoscaled(scene)
    made = planned(scene, count)
    (check,) = made.blocking
    assert (said in check.detail, check.override) == (True, Override.NEVER)
    assert made.choices[0].label.startswith(label)
    assert [each.text for each in made.choices] == [
        f"scale bi/api production {count} raise 2h",
        f"scale bi/api production {count} pin 2h",
        f"scale bi/api production {count} suspend 2h",
    ]


@pytest.mark.parametrize(
    ("way", "count", "words"),
    [
        ("raise", "6", "2 to 6 for 2 h"),
        ("raise", "1", "1 to 4 for 2 h"),
        ("pin", "6", "6 to 6 for 2 h"),
        ("suspend", "6", "2 to 4, suspended for 2 h"),
    ],
)
def test_each_way_says_what_the_bounds_become_and_for_how_long(scene: Scene, way: str, count: str, words: str) -> None:
    autoscaled(scene)
    made = planned(scene, count, way)
    assert not made.blocking
    assert (made.changes[1].before, made.changes[1].after) == ("2 to 4", words)
    assert any("After 2 h I put back 2 to 4, if nobody changed it since." in line for line in made.details)


def test_zero_in_production_wants_to_be_typed(scene: Scene) -> None:
    assert planned(scene, "0").phrase == "bi/api 0"
    scene.ecs.live["bi/staging/api"] = replace(scene.ecs.live["bi/staging/api"], desired=1)
    assert planned(scene, "0", environment="staging").phrase == ""


def test_a_slip_of_the_finger_is_warned_of(scene: Scene) -> None:
    (check,) = [each for each in planned(scene, "22").checks if each.name == "number"]
    assert (check.status, check.detail) == (CheckStatus.WARNED, "that is 11 times as many as now")


def test_during_a_traffic_shift_it_waits(scene: Scene) -> None:
    service = scene.ecs.live[scene.api.key]
    rolling = replace(service.deployments[0], rollout_state="IN_PROGRESS")
    scene.ecs.live[scene.api.key] = replace(service, deployments=(rolling,), strategy="BLUE_GREEN")
    assert [each.name for each in planned(scene, "4").blocking] == ["deployments in flight"]
    scene.ecs.live[scene.api.key] = replace(service, deployments=(rolling,))
    assert not planned(scene, "4").blocking


def test_without_knowing_the_autoscaling_nothing_is_planned(scene: Scene) -> None:
    scene.scaling.failures.add(
        "scaling", UpstreamError("AWS does not allow application-autoscaling:DescribeScalableTargets.")
    )
    with pytest.raises(UpstreamError, match="DescribeScalableTargets"):
        planned(scene, "4")


@pytest.mark.parametrize(("name", "said"), [("jobs", "is a Lambda function"), ("web", "is a static site")])
def test_only_ecs_services_have_a_number(scene: Scene, name: str, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        target(ScaleArgs(service=name, environment="production", count="3"), scene.catalog)


def test_a_daemon_is_refused(scene: Scene) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], scheduling="DAEMON")
    with pytest.raises(ConflictError, match="DAEMON"):
        planned(scene, "4")


def test_the_number_is_set_and_watched_to_its_end(scene: Scene) -> None:
    row_id = scaled(scene, "api production 4")
    assert scene.ecs.writes == ["desired bi/production/api 4"]
    assert scene.state(row_id) == State.SETTLING
    event = ServiceEvent("1", scene.clock.now(), "(service api) was unable to place a task because no room")
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], events=(event,), running=3)
    scene.run(2)
    assert "unable to place a task" in texts(scene.card(row_id).message)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=4)
    scene.run(2)
    assert scene.state(row_id) == State.DONE
    assert ("change", "Scale bi/api production to 4") in scene.pager.events


def test_a_number_that_is_moved_again_is_no_success(scene: Scene) -> None:
    autoscaled(scene)
    row_id = scaled(scene, "api production 3")
    scene.scaling.log = (
        ScalingActivity(scene.clock.now(), "Setting desired count to 2.", "alarm low-cpu", "Successful"),
    )
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], desired=2)
    scene.run(2)
    assert scene.state(row_id) == State.FAILED
    assert "Something moved the number to 2: alarm low-cpu" in texts(scene.card(row_id).message)


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("6 raise", ["bounds 2 6", "desired bi/production/api 6"]),
        ("6 pin", ["bounds 6 6", "desired bi/production/api 6"]),
        ("3 pin", ["desired bi/production/api 3", "bounds 3 3"]),
        ("0 suspend", ["suspend True True True", "desired bi/production/api 0"]),
    ],
)
def test_bounds_are_widened_before_and_narrowed_after_the_number(scene: Scene, text: str, writes: list[str]) -> None:
    autoscaled(scene)
    order: list[str] = []
    scene.ecs.writes = scene.scaling.writes = order
    scene.type("ops", f"scale api production {text}")
    if text.startswith("0"):
        _, operation = scene.operation()
        assert operation.plan is not None
        scene.signal("confirm", plan=operation.plan.fingerprint()[:16], typed="bi/api 0")
    else:
        scene.press("confirm")
    scene.run(3)
    assert order == writes


def test_after_its_time_all_is_put_back_exactly(scene: Scene) -> None:
    autoscaled(scene)
    scaled(scene, "api production 6 raise 1h")
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=6)
    scene.run(2)
    scene.clock.advance(3590)
    scene.run(20)
    assert scene.scaling.known[scene.api.key].bounds == BOUNDS
    row, operation = scene.operation()
    assert (row.state, operation.unattended) == (State.DONE, True)
    assert "begun by the bot itself" in texts(scene.card(row.id).message)


def test_what_is_put_back_waits_until_it_was_changed(scene: Scene) -> None:
    autoscaled(scene)
    for _ in range(6):
        scene.scaling.failures.add("set_bounds", UpstreamError("AWS is away", retryable=True))
    scaled(scene, "api production 6 raise 1m")
    scene.run(70)
    assert scene.scaling.writes == []
    scene.run(20)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=6)
    scene.run(20)
    assert scene.scaling.writes == ["bounds 2 6", "bounds 2 4"]
    assert [row.state for row, _ in scene.operations()] == [State.DONE, State.DONE]


def test_what_somebody_changed_meanwhile_is_left_alone_and_said(scene: Scene) -> None:
    autoscaled(scene)
    scaled(scene, "api production 6 raise 1h")
    scene.scaling.known[scene.api.key] = Scaling(ScalableTarget(3, 9))
    scene.clock.advance(3600)
    scene.run(10)
    row, _ = scene.operation()
    assert scene.scaling.known[scene.api.key].bounds == ScalableTarget(3, 9)
    said = texts(scene.chat.by_key(f"op:{row.id}:alone").message)
    assert "Somebody changed the autoscaling of bi/api production since: it is 3 to 9 now, I had set 2 to 6." in said


def test_back_may_be_asked_for_at_once(scene: Scene) -> None:
    autoscaled(scene)
    scaled(scene, "api production 6 pin")
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=6)
    scene.run(2)
    scaled(scene, "api production back")
    assert scene.scaling.known[scene.api.key].bounds == BOUNDS


def test_a_lost_answer_changes_nothing_twice(scene: Scene) -> None:
    scene.ecs.lost_answers.add("set_desired", UpstreamError("lost", retryable=True))
    scaled(scene, "api production 4")
    scene.run(5)
    assert scene.ecs.writes == ["desired bi/production/api 4"]


def test_two_changes_for_a_time_end_at_what_was_found_first(scene: Scene) -> None:
    autoscaled(scene)
    for count, time in (("6", "1h"), ("9", "2h")):
        scaled(scene, f"api production {count} raise {time}")
        scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=int(count))
        scene.run(3)
    scene.clock.advance(3600)
    scene.run(12)
    assert scene.scaling.known[scene.api.key].bounds == ScalableTarget(2, 9)
    scene.clock.advance(3600)
    scene.run(12)
    assert scene.scaling.known[scene.api.key].bounds == BOUNDS


def test_throttling_for_minutes_does_not_end_what_is_owed(scene: Scene) -> None:
    autoscaled(scene)
    scaled(scene, "api production 6 raise 1h")
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=6)
    scene.run(3)
    scene.scaling.failures.add("scaling", *[UpstreamError("AWS is throttling.", retryable=True)] * 8)
    scene.clock.advance(3600)
    scene.run(400)
    assert scene.scaling.known[scene.api.key].bounds == BOUNDS


def test_a_newer_number_takes_over_one_that_is_still_settling(scene: Scene) -> None:
    first = scaled(scene, "api production 9")
    second = scaled(scene, "api production 3")
    scene.run(3)
    assert (scene.state(first), scene.state(second)) == (State.TAKEN_OVER, State.SETTLING)
    assert scene.ecs.writes[-1] == "desired bi/production/api 3"


def test_twenty_times_as_many_needs_the_right_to_override(scene: Scene) -> None:
    (check,) = planned(scene, "2000").blocking
    assert (check.name, check.override) == ("number", Override.REASON)
