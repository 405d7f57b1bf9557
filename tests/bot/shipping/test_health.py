"""What a service that has settled is expected to call itself."""

from __future__ import annotations

import pytest

from bot.command import Stage
from bot.shipping.health import answered, expected
from tests.bot.shipping.functions_room import Room

DIGEST = "4f3a9c1e20b7" + "0" * 52


@pytest.mark.parametrize("tag", ["v1.2.0", "1.2.0", "main-4f3a9c1", "4f3a9c1", "4f3a9c1e" * 5, "release_7"])
def test_a_tag_is_expected_to_be_answered(tag: str) -> None:
    assert expected(tag) == tag


@pytest.mark.parametrize(
    "version",
    ["", "unknown", "latest", DIGEST[:12], DIGEST, f"sha256:{DIGEST}", f"api@sha256:{DIGEST}", "version 7"],
)
def test_what_no_service_can_know_is_not_expected(version: str) -> None:
    assert expected(version) == ""


def test_the_health_address_is_asked_without_a_version_that_only_this_bot_knows() -> None:
    room = Room(health={"url": "https://resize.example.com/health", "expect": {"version": "deployed"}})
    plan = room.deploy()
    for version in ("v1.2.0", DIGEST[:12]):
        named = plan.model_copy(update={"facts": {**plan.facts, "version": version}})
        assert answered(room.run(named), room.world, "all is well", 1, 1).stage is Stage.SUCCEEDED
    assert room.web.asked == ["v1.2.0", ""]
