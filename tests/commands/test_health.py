"""``/health``: the worst and why in the first line, then what else is not green, then a line for each service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.cloud import HealthAnswer, LogLine
from bot.domain import AlarmMetric, Person, Target
from bot.errors import DeniedError, NotFoundError, UpstreamError
from bot.telemetry import Queue
from commands.health import HealthArgs, health, plan
from tests.commands.health_room import (
    CACHE,
    MIB,
    a_function,
    answer,
    asked,
    certificate,
    connections,
    first,
    measure,
    room,
    target,
)
from tests.fake_aws import a_deployment
from tests.fakes import NOON
from tests.scene import ALICE, HEALTH, Scene

BEGINS = ":red_circle: *BI platform* · production: "
AMBER = ":large_yellow_circle: *BI platform* · production: "


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Everything is well."""
    with room(tmp_path) as made:
        yield made


def test_when_all_is_well_the_first_line_says_so_and_each_service_has_one_line(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = [LogLine(NOON - 60, "ERROR x", "s")]
    said = answer(scene).splitlines()
    assert said[:5] == [
        "3 services: 3 green",
        ":large_green_circle: *BI platform* · production: all well, 3 services",
        ":large_green_circle: *api* · 2/2 tasks · 2 healthy targets · 1 error line in 30 min · "
        "health 200 in 40 ms (status healthy, version v1) · 2 alarms quiet · "
        "database 42 of 100 connections, 6 active · Redis ping 1.2 ms, 37 MiB of 100 MiB (37 %) · "
        "certificate 80 days · `v1` deployed 2 h ago by somebody outside the bot",
        ":large_green_circle: *jobs* · version 1 · 60 calls in 15 min · 1 alarm quiet · database 25 connections · "
        "queue jobs: 3 messages waiting, the oldest for 12 s · no dead letters",
        ":large_green_circle: *web* · CloudFront deployed · certificate 30 days",
    ]


def test_the_worst_comes_first_and_what_is_green_of_an_ill_service_is_told_too(scene: Scene) -> None:
    scene.certificates.shown["www.example.com:443"] = certificate(6)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=1)
    said = answer(scene).splitlines()
    assert said[0] == "3 services: 1 red, 1 amber, 1 green"
    assert said[1] == f"{BEGINS}*api*: 1 of 2 tasks run (and 1 more)"
    assert said[2] == ":large_yellow_circle: *web*: certificate of www.example.com ends in 6 days"
    assert said[3].startswith(":red_circle: *api* · 2 healthy targets ·")
    assert said[5] == ":large_yellow_circle: *web* · CloudFront deployed"


# ECS


def test_a_rollout_under_way_is_amber_and_says_how_far_it_is(scene: Scene) -> None:
    scene.deploy()
    scene.clock.advance(120)
    assert first(scene) == f"{AMBER}*api*: rolling out `v2` for 2 min, 0 of 2 new tasks run"
    assert f"`v2` rolling out for 2 min by <@{ALICE}>" in answer(scene)


def test_a_rollout_whose_tasks_fail_says_so(scene: Scene) -> None:
    running = scene.ecs.live[scene.api.key].deployments[0].task_definition
    stuck = a_deployment(running, rollout_state="IN_PROGRESS", failed_tasks=3, created_at=NOON - 60)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], deployments=(stuck,))
    assert first(scene) == f"{AMBER}*api*: rolling out `v1` for 1 min, 2 of 2 new tasks run, 3 tasks of it failed"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"running": 0}, f"{BEGINS}*api*: 0 of 2 tasks run"),
        ({"desired": 0, "running": 0}, f"{AMBER}*api*: it is scaled to no task at all"),
        ({"status": "DRAINING"}, f"{BEGINS}*api*: the ECS service is draining"),
    ],
)
def test_tasks(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_unhealthy_targets_say_why(scene: Scene) -> None:
    scene.ecs.health = (target("healthy"), target("unhealthy", "Health checks failed with these codes: [502]"))
    why = "(Health checks failed with these codes: [502])"
    assert first(scene) == f"{AMBER}*api*: 1 of 2 targets unhealthy {why}"
    scene.ecs.health = (target("unhealthy", "Health checks failed with these codes: [502]"), target("draining"))
    assert first(scene) == f"{BEGINS}*api*: no target of the load balancer is healthy {why}"


def test_targets_that_serve_nothing_yet_do_not_count(scene: Scene) -> None:
    scene.ecs.health = (target("healthy"), target("unused"), target("initial"))
    assert "1 healthy target ·" in answer(scene)


def test_of_logs_that_are_longer_than_a_page_is_said_so(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = [LogLine(NOON - number, "ERROR", "s") for number in range(200)]
    assert "at least 100 error lines in 30 min" in answer(scene)


# the health address


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (HealthAnswer(False, 503, "HTTP 503 instead of 200"), "HTTP 503 instead of 200"),
        (HealthAnswer(False, 200, 'redis is "down" instead of "connected"'), 'redis is "down" instead of "connected"'),
        (HealthAnswer(False, 0, "not reached: Connection refused"), "not reached: Connection refused"),
        (HealthAnswer(True, 200, "", version="v0"), "it says version v0, and v1 was deployed"),
        (HealthAnswer(True, 200, ""), "it says version nothing, and v1 was deployed"),
    ],
)
def test_a_health_address_that_breaks_its_contract_is_red(scene: Scene, found: HealthAnswer, line: str) -> None:
    scene.web.answers[HEALTH] = found
    assert first(scene) == f"{BEGINS}*api*: health address: {line}"


