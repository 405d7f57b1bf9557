"""``/deploy``: what can be typed, and what a form offers."""

from __future__ import annotations

import pytest

from commands.deploy import DeployArgs, deploy, versions
from tests.bot.shipping.plans import planned
from tests.scene import Scene


def test_the_newest_images_are_offered_with_their_age(scene: Scene) -> None:
    assert [each.label for each in versions(scene.api, scene.world)] == ["v1 · 1 h ago", "v2 · 1 h ago"]


@pytest.mark.parametrize("version", ["v1.4.2", "2024_01", "sha256:" + "a" * 64])
def test_a_version_is_a_tag_or_a_digest(version: str) -> None:
    assert DeployArgs(service="api", environment="production", version=version).version == version


@pytest.mark.parametrize("version", ["v1;rm", "", "-v1", "sha256:abc", "a b"])
def test_what_no_registry_would_take_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="letters, digits, dots"):
        DeployArgs(service="api", environment="production", version=version)


def test_the_strategies_of_all_kinds_carry_it_out(scene: Scene) -> None:
    assert set(deploy.strategies) >= {"ecs", "ecs_stop", "code_deploy", "code_stop"}
    assert planned(scene).strategy in deploy.strategies
