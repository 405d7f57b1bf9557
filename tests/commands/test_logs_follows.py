"""What is followed: how many at once, what is read of it and what is said of the rest, and how it ends."""

from __future__ import annotations

import re

from bot.cloud import LogLine
from bot.domain import Actor
from bot.errors import UpstreamError
from bot.search.follows import MOST, MOST_OF_ONE
from tests.commands.test_logs import ask, told, write
from tests.commands.test_logs import scene as _room
from tests.fakes import Shown, button_labels
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


def start(scene: Scene, words: str = "", user: str = ALICE) -> Shown:
    """The message of what is followed now."""
    scene.type("ops", f"logs bi/api production {words} follow", user=user)
    scene.run(3)
    return scene.chat.posts[-1]


def press(scene: Scene, shown: Shown, label: str, user: str = ALICE) -> None:
    actor = Actor(user=user, channel=shown.channel)
    scene.desk.press(*button_labels(shown.message)[label], actor, key=f"{label} {scene.clock.now()}")
    scene.run(3)


def test_what_was_written_during_a_long_pause_comes_when_it_goes_on(scene: Scene) -> None:
    shown = start(scene)
    press(scene, shown, "Pause")
    write(scene, "INFO while it was paused", every=0.1)
    scene.run(85)
    press(scene, shown, "Go on")
    said = told(shown.message)
    assert "INFO while it was paused" in said and "1 line so far · following" in said and "sampled" not in said


def test_what_was_too_much_during_a_pause_is_said_to_be_left_out(scene: Scene) -> None:
    shown = start(scene)
    press(scene, shown, "Pause")
    write(scene, *(f"INFO {number}" for number in range(4000)), every=0.0005)
    scene.run(85)
    press(scene, shown, "Go on")
    said = told(shown.message)
    assert "3,000 lines so far" in said
    assert re.search(r"sampled: not all that was written (from [\d:]+ to|at) [\d:]+ could be read", said)


def test_bursts_are_sampled_also_where_few_of_their_lines_match(scene: Scene) -> None:
    shown = start(scene, "level info -health")
    for _ in range(3):
        write(scene, *(f"{'INFO' if number % 3 else 'DEBUG'} {number}" for number in range(2000)), every=0.0005)
        scene.run(6)
    said = told(shown.message)
    assert "sampled: not all that was written" in said and "nor at" not in said
    assert "nor 1 time before" in said or "nor 2 times before" in said
    assert "AWS was slow" not in said


def test_many_lines_of_which_none_is_lost_blame_nobody(scene: Scene) -> None:
    shown = start(scene, "level info")
    for second in range(40):
        write(scene, *(f"{'INFO' if each % 2 else 'DEBUG'} {second} {each}" for each in range(26)), every=1 / 27)
        scene.run(1)
    scene.run(4)
    said = told(shown.message)
    assert "520 lines so far" in said and "AWS was slow" not in said and "sampled" not in said


def test_a_look_that_aws_throttles_is_said_and_made_up_for(scene: Scene) -> None:
    shown = start(scene)
    (name,) = scene.logs.lines
    scene.logs.failures.add(f"search {name}", UpstreamError("Rate exceeded", retryable=True))
    scene.run(3)
    assert "AWS was slow at the last look: lines may come late" in told(shown.message)
    write(scene, "INFO afterwards", every=0.1)
    scene.run(5)
    assert "INFO afterwards" in told(shown.message) and "AWS was slow" not in told(shown.message)


def test_what_aws_is_too_slow_for_during_minutes_is_given_up_and_said(scene: Scene) -> None:
    shown = start(scene)
    scene.logs.endless |= set(scene.logs.lines)
    scene.run(90)
    assert "sampled: not all that was written from" in told(shown.message) and "before" not in told(shown.message)


def test_a_group_that_cannot_be_followed_is_named_beside_those_that_can(scene: Scene) -> None:
    (name,) = scene.logs.lines
    object.__setattr__(scene.api.service, "log_groups", (name, "/audit"))
    scene.logs.lines["/audit"] = []
    refusal = UpstreamError("This operation is only supported on the Standard log class.", code="ValidationException")
    scene.logs.failures.add("search /audit", *[refusal] * 9)
    shown = start(scene)
    scene.logs.lines[name].append(LogLine(scene.clock.now(), "INFO one", "api/api/1", "e1"))
    scene.run(4)
    said = told(shown.message)
    assert ":warning: /audit is not followed, as its log class is not Standard. Search it without follow." in said
    assert "INFO one" in said and "AWS was slow" not in said


def test_bursts_that_come_late_are_known_to_be_cut_off(scene: Scene) -> None:
    shown = start(scene)
    scene.run(6)
    (name,) = scene.logs.lines
    now = scene.clock.now()
    scene.logs.lines[name] += [
        LogLine(now - 4 + number / 1000, f"INFO {number}", "s", f"e{number}") for number in range(2000)
    ]
    scene.run(4)
    assert "sampled: not all that was written" in told(shown.message)


def test_lines_that_are_followed_are_known_again_by_their_ids(scene: Scene) -> None:
    ask(scene, "timeout")
    assert set(scene.logs.with_ids) == {False}
    scene.logs.with_ids.clear()
    start(scene)
    scene.run(10)
    assert len(scene.logs.with_ids) > 2 and all(scene.logs.with_ids)


def test_follow_goes_on_in_one_message_pauses_and_ends(scene: Scene) -> None:
    write(scene, "INFO old", every=100.0)
    scene.type("ops", "logs bi/api production follow")
    write(scene, "INFO first", every=0.1)
    scene.run(4)
    (shown,) = scene.chat.posts
    assert shown.channel == scene.chat.channel_id(ALICE)
    assert "INFO first" in told(shown.message) and "old" not in told(shown.message)
    assert "1 line so far · following" in told(shown.message)
    scene.desk.press(*button_labels(shown.message)["Pause"], Actor(user=ALICE, channel=shown.channel), key="pause")
    scene.run(3)
    write(scene, "INFO second", every=0.1)
    scene.run(5)
    assert "paused" in told(shown.message) and "second" not in told(shown.message)
    scene.desk.press(*button_labels(shown.message)["Go on"], Actor(user=ALICE, channel=shown.channel), key="on")
    scene.run(6)
    assert "INFO second" in told(shown.message)
    assert told(shown.message).count("INFO first") == 1
    scene.run(320)
    assert "it has ended" in told(shown.message)
    assert "Share" in button_labels(shown.message)
    assert len(scene.chat.posts) == 1


def test_what_is_followed_says_since_when_and_whether_all_was_seen(scene: Scene) -> None:
    (group,) = scene.logs.lines
    scene.type("ops", "logs bi/api production follow")
    scene.logs.endless.add(group)
    scene.run(4)
    (shown,) = scene.chat.posts
    assert re.search(r"from \d\d:\d\d:\d\d Europe/Prague on", told(shown.message))
    assert "AWS was slow at the last look" in told(shown.message) and "sampled" not in told(shown.message)
    scene.logs.endless.clear()
    write(scene, *(f"INFO {number}" for number in range(4000)), every=0.001)
    scene.run(8)
    assert "sampled: not all that was written from " in told(shown.message) and "slow" not in told(shown.message)
    scene.run(320)
    assert re.search(r"\d\d:\d\d:\d\d–\d\d:\d\d:\d\d Europe/Prague \(5 min", told(shown.message))