def test_during_a_rollout_either_version_may_answer(scene: Scene) -> None:
    scene.web.answers[HEALTH] = HealthAnswer(True, 200, "", version="v1")
    scene.deploy()
    assert "health address" not in answer(scene)


def test_what_a_health_address_answers_is_text(scene: Scene) -> None:
    scene.web.answers[HEALTH] = HealthAnswer(False, 200, "status is <!channel> `*x*` password=hunter2hunter2\x1b[31m")
    said = answer(scene)
    assert "&lt;!channel&gt;" in said
    assert "hunter2hunter2" not in said


# functions, sites, queues


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"state": "Failed", "reason": "image deleted"}, f"{BEGINS}*jobs*: Lambda cannot run version 1: image deleted"),
        ({"update": "InProgress"}, f"{AMBER}*jobs*: version 1 is being made ready"),
    ],
)
def test_functions(scene: Scene, changes: dict[str, str], line: str) -> None:
    scene.functions.found["1"] = a_function(**changes)
    assert first(scene) == line


def test_a_canary_under_way_is_told_with_its_shares(scene: Scene) -> None:
    scene.functions.pointer = replace(scene.functions.pointer, weights={"2": 0.1})
    assert first(scene) == f"{AMBER}*jobs*: a canary is under way: 10% of calls get version 2"


def test_errors_and_throttles_of_a_function_are_counted(scene: Scene) -> None:
    measure(scene, Errors=7.0, Throttles=2.0)
    assert first(scene) == f"{AMBER}*jobs*: 60 calls in 15 min, 7 failed, 2 throttled"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"enabled": False}, f"{BEGINS}*web*: its distribution E1 is disabled"),
        (
            {"status": "InProgress"},
            f"{AMBER}*web*: a change of its distribution E1 is on its way to all edge locations",
        ),
    ],
)
def test_sites(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.sites.front = replace(scene.sites.front, **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_an_invalidation_is_no_trouble(scene: Scene) -> None:
    scene.sites.front = replace(scene.sites.front, invalidating=1)
    assert "CloudFront deployed, 1 invalidation under way" in answer(scene)


def test_messages_that_wait_for_long_and_dead_letters_are_amber(scene: Scene) -> None:
    measure(scene, ApproximateAgeOfOldestMessage=1200.0)
    dead = "https://sqs.eu-west-1.amazonaws.com/1/jobs-dead"
    scene.queues.found[dead] = Queue("jobs-dead", dead, 2, 0, 0)
    said = answer(scene)
    assert "queue jobs: 3 messages waiting, the oldest for 20 min (and 1 more)" in said
    assert "*jobs*: 2 messages failed for good, in jobs-dead" in said


def test_a_queue_without_a_dead_letter_queue_is_well(scene: Scene) -> None:
    scene.queues.add("jobs")
    assert "queue jobs: 0 messages waiting\n" in answer(scene) + "\n"


# databases, caches, certificates


@pytest.mark.parametrize(
    ("opened", "begins"), [(79, ":large_green_circle:"), (80, ":large_yellow_circle:"), (95, ":red_circle:")]
)
def test_connections_of_a_database(scene: Scene, opened: float, begins: str) -> None:
    scene.databases.answers["bi/db"] = connections(opened)
    assert first(scene).startswith(begins)
    assert f"database {opened} of 100 connections, 6 active" in answer(scene)


def test_a_database_that_takes_nobody_is_red_and_one_that_cannot_be_reached_is_unknown(scene: Scene) -> None:
    scene.databases.answers["bi/db"] = UpstreamError("PostgreSQL takes no more connections: sorry", code="53300")
    assert first(scene) == f"{BEGINS}*api*: PostgreSQL takes no more connections: sorry"
    scene.databases.answers["bi/db"] = UpstreamError("PostgreSQL at db:5432 cannot be reached: no route.")
    assert first(scene) == f"{AMBER}*api*: database: PostgreSQL at db:5432 cannot be reached: no route"


def test_a_database_that_rds_counts_for_and_says_nothing_of_is_unknown(scene: Scene) -> None:
    scene.metrics.points.pop("DatabaseConnections")
    assert first(scene) == f"{AMBER}*jobs*: database: CloudWatch has no number of jobs-db of the last 15 min"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"used": 96 * MIB},
            f"{BEGINS}*api*: Redis ping 1.2 ms, 96 MiB of 100 MiB (96 %): it is full and refuses writes",
        ),
        (
            {"used": 96 * MIB, "policy": "allkeys-lru"},
            f"{AMBER}*api*: Redis ping 1.2 ms, 96 MiB of 100 MiB (96 %): almost full",
        ),
        ({"clients": 45}, f"{AMBER}*api*: Redis ping 1.2 ms, 37 MiB of 100 MiB (37 %): 45 of 50 clients"),
    ],
)
def test_caches(scene: Scene, changes: dict[str, object], line: str) -> None:
    scene.caches.states["cache:6379"] = replace(CACHE, **changes)  # type: ignore[arg-type]
    assert first(scene) == line


