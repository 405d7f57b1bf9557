"""How many logs are followed at once: what a person and all of them together may."""

from __future__ import annotations

from bot.domain import Actor
from bot.search.follows import MOST, MOST_OF_ONE
from tests.commands.test_logs import ask, told
from tests.commands.test_logs import scene as _room
from tests.fakes import button_labels
from tests.scene import ALICE, BOB, CARA, Scene

scene = _room
"""A service whose logs the people on call may follow."""


def follow(scene: Scene, user: str, times: int) -> None:
    for _ in range(times):
        scene.type("ops", "logs bi/api production follow", user=user)
        scene.run(2)


def test_a_person_follows_only_so_many_logs_until_one_is_stopped(scene: Scene) -> None:
    follow(scene, ALICE, MOST_OF_ONE)
    said = told(ask(scene, "follow"))
    assert f"You follow {MOST_OF_ONE} logs already." in said
    assert "Stop one of them" in said
    shown = scene.chat.posts[0]
    scene.desk.press(*button_labels(shown.message)["Stop"], Actor(user=ALICE, channel=shown.channel), key="stop")
    scene.run(3)
    follow(scene, ALICE, 1)
    assert len(scene.chat.posts) == MOST_OF_ONE + 1


def test_all_together_follow_only_so_many_and_searching_goes_on(scene: Scene) -> None:
    follow(scene, ALICE, MOST_OF_ONE)
    follow(scene, BOB, MOST - MOST_OF_ONE)
    assert len(scene.chat.posts) == MOST
    assert f"{MOST} logs are followed already" in told(ask(scene, "follow", user=CARA))
    assert "followed already" not in told(ask(scene, "timeout", user=CARA))
    scene.run(320)
    follow(scene, CARA, 1)
    assert len(scene.chat.posts) == MOST + 1
