"""Credentials that open nothing, and clients that try once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.aws.session import Sessions
from bot.domain import Account, Target
from tests.bot.aws.scripted_aws import ScriptedAws, a_target


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, and no files of whoever runs the tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAws]:
    """An AWS that says what the test tells it to."""
    scripted = ScriptedAws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", scripted.url)
    yield scripted
    scripted.close()


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    """Clients that try once, so that no test waits for a second try."""
    shared = Sessions(attempts=1)
    yield shared
    shared.close()


@pytest.fixture
def account() -> Account:
    return Account("us-east-1")


@pytest.fixture
def target() -> Target:
    return a_target()
