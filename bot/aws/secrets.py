"""Values of the secrets that steps name: the only place that reads one.

A value goes nowhere but into the connection it opens: no ``repr`` shows it, and no error quotes it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Credentials

READ_SECONDS = 3.0
"""A playbook waits ten seconds for all of a step, of which this is the beginning."""


class Secrets:
    """Secrets of AWS Secrets Manager as what they open."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def credentials(self, account: Account, secret: str) -> Credentials:
        """A secret by name or ARN: a password, or JSON with host, port, username, password and dbname as RDS has it.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
        Raises NotFoundError when there is none of that name, UpstreamError when it may not be read.
        """
        parts = secret.split(":")
        if secret.startswith("arn:") and len(parts) > 3:
            account = replace(account, region=parts[3] or account.region)
        client = self._sessions.client(account, "secretsmanager", repeat=False, read_timeout=READ_SECONDS)
        try:
            value = ask(client, "get_secret_value", SecretId=secret).get("SecretString")
        except UpstreamError as error:
            if error.code == "ResourceNotFoundException":
                raise NotFoundError(f"Secrets Manager has no secret {secret} in {account.region}.") from None
            raise
        if not value:
            raise NotFoundError(f"The secret {secret} holds no text.")
        return _read(secret, value)


def _read(secret: str, value: str) -> Credentials:
    try:
        told = json.loads(value)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        # A password alone; that of digits is JSON too.
        return Credentials(secret, password=value.strip())
    port = _text(told, "port")
    return Credentials(
        secret,
        password=_text(told, "password", "auth_token", "authToken"),
        user=_text(told, "username", "user"),
        host=_text(told, "host", "endpoint"),
        port=int(port) if port.isdecimal() and len(port) <= 5 else 0,
        database=_text(told, "dbname", "database"),
    )


def _text(told: dict[str, Any], *keys: str) -> str:
    found = next((told[key] for key in keys if isinstance(told.get(key), str | int)), "")
    return str(found)
