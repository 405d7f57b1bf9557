"""Writers that come together share one transaction, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store.group_commit import GroupCommit
from tests.waiting import until

Work = Callable[[sqlite3.Connection], object]


class Ground:
    """A table of words, a group of writers, and how many transactions they made."""

    def __init__(self, folder: Path, patience: float = 5.0) -> None:
        self.path = folder / "words.db"
        self.connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.01)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT UNIQUE)")
        self.commits = 0
        self.connection.set_trace_callback(self._seen)
        self.lock = threading.Lock()
        self.group = GroupCommit(self.connection, self.lock, patience)
        self.outcomes: dict[str, object] = {}

    def _seen(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def words(self) -> list[str]:
        """As another connection sees them: what is committed."""
        other = sqlite3.connect(self.path)
        found = [str(word) for (word,) in other.execute("SELECT word FROM words ORDER BY number")]
        other.close()
        return found

    def write(self, word: str, work: Work | None = None) -> threading.Thread:
        """A writer of its own; its outcome is kept under the word."""

        def run() -> None:
            try:
                self.outcomes[word] = self.group.run(work or insert(word))
            except BaseException as error:
                self.outcomes[word] = error

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def together(self, *writers: tuple[str, Work | None]) -> None:
        """Let writers queue up in this order while the first is kept from writing, then let all go."""
        with self.lock:
            threads = []
            for number, (word, work) in enumerate(writers, start=1):
                threads.append(self.write(word, work))
                until(lambda number=number: len(self.group._queue) == number, 5)  # type: ignore[misc]
        for thread in threads:
            thread.join(5)


def insert(word: str) -> Work:
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO words (word) VALUES (?)", (word,))
        return word

    return work


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.connection.close()


def test_writers_that_come_together_share_one_transaction_in_their_order(ground: Ground) -> None:
    ground.together(*((word, None) for word in "abcdef"))
    assert ground.words() == list("abcdef")
    assert ground.outcomes == {word: word for word in "abcdef"}
    assert ground.commits == 1


def test_a_writer_alone_waits_for_nobody(ground: Ground) -> None:
    assert [ground.group.run(insert("a")), ground.group.run(insert("b"))] == ["a", "b"]
    assert ground.commits == 2


def test_an_error_in_one_undoes_that_one_only(ground: Ground) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words (word) VALUES ('half')")
        raise ValueError("mine")

    ground.together(("a", None), ("half", half), ("a again", insert("a")), ("b", None))
    assert ground.words() == ["a", "b"]
    assert isinstance(ground.outcomes["half"], ValueError)
    assert isinstance(ground.outcomes["a again"], sqlite3.IntegrityError)
    assert (ground.outcomes["a"], ground.outcomes["b"]) == ("a", "b")


def test_several_pieces_of_one_writer_have_an_outcome_each(ground: Ground) -> None:
    one, known, two = ground.group.run_all([insert("a"), insert("a"), insert("b")])
    assert (one, two) == ("a", "b")
    assert isinstance(known, sqlite3.IntegrityError)
    assert ground.words() == ["a", "b"]


def test_a_database_another_process_holds_is_told_to_all_and_free_again_afterwards(ground: Ground) -> None:
    other = sqlite3.connect(ground.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ground.together(("a", None), ("b", None))
    assert [type(outcome) for outcome in ground.outcomes.values()] == [sqlite3.OperationalError] * 2
    other.execute("ROLLBACK")
    other.close()
    assert ground.group.run(insert("c")) == "c"
    assert ground.words() == ["c"]


def test_an_end_of_the_transaction_within_the_work_fails_all_and_harms_no_later_writer(ground: Ground) -> None:
    def full(connection: sqlite3.Connection) -> None:
        # What SQLite itself does when the disk is full.
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    ground.together(("a", None), ("full", full), ("b", None))
    assert {type(outcome) for outcome in ground.outcomes.values()} == {sqlite3.OperationalError}
    assert ground.words() == []
    assert ground.group.run(insert("c")) == "c"


def test_who_waits_too_long_is_told_so_and_nothing_was_written(tmp_path: Path) -> None:
    ground = Ground(tmp_path, patience=0.05)
    with ground.lock:
        first = ground.write("first")
        second = ground.write("second")
        first.join(5)
        second.join(5)
    assert [str(outcome) for outcome in ground.outcomes.values()] == ["the database is busy"] * 2
    assert ground.words() == []
    assert ground.group.run(insert("c")) == "c"
    ground.connection.close()


def test_an_interrupted_leader_leaves_the_others_with_an_error_and_no_one_waiting(ground: Ground) -> None:
    def interrupted(connection: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    ground.together(("a", None), ("interrupted", interrupted), ("b", None))
    # The first in line leads, and is the one that is interrupted.
    assert isinstance(ground.outcomes["a"], KeyboardInterrupt)
    assert {str(ground.outcomes[word]) for word in ("interrupted", "b")} == {"the transaction was interrupted"}
    assert ground.words() == []
    assert ground.group.run(insert("c")) == "c"


def test_many_writers_at_once_are_all_written_once(ground: Ground) -> None:
    threads = [ground.write(f"{number:03}") for number in range(200)]
    for thread in threads:
        thread.join(10)
    assert sorted(ground.words()) == [f"{number:03}" for number in range(200)]
    assert ground.outcomes == {f"{number:03}": f"{number:03}" for number in range(200)}
