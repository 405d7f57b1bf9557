"""Whether what was shipped still runs, looked at once during the soak, by kind of service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import Run
from bot.errors import NotFoundError, UpstreamError
from bot.operation import State
from bot.shipping.kinds import STRATEGIES
from bot.shipping_cloud import FunctionAlias
from commands.deploy import DeployArgs
from commands.deploy import plan as plan_deploy
from tests.bot.shipping.functions_room import Room
from tests.bot.shipping.shipment import EIGHT, SEVEN, Shipment
from tests.bot.shipping.site_scene import ASK_AGAIN, SiteScene
from tests.fake_aws import a_definition, a_deployment, a_service
from tests.fakes import texts
from tests.scene import ALICE, REPOSITORY, Scene

NINE = "arn:aws:ecs:r:1:task-definition/api:9"
CAROL = "arn:aws:iam::1:user/carol"
AWAY = UpstreamError("AWS did not answer in time.", retryable=True)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def site() -> SiteScene:
    made = SiteScene()
    made.publish("v1", {"index.html": "i1", "about.html": "a1", "app.css": "c1"})
    made.publish("v2", {"index.html": "i2", "about.html": "a1", "app.css": "c1"})
    return made


def shipped(scene: Scene, controller: str = "ECS") -> Shipment:
    if controller == "CODE_DEPLOY":
        scene.code_deploy.groups[scene.api.key] = ("app", "blue")
        scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], controller=controller)
    args = DeployArgs(service="api", environment="production", version="v2")
    shipment = Shipment(scene, plan_deploy(args, scene.world, scene.chat.people[ALICE]))
    shipment.do()
    runs(scene, EIGHT)
    return shipment


def runs(scene: Scene, definition: str) -> None:
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(definition, created_at=scene.clock.now() - 120))


def ship_by_hand(scene: Scene) -> None:
    scene.ecs.definitions[NINE] = replace(a_definition("api", 9, f"{REPOSITORY}:v3"), registered_by=CAROL)
    runs(scene, NINE)


def still(shipment: Shipment) -> str:
    return shipment.strategy.still(shipment.run, shipment.world)


@pytest.mark.parametrize("controller", ["ECS", "CODE_DEPLOY"])
def test_a_revision_that_runs_is_still_there(scene: Scene, controller: str) -> None:
    assert still(shipped(scene, controller)) == ""


@pytest.mark.parametrize("controller", ["ECS", "CODE_DEPLOY"])
def test_a_service_that_others_moved_says_who_and_since_when(scene: Scene, controller: str) -> None:
    shipment = shipped(scene, controller)
    ship_by_hand(scene)
    said = still(shipment)
    assert said.startswith("It was deployed, and then superseded: the service moves to api:9.")
    assert said.endswith("api:9 was shipped by user carol, 2 min ago.")


@pytest.mark.parametrize(
    ("status", "said"), [("DRAINING", "the service is being deleted."), ("INACTIVE", "the service was deleted.")]
)
def test_a_service_that_is_deleted_runs_nothing(scene: Scene, status: str, said: str) -> None:
    shipment = shipped(scene)
    scene.ecs.live[scene.api.key] = replace(scene.ecs.live[scene.api.key], status=status)
    assert still(shipment) == said


def test_a_service_that_ecs_has_forgotten_was_deleted(scene: Scene) -> None:
    shipment = shipped(scene)
    del scene.ecs.live[scene.api.key]
    assert still(shipment) == "the service was deleted."


def test_who_cannot_ask_ecs_does_not_say_that_it_moved(scene: Scene) -> None:
    shipment = shipped(scene)
    scene.ecs.failures.add("service", AWAY)
    with pytest.raises(UpstreamError):
        still(shipment)


@pytest.mark.parametrize("strategy", ["ecs", "ecs_stop", "code_deploy", "code_stop"])
def test_a_return_to_a_revision_as_it_stands_is_known_by_that_revision(scene: Scene, strategy: str) -> None:
    shipment = shipped(scene)
    facts = {**shipment.run.plan.facts, "stands": True, "to_definition": SEVEN, "from_definition": EIGHT}
    back = replace(shipment.run, plan=shipment.run.plan.model_copy(update={"facts": facts}), results={})
    runs(scene, SEVEN)
    assert STRATEGIES[strategy].still(back, scene.world) == ""
    ship_by_hand(scene)
    assert "the service moves to api:9" in STRATEGIES[strategy].still(back, scene.world)


def test_a_deployment_stopped_after_its_traffic_was_over_does_not_know_what_it_went_back_to(scene: Scene) -> None:
    shipment = shipped(scene)
    facts = {"to_definition": EIGHT, "from_definition": EIGHT}
    back = replace(shipment.run, plan=shipment.run.plan.model_copy(update={"facts": facts}), results={})
    runs(scene, SEVEN)
    assert STRATEGIES["code_stop"].still(back, scene.world) == ""


def test_on_the_road_a_deployment_by_others_is_not_counted_and_not_gone_back_from(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.ecs.settle(scene.api)
    scene.run(2)
    assert scene.state(row_id) == State.SOAKING
    ship_by_hand(scene)
    scene.metrics.states["api-errors"] = "ALARM"
    scene.metrics.changed["api-errors"] = scene.clock.now()
    scene.run(20)
    assert (scene.state(row_id), scene.operation()[1].good) == (State.DONE, None)
    said = [texts(shown.message) for shown in scene.chat.thread(f"op:{row_id}:card")]
    assert "api:9 was shipped by user carol" in said[-1]


def moved_alias(room: Room) -> Run:
    plan = room.deploy()
    room.do(plan, "code", "publish", "alias")
    return room.run(plan)


def test_an_alias_that_somebody_moved_or_shares_is_not_ours(room: Room) -> None:
    run = moved_alias(room)
    look = room.strategy(run.plan).still
    assert look(run, room.world) == ""
    room.functions.pointer = FunctionAlias("live", "2", "r9")
    assert look(run, room.world) == "live is at version 2, and not by this operation."
    room.functions.pointer = FunctionAlias("live", "3", "r9", {"2": 0.1})
    assert look(run, room.world) == "live is at version 3, 10% go to version 2, and not by this operation."


def test_an_alias_that_was_deleted_is_not_ours(room: Room) -> None:
    run = moved_alias(room)
    room.functions.failures.add("alias", NotFoundError("There is no alias live."))
    assert room.strategy(run.plan).still(run, room.world) == "the alias live was deleted."


def test_pages_that_somebody_overwrote_or_hid_are_not_ours(site: SiteScene) -> None:
    operation = site.ship("v1")
    look = operation.strategy.still
    assert look(operation.run(), site.world) == ""
    site.sites.put("index.html", "by hand", ASK_AGAIN)
    site.clock.advance(120)
    assert look(operation.run(), site.world) == "somebody else changed index.html in site 2 min ago."
    site.sites.remove(site.target, ["about.html"])
    assert "somebody else changed about.html, index.html in site" in look(operation.run(), site.world)


def test_a_site_that_was_gone_back_to_is_looked_at_too(site: SiteScene) -> None:
    site.ship("v1")
    site.ship("v2")
    back = site.back("v1")
    assert back.strategy.still(back.run(), site.world) == ""
    site.sites.put("index.html", "by hand", ASK_AGAIN)
    assert "somebody else changed index.html" in back.strategy.still(back.run(), site.world)


def test_without_versions_the_index_tells(site: SiteScene) -> None:
    site.sites.keeps_versions = False
    operation = site.ship("v1")
    assert operation.strategy.still(operation.run(), site.world) == ""
    site.sites.put("index.html", "by hand", ASK_AGAIN)
    assert operation.strategy.still(operation.run(), site.world) == "somebody else changed index.html in site."