def test_a_cache_that_takes_nobody_is_red(scene: Scene) -> None:
    scene.caches.states["cache:6379"] = UpstreamError("Redis is still loading its data.", code="LOADING")
    assert first(scene) == f"{BEGINS}*api*: Redis is still loading its data"


@pytest.mark.parametrize(
    ("days", "problem", "line"),
    [
        (13.5, "", f"{AMBER}*web*: certificate of www.example.com ends in 13 days"),
        (-2, "expired", f"{BEGINS}*web*: certificate of www.example.com ended 2 days ago"),
        (
            90,
            "for another name",
            f"{BEGINS}*web*: certificate of www.example.com is not to be trusted: for another name",
        ),
    ],
)
def test_certificates(scene: Scene, days: float, problem: str, line: str) -> None:
    scene.certificates.shown["www.example.com:443"] = certificate(days, problem)
    assert first(scene) == line


# alarms


def fire(scene: Scene, name: str) -> None:
    scene.metrics.states[name] = "ALARM"
    scene.metrics.changed[name] = scene.clock.now()
    scene.alarm("ALARM", f"m-{name}", name=name)
    scene.run(4)


def test_an_alarm_is_told_with_its_incident_and_whose_it_is(scene: Scene) -> None:
    fire(scene, "api-down")
    scene.press_incident("acknowledge")
    scene.run(3)
    said, headline = first(scene), scene.headline()
    link = f"<https://slack.example.com/{headline.channel}/p{headline.ts}|incident>"
    assert said == f"{BEGINS}*api*: alarm `api-down` for 7 s (critical) · {link}: <@{ALICE}> has it"


def test_an_alarm_without_an_incident_says_so(scene: Scene) -> None:
    scene.metrics.states["api-errors"] = "ALARM"
    assert first(scene) == f"{BEGINS}*api*: alarm `api-errors` for 1 h (high) · no incident is open"


def test_a_silenced_alarm_is_amber(scene: Scene) -> None:
    scene.type("ops", "silence api-errors 2h load test")
    scene.press("confirm")
    scene.run(3)
    fire(scene, "api-errors")
    assert first(scene).startswith(f"{AMBER}*api*: alarm `api-errors` for 4 s, silent until <!date^")


def test_an_alarm_of_the_service_that_nobody_listed_is_told(scene: Scene) -> None:
    scene.alarm(
        "ALARM",
        "m-odd",
        name="by-hand",
        metric=AlarmMetric(
            namespace="AWS/ECS", name="CPUUtilization", dimensions={"ClusterName": "c", "ServiceName": "api"}
        ),
    )
    scene.run(4)
    assert "*api*: alarm `by-hand` for 4 s, which no service lists · <https://slack.example.com/" in answer(scene)


def test_alarms_without_data_and_missing_ones_are_told_together(scene: Scene) -> None:
    scene.metrics.states["api-down"] = scene.metrics.states["api-errors"] = "INSUFFICIENT_DATA"
    del scene.metrics.states["jobs-errors"]
    said = answer(scene)
    assert "*api*: 2 alarms without data: `api-down`, `api-errors`" in said
    assert "*jobs*: 1 alarm not in CloudWatch: `jobs-errors`" in said


# what does not answer


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("services", "*api*: tasks: no answer in 2.5 s"),
        ("target_health", "*api*: target health: no answer in 2.5 s"),
    ],
)
def test_what_is_late_hides_nothing_else(scene: Scene, call: str, line: str) -> None:
    scene.ecs.failures.add(call, TimeoutError())
    said = answer(scene)
    assert f"{AMBER}{line}" in said
    assert "database 42 of 100 connections" in said


DENIED = UpstreamError("AWS denied sqs:GetQueueAttributes; give the bot's role this permission.")


