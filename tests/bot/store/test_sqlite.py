"""What only the SQLite store promises."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlite_utils

from bot.rows import NewRow
from bot.store.migrations import migrate
from bot.store.one_process import StoreBusyError
from bot.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# Adds rows, says so, and goes on adding until it is killed.
ADDER = """
import sys
from pathlib import Path
from bot.rows import NewRow, Signal
from bot.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
number = 0
while True:
    row, _ = store.add(NewRow(kind="job", key=str(number), state="s", body={}), 1.0, safe=number % 2 == 0)
    store.signal(row.id, Signal("go"), 1.0)
    store.claim(["job"], owner="dead", lease=1e9, limit=1, now=2.0)
    print(number, flush=True)
    number += 1
"""


def test_the_journal_is_a_write_ahead_log(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "rows.db")
    store.close()
    looked = sqlite3.connect(tmp_path / "rows.db")
    assert looked.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    looked.close()


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "a" / "b" / "rows.db").close()
    assert (tmp_path / "a" / "b" / "rows.db").exists()


def test_a_second_process_is_refused_in_a_sentence(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "rows.db")
    script = "import sys; from pathlib import Path; from bot.store.sqlite import SqliteStore\n"
    script += "from bot.store.one_process import StoreBusyError\n"
    script += "try: SqliteStore(Path(sys.argv[1]))\nexcept StoreBusyError as error: print(error)"
    command = [sys.executable, "-c", script, str(tmp_path / "rows.db")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT, timeout=60)
    assert said.stdout == "another runbook-bot is using rows.db; one process at a time may\n"
    store.close()


def test_a_store_that_was_closed_can_be_opened_again_with_all_it_held(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "rows.db")
    row, _ = store.add(NewRow(kind="job", key="k", state="s", body={"n": 1}), 1.0)
    with pytest.raises(StoreBusyError):
        SqliteStore(tmp_path / "rows.db")
    store.close()
    again = SqliteStore(tmp_path / "rows.db")
    assert again.get(row.id) == row
    again.close()


def test_migrations_run_twice_change_nothing(tmp_path: Path) -> None:
    database = sqlite_utils.Database(tmp_path / "rows.db")
    migrate(database)
    before = database.schema
    migrate(database)
    assert database.schema == before
    database.close()


def test_nothing_is_left_open_when_a_transaction_fails(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "rows.db")
    with pytest.raises(ValueError, match="serialize unknown type"):
        store.add(NewRow(kind="job", key="k", state="s", body={"n": object()}), 1.0)
    assert store.add(NewRow(kind="job", key="k", state="s", body={}), 1.0)[1]
    store.close()


def test_everything_said_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ADDER, str(tmp_path / "rows.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as adder:
        assert adder.stdout is not None
        said = [adder.stdout.readline().strip() for _ in range(30)]
        adder.send_signal(signal.SIGKILL)
        said += adder.stdout.read().split()
    store = SqliteStore(tmp_path / "rows.db")
    for number in said:
        row = store.by_key("job", number)
        assert row is not None
        assert [received.name for received in store.pending(row.id)] == ["go"]
    store.release()
    assert len(store.claim(["job"], owner="me", lease=60, limit=1000, now=3.0)) == len(store.rows("job", limit=1000))
    store.close()
