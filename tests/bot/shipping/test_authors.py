"""Who made a task definition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import UpstreamError
from bot.shipping import images
from bot.shipping.authors import registrar, shipper
from tests.fake_aws import a_definition
from tests.scene import ALICE, Scene


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("arn:aws:iam::1:user/alice", "user alice"),
        ("arn:aws:iam::1:user/team/alice", "user alice"),
        ("arn:aws:iam::1:root", "the account's root"),
        ("arn:aws:sts::1:assumed-role/deployer/build-7", "role deployer (build-7)"),
        ("arn:aws:sts::1:federated-user/bob", "federated user bob"),
        ("", "somebody unknown"),
    ],
)
def test_an_arn_is_a_person_or_a_role(arn: str, words: str) -> None:
    assert registrar(arn) == words


def test_who_shipped_through_the_bot_goes_before_who_registered_it(scene: Scene) -> None:
    definition = a_definition("api", 1, "x", {images.BY_TAG: ALICE})
    assert shipper(definition, scene.world) == "alice"
    scene.chat.failures.add("person", UpstreamError("Slack is away."))
    assert shipper(definition, scene.world) == ALICE
    assert shipper(replace(definition, tags={}), scene.world) == "role ci (build-7)"
