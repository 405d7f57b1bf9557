"""Steps that look at the service: why tasks stopped, target health, recent changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.cloud import ContainerExit, StoppedTask, TargetHealth
from bot.errors import UpstreamError
from bot.rollouts import ServiceDeployment
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.stopped_tasks import StoppedTasksStep
from bot.steps.target_health import TargetHealthStep
from tests.bot.steps.looking import look, nowhere
from tests.fake_aws import a_definition, a_deployment, a_service
from tests.scene import Scene

RUNNING = "arn:aws:ecs:r:1:task-definition/api:7"
GONE = "arn:aws:ecs:r:1:task-definition/api:6"
REFUSED = UpstreamError("AWS refused.")


def stopped(scene: Scene, ago: float, definition: str = RUNNING, code: int = 1, reason: str = "") -> StoppedTask:
    at = scene.clock.now() - ago
    return StoppedTask("t", definition, "", "EssentialContainerExited", "", at, (ContainerExit("app", code, reason),))


def tasks(scene: Scene) -> Any:
    return StoppedTasksStep(do="stopped_tasks").run(look(scene), scene.world)


def test_no_failed_task_is_said_too(scene: Scene) -> None:
    found = tasks(scene)
    assert (found.summary, found.weight, found.fact("tasks.failed")) == ("No task failed in the last 60 min.", 0, 0.0)


def test_failed_tasks_are_counted_with_the_reason_most_of_them_have(scene: Scene) -> None:
    oom = [stopped(scene, ago, code=137, reason="OutOfMemoryError: Container killed") for ago in (60, 600, 1200)]
    scene.ecs.stopped = [*oom, stopped(scene, 300)]
    found = tasks(scene)
    assert found.summary.startswith("4 tasks failed: ")
    assert "memory" in found.summary
    assert found.fact("tasks.cause") == "oom"
    assert found.weight == 95
    assert found.lines[-1] == "first 20 min ago, last 60 s ago"


def test_tasks_of_the_revision_that_runs_point_at_the_cause(scene: Scene) -> None:
    scene.ecs.stopped = [stopped(scene, 1800, GONE) for _ in range(5)]
    abandoned = tasks(scene)
    scene.ecs.stopped.append(stopped(scene, 30, code=137, reason="OutOfMemoryError"))
    current = tasks(scene)
    assert abandoned.weight < 50 < current.weight
    assert current.fact("tasks.cause") == "oom"
    assert current.lines[-1] == "5 more of a revision that no longer runs"


def test_failures_are_counted_by_what_runs_now_and_since_when(scene: Scene) -> None:
    began = scene.clock.now() - 600
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(RUNNING, created_at=began))
    scene.ecs.stopped = [stopped(scene, ago) for ago in (60, 120, 1800)]
    scene.ecs.stopped.append(stopped(scene, 700, GONE))
    found = tasks(scene)
    counted = [found.fact(f"tasks.{name}") for name in ("failed", "failed_current", "failed_after_shipping")]
    assert counted == [3.0, 3.0, 2.0]


def test_failures_of_an_abandoned_revision_are_none_of_the_one_that_runs(scene: Scene) -> None:
    scene.ecs.stopped = [stopped(scene, 60, GONE)]
    found = tasks(scene)
    counted = [found.fact(f"tasks.{name}") for name in ("failed", "failed_current", "failed_after_shipping")]
    assert counted == [1.0, 0.0, 0.0]
    scene.ecs.failures.add("service", REFUSED)
    unknown = tasks(scene)
    assert (unknown.fact("tasks.failed"), unknown.fact("tasks.failed_current")) == (1.0, None)


def test_tasks_are_explained_though_the_service_cannot_be_read(scene: Scene) -> None:
    scene.ecs.stopped = [stopped(scene, 60)]
    scene.ecs.failures.add("service", REFUSED)
    found = tasks(scene)
    assert found.summary.startswith("1 task failed: ")
    assert found.weight == 88


def test_scaling_in_is_no_failure(scene: Scene) -> None:
    reason = "Scaling activity initiated by (deployment ecs-svc/1)"
    scene.ecs.stopped = [StoppedTask("t", RUNNING, "", "ServiceSchedulerInitiated", reason, scene.clock.now(), ())]
    assert tasks(scene).weight == 0


def test_steps_about_ecs_do_not_apply_elsewhere(scene: Scene) -> None:
    for where in (nowhere(scene), look(scene, scene.target("bi/production/jobs"))):
        assert StoppedTasksStep(do="stopped_tasks").run(where, scene.world) is None
        assert TargetHealthStep(do="target_health").run(where, scene.world) is None


def health(scene: Scene) -> Any:
    return TargetHealthStep(do="target_health").run(look(scene), scene.world)


def with_targets(scene: Scene, *states: str) -> None:
    scene.ecs.settle(scene.api)
    (deployment,) = scene.ecs.live[scene.api.key].deployments
    service = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = type(service)(**{**vars(service), "target_groups": ("tg",)})
    scene.ecs.health = tuple(
        TargetHealth("tg", f"10.0.0.{n}", 80, state, "Target.Timeout", "" if n else "Request timed out")
        for n, state in enumerate(states)
    )
    assert deployment.running == 2


def test_a_service_without_a_load_balancer_counts_its_tasks(scene: Scene) -> None:
    found = health(scene)
    assert (found.summary, found.weight) == ("2 of 2 tasks run; no load balancer.", 0)
    scene.ecs.settle(scene.api, running=1)
    assert health(scene).weight == 60


def test_sick_targets_are_named_with_what_is_wrong(scene: Scene) -> None:
    with_targets(scene, "unhealthy", "unhealthy", "healthy")
    found = health(scene)
    assert found.summary == "2 unhealthy, 1 healthy; 2 of 2 tasks run."
    assert found.lines == ("10.0.0.0:80 unhealthy: Request timed out", "10.0.0.1:80 unhealthy: Target.Timeout")
    assert (found.weight, found.fact("targets.unhealthy"), found.fact("tasks.missing")) == (70, 2.0, 0.0)


def test_healthy_targets_point_at_nothing_and_none_at_all_do(scene: Scene) -> None:
    with_targets(scene, "healthy", "healthy")
    assert health(scene).weight == 0
    with_targets(scene)
    assert health(scene).summary == "none registered; 2 of 2 tasks run."
    assert health(scene).weight == 55


def changes(scene: Scene) -> Any:
    return RecentChangesStep(do="recent_changes").run(look(scene), scene.world)


def test_nothing_deployed_is_said_too(scene: Scene) -> None:
    assert changes(scene).summary == "No rollout in the last 6 h, by anybody."
    assert RecentChangesStep(do="recent_changes").run(nowhere(scene), scene.world) is None


def test_our_own_deployments_name_who_and_are_not_listed_twice(scene: Scene) -> None:
    scene.deploy()
    record = ServiceDeployment("arn:d", "SUCCESSFUL", "", scene.clock.now() + 3, 0.0, "x/api:8")
    scene.ecs.records = [record]
    scene.clock.advance(300)
    found = changes(scene)
    assert found.summary == "Last change 5 min ago: Deploy bi/api production → v2 by alice: under way"
    assert found.weight == 65
    assert found.fact("changes.count") == 1.0


def test_our_own_deployment_that_was_built_first_is_not_listed_twice(scene: Scene) -> None:
    scene.deploy()
    (past,) = scene.world.recent.operations("bi/production/api", since=0.0)
    built = ServiceDeployment("arn:d", "IN_PROGRESS", "", scene.clock.now() + 200, 0.0, past.task_definition)
    theirs = ServiceDeployment("arn:e", "IN_PROGRESS", "", scene.clock.now() + 250, 0.0, GONE)
    scene.ecs.records = [built]
    scene.clock.advance(300)
    assert changes(scene).fact("changes.count") == 1.0
    scene.ecs.records = [built, theirs]
    assert changes(scene).fact("changes.count") == 2.0


def test_deployments_that_went_past_the_bot_are_found(scene: Scene) -> None:
    at = scene.clock.now() - 2 * 3600
    scene.ecs.records = [ServiceDeployment("arn:d", "SUCCESSFUL", "", at, 0.0, "x/api:6")]
    definition = a_definition("api", 6, "r/api:v1")
    scene.ecs.definitions["x/api:6"] = replace(
        definition, raw={"registeredBy": "arn:aws:sts::1:assumed-role/ci/deployer"}
    )
    found = changes(scene)
    assert found.summary == "Last change 120 min ago: rollout of api:6 (registered by deployer): successful"
    assert found.weight == 15


def test_what_is_not_known_is_not_denied(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", REFUSED)
    found = changes(scene)
    assert found.failed
    assert found.summary == "I changed nothing in the last 6 h; ECS's own record could not be read: AWS refused."
    elsewhere = RecentChangesStep(do="recent_changes").run(look(scene, scene.target("bi/production/jobs")), scene.world)
    assert elsewhere is not None
    assert elsewhere.summary == "I changed nothing in the last 6 h; what others did to it I cannot see."


def test_a_revision_abandoned_a_moment_ago_explains_more_than_its_rollback(scene: Scene) -> None:
    scene.ecs.stopped = [stopped(scene, 60, GONE) for _ in range(3)]
    scene.ecs.records = [ServiceDeployment("arn:d", "ROLLBACK_SUCCESSFUL", "", scene.clock.now() - 80, 0.0, GONE)]
    scene.ecs.definitions[GONE] = a_definition("api", 6, "r/api:v1")
    rolled = changes(scene)
    assert "ECS rolled it back" in rolled.summary
    assert tasks(scene).weight > rolled.weight


def test_slack_or_ecs_being_away_does_not_hide_what_is_known(scene: Scene) -> None:
    scene.deploy()
    scene.chat.failures.add("person", REFUSED)
    scene.ecs.failures.add("service_deployments", REFUSED)
    found = changes(scene)
    assert "v2 by U0ALICE" in found.summary
    assert found.lines[-1] == "ECS's own record could not be read: AWS refused."
