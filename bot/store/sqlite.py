"""The store on SQLite: one file, one process, write-ahead log.

All writes go through two connections under one lock: ``safe`` ones wait for the disk (synchronous=FULL,
survives power loss), together where several come at once; the others for the operating system only (NORMAL,
survives ``kill -9``). Reads have a connection for each thread and never wait for writers.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlite_utils

from bot.rows import LeaseLostError, LockHeldError, NewRow, Received, Row, Signal, Step
from bot.store.delivering import batch_of, deliver_all
from bot.store.group_commit import GroupCommit
from bot.store.migrations import migrate
from bot.store.one_process import hold
from bot.store.statements import BY_KEY, COLUMNS, DUE, HASTEN, ID_BY_KEY, INSERT, NEXT_DUE
from bot.store.stored_json import dump, load

BUSY_SECONDS = 1.5
"""How long a write waits for another one: whoever asks at a door has a deadline, and may come again."""


def _row(values: sqlite3.Row) -> Row:
    fields = dict(values)
    fields["group"] = fields.pop("grp")
    fields["body"] = load(fields["body"])
    return Row(**fields)


class SqliteStore:
    """Fills ``bot.rows.Store``. Raises StoreBusyError when another process has the file open."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._guard = hold(path)
        self._write = threading.Lock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._safe = self._connect("FULL")
        migrate(sqlite_utils.Database(self._safe))
        self._safely = GroupCommit(self._safe, self._write, BUSY_SECONDS)
        self._fast = self._connect("NORMAL")

    def _connect(self, synchronous: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        self._opened.append(connection)
        return connection

    @contextmanager
    def _quickly(self) -> Iterator[sqlite3.Connection]:
        """A transaction that does not wait for the disk."""
        if not self._write.acquire(timeout=BUSY_SECONDS):
            raise sqlite3.OperationalError("the database is busy")
        try:
            self._fast.execute("BEGIN IMMEDIATE")
            try:
                yield self._fast
                self._fast.execute("COMMIT")
            except BaseException:
                if self._fast.in_transaction:
                    self._fast.execute("ROLLBACK")
                raise
        finally:
            self._write.release()

    @property
    def _reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = self._connect("NORMAL")
        return reader

    def add(self, new: NewRow, now: float, *, safe: bool = True) -> tuple[Row, bool]:
        if safe:
            return self._safely.run(lambda connection: self._add(connection, new, now))
        with self._quickly() as connection:
            return self._add(connection, new, now)

    def _add(self, connection: sqlite3.Connection, new: NewRow, now: float) -> tuple[Row, bool]:
        row_id = self._insert(connection, new, now)
        if row_id is not None:
            return self._fresh(new, row_id, now), True
        found = connection.execute(BY_KEY, (new.kind, new.key)).fetchone()
        if new.else_signal is not None:
            self._tell(connection, found["id"], new.else_signal, now)
        return _row(found), False

    def deliver(self, items: Sequence[tuple[NewRow, Signal | None]], now: float) -> list[bool | Exception]:
        told = [(new, signal) for new, signal in items if signal is not None]
        if len(told) == len(items) > 1 and (batch := batch_of(told, now)) is not None:
            # Nearly always everything is new and fits; where it does not, each item is looked at by itself.
            (all_new,) = self._safely.run_all([partial(deliver_all, batch)])
            if all_new is True:
                return [True] * len(items)
        return self._safely.run_all([partial(self._deliver, new, signal, now) for new, signal in items])

    def _deliver(self, new: NewRow, signal: Signal | None, now: float, connection: sqlite3.Connection) -> bool:
        row_id = self._insert(connection, new, now)
        if signal is None:
            return row_id is not None
        if row_id is None:
            row_id = connection.execute(ID_BY_KEY, (new.kind, new.key)).fetchone()["id"]
        return self._tell(connection, row_id, signal, now)

    @staticmethod
    def _fresh(new: NewRow, row_id: str, now: float) -> Row:
        return Row(
            id=row_id,
            kind=new.kind,
            key=new.key,
            group=new.group,
            state=new.state,
            due_at=new.due_at,
            lock=new.lock,
            body=new.body,
            epoch=0,
            attempts=0,
            wakes=0,
            lease_until=None,
            created_at=now,
            updated_at=now,
        )

    def _insert(self, connection: sqlite3.Connection, new: NewRow, now: float) -> str | None:
        row_id = new.id or secrets.token_hex(6)
        values = (row_id, new.kind, new.key, new.group, new.state, new.due_at, new.lock, dump(new.body), now, now)
        try:
            inserted = connection.execute(INSERT, values).rowcount == 1
        except sqlite3.IntegrityError as error:
            raise self._held(connection, new.lock, error) from error
        return row_id if inserted else None

    @staticmethod
    def _held(connection: sqlite3.Connection, lock: str | None, error: Exception) -> Exception:
        holder = connection.execute("SELECT id FROM rows WHERE lock = ?", (lock,)).fetchone()
        return LockHeldError(str(lock), holder["id"]) if holder else error

    def get(self, row_id: str) -> Row | None:
        found = self._reader.execute(f"SELECT {COLUMNS} FROM rows WHERE id = ?", (row_id,)).fetchone()
        return _row(found) if found else None

    def by_key(self, kind: str, key: str) -> Row | None:
        found = self._reader.execute(BY_KEY, (kind, key)).fetchone()
        return _row(found) if found else None

    def claim(self, kinds: Sequence[str], *, owner: str, lease: float, limit: int, now: float) -> list[Row]:
        marks = ", ".join("?" * len(kinds))
        with self._quickly() as connection:
            claimed = connection.execute(
                f"UPDATE rows SET owner = ?, lease_until = ?, epoch = epoch + 1, attempts = attempts + 1"
                f" WHERE id IN ({DUE.format(kinds=marks)}) RETURNING {COLUMNS}",
                (owner, now + lease, *kinds, now, now, limit),
            ).fetchall()
        return sorted((_row(values) for values in claimed), key=lambda row: row.due_at or 0.0)

    def renew(self, row: Row, *, lease: float, now: float) -> bool:
        with self._quickly() as connection:
            return bool(
                connection.execute(
                    "UPDATE rows SET lease_until = ? WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL",
                    (now + lease, row.id, row.epoch),
                ).rowcount
            )

    def save(self, row: Row, step: Step, now: float) -> Row:
        return self._safely.run(lambda connection: self._save(connection, row, step, now))

    def _save(self, connection: sqlite3.Connection, row: Row, step: Step, now: float) -> Row:
        try:
            saved = connection.execute(
                "UPDATE rows SET state = ?, due_at = CASE WHEN wakes = ? THEN ? ELSE ? END, lock = ?, body = ?,"
                " owner = NULL, lease_until = NULL, attempts = 0, updated_at = ? WHERE id = ? AND epoch = ?"
                f" RETURNING {COLUMNS}",
                (step.state, row.wakes, step.due_at, now, step.lock, dump(step.body), now, row.id, row.epoch),
            ).fetchone()
        except sqlite3.IntegrityError as error:
            raise self._held(connection, step.lock, error) from error
        if saved is None:
            raise LeaseLostError(row.id)
        connection.executemany(
            "UPDATE signals SET consumed_at = ? WHERE number = ?", [(now, number) for number in step.consumed]
        )
        for new in step.new:
            self._owe(connection, new, now)
        for row_id, signal in step.signals:
            self._tell(connection, row_id, signal, now)
        return _row(saved)

    def _owe(self, connection: sqlite3.Connection, new: NewRow, now: float) -> None:
        if self._insert(connection, new, now) is None and new.else_signal is not None:
            found = connection.execute(ID_BY_KEY, (new.kind, new.key)).fetchone()
            self._tell(connection, found["id"], new.else_signal, now)

    @staticmethod
    def _tell(connection: sqlite3.Connection, row_id: str, signal: Signal, now: float) -> bool:
        told = connection.execute(
            "INSERT INTO signals (row_id, name, key, payload, at) SELECT id, ?, ?, ?, ? FROM rows WHERE id = ?"
            " ON CONFLICT DO NOTHING",
            (signal.name, signal.key or None, dump(signal.payload), now, row_id),
        ).rowcount
        if told:
            connection.execute("UPDATE rows SET wakes = wakes + 1, due_at = ? WHERE id = ?", (now, row_id))
        return bool(told)

    def postpone(self, row: Row, due_at: float, now: float) -> None:
        with self._quickly() as connection:
            connection.execute(
                "UPDATE rows SET due_at = CASE WHEN wakes = ? THEN ? ELSE ? END, owner = NULL, lease_until = NULL,"
                " updated_at = ? WHERE id = ? AND epoch = ?",
                (row.wakes, due_at, now, now, row.id, row.epoch),
            )

    def signal(self, row_id: str, signal: Signal, now: float) -> bool:
        return self._safely.run(lambda connection: self._tell(connection, row_id, signal, now))

    def pending(self, row_id: str) -> list[Received]:
        found = self._reader.execute(
            "SELECT number, name, payload, at FROM signals WHERE row_id = ? AND consumed_at IS NULL ORDER BY number",
            (row_id,),
        )
        return [
            Received(number=item["number"], name=item["name"], payload=load(item["payload"]), at=item["at"])
            for item in found
        ]

    def rows(
        self, kind: str, *, group: str = "", states: Sequence[str] = (), since: float = 0.0, limit: int = 100
    ) -> list[Row]:
        where, values = ["kind = ?", "created_at >= ?"], [kind, since]
        if group:
            where.append("grp = ?")
            values.append(group)
        if states:
            where.append(f"state IN ({', '.join('?' * len(states))})")
            values.extend(states)
        query = f"SELECT {COLUMNS} FROM rows WHERE {' AND '.join(where)} ORDER BY created_at DESC, rowid DESC LIMIT ?"
        return [_row(item) for item in self._reader.execute(query, (*values, limit))]

    def hasten(self, now: float) -> int:
        return self._safely.run(lambda connection: connection.execute(HASTEN, (now,)).rowcount)

    def next_due(self) -> float | None:
        found = self._reader.execute(NEXT_DUE).fetchone()
        return None if found["due"] is None else float(found["due"])

    def release(self) -> None:
        self._safely.run(
            lambda connection: connection.execute(
                "UPDATE rows SET owner = NULL, lease_until = NULL WHERE lease_until IS NOT NULL"
            )
        )

    def forget(self, before: float) -> int:
        return self._safely.run(lambda connection: self._forget(connection, before))

    @staticmethod
    def _forget(connection: sqlite3.Connection, before: float) -> int:
        gone = connection.execute(
            "DELETE FROM rows WHERE due_at IS NULL AND lock IS NULL AND updated_at < ?", (before,)
        ).rowcount
        connection.execute(
            "DELETE FROM signals WHERE consumed_at < ? OR row_id NOT IN (SELECT id FROM rows)", (before,)
        )
        return gone

    def ping(self) -> None:
        with self._quickly() as connection:
            connection.execute("SELECT count(*) FROM rows WHERE id = ''").fetchone()

    def close(self) -> None:
        with self._write:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._guard.close()
