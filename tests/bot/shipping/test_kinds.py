"""Every kind of service can be shipped, each in its own way."""

from __future__ import annotations

from bot.domain import ServiceKind
from bot.shipping.kinds import KINDS, STRATEGIES, kind_of
from tests.scene import Scene


def test_every_kind_there_is_can_be_shipped() -> None:
    assert set(KINDS) == set(ServiceKind)


def test_no_two_kinds_call_a_strategy_the_same() -> None:
    assert len(STRATEGIES) == sum(len(kind.strategies) for kind in KINDS.values())


def test_a_target_ships_as_its_kind_does(scene: Scene) -> None:
    assert kind_of(scene.target("bi/production/web")) is KINDS[ServiceKind.STATIC_SITE]
