"""What the check learns of a workspace, from the pretend Slack over the wire, and what it says where Slack does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import UpstreamError
from bot.probes import Channel
from bot.slack.survey import Survey
from bot.slack.transport import PooledWebClient
from tests.bot.servers import closed_port
from tests.sandbox.slack.slack_parts import APP_TOKEN, BOT_TOKEN, Slack, running


class Waits(list[float]):
    """The pauses that were made, none of which took any time."""


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as started:
        yield started


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def survey(slack: Slack, waits: Waits) -> Iterator[Survey]:
    client = PooledWebClient(token=BOT_TOKEN, base_url=f"{slack.server.url}/api/")
    yield Survey(client, waits.append)
    client.close()


def test_channels_are_known_by_name_and_by_id_and_archived_ones_too(slack: Slack, survey: Survey) -> None:
    slack.http.post("/client/channel", json={"channel": "ops", "is_archived": True})
    slack.http.post("/client/channel", json={"channel": "general", "is_member": False})
    found = survey.channels()
    assert found["#ops"] == found["C0OPS"] == Channel(is_archived=True)
    assert found["#general"] == Channel(is_member=False)
    assert found["#bi-platform"] == Channel()


def test_user_groups_and_scopes_are_listed(survey: Survey) -> None:
    assert survey.user_groups() == {"S0ONCALL": "oncall", "S0ADMINS": "sre-admins"}
    assert {"chat:write", "usergroups:read"} <= set(survey.scopes())


def test_socket_mode_works_with_an_app_token_only(survey: Survey) -> None:
    survey.connect(APP_TOKEN)
    with pytest.raises(UpstreamError, match=r"apps\.connections\.open: this is no app-level token"):
        survey.connect(BOT_TOKEN)
    with pytest.raises(UpstreamError, match=r"the app token is not valid \(SLACK_APP_TOKEN\)"):
        survey.connect("x" * 8)


def test_a_token_slack_does_not_know_is_said_in_words(slack: Slack) -> None:
    client = PooledWebClient(token="x" * 8, base_url=f"{slack.server.url}/api/")
    with pytest.raises(UpstreamError) as caught:
        Survey(client).scopes()
    client.close()
    assert str(caught.value) == "Slack refused auth.test: the bot token is not valid (SLACK_BOT_TOKEN)."


def test_patience_is_had_once_and_not_for_long(slack: Slack, survey: Survey, waits: Waits) -> None:
    slack.faults.add("slack", "usergroups.list", "ratelimited", count=1, seconds=2)
    assert survey.user_groups()
    slack.faults.add("slack", "usergroups.list", "ratelimited", count=2, seconds=60)
    with pytest.raises(UpstreamError, match=r"Slack refused usergroups\.list: ratelimited\."):
        survey.user_groups()
    assert waits == [2.0, 5.0]


def test_an_answer_that_is_no_answer_of_slacks_is_its_status(slack: Slack, survey: Survey) -> None:
    slack.faults.add("slack", "auth.test", "503", count=1, seconds=None)
    with pytest.raises(UpstreamError, match=r"^Slack refused auth\.test: status 503\.$"):
        survey.scopes()


def test_a_connection_that_breaks_is_a_sentence(slack: Slack, survey: Survey) -> None:
    slack.faults.add("slack", "conversations.list", "disconnect", count=1, seconds=None)
    with pytest.raises(UpstreamError, match=r"^Slack cannot be reached \(conversations\.list\)\.$"):
        survey.channels()


def test_a_slack_that_is_not_there_is_a_sentence() -> None:
    with closed_port() as port:
        client = PooledWebClient(token=BOT_TOKEN, base_url=f"http://127.0.0.1:{port}/api/")
        with pytest.raises(UpstreamError, match=r"^Slack cannot be reached \(auth\.test\)\.$"):
            Survey(client).scopes()
        client.close()
