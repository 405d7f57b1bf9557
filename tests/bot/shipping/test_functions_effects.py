from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cloud import HealthAnswer
from bot.command import Progress, Stage
from bot.errors import ConflictError, NotFoundError, UpstreamError
from tests.bot.shipping.functions_room import NEW, REPOSITORY, Room
from tests.fakes import NOON

LOST = UpstreamError("AWS did not answer lambda in time.", retryable=True)
HEALTH = "https://resize.example.com/health"
SICK = HealthAnswer(ok=False, code=500, detail="it answered 500")


def test_a_deployment_is_code_then_version_then_alias() -> None:
    room = Room()
    plan = room.deploy()
    assert list(room.effects(plan)) == ["code", "publish", "alias"]
    room.do(plan, "code", "publish", "alias")
    assert room.functions.writes == ["code s3://artifacts/resize/v1.2.0.zip", "publish 3", "alias 3 {}"]
    assert room.functions.found["3"].description == "v1.2.0 (runbook-bot op-now)"
    assert room.results["alias"] == {"version": "3"}
    assert room.watch(plan).stage is Stage.SUCCEEDED


def test_an_image_is_deployed_by_its_digest() -> None:
    room = Room(artifact="")
    room.use_images()
    plan = room.deploy()
    plan = plan.model_copy(update={"facts": {**plan.facts, "sha256": ""}})
    room.do(plan, "code", "publish", "alias")
    assert room.functions.writes[0] == f"code {REPOSITORY}@{NEW}"


def test_an_image_that_was_built_after_the_plan_is_pinned_when_it_is_there() -> None:
    room = Room(artifact="", build={"codebuild": "resize"})
    room.use_images()
    plan = room.deploy("v1.3.0")
    assert plan.facts["image"] == f"{REPOSITORY}:v1.3.0"
    with pytest.raises(NotFoundError):
        room.do(plan, "code")
    room.ecs.add_image(REPOSITORY, NEW, "v1.3.0")
    room.do(plan, "code")
    assert room.functions.writes == [f"code {REPOSITORY}@{NEW}"]


def test_a_zip_that_does_not_exist_is_built_and_then_shipped() -> None:
    room = Room(build={"codebuild": "resize"})
    plan = room.deploy("v1.3.0")
    room.do(plan, "build")
    assert room.wait(plan, "build").stage is Stage.ROLLING
    room.built()
    assert room.wait(plan, "build").stage is Stage.SUCCEEDED
    room.do(plan, "code", "publish", "alias")
    assert room.functions.writes == ["code s3://artifacts/resize/v1.3.0.zip", "publish 3", "alias 3 {}"]


@pytest.mark.parametrize(
    ("effect", "call", "written"),
    [
        ("code", "update_code", "code s3://artifacts/resize/v1.2.0.zip"),
        ("publish", "publish", "publish 3"),
        ("shift:10", "move_alias", "alias 2 {'3': 0.1}"),
        ("alias", "move_alias", "alias 3 {}"),
    ],
)
def test_an_effect_whose_answer_was_lost_is_recognised_and_not_had_twice(effect: str, call: str, written: str) -> None:
    room = Room(canary=[10])
    plan = room.deploy()
    names = list(room.effects(plan))
    room.do(plan, *names[: names.index(effect)])
    room.functions.lost_answers.add(call, LOST)
    with pytest.raises(UpstreamError):
        room.do(plan, effect)
    room.again(plan, effect)
    assert room.functions.writes.count(written) == 1
    for later in names[names.index(effect) + 1 :]:
        room.again(plan, later)
    assert room.functions.pointer.version == "3"
    assert not room.functions.pointer.weights


@pytest.mark.parametrize("effect", ["code", "publish", "shift:10", "alias"])
def test_an_effect_that_never_reached_aws_is_had_after_the_look(effect: str) -> None:
    room = Room(canary=[10])
    plan = room.deploy()
    for name in room.effects(plan):
        if name == effect:
            room.functions.failures.add("update_code", LOST)
            room.functions.failures.add("publish", LOST)
            room.functions.failures.add("move_alias", LOST)
            with pytest.raises(UpstreamError):
                room.do(plan, name)
            room.functions.failures = type(room.functions.failures)()
        room.again(plan, name)
    assert room.functions.writes == [
        "code s3://artifacts/resize/v1.2.0.zip",
        "publish 3",
        "alias 2 {'3': 0.1}",
        "alias 3 {}",
    ]


def test_unchanged_code_gives_the_version_there_is_and_moves_nothing_in_steps() -> None:
    room = Room(canary=[10])
    room.zip("v1.1.0-again", NOON)
    plan = room.deploy("v1.1.0-again")
    room.do(plan, "code")
    room.change("$LATEST", sha256="two")
    room.results["code"] = {"sha256": "two"}
    room.do(plan, "publish", "shift:10")
    assert room.results["publish"]["version"] == "2"
    assert room.wait(plan, "shift:10").stage is Stage.SUCCEEDED
    room.again(plan, "alias")
    assert [write for write in room.functions.writes if write.startswith("alias")] == []


