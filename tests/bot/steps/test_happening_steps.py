"""Steps that tell what happened: ECS's own events, traced requests, CloudTrail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cloud import ServiceEvent
from bot.domain import Finding
from bot.errors import UpstreamError
from bot.steps.service_events import ServiceEventsStep
from bot.steps.traces import TracesStep
from bot.steps.trail import TrailStep
from tests.bot.steps.looking import look, nowhere
from tests.fake_aws import a_deployment
from tests.fake_telemetry import a_trace, an_event
from tests.fakes import NOON
from tests.scene import Scene

DENIED = UpstreamError("AWS denied cloudtrail:LookupEvents; give the bot's role this permission.")
PLACEMENT = "(service api) was unable to place a task. Reason: Capacity is unavailable at this time."
UNHEALTHY = (
    "(service api) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:r:1:targetgroup/api/{}) "
    "due to (reason Health checks failed)."
)


def happened(scene: Scene, *messages: str, ago: float = 60, **changes: Any) -> Finding:
    events = [ServiceEvent(f"e{place}", NOON - ago - place, text) for place, text in enumerate(messages)]
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], events=tuple(events), **changes)
    found = ServiceEventsStep(do="service_events").run(look(scene), scene.world)
    assert found is not None
    return found


def test_a_service_without_trouble_is_told_with_its_tasks(scene: Scene) -> None:
    found = happened(scene, "(service api) has reached a steady state.", "(service api) registered 1 targets")
    assert found.summary == "ECS tells of no trouble in the last 60 min; 2 of 2 tasks run."
    assert found.weight == 0
    assert {fact.name: fact.value for fact in found.facts} == {
        "running.count": 2.0,
        "running.desired": 2.0,
        "running.missing": 0.0,
        "service_events.trouble": 0.0,
        "service_events.placement": "no",
        "deployment.failed": "no",
        "deployment.in_flight": "no",
    }


@pytest.mark.parametrize(
    ("message", "weight", "failed"),
    [
        (PLACEMENT, 90, "no"),
        (UNHEALTHY.format("1a2b"), 70, "no"),
        ("(service api) (task 1) failed container health checks.", 70, "no"),
        ("(service api) (deployment ecs-svc/1) deployment failed: tasks failed to start.", 80, "yes"),
        ("(service api) rolling back to deployment ecs-svc/2.", 80, "yes"),
        ("(service api) is unable to consistently start tasks successfully.", 85, "no"),
        ("(service api) was unable to assume the role arn:aws:iam::1:role/x", 70, "no"),
        ("(service api) operations are being throttled on elb. Will try again later.", 60, "no"),
        ("(service api) was unable to stop or start tasks during a deployment because of its configuration.", 60, "no"),
    ],
)
def test_trouble_is_told_in_ecs_words(scene: Scene, message: str, weight: int, failed: str) -> None:
    found = happened(scene, message)
    assert message.rstrip(".").partition(") ")[2].lower() in found.summary.lower()
    assert (found.weight, found.fact("deployment.failed")) == (weight, failed)
    assert found.fact("service_events.trouble") == 1.0
    assert found.fact("service_events.placement") == ("yes" if message == PLACEMENT else "no")


def test_events_that_say_the_same_are_one_line_and_the_heaviest_kind_comes_first(scene: Scene) -> None:
    found = happened(scene, UNHEALTHY.format("1a2b3c4d5e6f"), UNHEALTHY.format("6f5e4d3c2b1a"), PLACEMENT)
    assert found.summary.lower().startswith("placement: (service api) was unable to place a task")
    assert "(3 events of trouble in 60 min)" in found.summary
    assert [line.partition(" × ")[0] for line in found.lines] == ["2", "1"]
    assert found.lines[0].endswith("(last 60 s ago)")


def test_old_trouble_is_no_trouble(scene: Scene) -> None:
    assert happened(scene, PLACEMENT, ago=4000).fact("service_events.trouble") == 0.0


def test_tasks_that_are_missing_and_a_deployment_under_way_are_facts(scene: Scene) -> None:
    coming = a_deployment("x", rollout_state="IN_PROGRESS")
    found = happened(scene, running=1, deployments=(coming,))
    assert found.summary.endswith("1 of 2 tasks run; a deployment is under way.")
    assert (found.fact("running.missing"), found.fact("deployment.in_flight"), found.weight) == (1.0, "yes", 40)
    failed = a_deployment("x", rollout_state="FAILED")
    assert happened(scene, deployments=(failed,)).fact("deployment.failed") == "yes"


def test_what_is_not_on_ecs_has_no_events(scene: Scene) -> None:
    step = ServiceEventsStep(do="service_events")
    assert step.run(nowhere(scene), scene.world) is None
    assert step.run(look(scene, scene.target("bi/production/jobs")), scene.world) is None


def traced(scene: Scene, **options: Any) -> Finding | None:
    return TracesStep.model_validate({"do": "traces", **options}).run(look(scene), scene.world)


def test_traces_are_told_with_where_they_fail_and_which_is_slowest(scene: Scene) -> None:
    cause = "orders-table Throttled: Rate exceeded"
    scene.traces.found = [
        a_trace(1),
        a_trace(2, 2.5, fault=True, throttle=True, causes=(cause,)),
        a_trace(3, 7.25, entry="web", address="https://web.example.com/x", status=200),
        a_trace(4, 0.3, fault=True, causes=(cause,)),
    ]
    found = traced(scene, name="x", filter='service("{service}")')
    assert found is not None
    assert scene.traces.asked == ['service("api")']
    assert found.summary == ('4 traces of `service("api")` in the last 15 min: 2 failed, 1 throttled; slowest 7.25 s.')
    assert found.lines == (
        f"2 × {cause}",
        "api: 2 of 3 failed, up to 2.5 s",
        "web: 0 of 1 failed, up to 7.25 s",
        "slowest: https://web.example.com/x 200 7.25 s 1-3",
    )
    assert [(fact.name, fact.value) for fact in found.facts] == [
        ("x.count", 4.0),
        ("x.faults", 2.0),
        ("x.throttles", 1.0),
        ("x.slowest", 7.25),
    ]
    assert found.weight == 60


def test_no_trace_is_said_with_what_was_asked(scene: Scene) -> None:
    found = traced(scene, minutes=30, filter="fault = true")
    assert found is not None
    assert found.summary == "X-Ray has no trace of `fault = true` in the last 30 min."
    assert (found.fact("traces.count"), found.weight) == (0.0, 0)


def test_more_traces_than_were_read_are_at_least_so_many(scene: Scene) -> None:
    scene.traces.found, scene.traces.is_whole = [a_trace(1)], False
    found = traced(scene)
    assert found is not None
    assert found.summary.startswith("at least 1 trace in the last 15 min: 0 failed")
    assert found.weight == 15


def test_traces_that_may_not_be_read_say_so(scene: Scene) -> None:
    scene.traces.failures.add("traces", UpstreamError("AWS denied xray:GetTraceSummaries."))
    with pytest.raises(UpstreamError, match="xray:GetTraceSummaries"):
        traced(scene)
    assert traced(scene, filter='service("{function}")') is None


def trail(scene: Scene, target: str = "bi/production/api", **options: Any) -> Finding | None:
    step = TrailStep.model_validate({"do": "trail", **options})
    return step.run(look(scene, scene.target(target)), scene.world)


def with_roles(scene: Scene) -> None:
    """The running task has a role, another one starts it, and it gets a secret."""
    (arn,) = [each for each in scene.ecs.definitions if each.endswith("/api:7")]
    definition = scene.ecs.definitions[arn]
    secret = {"name": "DB", "valueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:db-x1:password::"}
    raw = {
        "taskRoleArn": "arn:aws:iam::1:role/team/api-task",
        "executionRoleArn": "arn:aws:iam::1:role/start",
        "containerDefinitions": [{"name": "app", "secrets": [secret]}],
    }
    scene.ecs.definitions[arn] = replace(definition, raw=raw)


def test_changes_of_the_service_are_told_with_who_made_them(scene: Scene) -> None:
    with_roles(scene)
    scene.trail.found["eu-west-1"] = [
        an_event("UpdateService", 7200, "api", "c"),
        an_event("UpdateService", 600, "other", "c"),
        an_event("UpdateService", 500, "api", "another-cluster"),
        an_event("RegisterScalableTarget", 400, "service/c/api", source="autoscaling"),
        an_event("RegisterScalableTarget", 300, "service/c/other"),
        an_event("StopTask", 200, "c", "arn:task/1"),
        an_event("StopTask", 100, "another-cluster", "arn:task/2"),
    ]
    scene.trail.found["us-east-1"] = [
        an_event("PutRolePolicy", 60, "api-task", source="iam", who="admin/eve", error="AccessDenied")
    ]
    found = trail(scene)
    assert found is not None
    assert sorted(scene.trail.asked) == [
        (
            "eu-west-1",
            ("arn:aws:secretsmanager:eu-west-1:1:secret:db-x1",),
            ("UpdateService", "StopTask", "RegisterScalableTarget"),
        ),
        ("us-east-1", ("api-task", "start"), ()),
    ]
    assert found.summary == (
        "4 changes in 6 h, the last 60 s ago: iam PutRolePolicy by admin/eve, refused: AccessDenied"
    )
    assert found.lines == (
        "3 min ago: ecs StopTask by ops/alice",
        "7 min ago: autoscaling RegisterScalableTarget by ops/alice",
        "120 min ago: ecs UpdateService by ops/alice",
    )
    assert (found.fact("trail.changes"), found.fact("trail.age"), found.weight) == (4.0, 60.0, 50)


def test_no_change_is_said_with_how_late_cloudtrail_is(scene: Scene) -> None:
    found = trail(scene, hours=2, name="who")
    assert found is not None
    assert found.summary == (
        "CloudTrail knows of no change of bi/api production in the last 2 h (it learns of one within about 5 minutes)."
    )
    assert (found.fact("who.changes"), found.fact("who.age"), found.weight) == (0.0, None, 0)


def test_a_function_is_looked_up_by_its_name(scene: Scene) -> None:
    scene.trail.found["eu-west-1"] = [an_event("UpdateFunctionCode20150331v2", 9000, "jobs", source="lambda")]
    found = trail(scene, "bi/production/jobs")
    assert found is not None
    assert scene.trail.asked == [("eu-west-1", ("jobs",), ())]
    assert (found.fact("trail.changes"), found.weight) == (1.0, 15)


def test_a_distribution_is_looked_up_where_global_services_are(scene: Scene) -> None:
    web = scene.target("bi/production/web")
    served = replace(web, service=web.service.model_copy(update={"distribution": "E1"}))
    TrailStep(do="trail").run(look(scene, served), scene.world)
    assert scene.trail.asked == [("eu-west-1", ("web",), ()), ("us-east-1", ("E1",), ())]
    scene.trail.asked.clear()
    home = replace(served, account=replace(served.account, region="us-east-1"))
    TrailStep(do="trail").run(look(scene, home), scene.world)
    assert scene.trail.asked == [("us-east-1", ("web", "E1"), ())]


def test_one_region_that_may_not_be_asked_does_not_hide_another(scene: Scene) -> None:
    with_roles(scene)
    scene.trail.found["eu-west-1"] = [an_event("UpdateService", 60, "api", "c")]
    scene.trail.failures.add("changes us-east-1", DENIED)
    found = trail(scene)
    assert found is not None
    assert (found.fact("trail.changes"), found.lines[-1]) == (1.0, f"us-east-1: {DENIED}")
    scene.trail.failures.add("changes us-east-1", DENIED)
    scene.trail.failures.add("changes eu-west-1", DENIED)
    with pytest.raises(UpstreamError, match="cloudtrail:LookupEvents"):
        trail(scene)


def test_changes_that_were_not_all_read_are_said_to_be_more(scene: Scene) -> None:
    scene.trail.is_whole = False
    scene.trail.found["eu-west-1"] = [an_event("UpdateService", 60 + place, "api", "c") for place in range(9)]
    found = trail(scene)
    assert found is not None
    assert found.lines[-2:] == ("… 3 more", "CloudTrail has more than could be read in time.")


def test_changes_are_found_though_ecs_cannot_be_asked(scene: Scene) -> None:
    scene.ecs.failures.add("service", UpstreamError("AWS refused."))
    scene.trail.found["eu-west-1"] = [an_event("UpdateService", 60, "arn:aws:ecs:eu-west-1:1:service/c/api")]
    found = trail(scene)
    assert found is not None
    assert found.fact("trail.changes") == 1.0


def test_an_alarm_of_no_service_has_no_trail(scene: Scene) -> None:
    assert TrailStep(do="trail").run(nowhere(scene), scene.world) is None
