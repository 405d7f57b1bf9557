"""From what AWS says to the first remedy: the shipped playbooks with their real steps, and fakes at the ports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.playbook import gather, suspected
from alerts.remedies import offered
from bot.cloud import ContainerExit, Datapoint, StoppedTask, TargetHealth
from bot.domain import Alarm, AlarmState, Finding
from bot.steps.base import Scene as Sight
from bot.views.remedies import message
from commands import COMMANDS
from tests.alerts.shipped import PLAYBOOKS
from tests.bot.views.limits import check
from tests.fake_aws import a_record
from tests.fakes import NOON, buttons
from tests.scene import Scene

BACK, SCALE, RESTART = (
    f"{command} bi/api production{rest}" for command, rest in (("rollback", ""), ("scale", " +1"), ("restart", ""))
)


def looked(scene: Scene, name: str) -> tuple[Finding, ...]:
    alarm = Alarm(arn="arn:aws:cloudwatch:eu-west-1:1:alarm:api-x", name="api-x", state=AlarmState.ALARM, at=NOON)
    return gather(PLAYBOOKS[name], Sight(alarm, scene.api, NOON), scene.world, seconds=5)


def first(scene: Scene, name: str) -> str:
    """The command of the first remedy, or the advice."""
    shown = offered(PLAYBOOKS[name], looked(scene, name), scene.api, COMMANDS)
    told = message(shown)
    assert told is not None
    check(told)
    assert not shown[0].command or next(iter(buttons(told).values())) == shown[0].command
    return shown[0].command or shown[0].label


def series(*values: float) -> tuple[Datapoint, ...]:
    return tuple(Datapoint(at=NOON - 60 * (len(values) - n), value=value) for n, value in enumerate(values))


def one_target_is_sick(scene: Scene) -> None:
    group = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/api/1"
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], target_groups=(group,))
    scene.ecs.health = (TargetHealth(group, "10.0.0.1", 80, "unhealthy", "", "timed out"),)


def a_task_was_killed_for_memory(scene: Scene) -> None:
    definition = scene.ecs.live[scene.api.key].task_definition
    killed = ContainerExit("app", 137, "OutOfMemoryError: Container killed due to memory usage")
    reason = "Essential container in task exited"
    scene.ecs.stopped = [
        StoppedTask("t1", definition, "ecs-svc/1", "EssentialContainerExited", reason, NOON - 60, (killed,))
    ]


def it_was_just_deployed(scene: Scene) -> None:
    definition = scene.ecs.live[scene.api.key].task_definition
    scene.ecs.records = [a_record(definition, at=NOON - 600)]


def test_a_busy_service_is_scaled_out(scene: Scene) -> None:
    scene.metrics.points["CPUUtilization"] = series(70, 85, 93)
    assert first(scene, "capacity") == SCALE


def test_a_service_whose_memory_grows_is_restarted(scene: Scene) -> None:
    scene.metrics.points["MemoryUtilization"] = series(60, 62, 70, 78, 86, 90)
    assert first(scene, "memory") == RESTART


def test_tasks_that_were_killed_need_more_memory(scene: Scene) -> None:
    a_task_was_killed_for_memory(scene)
    scene.metrics.points["CPUUtilization"] = series(85, 93, 95)
    assert first(scene, "high-error-rate").startswith("Give the task more memory")
    assert "memory" in suspected(looked(scene, "high-error-rate"))


def test_what_began_after_a_deployment_is_rolled_back(scene: Scene) -> None:
    one_target_is_sick(scene)
    it_was_just_deployed(scene)
    scene.metrics.points["CPUUtilization"] = series(85, 93, 95)
    assert first(scene, "unhealthy-hosts") == BACK


def test_a_sick_target_that_nothing_explains_is_restarted(scene: Scene) -> None:
    one_target_is_sick(scene)
    assert first(scene, "unhealthy-hosts") == RESTART


def test_a_service_told_to_run_nothing_is_scaled(scene: Scene) -> None:
    service = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = replace(service, desired=0, running=0)
    assert first(scene, "running-count") == "scale bi/api production 2"


@pytest.mark.parametrize("name", list(PLAYBOOKS))
def test_no_step_of_any_playbook_has_a_bug_where_there_is_nothing_to_see(scene: Scene, name: str) -> None:
    """Not being able to look is fine, and says why; the words for a bug are not."""
    found = looked(scene, name)
    assert found
    assert not [each for each in found if each.failed and "the step itself failed" in each.summary]
