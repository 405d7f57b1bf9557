"""Rollouts that go wrong, and the ways back: ECS's breaker, the bot by itself, people."""

from __future__ import annotations

import re

import pytest

from sandbox.seed.catalogue import EcsService, service_of
from tests.stories.town import ALICE, BOB, Message, Town, labels, words

pytestmark = [pytest.mark.story, pytest.mark.pace(4)]

BI, PHOTO, ARBOR = "#bi-platform", "#rapid-photo", "#arbor-energy"
STAGING_API = service_of("bi", "api", "staging")
STAGING_EXECUTOR = service_of("bi", "executor", "staging")
EXECUTOR = service_of("bi", "executor")
FRONTEND = service_of("arbor", "frontend")


def test_where_the_breaker_went_back_there_is_nothing_to_roll_back(town: Town) -> None:
    good, mark = town.runs(STAGING_API), town.mark()
    card = town.confirmed(ALICE, BI, "/deploy bi/api staging v1.5.1-crash")
    assert town.ended(BI, card["ts"]) == "failed"
    said = words(town.message(BI, card["ts"]))
    assert f"Not deployed: ECS went back to {good}" in said
    assert "the application ended with an error (exit code 1)" in said
    assert "KeyError: 'DATABASE_URL'" in said
    outcome = town.told(BI, card["ts"], ":x: failed")
    assert "there is nothing to roll back" in words(outcome)
    assert labels(outcome) == []
    assert town.runs(STAGING_API) == good
    assert town.shown(BI, "Roll back bi/api staging") == []
    assert len(town.calls("ecs:UpdateService", mark)) == 1


def test_where_the_breaker_only_stops_the_bot_goes_back_by_itself(town: Town) -> None:
    _breaker(town, STAGING_API, enable=True, rollback=False)
    good = town.runs(STAGING_API)
    card = town.confirmed(ALICE, BI, "/deploy bi/api staging v1.5.1-crash")
    assert ":warning: *rollout*: rolling; the circuit breaker stops it and leaves it so" in words(card)
    assert town.ended(BI, card["ts"]) == "failed"
    back = town.until("a rollback", lambda: town.shown(BI, "Roll back bi/api staging", card["ts"]))[0]
    assert town.ended(BI, back["ts"]) == "settled"
    said = words(town.message(BI, back["ts"]))
    assert f"begun by the bot itself, for <@{ALICE}>" in said
    before = re.search(r"(`\S+`) → `v1\.5\.1-crash`", words(card))
    assert before is not None
    assert f"`v1.5.1-crash` → {before[1]}" in said
    assert _image(town, STAGING_API, town.runs(STAGING_API)) == _image(town, STAGING_API, good)
    _breaker(town, STAGING_API, enable=True, rollback=True)


def test_without_a_breaker_the_bot_ends_what_keeps_failing_and_goes_back_by_itself(town: Town) -> None:
    _breaker(town, STAGING_API, enable=False, rollback=False)
    good = town.runs(STAGING_API)
    card = town.confirmed(ALICE, BI, "/deploy bi/api staging v1.5.4-unhealthy")
    assert "no circuit breaker: a bad version is tried again and again" in words(card)
    why = town.says(BI, card["ts"], "the health check kept failing")
    assert "connection refused" in why
    assert "targetgroup/" not in why
    assert town.ended(BI, card["ts"]) == "failed"
    assert "New tasks keep failing, and no circuit breaker ends it" in words(town.message(BI, card["ts"]))
    back = town.until("a rollback", lambda: town.shown(BI, "Roll back bi/api staging", card["ts"]))[0]
    assert town.ended(BI, back["ts"]) == "settled"
    assert "stopped and rolled back" in words(town.message(BI, back["ts"]))
    assert town.runs(STAGING_API) == good
    _breaker(town, STAGING_API, enable=True, rollback=True)


def test_without_a_breaker_people_are_offered_the_way_back_while_it_keeps_failing(town: Town) -> None:
    _breaker(town, EXECUTOR, enable=False, rollback=False)
    good = town.runs(EXECUTOR)
    card = town.confirmed(ALICE, BI, "/deploy bi/executor production v1.5.1-crash")
    offer = town.told(BI, card["ts"], "New tasks keep failing, and no circuit breaker ends it")
    assert (offer["pings"], labels(offer)) == ([ALICE], ["Roll back"])
    mark = town.newest(BI)
    town.press(BOB, BI, offer["ts"], "Roll back", thread=card["ts"])
    back = town.until("a plan", lambda: town.shown(BI, "Roll back bi/executor production", mark))[0]
    town.press(BOB, BI, back["ts"], "Confirm")
    assert town.ended(BI, back["ts"]) == "settled"
    assert town.message(BI, card["ts"])["text"].endswith(": taken over")
    assert town.runs(EXECUTOR) == good
    assert len(town.shown(BI, "New tasks keep failing", mark)) == 0
    _breaker(town, EXECUTOR, enable=True, rollback=True)


