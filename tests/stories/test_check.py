"""``check --aws`` as an operator runs it, beside the bot that serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.app_environment import without_foreign_settings
from tests.stories.town import Town

pytestmark = pytest.mark.story

ROOT = Path(__file__).parents[2]


def check(town: Town, **variables: str) -> tuple[int, list[str]]:
    """The exit status and the lines; nothing may go to standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--aws"],
        cwd=ROOT,
        # The stories' own configuration has a system that AWS does not know; this is about the shipped one.
        env=without_foreign_settings(os.environ) | town.sandbox.env | {"BOT_CONFIG_DIR": "config"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout.splitlines()


def test_in_the_sandbox_everything_named_exists_and_may_be_used(town: Town) -> None:
    status, lines = check(town)
    assert status == 0, lines
    assert [line.partition(":")[0] for line in lines] == ["Everything named exists and may be used"]


def test_every_door_that_is_shut_is_one_line(town: Town) -> None:
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/elsewhere"
    topic = "arn:aws:sns:us-east-1:123456789012:elsewhere"
    town.fault("slack", "apps.connections.open", "invalid_auth")
    assert check(town, BOT_SQS_QUEUE_URLS=queue, BOT_SNS_TOPICS=topic) == (
        1,
        [
            f"environment:0: BOT_SNS_TOPICS: the topic {topic} does not exist",
            f"environment:0: BOT_SQS_QUEUE_URLS: the queue {queue} does not exist",
            "environment:0: SLACK_APP_TOKEN: socket mode could not be checked: Slack refused apps.connections.open: "
            "the app token is not valid (SLACK_APP_TOKEN).",
        ],
    )


def test_a_slack_that_cannot_be_reached_is_a_line_a_token(town: Town) -> None:
    status, lines = check(town, SLACK_API_URL="http://127.0.0.1:9/api/")
    assert (status, [line.split(": ")[1] for line in lines]) == (1, ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"])
    assert all("Slack cannot be reached" in line for line in lines)
