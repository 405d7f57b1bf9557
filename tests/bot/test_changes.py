"""Change events owed to PagerDuty: told with the address of their message, however long PagerDuty is away."""

from __future__ import annotations

from bot.changes import GIVEN_UP, LINK_SECONDS, PATIENCE, TOLD, Changes, change
from bot.errors import UpstreamError
from bot.ports import Message
from bot.posts import post
from tests.fakes import NOON
from tests.scene import Scene

AWAY = UpstreamError("PagerDuty could not be reached.", retryable=True)
REFUSED = UpstreamError("PagerDuty answered 400: Event object is invalid", code="400")
CARD = "op:1:card"
DETAILS = {"by": "alice", "version": "v2"}


def owe(scene: Scene, thread_key: str = CARD) -> None:
    at = scene.clock.now()
    scene.engine.add(change("op:1:change", "BI_KEY", "Deployed v2 to bi/api production", DETAILS, thread_key, at))


def show_card(scene: Scene) -> None:
    scene.engine.add(post(CARD, "#bi", Message(text="card")))


def state(scene: Scene) -> str:
    row = scene.store.by_key(Changes.kind, "op:1:change")
    assert row is not None
    return row.state


def test_a_change_is_told_once_with_the_address_of_its_message(scene: Scene) -> None:
    show_card(scene)
    owe(scene)
    scene.run(3)
    shown = scene.chat.by_key(CARD)
    link = f"https://slack.example.com/C0BI/p{shown.ts}"
    assert scene.pager.changes == [("BI_KEY", "Deployed v2 to bi/api production", DETAILS, link, NOON)]
    owe(scene)
    scene.run(60)
    assert (len(scene.pager.changes), state(scene)) == (1, TOLD)


def test_it_waits_a_while_for_the_message_it_links_to(scene: Scene) -> None:
    owe(scene)
    scene.run(2)
    assert scene.pager.changes == []
    show_card(scene)
    scene.run(2)
    assert scene.pager.changes[0][3].startswith("https://slack.example.com/")


def test_without_its_message_it_is_told_all_the_same(scene: Scene) -> None:
    owe(scene)
    scene.run(int(LINK_SECONDS) + 1)
    assert (scene.pager.changes[0][3], scene.pager.changes[0][4]) == ("", NOON)


def test_a_change_without_a_message_waits_for_none(scene: Scene) -> None:
    owe(scene, thread_key="")
    scene.run()
    assert scene.pager.changes[0][3] == ""


def test_a_slack_that_tells_no_address_holds_nothing_up(scene: Scene) -> None:
    show_card(scene)
    scene.run(2)
    scene.chat.failures.add("permalink", UpstreamError("Slack refused: message_not_found."))
    owe(scene)
    scene.run()
    assert scene.pager.changes[0][3] == ""


def test_an_hour_without_pagerduty_loses_nothing(scene: Scene) -> None:
    scene.pager.failures.add("change", *[AWAY] * 50)
    owe(scene, thread_key="")
    scene.run(3_600)
    assert [each[4] for each in scene.pager.changes] == [NOON]
    assert PATIENCE > 24 * 60


def test_a_lost_answer_tells_it_again_since_nothing_can_be_looked_up(scene: Scene) -> None:
    scene.pager.lost_answers.add("change", AWAY)
    owe(scene, thread_key="")
    scene.run(10)
    assert (len(scene.pager.changes), state(scene)) == (2, TOLD)


def test_a_change_that_pagerduty_refuses_is_given_up(scene: Scene) -> None:
    scene.pager.failures.add("change", REFUSED)
    owe(scene, thread_key="")
    scene.run(60)
    assert (scene.pager.changes, state(scene)) == ([], GIVEN_UP)


def test_a_deployment_is_told_when_aws_was_told(scene: Scene) -> None:
    row_id = scene.deploy()
    scene.run(3)
    ((_, summary, details, link, _),) = scene.pager.changes
    row, operation = scene.operation()
    assert operation.plan is not None and summary == operation.plan.title
    assert (details["operation"], details["asked by"]) == (row_id, "alice")
    assert link == f"https://slack.example.com/C0BI/p{scene.card(row.id).ts}"
