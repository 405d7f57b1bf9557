"""The environment variables of the bot: addresses, and the secrets that never stand in a file."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigError, Problem

_ENVIRONMENT = "environment"
_SNS_TOPIC = re.compile(r"(?P<arn>arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?)(?:=(?P<version>[12]))?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}"
_SENDER = re.compile(rf"{_ADDRESS}|[\w .'-]{{1,64}}<{_ADDRESS}>")


@dataclass(frozen=True)
class SnsTopic:
    """A topic the bot accepts messages from; ``signature_version`` is 1 or 2, or None for either."""

    arn: str
    signature_version: str | None = None


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _topics(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    topics = []
    for part in _split(value):
        match = _SNS_TOPIC.fullmatch(part)
        if match is None:
            raise ValueError("must be topic ARNs separated by commas, each as 'arn:aws:sns:...' or 'arn:aws:sns:...=2'")
        topics.append(SnsTopic(match["arn"], match["version"]))
    return tuple(topics)


def _http(value: Any) -> Any:
    if isinstance(value, str) and value and not re.match(r"https?://[^\s/]+", value):
        raise ValueError("must be an http or https address")
    return value


def _database(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"sqlite:///.+", value):
        raise ValueError("must be sqlite:/// and a path")
    return value


def _https(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"https://[^\s/]+", value):
        raise ValueError("must be an https address")
    return value


def _bucket(value: Any) -> Any:
    if isinstance(value, str) and value and not _BUCKET.fullmatch(value):
        raise ValueError("must be the name of an S3 bucket, without s3://")
    return value


def _sender(value: Any) -> Any:
    if isinstance(value, str) and value and not _SENDER.fullmatch(value):
        raise ValueError("must be a mail address, as bot@example.com or 'Runbook bot <bot@example.com>'")
    return value


HttpsUrl = Annotated[str, BeforeValidator(_https)]
HttpUrl = Annotated[str, BeforeValidator(_http)]


class EnvironmentVariables(BaseSettings):
    """What the environment says. Field names are those of the variables, in small letters."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr = Field(default=SecretStr(""), description="Bot token (xoxb-...).")
    slack_app_token: SecretStr = Field(default=SecretStr(""), description="App token (xapp-...); with it, Socket Mode.")
    slack_signing_secret: SecretStr = Field(default=SecretStr(""), description="Checks Slack's HTTP requests.")
    slack_api_url: HttpUrl = Field(default="https://slack.com/api/", description="Base address of Slack's Web API.")
    aws_endpoint_url: HttpUrl = Field(default="", description="Address of AWS, where it is not Amazon's own.")
    bot_config_dir: str = Field(default="config", description="Directory of the YAML files.")
    bot_database_url: Annotated[str, BeforeValidator(_database)] = Field(
        default="sqlite:///data/runbook-bot.db", description="The store: sqlite:/// and a path."
    )
    bot_port: int = Field(default=8080, ge=0, le=65535, description="Port of the HTTP server; 0 takes a free one.")
    bot_sqs_queue_urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(), description="Queues with alarms, separated by commas."
    )
    bot_sns_topics: Annotated[tuple[SnsTopic, ...], NoDecode, BeforeValidator(_topics)] = Field(
        default=(), description="Topics accepted at /sns; '=2' after an ARN accepts only that signature version."
    )
    bot_http_proxy: HttpUrl = Field(
        default="", description="Proxy for health, certificate, heartbeat, PagerDuty and GitHub calls."
    )
    bot_vpc_proxy: HttpUrl = Field(
        default="", description="Proxy that reaches the private addresses of tasks; left out, they are asked directly."
    )
    bot_ca_file: str = Field(default="", description="Certificate authorities (PEM) trusted for those calls.")
    pagerduty_routing_key: SecretStr = Field(default=SecretStr(""), description="Default PagerDuty routing key.")
    pagerduty_events_url: HttpsUrl = Field(
        default="https://events.pagerduty.com", description="Base address of PagerDuty's Events API."
    )
    pagerduty_api_url: HttpUrl = Field(
        default="https://api.pagerduty.com", description="Base address of PagerDuty's REST API."
    )
    pagerduty_webhook_secret: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(),
        description="Secrets that sign PagerDuty's webhooks, separated by commas; without one none is taken.",
    )
    bot_images_bucket: Annotated[str, BeforeValidator(_bucket)] = Field(
        default="", description="S3 bucket for pictures that PagerDuty shows; without one it shows none."
    )
    bot_mail_from: Annotated[str, BeforeValidator(_sender)] = Field(
        default="", description="Sender of mails, verified in SES; without one no mail is sent."
    )
    bot_heartbeat_url: Annotated[SecretStr, BeforeValidator(_http)] = Field(
        default=SecretStr(""), description="Asked every minute while all is well, so that somebody notices when not."
    )
    github_token: SecretStr = Field(default=SecretStr(""), description="Starts and watches GitHub Actions builds.")
    github_api_url: HttpsUrl = Field(default="https://api.github.com", description="Base address of GitHub's REST API.")

    @property
    def socket_mode(self) -> bool:
        """True when an app token is given; otherwise Slack comes in over HTTP."""
        return bool(self.slack_app_token.get_secret_value())

    @property
    def heartbeat_url(self) -> str:
        """The watchdog's address in plain; empty when there is none."""
        return self.bot_heartbeat_url.get_secret_value()

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets of PagerDuty's webhooks in plain."""
        return tuple(secret.get_secret_value() for secret in self.pagerduty_webhook_secret)

    def missing_for_serving(self) -> list[Problem]:
        """The variables without which ``serve`` could not talk to Slack, and the file it could not trust."""
        missing = []
        if not self.slack_bot_token.get_secret_value():
            missing.append(Problem(_ENVIRONMENT, 0, "SLACK_BOT_TOKEN", "is not set"))
        if not self.socket_mode and not self.slack_signing_secret.get_secret_value():
            message = "is not set; give SLACK_APP_TOKEN for Socket Mode, or this one for HTTP"
            missing.append(Problem(_ENVIRONMENT, 0, "SLACK_SIGNING_SECRET", message))
        untrusted = _wrong_with_authorities(self.bot_ca_file) if self.bot_ca_file else ""
        if untrusted:
            missing.append(Problem(_ENVIRONMENT, 0, "BOT_CA_FILE", untrusted))
        return missing

    def require_for_serving(self) -> None:
        """Raise ConfigError with all that is missing."""
        missing = self.missing_for_serving()
        if missing:
            raise ConfigError(missing)


def _wrong_with_authorities(path: str) -> str:
    try:
        ssl.create_default_context().load_verify_locations(cafile=path)
    except ssl.SSLError:
        return "holds no certificates in PEM form"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""


def read_environment() -> EnvironmentVariables:
    """Read the process's environment. Raises ConfigError; no value is ever part of a message."""
    try:
        return EnvironmentVariables()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ConfigError([_problem(details) for details in found]) from None


def _problem(details: Any) -> Problem:
    key = str(details["loc"][0]).upper()
    message = str(details.get("ctx", {}).get("error") or details["msg"])
    return Problem(_ENVIRONMENT, 0, key, message[:1].lower() + message[1:])


def routing_key(variable: str) -> SecretStr:
    """The PagerDuty routing key in the variable that a system names; empty when it is not set.

    An empty name stands for PAGERDUTY_ROUTING_KEY.
    """
    return SecretStr(os.environ.get(variable or "PAGERDUTY_ROUTING_KEY", ""))
