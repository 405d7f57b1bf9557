"""How long logs are followed, what ends it, and what is left of it."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.errors import UpstreamError
from bot.telemetry import QueryAnswer
from tests.commands.test_logs import ask, told, write
from tests.commands.test_logs import scene as _room
from tests.commands.test_logs_follows import press, start
from tests.fakes import button_labels
from tests.scene import ALICE, CARA, Scene

scene = _room
"""A service whose logs the people on call may follow."""


def test_what_ends_while_it_is_paused_says_since_when_nothing_was_read(scene: Scene) -> None:
    shown = start(scene)
    press(scene, shown, "Pause")
    scene.run(320)
    assert re.search(
        r"it has ended while it was paused · what was written after [\d:]+ was not read", told(shown.message)
    )


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
