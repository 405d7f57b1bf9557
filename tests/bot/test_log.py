"""One JSON line an event, without secrets, and libraries only when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

SETUP = "import logging; from bot.log import configure; configure(); "


def lines(code: str) -> list[dict[str, object]]:
    """What a process of its own logs; pytest has handlers of its own on the root logger."""
    ran = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, check=True, timeout=30)
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_an_event_is_one_line_with_its_row() -> None:
    (line,) = lines("logging.getLogger('bot').info('moved\\nand more', extra={'row': 'abc', 'to': 'done'})")
    assert (line["event"], line["row"], line["to"], line["level"]) == ("moved\nand more", "abc", "done", "info")


def test_a_secret_never_reaches_the_log() -> None:
    token = "xoxb-" + "1234567890-" * 2 + "abcdefghijkl"
    found = lines(f"logging.getLogger('bot').warning('token %s', {token!r}, extra={{'error': 'Bearer ' + {token!r}}})")
    assert len(found) == 1
    assert token not in json.dumps(found)


def test_libraries_are_quiet_until_something_is_wrong() -> None:
    found = lines(
        "logging.getLogger('slack_bolt.RequestVerification').info('the whole body');"
        "logging.getLogger('uvicorn.error').info('Started'); logging.getLogger('uvicorn.error').error('broken')"
    )
    assert [line["event"] for line in found] == ["broken"]
