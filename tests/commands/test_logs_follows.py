"""What is followed: how many at once, what is read of it and what is said of the rest, and how it ends."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.cloud import LogLine
from bot.domain import Actor
from bot.errors import UpstreamError
from bot.search.follows import MOST, MOST_OF_ONE
from bot.telemetry import QueryAnswer
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


def test_what_ends_while_it_is_paused_says_since_when_nothing_was_read(scene: Scene) -> None:
    shown = start(scene)
    press(scene, shown, "Pause")
    scene.run(320)
    assert re.search(
        r"it has ended while it was paused · what was written after [\d:]+ was not read", told(shown.message)
    )


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


def test_what_is_stopped_says_so_with_the_end_of_its_range(scene: Scene) -> None:
    shown = start(scene)
    write(scene, "INFO one", every=0.1)
    scene.run(4)
    press(scene, shown, "Stop")
    said = told(shown.message)
    assert "⏹ 1 line · stopped" in said and "INFO one" in said
    assert "▶" not in said and "left" not in said
    assert re.search(r"\d\d:\d\d:\d\d–\d\d:\d\d:\d\d Europe/Prague", said)
    assert "Share" in button_labels(shown.message)


def test_what_a_fault_ends_says_why_and_follows_no_more(scene: Scene) -> None:
    shown = start(scene)
    (name,) = scene.logs.lines
    scene.logs.failures.add(f"search {name}", *[UpstreamError("AWS denied logs:FilterLogEvents.")] * 5)
    scene.run(6)
    said = told(shown.message)
    assert "⏹ 0 lines · stopped" in said and "It has ended: AWS denied logs:FilterLogEvents." in said
    assert "▶" not in said


def test_five_minutes_more_are_added_to_what_is_left_up_to_a_bound(scene: Scene) -> None:
    shown = start(scene)
    press(scene, shown, "5 minutes more")
    assert "following, 9 min left" in told(shown.message)
    for _ in range(4):
        press(scene, shown, "5 minutes more")
    assert "no more than" not in told(shown.message)
    press(scene, shown, "5 minutes more")
    assert "29 min left (no more than 30 min at a time)" in told(shown.message)


def test_however_often_more_is_asked_for_two_hours_are_the_end(scene: Scene) -> None:
    shown = start(scene)
    began = scene.clock.now()
    for _ in range(40):
        press(scene, shown, "5 minutes more")
        if "5 minutes more" not in button_labels(shown.message):
            break
        scene.clock.advance(240.0)
        scene.run(3)
    assert "(no more than 2 h in all)" in told(shown.message)
    scene.clock.advance(began + 7180.0 - scene.clock.now())
    scene.run(3)
    assert "▶ 0 lines so far" in told(shown.message)
    scene.run(20)
    assert "it has ended: it was followed for 2 h. Ask again to go on" in told(shown.message)
    assert scene.state() == "done"


def test_who_may_not_read_logs_any_more_follows_no_further(scene: Scene) -> None:
    shown = start(scene)
    write(scene, "INFO before", every=0.1)
    scene.run(4)
    scene.chat.people[ALICE] = replace(scene.chat.people[ALICE], groups=frozenset())
    scene.run(4)
    write(scene, "INFO afterwards", every=0.1)
    reads = len(scene.logs.patterns)
    scene.run(10)
    said = told(shown.message)
    assert "⏹ 1 line · stopped" in said and "INFO before" in said
    assert "It has ended: You may not read logs in production." in said
    assert "INFO afterwards" not in said and len(scene.logs.patterns) == reads


def test_who_may_not_read_logs_any_more_hears_no_more_of_a_query_and_it_costs_no_more(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    scene.type("ops", "logs bi/api production timeout last 2d")
    scene.run(2)
    scene.chat.people[ALICE] = replace(scene.chat.people[ALICE], groups=frozenset())
    scene.run(3)
    assert scene.insights.stopped == ["q1"] and scene.state() == "refused"
    assert "You may not read logs in production." in told(scene.said_to(ALICE)[-1])


def test_a_group_of_a_class_that_cannot_be_followed_ends_at_once_with_what_to_do(scene: Scene) -> None:
    (name,) = scene.logs.lines
    refusal = UpstreamError("This operation is only supported on the Standard log class.", code="ValidationException")
    scene.logs.failures.add(f"search {name}", *[refusal] * 3)
    said = told(ask(scene, "follow"))
    assert f"{name} cannot be followed" in said and "Infrequent Access" in said
    assert "Leave out follow" in said and "Logs Insights" in said
    assert scene.chat.posts == [] and scene.state() == "refused"


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


def test_what_was_followed_is_masked_for_everybody_when_it_is_shared(scene: Scene) -> None:
    shown = start(scene, user=CARA)
    write(scene, '{"msg":"failed","customer_id":"abc123"}', every=0.1)
    scene.run(4)
    press(scene, shown, "Stop", user=CARA)
    assert "abc123" in told(shown.message)
    press(scene, shown, "Share", user=CARA)
    shared = scene.chat.posts[-1]
    assert shared is not shown and "stopped" in told(shared.message)
    assert "abc123" not in told(shared.message) and "[masked]" in told(shared.message)
    assert [b"abc123" in file.content for file in scene.chat.files] == [False]


def test_lines_that_are_followed_are_known_again_by_their_ids(scene: Scene) -> None:
    ask(scene, "timeout")
    assert set(scene.logs.with_ids) == {False}
    scene.logs.with_ids.clear()
    start(scene)
    scene.run(10)
    assert len(scene.logs.with_ids) > 2 and all(scene.logs.with_ids)
