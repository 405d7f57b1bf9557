from __future__ import annotations

import pytest

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import ROLLS_BACK, Shop


def befall(shop: Shop, fate: str) -> None:
    arn = shop.service()["serviceArn"]
    shop.ecs.tag_resource(resourceArn=arn, tags=[{"key": "sandbox:fate", "value": fate}])


@pytest.fixture
def sick(shop: Shop) -> Shop:
    shop.balance()
    shop.create(deploymentConfiguration=ROLLS_BACK)
    befall(shop, "oom")
    return shop


def test_the_tasks_of_a_sick_service_die_one_by_one_and_so_do_those_that_replace_them(sick: Shop) -> None:
    first = {task["taskArn"] for task in sick.tasks()}
    sick.until(lambda: len(sick.tasks("STOPPED")) == 1)
    assert 1 <= sick.until(lambda: len(sick.tasks("STOPPED")) == 2) <= 10
    sick.until(lambda: len(sick.tasks("STOPPED")) >= 5)
    stopped = sick.tasks("STOPPED")
    assert {task["containers"][0]["reason"] for task in stopped if task["taskArn"] in first} == {
        "OutOfMemoryError: Container killed due to memory usage"
    }
    assert {task["taskArn"] for task in stopped} - first
    (only,) = sick.service()["deployments"]
    assert only["rolloutState"] == "COMPLETED"


def test_dying_tasks_write_why(sick: Shop, clock: Clock) -> None:
    clock.advance(5)
    assert any("MemoryError" in line for line in sick.lines())


def test_without_the_tag_it_is_well_again(sick: Shop, clock: Clock) -> None:
    clock.advance(20)
    sick.ecs.untag_resource(resourceArn=sick.service()["serviceArn"], tagKeys=["sandbox:fate"])
    clock.advance(30)
    dead = len(sick.tasks("STOPPED"))
    clock.advance(60)
    assert len(sick.tasks("STOPPED")) == dead
    assert sick.health() == ["healthy", "healthy"]
    assert sick.messages()[-1] == "(service api) has reached a steady state."


def test_the_word_none_ends_it_as_well(sick: Shop, clock: Clock) -> None:
    clock.advance(20)
    befall(sick, "none")
    clock.advance(30)
    assert sick.health() == ["healthy", "healthy"]


def test_sick_targets_answer_502_before_their_tasks_are_stopped(shop: Shop, clock: Clock) -> None:
    shop.balance()
    shop.create()
    befall(shop, "unhealthy")
    shop.until(lambda: "unhealthy" in shop.health())
    shop.until(lambda: any("failed ELB health checks" in task["stoppedReason"] for task in shop.tasks("STOPPED")))


def test_what_is_deployed_afterwards_is_well(sick: Shop, clock: Clock) -> None:
    clock.advance(10)
    definition = sick.ship("v2")
    sick.until(lambda: len(sick.service()["deployments"]) == 1)
    dead = len(sick.tasks("STOPPED"))
    clock.advance(60)
    assert len(sick.tasks("STOPPED")) == dead
    assert sick.service()["taskDefinition"] == definition


def test_tags_come_with_a_service_when_asked_for(sick: Shop) -> None:
    assert sick.service(include=["TAGS"])["tags"] == [{"key": "sandbox:fate", "value": "oom"}]
    assert not sick.service().get("tags")
