"""Variables: defaults, lists, and messages that never repeat a value."""

from __future__ import annotations

import pytest

from bot.errors import ConfigError
from bot.settings import EnvironmentVariables, SnsTopic, read_environment, routing_key

TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:alarms"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in EnvironmentVariables.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


def test_everything_has_a_default_and_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT", "")
    variables = read_environment()
    assert (variables.bot_port, variables.bot_config_dir) == (8080, "config")
    assert variables.bot_database_url == "sqlite:///data/runbook-bot.db"
    assert variables.slack_api_url == "https://slack.com/api/"
    assert [problem.key for problem in variables.missing_for_serving()] == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]


def test_an_app_token_means_socket_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "b" * 8)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "s" * 8)
    assert not read_environment().socket_mode and not read_environment().missing_for_serving()
    monkeypatch.setenv("SLACK_APP_TOKEN", "a" * 8)
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    variables = read_environment()
    assert variables.socket_mode and not variables.missing_for_serving()
    assert "a" * 8 not in repr(variables) and "b" * 8 not in str(variables)


def test_queues_and_topics_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_SQS_QUEUE_URLS", "http://q/1, http://q/2,")
    monkeypatch.setenv("BOT_SNS_TOPICS", f"{TOPIC}=2,{TOPIC}-old")
    variables = read_environment()
    assert variables.bot_sqs_queue_urls == ("http://q/1", "http://q/2")
    assert variables.bot_sns_topics == (SnsTopic(TOPIC, "2"), SnsTopic(f"{TOPIC}-old", None))


def test_all_wrong_variables_are_named_and_none_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOT_PORT", "BOT_SNS_TOPICS", "BOT_DATABASE_URL", "BOT_HTTP_PROXY", "SLACK_API_URL"):
        monkeypatch.setenv(name, "hunter" + "2")
    with pytest.raises(ConfigError) as caught:
        read_environment()
    lines = str(caught.value).splitlines()
    assert sorted(line.split(": ")[1] for line in lines) == [
        "BOT_DATABASE_URL",
        "BOT_HTTP_PROXY",
        "BOT_PORT",
        "BOT_SNS_TOPICS",
        "SLACK_API_URL",
    ]
    assert "environment:0: BOT_HTTP_PROXY: must be an http or https address" in lines
    assert "hunter2" not in str(caught.value)


def test_a_system_may_have_its_own_routing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEY", "shared")
    monkeypatch.setenv("BI_ROUTING_KEY", "own")
    assert routing_key("").get_secret_value() == "shared"
    assert routing_key("BI_ROUTING_KEY").get_secret_value() == "own"
    assert routing_key("NOBODYS_KEY").get_secret_value() == ""


def test_githubs_token_is_kept_secret_and_sent_only_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "t" * 20
    monkeypatch.setenv("GITHUB_TOKEN", token)
    variables = read_environment()
    assert variables.github_token.get_secret_value() == token and token not in repr(variables)
    assert variables.github_api_url == "https://api.github.com"
    monkeypatch.setenv("GITHUB_API_URL", "http://github.example.com/api/v3")
    with pytest.raises(ConfigError, match="GITHUB_API_URL: must be an https address"):
        read_environment()


def test_secrets_of_webhooks_are_separated_by_commas_while_one_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_environment().pagerduty_webhook_secret == ()
    old, new = "o" * 20, "n" * 20
    monkeypatch.setenv("PAGERDUTY_WEBHOOK_SECRET", f"{old}, {new},")
    variables = read_environment()
    assert [secret.get_secret_value() for secret in variables.pagerduty_webhook_secret] == [old, new]
    assert old not in repr(variables) and new not in repr(variables)


def test_a_heartbeats_address_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_environment().bot_heartbeat_url.get_secret_value() == ""
    monkeypatch.setenv("BOT_HEARTBEAT_URL", "https://watchdog.example.com/ping/" + "1" * 8)
    variables = read_environment()
    assert variables.bot_heartbeat_url.get_secret_value().endswith("1" * 8) and "watchdog" not in repr(variables)


@pytest.mark.parametrize("sender", ["bot@example.com", "Runbook bot <bot@example.com>"])
def test_the_sender_of_mails_is_an_address(monkeypatch: pytest.MonkeyPatch, sender: str) -> None:
    monkeypatch.setenv("BOT_MAIL_FROM", sender)
    assert read_environment().bot_mail_from == sender


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BOT_MAIL_FROM", "bot", "must be a mail address"),
        ("BOT_MAIL_FROM", "bot@example.com\nBcc: x@example.com", "must be a mail address"),
        ("BOT_MAIL_FROM", "a@example.com, b@example.com", "must be a mail address"),
        ("BOT_IMAGES_BUCKET", "s3://pictures", "must be the name of an S3 bucket"),
        ("BOT_IMAGES_BUCKET", "Pictures", "must be the name of an S3 bucket"),
        ("BOT_HEARTBEAT_URL", "watchdog.example.com", "must be an http or https address"),
    ],
)
def test_what_is_no_sender_bucket_or_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name}: {said}"):
        read_environment()
