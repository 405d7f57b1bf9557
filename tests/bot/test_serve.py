"""What an operator reads when the bot cannot start: one line, no traceback, and nothing was started."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.serve import _listen
from bot.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]


def serve(folder: Path, **variables: str) -> list[str]:
    """The lines that ``serve`` ends with, in an environment of its own; its Slack does not exist."""
    environment = {
        "SLACK_BOT_TOKEN": "x" * 8,
        "SLACK_APP_TOKEN": "y" * 8,
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "BOT_CONFIG_DIR": str(ROOT / "config"),
        "BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        "BOT_PORT": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "serve"],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    return ended.stderr.splitlines()


def a_file_that_is_no_database(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("no database, only some words that are long enough to be taken for a header")
    return path


def below_a_file(folder: Path) -> Path:
    return a_file_that_is_no_database(folder) / "bot.db"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (lambda folder: folder, "unable to open database file"),
        (a_file_that_is_no_database, "file is not a database"),
        (below_a_file, "File exists"),
        (lambda folder: Path("/proc/runbook/bot.db"), "No such file or directory"),
    ],
    ids=["a directory", "no database", "below a file", "nowhere"],
)
def test_a_store_that_cannot_be_opened_is_one_line(tmp_path: Path, place: Callable[[Path], Path], reason: str) -> None:
    lines = serve(tmp_path, BOT_DATABASE_URL=f"sqlite:///{place(tmp_path)}")
    assert lines == [f"environment:0: BOT_DATABASE_URL: cannot be opened: {reason}"]


def test_a_store_that_another_bot_has_is_one_line(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "bot.db")
    lines = serve(tmp_path)
    store.close()
    expected = "another runbook-bot is using bot.db; one process at a time may"
    assert lines == [f"environment:0: BOT_DATABASE_URL: {expected}"]


def test_a_port_that_is_taken_is_one_line_and_the_store_was_not_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        lines = serve(tmp_path, BOT_PORT=port)
    assert lines == [f"environment:0: BOT_PORT: port {port} cannot be listened on: Address already in use"]
    assert list(tmp_path.iterdir()) == []


def test_answers_in_two_pieces_do_not_wait_for_the_other_side() -> None:
    with _listen(0) as listening:
        address = ("127.0.0.1", listening.getsockname()[1])
        with socket.create_connection(address, timeout=5):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_authorities_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    missing = serve(tmp_path, BOT_CA_FILE=str(tmp_path / "ca.pem"))
    assert missing == ["environment:0: BOT_CA_FILE: cannot be read: No such file or directory"]
    empty = serve(tmp_path, BOT_CA_FILE=str(a_file_that_is_no_database(tmp_path)))
    assert empty == ["environment:0: BOT_CA_FILE: holds no certificates in PEM form"]


def test_an_address_of_pagerduty_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    lines = serve(tmp_path, PAGERDUTY_EVENTS_URL="http://127.0.0.1:9")
    assert lines == ["environment:0: PAGERDUTY_EVENTS_URL: must be an https address"]
