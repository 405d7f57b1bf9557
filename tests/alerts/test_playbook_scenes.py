"""From what AWS says to the first remedy: the shipped playbooks with their real steps, and fakes at the ports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.playbook import gather, suspected
from alerts.remedies import offered
from bot.cloud import ContainerExit, Datapoint, StoppedTask, TargetHealth
from bot.domain import Alarm, AlarmState, Finding
from bot.ports import Past
from bot.steps.base import Scene as Sight
from bot.views.remedies import message
from commands import COMMANDS
from tests.alerts.shipped import PLAYBOOKS
from tests.bot.views.limits import check
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON, FakeRecent, a_past, buttons
from tests.scene import Scene

BACK, SCALE, RESTART = (
    f"{command} bi/api production{rest}" for command, rest in (("rollback", ""), ("scale", " +1"), ("restart", ""))
)


def looked(scene: Scene, name: str, alarm_at: float = NOON, *past: Past) -> tuple[Finding, ...]:
    alarm = Alarm(arn="arn:aws:cloudwatch:eu-west-1:1:alarm:api-x", name="api-x", state=AlarmState.ALARM, at=alarm_at)
    world = replace(scene.world, recent=FakeRecent(*past))
    return gather(PLAYBOOKS[name], Sight(alarm, scene.api, NOON), world, seconds=5)


def ran(scene: Scene, name: str, alarm_at: float = NOON, *past: Past) -> list[str]:
    """The commands among the remedies."""
    shown = offered(PLAYBOOKS[name], looked(scene, name, alarm_at, *past), scene.api, COMMANDS)
    return [each.command for each in shown if each.command]


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


def tasks_crashed(scene: Scene, definition: str, *minutes_ago: float) -> None:
    crashed, reason = ContainerExit("app", 1, ""), "Essential container in task exited"
    scene.ecs.stopped = [
        StoppedTask(f"t{ago}", definition, "ecs-svc/1", "EssentialContainerExited", reason, NOON - 60 * ago, (crashed,))
        for ago in minutes_ago
    ]


def began(command: str, ago: float) -> Past:
    at = NOON - ago
    return a_past(
        "bi/production/api", command=command, asked_at=at, started_at=at, ended_at=at + 30, results={"update": {}}
    )


def runs_since(scene: Scene, number: int, ago: float) -> str:
    """This revision runs, of a rollout that began then; its ARN."""
    arn = f"arn:aws:ecs:eu-west-1:1:task-definition/api:{number}"
    scene.ecs.definitions[arn] = a_definition("api", number, "r/api:v1")
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(arn, created_at=NOON - ago))
    return arn


def test_tasks_that_crash_since_the_deployment_speak_for_going_back(scene: Scene) -> None:
    tasks_crashed(scene, runs_since(scene, 8, 600), 1, 3, 5)
    assert ran(scene, "default", NOON - 120, began("deploy", 600)) == [BACK]


def test_a_scale_is_no_reason_to_roll_back_what_crashed_before_it(scene: Scene) -> None:
    tasks_crashed(scene, runs_since(scene, 8, 86_000), *range(38, 56))
    assert not ran(scene, "default", NOON, began("scale", 300))


def test_the_fix_of_a_revision_that_crashed_is_not_rolled_back(scene: Scene) -> None:
    broken = runs_since(scene, 7, 1200)
    tasks_crashed(scene, broken, 1, 2, 4, 8)
    mended = runs_since(scene, 8, 7)
    scene.ecs.records = [a_record(mended, "IN_PROGRESS", at=NOON - 7, sources=(a_revision(broken),))]
    for at in (NOON - 300, NOON):
        assert not ran(scene, "default", at)
        assert not ran(scene, "default", at, began("deploy", 7))


def test_a_rollback_is_not_answered_by_another(scene: Scene) -> None:
    broken = runs_since(scene, 8, 900)
    tasks_crashed(scene, broken, 3, 6, 9)
    back = runs_since(scene, 7, 120)
    scene.ecs.stopped += [replace(scene.ecs.stopped[0], id="t", task_definition=back, stopped_at=NOON - 30)]
    assert not ran(scene, "default", NOON, began("rollback", 120), began("deploy", 900))


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
