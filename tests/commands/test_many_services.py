"""Two hundred services in one configuration: every list fits a message, and what is typed is still found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.domain import System
from tests.bot.views.limits import check
from tests.fake_aws import a_definition
from tests.fakes import texts
from tests.scene import ALICE, REPOSITORY, Scene, the_systems

SYSTEMS, SERVICES = 10, 20


def a_system(number: int) -> System:
    services = {f"service-{number}-{each}": {"kind": "ecs", "cluster": f"c{number}"} for each in range(SERVICES)}
    return System.model_validate(
        {
            "system": f"s{number}",
            "title": f"System {number} " + "x" * 60,
            "channel": "#bi",
            "region": "eu-west-1",
            "environments": {"production": {"production": True, "services": services}},
        }
    )


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Scene]:
    catalog = Catalog([*the_systems(), *(a_system(number) for number in range(SYSTEMS))])
    made = Scene(tmp_path, catalog=catalog)
    for target in catalog.targets[-SYSTEMS * SERVICES :]:
        made.ecs.add(target, a_definition(target.name, 7, f"{REPOSITORY}:v1"))
    yield made
    made.close()


@pytest.mark.parametrize("typed", ["services", "operations", "help", "services s3"])
def test_lists_fit_one_message(many: Scene, typed: str) -> None:
    many.type("ops", typed)
    (said,) = many.said_to(ALICE)
    check(said, mentions=frozenset({ALICE}))


def test_the_one_that_is_meant_is_found_and_shipped(many: Scene) -> None:
    many.type("deploy", "service-7-13 production v2")
    assert "Deploy s7/service-7-13 production → v2" in texts(many.card().message)
    many.press("confirm")
    many.run(2)
    assert many.ecs.writes[0] == "register service-7-13:8"


def test_a_slip_names_what_is_near_and_not_two_hundred_names(many: Scene) -> None:
    said = many.type("deploy", "servise-7-13 production v2")
    assert said is not None
    assert "Did you mean" in said.text
    assert len(said.text) < 400


def test_everything_can_be_frozen_at_once(many: Scene) -> None:
    many.type("ops", "freeze all 2h the data centre moves")
    card = many.card().message
    check(card, mentions=frozenset({ALICE}))
    assert f"{len(many.catalog.targets)} services" in texts(card)
