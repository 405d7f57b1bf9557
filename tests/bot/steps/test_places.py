"""Placeholders, log groups and the last deployment: what belongs to a service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError
from bot.shipping_cloud import Function
from bot.steps.base import in_one_line, shown
from bot.steps.places import PLACEHOLDERS, applies, deployed_at, fill
from tests.bot.steps.looking import look, nowhere
from tests.fake_aws import a_deployment, a_service
from tests.fakes import NOON
from tests.scene import Scene

ARNS = "arn:aws:elasticloadbalancing:eu-west-1:1"


def with_balancer(scene: Scene) -> None:
    group = f"{ARNS}:targetgroup/api/0123456789abcdef"
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], target_groups=(group,))
    scene.balancers.found[group] = (f"{ARNS}:loadbalancer/app/front/50dc6c495c0c9188",)


def with_alias(scene: Scene) -> Target:
    """The function, called through an alias whose version was made ten minutes ago."""
    jobs = scene.target("bi/production/jobs")
    made = Function("jobs", "1", "Zip", "sha", "Active", "Successful", "", "r", NOON - 600)
    scene.functions.found["1"] = made
    return replace(jobs, service=jobs.service.model_copy(update={"alias": "live"}))


def test_placeholders_stand_for_what_the_service_is_made_of(scene: Scene) -> None:
    with_balancer(scene)
    text = "{system} {environment} {service} {cluster} {ecs_service} {region} {load_balancer} {target_group}"
    assert fill(text, look(scene), scene.world) == (
        "bi production api c api eu-west-1 app/front/50dc6c495c0c9188 targetgroup/api/0123456789abcdef"
    )
    jobs = look(scene, scene.target("bi/production/jobs"))
    assert fill("/aws/lambda/{function}", jobs, scene.world) == "/aws/lambda/jobs"


@pytest.mark.parametrize(
    "text", ['{ $.customer_id = "abc" }', r"/\d{3}/", "{}", "{unknown}", "{{}}", "100 %", "{service", "{Service}"]
)
def test_every_other_brace_stays(scene: Scene, text: str) -> None:
    assert fill(text, look(scene), scene.world) == text


def test_a_placeholder_of_another_kind_of_service_does_not_apply(scene: Scene) -> None:
    jobs = look(scene, scene.target("bi/production/jobs"))
    assert applies(look(scene), "{cluster}", "{service}") and not applies(look(scene), "{service} {function}")
    assert applies(jobs, "{function}") and not applies(jobs, "{load_balancer}")
    with pytest.raises(NotFoundError, match=r"\{cluster\} does not apply: bi/jobs production has no cluster\."):
        fill("{cluster}", jobs, scene.world)


def test_without_a_service_only_the_region_is_known(scene: Scene) -> None:
    lost = nowhere(scene)
    assert fill("{region}", lost, scene.world) == "eu-west-1"
    assert applies(lost, "no placeholder at all {x}")
    assert not any(applies(lost, f"{{{word}}}") for word in PLACEHOLDERS if word != "region")
    with pytest.raises(NotFoundError, match="the alarm api-errors has no service"):
        fill("{service}", lost, scene.world)


def test_a_service_without_a_balancer_says_so(scene: Scene) -> None:
    for word in ("load_balancer", "target_group"):
        with pytest.raises(NotFoundError, match="bi/api production has no load balancer"):
            fill(f"{{{word}}}", look(scene), scene.world)
    with_balancer(scene)
    scene.balancers.found.clear()
    with pytest.raises(NotFoundError, match="No load balancer sends traffic"):
        fill("{load_balancer}", look(scene), scene.world)


def test_no_value_becomes_part_of_a_query(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="not a plain name"):
        fill("filter x = '{service}'", look(scene, replace(scene.api, name="a' or 1 = '1")), scene.world)


def test_the_last_deployment_is_ecs_own_or_ours(scene: Scene) -> None:
    assert deployed_at(scene.api, scene.world, NOON) == NOON - 7200
    assert deployed_at(scene.api, scene.world, NOON + 86_400) is None
    scene.deploy()
    assert deployed_at(scene.api, scene.world, scene.clock.now()) == scene.operation()[1].started_at
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment("x", created_at=NOON + 60))
    assert deployed_at(scene.api, scene.world, NOON + 90) == NOON + 60


def test_a_function_was_deployed_when_the_version_behind_its_alias_was_made(scene: Scene) -> None:
    assert deployed_at(with_alias(scene), scene.world, NOON) == NOON - 600
    assert deployed_at(scene.target("bi/production/jobs"), scene.world, NOON) is None


def test_a_deployment_that_cannot_be_read_is_none(scene: Scene) -> None:
    scene.ecs.failures.add("service", UpstreamError("AWS refused."))
    assert deployed_at(scene.api, scene.world, NOON) is None


def test_text_of_programs_is_cleaned_redacted_and_cut() -> None:
    secret = "hunter" + "2" * 6
    dirty = f"\x1b[31mfailed\x1b[0m\u202e password={secret}\nnext  line"
    assert shown(dirty) == "failed password=[redacted]\nnext  line"
    assert in_one_line(dirty) == "failed password=[redacted] next line"
    assert len(shown("x" * 1_000_000)) == 3000
    assert in_one_line("y" * 400, 10) == "yyyyyyyyy…"


def test_no_secret_is_missed_because_it_was_cut_in_half() -> None:
    token = "eyJ" + "a" * 40 + "." + "b" * 40 + "." + "c" * 40
    for room in range(280, 420):
        assert "aaaaaaaa" not in in_one_line("x " * (room // 2) + token)
