from __future__ import annotations

import threading
from typing import Any

import pytest

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from tests.bot.aws.scripted_aws import LostAnswer, ScriptedAws, assumed

ROLE = "arn:aws:iam::210987654321:role/runbook-bot"
OTHER = Account("us-east-1", ROLE, "shared-word")


@pytest.fixture
def listing(aws: ScriptedAws) -> ScriptedAws:
    aws.on("ListClusters", {"clusterArns": []})
    return aws


def test_every_thread_gets_the_same_client(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(sessions.client(account, "ecs"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in found}) == 1


def test_regions_roles_and_services_have_clients_of_their_own(sessions: Sessions) -> None:
    accounts = [Account("us-east-1"), Account("eu-west-1"), OTHER, Account("us-east-1", ROLE, "another")]
    clients = {id(sessions.client(account, service)) for account in accounts for service in ("ecs", "logs")}
    assert len(clients) == 8


def test_clients_are_asked_for_few_seconds_and_tries() -> None:
    config = Sessions().client(Account("us-east-1"), "ecs").meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3, 10, 32)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_a_long_poll_may_read_for_longer(sessions: Sessions, account: Account) -> None:
    assert sessions.client(account, "sqs", read_timeout=25).meta.config.read_timeout == 25
    assert sessions.client(account, "sqs").meta.config.read_timeout == 10


def test_calls_say_who_is_calling(listing: ScriptedAws, sessions: Sessions, account: Account) -> None:
    ask(sessions.client(account, "ecs"), "list_clusters")
    assert "runbook-bot" in listing.agents[0]


def test_a_read_whose_answer_was_lost_is_repeated(aws: ScriptedAws, account: Account) -> None:
    answers: list[Any] = [LostAnswer(), {"clusterArns": []}]
    aws.on("ListClusters", lambda _: answers.pop(0))
    ask(Sessions(attempts=2).client(account, "ecs"), "list_clusters")
    assert len(aws.asked("ListClusters")) == 2


def test_a_role_is_assumed_once_with_its_external_id(listing: ScriptedAws, sessions: Sessions) -> None:
    listing.on("AssumeRole", assumed(minutes=60))
    client = sessions.client(OTHER, "ecs")
    assert listing.asked("AssumeRole") == []
    for _ in range(3):
        ask(client, "list_clusters")
    ask(sessions.client(OTHER, "ecs", repeat=False), "list_clusters")
    (asked,) = listing.asked("AssumeRole")
    assert (asked["RoleArn"], asked["ExternalId"]) == (ROLE, "shared-word")
    assert asked["RoleSessionName"] == "runbook-bot"


def test_a_role_whose_credentials_run_out_is_assumed_again(listing: ScriptedAws, sessions: Sessions) -> None:
    listing.on("AssumeRole", assumed(minutes=5))
    client = sessions.client(OTHER, "ecs")
    ask(client, "list_clusters")
    listing.on("AssumeRole", assumed(minutes=60))
    ask(client, "list_clusters")
    ask(client, "list_clusters")
    assert len(listing.asked("AssumeRole")) == 2


def test_a_role_that_may_not_be_assumed_is_named(aws: ScriptedAws, sessions: Sessions) -> None:
    aws.on("AssumeRole", denied_role())
    with pytest.raises(UpstreamError) as caught:
        ask(sessions.client(OTHER, "ecs"), "list_clusters")
    expected = f"AWS denied sts:AssumeRole on {ROLE}; give the bot's role this permission."
    assert str(caught.value) == expected


def denied_role() -> Any:
    text = f"User: arn:aws:iam::123456789012:user/bot is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    return (
        403,
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
        f"<Message>{text}</Message></Error><RequestId>1</RequestId></ErrorResponse>",
    )
