"""A pretend Slack for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.slack.slack_parts import Slack, running


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as slack:
        yield slack


@pytest.fixture
def impatient() -> Iterator[Slack]:
    """Gives the app a moment only, so that a test sees what happens after Slack's three seconds."""
    with running(patience=0.5) as slack:
        yield slack


@pytest.fixture(scope="module")
def shared() -> Iterator[Slack]:
    """For the tests that change nothing."""
    with running() as slack:
        yield slack
