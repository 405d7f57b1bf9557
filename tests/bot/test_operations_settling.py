"""A change that is being watched: it wins, loses, hangs or cannot be seen, and the asker is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cloud import ContainerExit, HealthAnswer, LogLine, ServiceEvent, StoppedTask
from bot.errors import UpstreamError
from bot.operation import State
from bot.rollouts import ServiceDeployment
from tests.fake_aws import a_definition, a_deployment, a_service
from tests.fakes import Failures, FakeClock, texts
from tests.scene import ALICE, HEALTH, REPOSITORY, Scene

AWAY = UpstreamError("AWS did not answer.", retryable=True)
DENIED = UpstreamError("AWS refused ecs:UpdateService.", hint="Allow it.")


def state(scene: Scene, row_id: str) -> str:
    row = scene.store.get(row_id)
    assert row is not None
    return row.state


def outcome(scene: Scene, row_id: str) -> str:
    return texts(scene.chat.by_key(f"op:{row_id}:outcome").message)


def rolled_back(scene: Scene) -> None:
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment("arn:aws:ecs:r:1:task-definition/api:7"))


def test_a_rollback_by_the_circuit_breaker_is_a_failure_with_its_reasons(scene: Scene) -> None:
    row_id = scene.deploy()
    ours = "arn:aws:ecs:r:1:task-definition/api:8"
    exits = (ContainerExit("app", 1, ""),)
    scene.ecs.stopped = [
        StoppedTask(f"t{n}", ours, "", "EssentialContainerExited", "", scene.clock.now() + 9, exits) for n in (1, 2)
    ]
    scene.logs.streams[("/ecs/api", "ecs/app/t1")] = [LogLine(0.0, "KeyError: 'DATABASE_URL'", "s")]
    scene.clock.advance(20)
    rolled_back(scene)
    scene.run(3)
    assert state(scene, row_id) == State.FAILED
    shown = texts(scene.card().message)
    assert "Not deployed: ECS went back to api:7" in shown
    assert "2 × " in shown
    assert "exit code 1" in shown
    assert "KeyError: 'DATABASE_URL'" in shown
    assert ":x: failed" in outcome(scene, row_id)


def test_a_rollback_under_way_is_told_as_such(scene: Scene) -> None:
    scene.deploy()
    rolled_back(scene)
    ours = "arn:aws:ecs:r:1:task-definition/api:8"
    scene.ecs.records = [ServiceDeployment("arn:d", "ROLLBACK_IN_PROGRESS", "", scene.clock.now(), 0.0, ours)]
    scene.run(2)
    assert "Not deployed: ECS is going back to api:7" in texts(scene.card().message)


def test_a_deployment_that_ecs_does_not_show_yet_is_waited_for(scene: Scene) -> None:
    row_id = scene.deploy()
    rolling = scene.ecs.live[scene.api.key]
    rolled_back(scene)
    scene.run(5)
    assert state(scene, row_id) == State.SETTLING
    assert "Waiting for ECS to begin" in texts(scene.card().message)
    scene.ecs.live[scene.api.key] = rolling
    scene.run(3)
    assert "Rolling out" in texts(scene.card().message)


def test_a_deployment_that_another_one_pushed_aside_is_superseded(scene: Scene) -> None:
    row_id = scene.deploy()
    theirs = a_definition("api", 9, f"{REPOSITORY}:v3")
    ours = scene.ecs.live[scene.api.key].deployments[0]
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(theirs.arn), replace(ours, status="ACTIVE"))
    scene.run(2)
    assert state(scene, row_id) == State.FAILED
    assert "Superseded: another deployment moves the service to api:9" in outcome(scene, row_id)


def test_ecs_giving_up_without_going_back_is_a_failure(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.settle(scene.api, rollout_state="FAILED", rollout_reason="tasks failed to start", running=0)
    scene.run(2)
    assert state(scene, row_id) == State.FAILED
    assert "ECS gave up: tasks failed to start" in outcome(scene, row_id)


def test_what_ecs_complains_about_is_shown_while_it_rolls(scene: Scene) -> None:
    scene.deploy()
    service = scene.ecs.live[scene.api.key]
    complaint = ServiceEvent("e", scene.clock.now() + 1, "(service api) was unable to place a task")
    scene.ecs.live[scene.api.key] = replace(service, events=(complaint,))
    scene.run(3)
    assert "ECS says: (service api) was unable to place a task" in texts(scene.card().message)


class Slow(Failures):
    """Every look at the service takes some seconds."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def take(self, call: str) -> None:
        self.clock.advance(self.seconds if call == "service" else 0)
        super().take(call)


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 0.9), (0.25, 0.65), (3.0, 0.5)])
def test_the_longer_a_look_takes_the_sooner_the_next_one_begins(scene: Scene, seconds: float, pause: float) -> None:
    row_id = scene.deploy()
    scene.ecs.failures = Slow(scene.clock, seconds)
    scene.clock.advance(1)
    began = scene.clock.now()
    scene.engine.run_due(limit=1)
    row = scene.store.get(row_id)
    assert row is not None
    assert row.due_at == pytest.approx(began + pause)


