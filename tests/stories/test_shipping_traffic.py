"""Deployments that move traffic and wait for somebody on their way: ECS's own blue/green, and CodeDeploy's."""

from __future__ import annotations

import pytest

from sandbox.seed.lab import CHECKOUT, STOREFRONT
from tests.stories.town import ALICE, BOB, DAVE, Town, labels, words

pytestmark = [pytest.mark.story, pytest.mark.pace(12)]

OPS = "#ops"


def test_paused_before_the_traffic_moves_it_goes_on_when_somebody_says_so(town: Town) -> None:
    before = town.runs(STOREFRONT)
    card = town.confirmed(ALICE, OPS, "/deploy lab/storefront staging v1.6.0")
    paused = town.says(OPS, card["ts"], "Paused: it waits for somebody")
    assert "test traffic is on the new tasks; 0 % of production traffic on the new tasks" in paused
    assert "ECS rolls back by itself" in paused
    assert labels(town.message(OPS, card["ts"])) == ["Continue", "Roll back"]
    called = town.told(OPS, card["ts"], "press *Continue* or *Roll back* in the message above")
    assert called["pings"] == [ALICE]

    mark = town.newest(OPS)
    town.press(DAVE, OPS, card["ts"], "Continue")
    assert "You may not deploy" in town.whisper(DAVE, OPS, mark)
    town.press(BOB, OPS, card["ts"], "Continue")
    assert f"<@{BOB}>: ECS goes on." in words(town.told(OPS, card["ts"], "ECS goes on"))
    assert town.ended(OPS, card["ts"]) == "settled"
    assert town.runs(STOREFRONT) != before


def test_paused_it_goes_back_when_somebody_says_so(town: Town) -> None:
    before = town.runs(STOREFRONT)
    card = town.confirmed(ALICE, OPS, "/deploy lab/storefront staging v1.5.7")
    town.says(OPS, card["ts"], "Paused: it waits for somebody")
    town.press(ALICE, OPS, card["ts"], "Roll back")
    town.told(OPS, card["ts"], "ECS is going back.")
    assert town.ended(OPS, card["ts"]) == "failed"
    assert f"Not deployed: ECS went back to {before}" in words(town.message(OPS, card["ts"]))
    assert town.runs(STOREFRONT) == before


def test_codedeploy_shifts_the_traffic_when_somebody_says_so(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, OPS, "/deploy lab/checkout staging v1.6.0")
    assert "rollout: CodeDeploy shifts the traffic" in words(card)
    town.says(OPS, card["ts"], "New tasks are up: it waits for somebody to let the traffic over")
    town.press(BOB, OPS, card["ts"], "Continue")
    town.told(OPS, card["ts"], "CodeDeploy lets the traffic over.")
    assert town.ended(OPS, card["ts"]) == "settled"
    assert f"2 of 2 tasks of {_revision_with_the_traffic(town)} run" in words(town.message(OPS, card["ts"]))
    assert len(town.calls("codedeploy:CreateDeployment", mark)) == 1
    assert town.calls("ecs:UpdateService", mark) == []


def _revision_with_the_traffic(town: Town) -> str:
    """The revision whose tasks have the traffic."""
    ecs = town.aws("ecs", CHECKOUT.region)
    found = ecs.describe_services(cluster=CHECKOUT.cluster, services=[CHECKOUT.service])["services"][0]
    (primary,) = [each for each in found["taskSets"] if each["status"] == "PRIMARY"]
    return str(primary["taskDefinition"]).rsplit("/", 1)[-1]
