from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bot.aws.errors import NotPermittedError
from bot.aws.secrets import Secrets
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Credentials
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

NAME = "arbor/production/db"
HIDDEN = "hidden" + "0815" * 3


def answer(value: Any) -> dict[str, Any]:
    return {"Name": NAME, "SecretString": value if isinstance(value, str) else json.dumps(value)}


def test_what_rds_writes_is_read(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    written = {"engine": "postgres", "host": "db.example.com", "port": 5433, "username": "arbor_user"}
    aws.on("GetSecretValue", answer({**written, "password": HIDDEN, "dbname": "arbor_production"}))
    found = Secrets(sessions).credentials(account, NAME)
    assert found == Credentials(NAME, HIDDEN, "arbor_user", "db.example.com", 5433, "arbor_production")
    assert aws.calls == [("GetSecretValue", {"SecretId": NAME})]


def test_the_password_shows_nowhere(
    aws: ScriptedAws, sessions: Sessions, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    aws.on("GetSecretValue", answer({"username": "u", "password": HIDDEN}))
    found = Secrets(sessions).credentials(account, NAME)
    assert found.password == HIDDEN
    assert HIDDEN not in f"{found!r} {found} {caplog.text}"


@pytest.mark.parametrize("value", [HIDDEN, "12345", '"quoted"', "[1]", "{broken"])
def test_a_text_that_is_no_object_is_a_password(
    aws: ScriptedAws, sessions: Sessions, account: Account, value: str
) -> None:
    aws.on("GetSecretValue", answer(value))
    assert Secrets(sessions).credentials(account, NAME) == Credentials(NAME, value)


@pytest.mark.parametrize("port", ["x", None, -1, 1234567, [5432]])
def test_a_port_that_is_none_is_left_out(aws: ScriptedAws, sessions: Sessions, account: Account, port: Any) -> None:
    aws.on("GetSecretValue", answer({"host": "h", "port": port, "password": ["no", "text"]}))
    assert Secrets(sessions).credentials(account, NAME) == Credentials(NAME, host="h")


def test_a_secret_that_is_not_there_is_said(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("GetSecretValue", Refusal("ResourceNotFoundException", "Secrets Manager can't find it."))
    with pytest.raises(NotFoundError, match=f"Secrets Manager has no secret {NAME} in us-east-1"):
        Secrets(sessions).credentials(account, NAME)


def test_a_secret_of_bytes_is_said(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("GetSecretValue", {"Name": NAME, "SecretBinary": "AAE="})
    with pytest.raises(NotFoundError, match=f"The secret {NAME} holds no text"):
        Secrets(sessions).credentials(account, NAME)


def test_the_permission_that_is_missing_is_named(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("GetSecretValue", Refusal("AccessDeniedException", "no"))
    with pytest.raises(NotPermittedError) as raised:
        Secrets(sessions).credentials(account, NAME)
    assert raised.value.action == "secretsmanager:GetSecretValue"


def test_a_secret_that_is_being_deleted_is_aws_refusal(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("GetSecretValue", Refusal("InvalidRequestException", "it was marked for deletion"))
    with pytest.raises(UpstreamError, match="marked for deletion"):
        Secrets(sessions).credentials(account, NAME)
