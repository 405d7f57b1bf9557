"""Messages owed to Slack: posted once, then only updated; never lost because Slack is away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import NotFoundError, UpstreamError
from bot.ports import Message
from bot.posts import GIVEN_UP, OWED, PATIENCE, SHOWN, UPDATE_EVERY, post, whisper
from bot.rows import NewRow
from tests.fakes import texts
from tests.scene import Scene

AWAY = UpstreamError("Slack cannot be reached.", retryable=True)
REFUSED = UpstreamError("Slack refused: is_archived.")
LIMITED = UpstreamError("Slack refused: ratelimited.", retryable=True, retry_after=3, code="ratelimited")


def say(text: str) -> Message:
    return Message(text=text, blocks=({"type": "section", "text": {"type": "mrkdwn", "text": text}},))


def owe(scene: Scene, key: str, text: str, channel: str = "#bi", **more: Any) -> None:
    scene.engine.add(post(key, channel, say(text), **more))


def owe_whisper(scene: Scene, **more: Any) -> None:
    scene.engine.add(whisper("w", "#bi", "U0ALICE", say("psst"), **more))


def state(scene: Scene, key: str) -> str:
    row = scene.store.by_key("post", key)
    assert row is not None
    return row.state


def test_a_message_is_posted_with_its_key(scene: Scene) -> None:
    owe(scene, "k", "hello")
    scene.run()
    shown = scene.chat.by_key("k")
    assert (shown.channel, shown.message, shown.thread_ts) == ("C0BI", say("hello"), "")
    assert scene.chat.finds == []


def test_a_known_message_is_updated(scene: Scene) -> None:
    owe(scene, "k", "one")
    scene.run(2)
    owe(scene, "k", "two")
    scene.run()
    assert scene.chat.by_key("k").message == say("two")
    assert len(scene.chat.posts) == 1


def test_the_same_text_again_is_no_update(scene: Scene) -> None:
    owe(scene, "k", "one")
    scene.run(2)
    owe(scene, "k", "one")
    scene.run(2)
    assert scene.chat.updates == 0


def test_updates_that_wait_are_folded_into_the_latest(scene: Scene) -> None:
    owe(scene, "k", "one")
    scene.run()
    for number in range(10):
        owe(scene, "k", f"update {number}")
        scene.run()
    assert scene.chat.updates == 0
    scene.clock.advance(UPDATE_EVERY)
    scene.run()
    assert scene.chat.updates == 1
    assert scene.chat.by_key("k").message == say("update 9")


def test_updates_before_the_first_post_are_folded_into_it(scene: Scene) -> None:
    owe(scene, "k", "one")
    owe(scene, "k", "two")
    scene.run()
    assert scene.chat.by_key("k").message == say("two")
    assert scene.chat.updates == 0


def test_a_post_whose_answer_was_lost_is_found_and_not_posted_again(scene: Scene) -> None:
    scene.chat.lost_answers.add("post", AWAY)
    owe(scene, "k", "hello")
    scene.run(3)
    assert len(scene.chat.posts) == 1
    assert scene.chat.finds == ["k"]
    assert state(scene, "k") == SHOWN


def test_a_newer_text_is_shown_though_an_older_one_was_posted_when_the_answer_was_lost(scene: Scene) -> None:
    scene.chat.lost_answers.add("post", AWAY)
    owe(scene, "k", "plan")
    scene.run()
    owe(scene, "k", "outcome")
    scene.run(5)
    assert scene.chat.by_key("k").message == say("outcome")


def test_a_post_that_did_not_arrive_is_posted_once(scene: Scene) -> None:
    scene.chat.failures.add("post", AWAY, AWAY)
    owe(scene, "k", "hello")
    scene.run(10)
    assert len(scene.chat.posts) == 1


def test_a_day_without_slack_loses_nothing_and_moves_nothing(scene: Scene) -> None:
    scene.chat.failures.add("post", *[AWAY] * 60)
    owe(scene, "k", "hello")
    for _ in range(80):
        scene.clock.advance(60)
        scene.run()
    assert scene.chat.by_key("k").channel == "C0BI"
    assert PATIENCE > 24 * 60


def test_a_full_channel_is_waited_for_without_looking_anything_up(scene: Scene) -> None:
    scene.chat.failures.add("post", *[LIMITED] * 20)
    owe(scene, "k", "hello")
    scene.run(59)
    assert scene.chat.posts == []
    scene.run(1)
    assert scene.chat.by_key("k").channel == "C0BI"
    assert scene.chat.finds == []


def test_a_full_channel_is_left_alone_until_slack_says_so_and_other_channels_are_not(scene: Scene) -> None:
    scene.chat.failures.add("post", LIMITED)
    for number in range(4):
        owe(scene, f"k{number}", "hello")
    owe(scene, "elsewhere", "hello", "#ops")
    scene.run()
    assert [shown.key for shown in scene.chat.posts] == ["elsewhere"]
    scene.run(2)
    assert len(scene.chat.posts) == 1
    scene.run(4)
    assert sorted(shown.key for shown in scene.chat.posts[1:]) == ["k0", "k1", "k2", "k3"]
    assert scene.chat.finds == []


def test_in_a_full_channel_headlines_go_before_replies_and_notices_last(scene: Scene) -> None:
    owe(scene, "parent", "hello")
    for number in range(5):
        owe(scene, f"burst{number}", "hello")
    owe(scene, "notice", "no alarm", can_wait=True)
    scene.run(0)
    owe(scene, "reply", "more", thread_key="parent")
    owe(scene, "loud", "escalated", thread_key="parent", broadcast=True)
    owe(scene, "headline", "alarm", thread_of="row")
    scene.run(6)
    assert [shown.key for shown in scene.chat.posts[5:]] == ["burst4", "loud", "headline", "reply", "notice"]


def test_an_update_that_is_limited_comes_later(scene: Scene) -> None:
    owe(scene, "k", "one")
    scene.run(2)
    scene.chat.failures.add("update", LIMITED)
    owe(scene, "k", "two")
    scene.run(3)
    assert scene.chat.by_key("k").message == say("two")


def test_a_message_its_channel_refuses_goes_to_the_default_channel(scene: Scene) -> None:
    scene.chat.failures.add("post", REFUSED)
    owe(scene, "k", "hello")
    scene.run()
    shown = scene.chat.by_key("k")
    assert shown.channel == "C0OPS"
    assert f"Meant for #bi: {REFUSED.message}" in texts(shown.message)


def test_a_channel_that_does_not_exist_sends_its_messages_to_the_default_channel(scene: Scene) -> None:
    owe(scene, "parent", "hello", channel="#gone")
    owe(scene, "reply", "and more", channel="#gone", thread_key="parent")
    scene.run(2)
    assert scene.chat.by_key("parent").channel == "C0OPS"
    assert [reply.key for reply in scene.chat.thread("parent")] == ["reply"]


def test_what_the_default_channel_refuses_too_is_given_up_and_stays_so(scene: Scene) -> None:
    scene.chat.failures.add("post", REFUSED, REFUSED)
    owe(scene, "k", "hello")
    scene.run()
    assert state(scene, "k") == GIVEN_UP
    owe(scene, "k", "an update of nothing")
    scene.run(20)
    assert state(scene, "k") == GIVEN_UP
    assert scene.chat.updates == 0


def test_an_update_that_is_refused_leaves_the_message_and_later_updates_work(scene: Scene) -> None:
    owe(scene, "k", "one")
    scene.run(2)
    scene.chat.failures.add("update", REFUSED)
    owe(scene, "k", "two")
    scene.run(2)
    owe(scene, "k", "three")
    scene.run(2)
    assert scene.chat.by_key("k").message == say("three")


def test_a_reply_waits_for_its_parent_and_lands_in_its_thread(scene: Scene) -> None:
    scene.chat.failures.add("post", AWAY)
    owe(scene, "parent", "hello")
    owe(scene, "reply", "and more", thread_key="parent")
    scene.run(3)
    assert [reply.message for reply in scene.chat.thread("parent")] == [say("and more")]


def test_a_reply_waits_longer_between_looks_the_longer_its_parent_takes(scene: Scene) -> None:
    owe(scene, "reply", "and more", thread_key="parent")
    scene.engine.add(NewRow(kind="post", key="parent", state=OWED, body={}, due_at=None))
    looks = 0
    while scene.clock.now() < scene.store.rows("post")[-1].created_at + 600:
        scene.clock.advance(1)
        looks += scene.engine.run_due()
    assert looks < 200


def test_a_reply_to_a_parent_that_was_given_up_is_said_all_the_same(scene: Scene) -> None:
    scene.chat.failures.add("post", REFUSED, REFUSED)
    owe(scene, "parent", "hello")
    owe(scene, "reply", "and more", thread_key="parent")
    scene.run(2)
    assert scene.chat.by_key("reply").thread_ts == ""


def test_a_whisper_goes_to_one_person(scene: Scene) -> None:
    owe_whisper(scene)
    scene.run()
    (said,) = scene.chat.whispers
    assert (said.channel, said.user, said.message) == ("C0BI", "U0ALICE", say("psst"))


def test_a_whisper_answers_through_the_response_url(scene: Scene) -> None:
    owe_whisper(scene, response_url="https://hooks.slack.example.com/x")
    scene.run()
    (said,) = scene.chat.whispers
    assert said.response_url == "https://hooks.slack.example.com/x"


def test_a_response_url_that_has_expired_is_replaced_by_a_whisper(scene: Scene) -> None:
    scene.chat.failures.add("respond", UpstreamError("status 404"))
    owe_whisper(scene, response_url="https://hooks.slack.example.com/x")
    scene.run()
    assert scene.chat.whispers[0].user == "U0ALICE"


def test_a_whisper_in_a_thread_goes_there_and_through_the_response_url_only_where_the_bot_is_not(scene: Scene) -> None:
    owe_whisper(scene, response_url="https://hooks.slack.example.com/x", thread_ts="1.0001")
    scene.run()
    (said,) = scene.chat.whispers
    assert (said.thread_ts, said.response_url) == ("1.0001", "")
    scene.chat.failures.add("whisper", REFUSED)
    new = whisper(
        "w2", "#bi", "U0ALICE", say("psst"), response_url="https://hooks.slack.example.com/x", thread_ts="1.1"
    )
    scene.engine.add(new)
    scene.run()
    assert scene.chat.whispers[-1].response_url == "https://hooks.slack.example.com/x"


def test_a_whisper_ends_with_the_address_of_the_message_it_is_about(scene: Scene) -> None:
    owe_whisper(scene, link="card")
    owe(scene, "card", "the plan")
    scene.run(1)
    (said,) = scene.chat.whispers
    assert said.message.text == f"psst https://slack.example.com/C0BI/p{scene.chat.by_key('card').ts}"


def test_a_whisper_nobody_takes_is_never_shown_to_a_whole_channel(scene: Scene) -> None:
    scene.chat.failures.add("whisper", REFUSED)
    owe_whisper(scene)
    scene.run(20)
    assert scene.chat.posts == []
    assert state(scene, "w") == GIVEN_UP


@pytest.mark.parametrize("error", [REFUSED, NotFoundError("no channel")])
def test_a_look_up_that_is_refused_does_not_stop_the_message(scene: Scene, error: Exception) -> None:
    scene.chat.failures.add("post", AWAY)
    scene.chat.failures.add("find", error)
    owe(scene, "k", "hello")
    scene.run(5)
    assert state(scene, "k") == SHOWN