def test_a_health_address_that_answers_late_is_waited_for(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.web.answers[HEALTH] = HealthAnswer(ok=False, code=503, detail="answered 503 instead of 200")
    scene.ecs.settle(scene.api)
    scene.run(30)
    assert state(scene, row_id) == State.SETTLING
    assert "Settled; waiting for the health address" in texts(scene.card().message)
    del scene.web.answers[HEALTH]
    scene.run(2)
    assert state(scene, row_id) == State.SOAKING
    assert scene.web.asked[0] == "v2"


def test_a_health_address_that_never_answers_fails_the_deployment_after_a_minute(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.web.answers[HEALTH] = HealthAnswer(ok=False, code=503, detail="answered 503 instead of 200")
    scene.ecs.settle(scene.api)
    scene.run(20)
    scene.ecs.failures.add("service", AWAY)
    scene.run(39)
    assert state(scene, row_id) == State.SETTLING
    scene.run(4)
    assert state(scene, row_id) == State.FAILED
    said = "It has settled, but the health address does not answer as configured: answered 503 instead of 200"
    assert said in outcome(scene, row_id)


def test_a_service_without_a_health_address_settles_with_its_tasks(scene: Scene) -> None:
    scene.type("deploy", "api staging v2")
    scene.press("confirm")
    scene.run(2)
    scene.ecs.settle(scene.target("bi/staging/api"))
    scene.run(2)
    assert scene.operation()[0].state == State.SOAKING
    assert scene.web.asked == []


def test_watching_survives_an_outage_of_aws(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.failures.add("service", *[AWAY] * 40)
    scene.run(60)
    assert state(scene, row_id) == State.SETTLING
    assert "I cannot see how it is going" in texts(scene.card().message)
    scene.run(400)
    scene.ecs.settle(scene.api)
    scene.run(12)
    assert state(scene, row_id) == State.SOAKING


def test_what_takes_long_is_said_once_and_watched_on(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.clock.advance(1801)
    scene.run(40)
    assert state(scene, row_id) == State.SETTLING
    said = [texts(each.message) for each in scene.chat.thread(f"op:{row_id}:card")]
    assert len([text for text in said if "under way for 30 min and not settled: Rolling out" in text]) == 1
    scene.clock.advance(7 * 3600)
    scene.ecs.settle(scene.api)
    scene.run(20)
    assert state(scene, row_id) == State.SOAKING


def test_a_quiet_time_whose_end_cannot_be_looked_at_ends_without_a_word(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(2)
    scene.metrics.failures.add("alarms", *[DENIED] * 3)
    scene.clock.advance(600)
    scene.run(2)
    assert state(scene, row_id) == State.DONE
    assert scene.operation()[1].good is None


def test_the_card_is_not_updated_more_often_than_slack_allows(scene: Scene) -> None:
    scene.deploy()
    before = scene.chat.updates
    for running in range(30):
        service = scene.ecs.live[scene.api.key]
        scene.ecs.live[scene.api.key] = replace(
            service, deployments=(replace(service.deployments[0], pending=running), *service.deployments[1:])
        )
        scene.run(1)
    assert 10 <= scene.chat.updates - before <= 20


def test_the_ledger_remembers_what_was_changed_and_nothing_else(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.type("deploy", "api production v1")
    scene.type("services", "")
    (entry,) = scene.world.recent.operations(scene.api.key, since=0.0)
    assert (entry.id, entry.command, entry.actor, entry.version) == (row_id, "deploy", ALICE, "v2")
    assert entry.state == State.SETTLING
