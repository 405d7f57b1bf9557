"""The one road from the change on: keyed effects, watched until settled, told to the asker."""

from __future__ import annotations

import pytest

from bot.engine import LEASE_SECONDS
from bot.errors import NotFoundError, UpstreamError
from bot.operation import State
from bot.rollouts import ServiceDeployment
from bot.shipping import images
from tests.fake_aws import a_deployment, a_service
from tests.fakes import buttons, texts
from tests.scene import ALICE, HEALTH, NEW, REPOSITORY, Scene

AWAY = UpstreamError("AWS did not answer.", retryable=True)
DENIED = UpstreamError("AWS refused ecs:UpdateService.", hint="Allow it.")


class Killed(BaseException):
    """The process died here."""


def state(scene: Scene, row_id: str) -> str:
    row = scene.store.get(row_id)
    assert row is not None
    return row.state


def outcome(scene: Scene, row_id: str) -> str:
    return texts(scene.chat.by_key(f"op:{row_id}:outcome").message)


def die(scene: Scene) -> None:
    """Run until the process is killed, then let the lease of the dead end as a restart does."""
    with pytest.raises(Killed):
        scene.run()
    scene.store.release()


def test_a_good_deployment_from_the_plan_to_the_quiet_afterwards(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.run(3)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    made = scene.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:8"]
    assert made.containers[0].image == f"{REPOSITORY}@{NEW}"
    assert made.tags == {images.OPERATION_TAG: row_id, images.VERSION_TAG: "v2", images.BY_TAG: ALICE}
    assert "new tasks: 0 of 2 running, 2 starting; old tasks: 2" in texts(scene.card().message)
    assert buttons(scene.card().message) == {}
    scene.ecs.settle(scene.api)
    scene.run(3)
    assert state(scene, row_id) == State.SOAKING
    assert f"Settled: 2 of 2 tasks of api:8 run, and {HEALTH} answers 200 v2" in texts(scene.card().message)
    assert outcome(scene, row_id).startswith(f"<@{ALICE}> :white_check_mark: settled: Deploy bi/api production → v2")
    assert scene.chat.by_key(f"op:{row_id}:outcome").thread_ts == scene.card().ts
    scene.clock.advance(600)
    scene.run(2)
    assert state(scene, row_id) == State.DONE
    assert "counted as good" in texts(scene.chat.by_key(f"op:{row_id}:soak").message)
    assert scene.operation()[1].good is True
    assert len(scene.chat.posts) == 3


def test_the_lock_is_free_once_it_settled(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(2)
    row = scene.store.get(row_id)
    assert row is not None
    assert (row.state, row.lock) == (State.SOAKING, None)


def test_an_alarm_at_the_end_of_the_quiet_time_is_not_counted_as_good(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(2)
    scene.metrics.states["api-errors"] = "ALARM"
    scene.metrics.changed["api-errors"] = scene.clock.now() + 590
    scene.clock.advance(600)
    scene.run(2)
    said = texts(scene.chat.by_key(f"op:{row_id}:soak").message)
    assert f"<@{ALICE}> not counted as good: `api-errors`" in said
    assert scene.operation()[1].good is False


@pytest.mark.parametrize("call", ["register", "update_service"])
def test_an_effect_that_fails_for_now_is_tried_again_and_not_doubled(scene: Scene, call: str) -> None:
    scene.propose()
    scene.ecs.failures.add(call, AWAY, AWAY)
    scene.press("confirm")
    scene.run(5)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]


@pytest.mark.parametrize("call", ["register", "update_service"])
def test_an_effect_whose_answer_was_lost_is_found(scene: Scene, call: str) -> None:
    row_id = scene.propose()
    scene.ecs.lost_answers.add(call, AWAY)
    scene.press("confirm")
    scene.run(5)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    scene.ecs.settle(scene.api)
    scene.run(2)
    assert state(scene, row_id) == State.SOAKING


@pytest.mark.parametrize("call", ["register", "update_service"])
def test_a_death_right_after_an_effect_does_not_double_it(scene: Scene, call: str) -> None:
    row_id = scene.propose()
    scene.ecs.lost_answers.add(call, Killed())
    scene.press("confirm")
    die(scene)
    scene.run(3)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]
    assert state(scene, row_id) == State.SETTLING


@pytest.mark.parametrize("call", ["register", "update_service"])
def test_a_death_right_before_an_effect_does_not_lose_it(scene: Scene, call: str) -> None:
    scene.propose()
    scene.ecs.failures.add(call, Killed())
    scene.press("confirm")
    die(scene)
    scene.run(3)
    assert scene.ecs.writes == ["register api:8", "update bi/production/api api:8"]


def test_an_update_that_ecs_already_rolled_back_is_not_started_again(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.lost_answers.add("update_service", Killed())
    scene.press("confirm")
    die(scene)
    ours = "arn:aws:ecs:r:1:task-definition/api:8"
    back = a_deployment("arn:aws:ecs:r:1:task-definition/api:7")
    scene.ecs.live[scene.api.key] = a_service("api", back)
    record = ServiceDeployment("arn:d", "ROLLBACK_SUCCESSFUL", "tasks failed to start", scene.clock.now(), 0.0, ours)
    scene.ecs.records = [record]
    scene.run(3)
    assert len(scene.ecs.writes) == 2
    assert state(scene, row_id) == State.FAILED
    assert "Not deployed: ECS went back to api:7 (tasks failed to start)" in outcome(scene, row_id)


def test_a_row_left_by_a_dead_process_goes_on_when_its_lease_ends(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.lost_answers.add("register", Killed())
    scene.press("confirm")
    with pytest.raises(Killed):
        scene.run()
    scene.clock.advance(LEASE_SECONDS)
    scene.run(2)
    assert state(scene, row_id) == State.SETTLING
    assert len(scene.ecs.writes) == 2


def test_an_effect_that_is_refused_fails_the_operation_and_says_what_is_left(scene: Scene) -> None:
    row_id = scene.propose()
    scene.ecs.failures.add("update_service", DENIED)
    scene.press("confirm")
    scene.run(3)
    row = scene.store.get(row_id)
    assert row is not None
    assert (row.state, row.lock) == (State.FAILED, None)
    said = "AWS refused ecs:UpdateService. Allow it. The revision api:8 was registered and is left unused."
    assert said in texts(scene.card().message)
    assert said in outcome(scene, row_id)
    assert f"<@{ALICE}> :x: failed" in outcome(scene, row_id)


def test_a_service_that_left_the_configuration_meanwhile_fails_in_a_sentence(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.live.clear()
    scene.ecs.failures.add("service", NotFoundError("ECS has no service bi/api production."))
    scene.run(3)
    assert state(scene, row_id) == State.FAILED
    assert "ECS has no service bi/api production." in outcome(scene, row_id)