@pytest.mark.pace(1)
def test_a_rollback_takes_over_what_is_under_way_and_says_from_what_to_what(town: Town) -> None:
    good, mark = town.runs(EXECUTOR), town.mark()
    card = town.confirmed(ALICE, BI, "/deploy bi/executor production v1.5.5-slow")
    town.says(BI, card["ts"], "new tasks: ")
    back = _goes_back(town, BI, "/rollback bi/executor production")
    said = words(back)
    before = re.search(r"(`\S+`) → `v1\.5\.5-slow`", words(card))
    assert before is not None
    assert f"`v1.5.5-slow` → {before[1]}" in said
    assert "Under way: v1.5.5-slow, shipped by alice" in said
    assert "`rolling out` → `stopped and rolled back`" in said
    assert len(town.calls("ecs:StopServiceDeployment", mark)) == 1
    assert town.runs(EXECUTOR) == good
    over = town.until("alice to be told", lambda: town.replies(BI, card["ts"]))[0]
    assert over["pings"] == [ALICE]
    assert "bob took over." in words(over)


@pytest.mark.pace(1)
def test_cancelled_is_what_waits_and_what_is_under_way(town: Town) -> None:
    good, mark = town.runs(EXECUTOR), town.mark()
    running = town.confirmed(ALICE, BI, "/deploy bi/executor production v1.5.5-slow")
    town.says(BI, running["ts"], "new tasks: ")
    waiting = town.plan(ALICE, BI, "/deploy bi/executor production v1.6.0")
    card = town.plan(BOB, BI, "/cancel bi/executor production")
    said = words(card)
    assert "`waits, AWS knows nothing of it` → `does not happen`" in said
    assert "`rolling out` → `stopped and rolled back`" in said
    town.press(BOB, BI, card["ts"], "Confirm")
    assert town.ended(BI, card["ts"]) == "settled"
    assert town.ended(BI, waiting["ts"]) == "cancelled, nothing was changed"
    assert "bob cancelled it." in words(town.message(BI, waiting["ts"]))
    assert town.message(BI, running["ts"])["text"].endswith(": taken over")
    assert "had begun to roll out" in words(town.message(BI, running["ts"]))
    assert town.runs(EXECUTOR) == good
    assert len(town.calls("ecs:UpdateService", mark)) == 1

    seen = town.ask(BOB, BI, "/operations bi/executor production")
    assert re.search(r"settled(, being proved)? · \*Cancel: Deploy bi/executor production", seen)
    assert "nothing" in seen.split("*Waiting for somebody*")[1].split("*Before*")[0]
    assert f"taken over · *Deploy bi/executor production → v1.5.5-slow* by <@{ALICE}>" in seen


def test_somebody_elses_deployment_is_named_with_who_and_when(town: Town) -> None:
    card = town.confirmed(ALICE, ARBOR, "/deploy arbor/frontend prod v1.5.5-slow")
    town.says(ARBOR, card["ts"], "new tasks: ")
    ecs = town.aws("ecs", FRONTEND.region)
    theirs = ecs.describe_task_definition(taskDefinition=FRONTEND.family)["taskDefinition"]
    kept = ["family", "networkMode", "containerDefinitions", "cpu", "memory", "taskRoleArn", "executionRoleArn"]
    kept += ["requiresCompatibilities", "runtimePlatform"]
    made = ecs.register_task_definition(
        **{key: theirs[key] for key in kept if key in theirs}, tags=[{"key": "released-by", "value": "pipeline"}]
    )["taskDefinition"]
    ecs.update_service(cluster=FRONTEND.cluster, service=FRONTEND.service, taskDefinition=made["taskDefinitionArn"])
    assert town.ended(ARBOR, card["ts"]) == "failed"
    said = words(town.message(ARBOR, card["ts"]))
    assert f"arbor-production-frontend:{made['revision']}" in said
    assert "the account's root" in said
    assert " ago" in said
    outcome = town.told(ARBOR, card["ts"], ":x: failed")
    assert outcome["pings"] == [ALICE]


def _goes_back(town: Town, channel: str, text: str) -> Message:
    card = town.confirmed(BOB, channel, text)
    assert town.ended(channel, card["ts"]) == "settled"
    return card


def _breaker(town: Town, service: EcsService, *, enable: bool, rollback: bool) -> None:
    town.aws("ecs", service.region).update_service(
        cluster=service.cluster,
        service=service.service,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": enable, "rollback": rollback}},
    )


def _image(town: Town, service: EcsService, name: str) -> str:
    """The digest that a revision runs."""
    found = town.aws("ecs", service.region).describe_task_definition(taskDefinition=name)["taskDefinition"]
    image = found["containerDefinitions"][0]["image"].rpartition("/")[2]
    if "@" in image:
        return str(image.partition("@")[2])
    asked = {"repositoryName": service.repository, "imageIds": [{"imageTag": image.partition(":")[2]}]}
    return str(town.aws("ecr", service.region).describe_images(**asked)["imageDetails"][0]["imageDigest"])
