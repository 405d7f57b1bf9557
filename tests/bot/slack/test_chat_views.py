"""Opening and changing modals, against the pretend Slack over the wire: what it refuses is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack
from slack_sdk.errors import SlackApiError

from bot.clock import SystemClock
from bot.errors import BotError, ConflictError, UpstreamError
from bot.slack.chat import SlackChat
from bot.slack.transport import PooledWebClient
from tests.sandbox.slack.slack_parts import BOT_TOKEN, Slack, bolt, running
from tests.waiting import until

VIEW: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Deploy"},
    "blocks": [{"type": "divider"}],
}
Trigger = Callable[[], str]


@pytest.fixture
def slack(request: pytest.FixtureRequest) -> Iterator[Slack]:
    """Its triggers live for ten seconds, or as long as a test says."""
    with running(patience=getattr(request, "param", 10.0)) as started:
        yield started


@pytest.fixture
def chat(slack: Slack) -> Iterator[SlackChat]:
    client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    yield SlackChat(client, SystemClock())
    client.close()


@pytest.fixture
def trigger(slack: Slack) -> Iterator[Trigger]:
    app = bolt(slack)
    given: list[str] = []

    @app.command("/ops")
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        given.append(body["trigger_id"])
        ack()

    def type_() -> str:
        assert slack.command("/ops")["ok"]
        return given[-1]

    with slack.connected(app):
        yield type_


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(BotError) as caught:
        call()
    return str(caught.value)


def test_a_modal_is_opened_and_changed_while_it_is_open(slack: Slack, chat: SlackChat, trigger: Trigger) -> None:
    view_id = chat.open_view(trigger(), VIEW)
    assert chat.update_view(view_id, VIEW | {"private_metadata": "x" * 3000}) is True
    (shown,) = slack.get("views", user="U0ALICE")["views"]
    assert (shown["id"], len(shown["private_metadata"])) == (view_id, 3000)
    assert slack.post("view", user="U0ALICE", view_id=view_id, action="close")["ok"]
    assert chat.update_view(view_id, VIEW) is False


def test_a_trigger_opens_one_modal(chat: SlackChat, trigger: Trigger) -> None:
    trigger_id = trigger()
    chat.open_view(trigger_id, VIEW)
    with pytest.raises(ConflictError, match="This form was opened before"):
        chat.open_view(trigger_id, VIEW)


@pytest.mark.parametrize("slack", [0.5], indirect=True)
def test_a_trigger_that_is_too_old_is_a_conflict(slack: Slack, chat: SlackChat, trigger: Trigger) -> None:
    trigger_id = trigger()
    # Pushing over nothing is refused without using the trigger up, and tells how old it is.
    until(lambda: pushed(slack, trigger_id) == "expired_trigger_id")
    with pytest.raises(ConflictError, match="Slack gives three seconds to open a form"):
        chat.open_view(trigger_id, VIEW)


def pushed(slack: Slack, trigger_id: str) -> str:
    with pytest.raises(SlackApiError) as caught:
        slack.web().views_push(trigger_id=trigger_id, view=VIEW)
    return str(caught.value.response["error"])


def test_a_view_beyond_slacks_limits_is_refused_with_its_place(chat: SlackChat, trigger: Trigger) -> None:
    too_long = VIEW | {"private_metadata": "x" * 3001}
    said = refusal(lambda: chat.open_view(trigger(), too_long))
    assert said == (
        "Slack refused views.open: invalid_arguments "
        "(must be less than 3001 characters [json-pointer:/view/private_metadata])."
    )


def test_slacks_bad_days_are_worth_another_try(slack: Slack, chat: SlackChat, trigger: Trigger) -> None:
    slack.post("fault", target="slack", operation="views.update", error="ratelimited", count=1)
    view_id = chat.open_view(trigger(), VIEW)
    with pytest.raises(UpstreamError) as caught:
        chat.update_view(view_id, VIEW)
    assert caught.value.retryable
    assert chat.update_view(view_id, VIEW) is True