def test_lambda_is_given_its_time_to_take_the_code_in() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code")
    room.change("$LATEST", update="InProgress")
    assert room.wait(plan, "code").stage is Stage.ROLLING
    room.change("$LATEST", update="Successful")
    assert room.wait(plan, "code").stage is Stage.SUCCEEDED


def test_code_that_lambda_refuses_later_ends_it_with_the_reason_and_the_alias_untouched() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code")
    room.change("$LATEST", update="Failed", reason="Lambda could not unzip the file.")
    found = room.wait(plan, "code")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert found.headline.endswith("could not take in the code of v1.2.0: Lambda could not unzip the file.")
    assert found.lines == ("live was not touched: version 2",)


def test_code_of_somebody_else_that_came_after_ours_is_not_published() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code")
    room.change("$LATEST", sha256="theirs")
    found = room.wait(plan, "code")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert "somebody else changed the code" in found.headline
    with pytest.raises(ConflictError):
        room.do(plan, "publish")


def test_a_function_that_somebody_changed_after_the_plan_is_left_alone() -> None:
    room = Room()
    plan = room.deploy()
    room.change("$LATEST", revision="theirs")
    with pytest.raises(ConflictError):
        room.do(plan, "code")
    assert not room.functions.writes


def test_a_zip_that_was_replaced_after_the_plan_is_not_published() -> None:
    room = Room()
    room.zip("v1.2.0", NOON, sha256="as planned")
    plan = room.deploy()
    with pytest.raises(ConflictError, match=r"is not what it was when the plan was made"):
        room.do(plan, "code")


def test_a_version_is_waited_for_until_it_takes_calls() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code", "publish")
    room.change("3", state="Pending")
    assert room.wait(plan, "publish").stage is Stage.ROLLING
    room.change("3", state="Inactive")
    assert room.wait(plan, "publish").stage is Stage.SUCCEEDED
    room.change("3", state="Failed", reason="the image was deleted")
    found = room.wait(plan, "publish")
    assert (found.stage, found.unchanged) == (Stage.FAILED, True)
    assert found.headline.endswith("could not make version 3: the image was deleted")


def test_a_version_that_is_not_shown_yet_is_not_lost_for_some_seconds() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code", "publish")
    del room.functions.found["3"]
    assert room.wait(plan, "publish").stage is Stage.ROLLING
    room.clock.advance(16)
    with pytest.raises(NotFoundError):
        room.wait(plan, "publish")


def test_an_alias_that_somebody_moved_meanwhile_is_not_moved_and_says_where_it_stands() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code", "publish")
    room.functions.pointer = replace(room.functions.pointer, version="1", revision="theirs")
    with pytest.raises(ConflictError, match="Not moved: live is at version 1, and not by this operation"):
        room.do(plan, "alias")
    assert room.functions.pointer.version == "1"


def test_an_alias_that_somebody_moves_afterwards_is_superseded() -> None:
    room = Room()
    plan = room.deploy()
    room.do(plan, "code", "publish", "alias")
    room.functions.pointer = replace(room.functions.pointer, weights={"1": 0.5})
    found = room.watch(plan)
    assert found.stage is Stage.FAILED
    assert found.headline == "Superseded: live is at version 3, 50% go to version 1, and not by this operation"


def test_the_health_address_must_answer_with_the_version() -> None:
    room = Room(health={"url": HEALTH})
    plan = room.deploy()
    room.do(plan, "code", "publish", "alias")
    found = room.watch(plan)
    assert found.headline == f"Settled: all calls of live go to version 3 (v1.2.0), and {HEALTH} answers 200 v1.2.0"
    room.web.answers[HEALTH] = SICK
    waiting = room.watch(plan)
    assert waiting.stage is Stage.ROLLING
    room.clock.advance(59)
    assert room.watch(plan, waiting).stage is Stage.ROLLING
    room.clock.advance(2)
    failed = room.watch(plan, waiting)
    assert (failed.stage, failed.unchanged) == (Stage.FAILED, False)
    assert failed.headline.endswith("does not answer as configured: it answered 500")


def test_another_look_of_the_same_wait_counts_from_the_first() -> None:
    room = Room(health={"url": HEALTH})
    plan = room.deploy()
    room.do(plan, "code", "publish", "alias")
    room.web.answers[HEALTH] = SICK
    first = room.watch(plan, Progress(stage=Stage.ROLLING, headline="x", facts={"settled_at": NOON - 10}))
    assert first.facts == {"settled_at": NOON - 10}