def test_what_the_bot_may_not_see_names_the_permission(scene: Scene) -> None:
    scene.queues.failures.add("queue jobs", DENIED)
    line = "*jobs*: queue jobs: AWS denied sqs:GetQueueAttributes; give the bot's role this permission"
    assert first(scene) == f"{AMBER}{line}"


def test_one_refusal_that_hides_several_services_is_told_once(scene: Scene) -> None:
    scene.metrics.failures.add("alarms", UpstreamError("AWS denied cloudwatch:DescribeAlarms."))
    assert first(scene) == f"{AMBER}*api*, *jobs*: alarms: AWS denied cloudwatch:DescribeAlarms"


def test_everything_may_fail_at_once(scene: Scene) -> None:
    error = UpstreamError("AWS cannot be reached.")
    scene.ecs.failures.add("services", error)
    scene.metrics.failures.add("alarms", error)
    scene.metrics.failures.add("several", error)
    scene.functions.failures.add("function", error)
    scene.functions.failures.add("alias", error)
    scene.sites.failures.add("distribution", error)
    scene.queues.failures.add("queue jobs", error)
    scene.databases.answers.clear()
    scene.caches.states.clear()
    scene.certificates.shown.clear()
    said = answer(scene)
    assert said.startswith("3 services: 3 amber")
    for what in ("tasks", "alarms", "function", "alias", "calls", "CloudFront", "queue jobs", "Redis"):
        assert f"{what}: " in said, what


def test_a_bug_in_one_look_is_said_and_hides_nothing(scene: Scene) -> None:
    scene.sites.failures.add("distribution", KeyError("Status"))
    assert first(scene) == f"{AMBER}*web*: CloudFront: it could not be read"


# which systems


def another(scene: Scene) -> Catalog:
    (system,) = scene.catalog.systems
    twin = system.model_copy(update={"system": "crm", "title": "CRM", "channel": "#crm"})
    return Catalog((system, twin))


def test_without_words_it_is_the_system_of_the_channel(scene: Scene) -> None:
    scene.world = replace(scene.world, catalog=another(scene))
    said = answer(scene, "", "", channel="C0BI")
    assert "*BI platform* · production" in said
    assert "*BI platform* · staging" in said
    assert "*CRM*" not in said


def test_elsewhere_each_system_has_one_line_and_a_button(scene: Scene) -> None:
    scene.chat.channels["#crm"] = "C0CRM"
    scene.world = replace(scene.world, catalog=another(scene))
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], running=1)
    made = asked(scene, "", "", channel="C0NOWHERE")
    lines = answer(scene, "", "", channel="C0NOWHERE").splitlines()
    assert lines[2] == f"{BEGINS}*api*: 1 of 2 tasks run"
    assert len([line for line in lines if line.startswith(":")]) == 4
    assert made.choices[0].text == "health bi production"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("bi", "prod"), "*BI platform* · production"),
        (("staging", ""), "*BI platform* · staging"),
        (("bi/api", "staging"), "*BI platform* · staging: all well, 1 service"),
    ],
)
def test_words(scene: Scene, words: tuple[str, str], shown: str) -> None:
    assert shown in answer(scene, *words)


@pytest.mark.parametrize("words", [("by", ""), ("bi", "qa"), ("crm", "production")])
def test_what_does_not_exist_is_refused_with_what_does(scene: Scene, words: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError) as caught:
        asked(scene, *words)
    assert caught.value.hint


def test_who_may_not_read_a_system_is_shown_nothing_of_it(scene: Scene) -> None:
    def may(person: Person, action: str, target: Target | None) -> bool:
        return action == "read" and (target is None or target.environment == "staging")

    scene.world = replace(scene.world, may=may)
    assert "production" not in answer(scene, "", "")
    scene.chat.failures.add("permalink", AssertionError("nothing may be asked"))
    with pytest.raises(DeniedError, match="You may not look at this system"):
        asked(scene, "bi", "production")


def test_what_is_not_well_leads_to_its_logs_where_there_is_a_command_for_them(scene: Scene) -> None:
    scene.sites.front = replace(scene.sites.front, enabled=False)
    assert asked(scene).choices == ()
    scene.world = replace(scene.world, commands={**scene.world.commands, "logs": health})
    assert [(each.label, each.text) for each in asked(scene).choices] == [
        ("Logs of web", "logs bi/web production last 30m")
    ]


def test_alarms_are_asked_by_name_in_one_call(scene: Scene) -> None:
    answer(scene, "bi", "")
    assert [names for _, names in scene.metrics.asked] == [("api-down", "api-errors", "jobs-errors")] * len(
        scene.metrics.asked
    )


def test_it_is_a_command_that_anybody_who_may_read_can_type(scene: Scene) -> None:
    scene.type("ops", "health bi production")
    assert "3 services: 3 green" in scene.said_to(ALICE)[0].text
    assert plan(HealthArgs(), scene.world, scene.chat.people[ALICE]).answer
