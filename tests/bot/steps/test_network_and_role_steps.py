"""Steps that look at what stands around a service: security groups and its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.cloud import LoadBalancer
from bot.domain import Finding
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Balancer, GroupRule, Refusal, SecurityGroup, Surroundings, TaskAddress
from bot.shipping_cloud import Function
from bot.steps import Step
from tests.bot.steps.looking import look, nowhere, service_has
from tests.scene import Scene

STEP: TypeAdapter[Any] = TypeAdapter(Step)
ROLE = "arn:aws:iam::1:role/api-task"
ALL = GroupRule("-1", 0, 65_535, cidrs=("0.0.0.0/0",))
FROM_BALANCER = GroupRule("tcp", 8080, 8080, groups=("sg-balancer",))
FROM_SUBNETS = GroupRule("tcp", 8000, 9000, cidrs=("10.0.0.0/16",))


def run(scene: Scene, **step: Any) -> Finding | None:
    found = STEP.validate_python(step).run(look(scene), scene.world)
    assert found is None or isinstance(found, Finding)
    return found


def around(
    scene: Scene,
    *ingress: GroupRule,
    egress: tuple[GroupRule, ...] = (ALL,),
    subnets: tuple[str, ...] = ("10.0.0.0/24", "10.0.1.0/24"),
    has_groups: bool = True,
) -> Finding:
    """What the step finds when the tasks let this in and the balancer that out."""
    service_has(scene, target_groups=("arn:group",), load_balancers=(LoadBalancer("arn:group", "app", 8080),))
    scene.network.tasks = (TaskAddress("a", "10.0.5.4"), TaskAddress("b", ""))
    of_balancer = (SecurityGroup("sg-balancer", "balancer", (), egress),) if has_groups else ()
    tasks = SecurityGroup("sg-tasks", "tasks", ingress, (ALL,))
    scene.network.around = Surroundings((tasks,), (Balancer("api", "application", of_balancer, subnets),))
    found = run(scene, do="security_groups")
    assert found is not None
    return found


def blocked(found: Finding) -> float | str | None:
    return found.fact("security_groups.blocked")


@pytest.mark.parametrize("rule", [FROM_BALANCER, FROM_SUBNETS, GroupRule("-1", 0, 65_535, groups=("sg-balancer",))])
def test_a_balancer_that_is_let_in_is_not_blocked(scene: Scene, rule: GroupRule) -> None:
    found = around(scene, rule)
    assert found.summary == "The load balancer may reach the tasks on port 8080."
    assert found.lines == ("tasks: tasks (sg-tasks)",)
    assert (blocked(found), found.fact("security_groups.open_to_world")) == ("no", "no")
    assert found.weight < 50


@pytest.mark.parametrize(
    "rule",
    [
        replace(FROM_BALANCER, from_port=8081, to_port=8090),
        replace(FROM_BALANCER, protocol="udp"),
        replace(FROM_BALANCER, groups=("sg-other",)),
        replace(FROM_SUBNETS, cidrs=("192.168.0.0/16", "2001:db8::/32")),
    ],
)
def test_a_balancer_that_no_rule_lets_in_points_at_a_cause(scene: Scene, rule: GroupRule) -> None:
    found = around(scene, rule)
    assert found.summary == (
        "The load balancer cannot reach the tasks on port 8080: no group of the tasks lets api (sg-balancer) in."
    )
    assert (blocked(found), found.weight >= 50) == ("yes", True)


@pytest.mark.parametrize(
    ("egress", "word"),
    [
        ((), "yes"),
        ((GroupRule("tcp", 8080, 8080, groups=("sg-tasks",)),), "no"),
        ((GroupRule("tcp", 8080, 8080, cidrs=("10.0.5.0/24",)),), "no"),
        ((GroupRule("tcp", 8080, 8080, cidrs=("10.0.6.0/24",)),), "yes"),
        ((GroupRule("tcp", 443, 443, cidrs=("0.0.0.0/0",)),), "yes"),
    ],
)
def test_what_a_balancer_lets_out_counts_too(scene: Scene, egress: tuple[GroupRule, ...], word: str) -> None:
    assert blocked(around(scene, FROM_BALANCER, egress=egress)) == word


@pytest.mark.parametrize(
    "rule",
    [
        GroupRule("tcp", 8080, 8080, prefix_lists=("pl-1",)),
        replace(FROM_SUBNETS, cidrs=("10.0.0.0/24",)),
        replace(FROM_SUBNETS, cidrs=("10.0.0.7/32",)),
    ],
)
def test_what_the_groups_do_not_tell_is_unknown(scene: Scene, rule: GroupRule) -> None:
    found = around(scene, rule)
    assert blocked(found) == "unknown"
    assert "only by a prefix list, or part of its subnets" in found.summary
    assert found.weight < 50


def test_a_port_that_the_internet_reaches_is_said(scene: Scene) -> None:
    found = around(scene, ALL)
    assert (blocked(found), found.fact("security_groups.open_to_world")) == ("no", "yes")
    assert found.lines[-1] == "tasks (sg-tasks) lets the whole internet reach port 8080"


@pytest.mark.parametrize(("rules", "word"), [((ALL,), "no"), ((), "yes"), ((FROM_SUBNETS,), "unknown")])
def test_a_balancer_without_groups_passes_its_callers_on(scene: Scene, rules: tuple[GroupRule, ...], word: str) -> None:
    assert blocked(around(scene, *rules, has_groups=False)) == word


def test_a_service_without_balancer_has_none_to_be_blocked(scene: Scene) -> None:
    assert run(scene, do="security_groups") is None
    step = STEP.validate_python({"do": "security_groups"})
    assert step.run(look(scene, scene.target("bi/production/jobs")), scene.world) is None


def test_a_balancer_that_names_no_port_wants_one_of_the_step(scene: Scene) -> None:
    service_has(scene, target_groups=("arn:group",))
    with pytest.raises(NotFoundError, match="names no port; give the step one"):
        run(scene, do="security_groups")
    found = run(scene, do="security_groups", port=80)
    assert found is not None and "No load balancer sends to" in found.summary


# role_policies

ASK = {"do": "role_policies", "actions": ["dynamodb:GetItem", "dynamodb:PutItem"]}


def give_role(scene: Scene) -> None:
    service = scene.ecs.service(scene.api)
    scene.ecs.task_definition(scene.api.account, service.task_definition).raw["taskRoleArn"] = ROLE


def test_a_role_that_may_do_all_is_said(scene: Scene) -> None:
    give_role(scene)
    found = run(scene, **ASK, resources=["arn:aws:dynamodb:{region}:1:table/{system}_datasets"])
    assert found is not None
    assert found.summary == "The role api-task may do all of dynamodb:GetItem, dynamodb:PutItem."
    assert [(each.name, each.value) for each in found.facts] == [("role.denied", 0.0), ("role.role", "api-task")]
    table = "arn:aws:dynamodb:eu-west-1:1:table/bi_datasets"
    assert scene.roles.asked == [(ROLE, ("dynamodb:GetItem", "dynamodb:PutItem"), (table,))]


def test_what_a_role_is_denied_points_at_a_cause(scene: Scene) -> None:
    give_role(scene)
    scene.roles.refusals[ROLE] = (
        Refusal("dynamodb:GetItem", "*", "implicitDeny"),
        Refusal("dynamodb:PutItem", "*", "explicitDeny", "no-writes"),
        Refusal("dynamodb:PutItem", "arn:t", "implicitDeny", "its permissions boundary"),
    )
    scene.roles.attached[ROLE] = ("tables",)
    found = run(scene, **ASK)
    assert found is not None
    assert found.summary == "The role api-task is denied dynamodb:GetItem on * (not allowed)."
    assert found.lines == (
        "dynamodb:PutItem on * (explicitly denied by no-writes).",
        "dynamodb:PutItem on arn:t (denied by its permissions boundary).",
        "attached policies: tables",
    )
    assert (found.fact("role.denied"), found.weight >= 50) == (2.0, True)


def test_policies_that_may_not_be_listed_take_nothing_from_the_finding(scene: Scene) -> None:
    give_role(scene)
    scene.roles.refusals[ROLE] = (Refusal("dynamodb:GetItem", "*", "implicitDeny"),)
    scene.roles.attached[ROLE] = UpstreamError("AWS denied iam:ListAttachedRolePolicies.")
    found = run(scene, **ASK)
    assert found is not None
    assert found.lines == ("its attached policies could not be listed: AWS denied iam:ListAttachedRolePolicies.",)


def test_tasks_without_a_role_may_do_nothing(scene: Scene) -> None:
    found = run(scene, **ASK)
    assert found is not None
    assert found.summary == "bi/api production runs without a role of its own, so it may do nothing in AWS."
    assert (found.fact("role.role"), found.fact("role.denied")) == ("none", 2.0)
    assert scene.roles.asked == []


def test_the_execution_role_of_a_function_is_asked_about(scene: Scene) -> None:
    jobs = scene.target("bi/production/jobs")
    scene.functions.found["$LATEST"] = Function(
        *("jobs", "$LATEST", "Zip", "sha", "Active", "Successful", "", "r1", 0.0), role="arn:aws:iam::1:role/jobs"
    )
    found = STEP.validate_python(ASK).run(look(scene, jobs), scene.world)
    assert found.fact("role.role") == "jobs"


def test_a_site_has_no_role(scene: Scene) -> None:
    step = STEP.validate_python(ASK)
    assert step.run(look(scene, scene.target("bi/production/web")), scene.world) is None
    assert step.run(nowhere(scene), scene.world) is None


@pytest.mark.parametrize("actions", [[], ["GetItem"], ["dynamodb:Get Item"]])
def test_what_is_no_action_is_refused(actions: list[str]) -> None:
    with pytest.raises(ValidationError):
        STEP.validate_python({"do": "role_policies", "actions": actions})
