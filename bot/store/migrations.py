"""The schema and its upgrades, oldest first; each runs once, recorded by sqlite-utils."""

from __future__ import annotations

import sqlite_utils
from sqlite_utils import Migrations

migrations = Migrations("runbook-bot")


@migrations()
def m001_rows_and_signals(database: sqlite_utils.Database) -> None:
    """Rows with a state, and the signals they wait for."""
    database.executescript(
        """
        CREATE TABLE rows (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            grp TEXT NOT NULL,
            state TEXT NOT NULL,
            due_at REAL,
            lock TEXT,
            body TEXT NOT NULL,
            epoch INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            wakes INTEGER NOT NULL DEFAULT 0,
            owner TEXT,
            lease_until REAL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            UNIQUE (kind, key)
        );
        CREATE UNIQUE INDEX rows_lock ON rows (lock) WHERE lock IS NOT NULL;
        CREATE INDEX rows_due ON rows (due_at, created_at) WHERE due_at IS NOT NULL;
        CREATE INDEX rows_held ON rows (lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX rows_listed ON rows (kind, grp, created_at);
        CREATE TABLE signals (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            row_id TEXT NOT NULL,
            name TEXT NOT NULL,
            key TEXT,
            payload TEXT NOT NULL,
            at REAL NOT NULL,
            consumed_at REAL
        );
        CREATE UNIQUE INDEX signals_key ON signals (row_id, key) WHERE key IS NOT NULL;
        CREATE INDEX signals_pending ON signals (row_id) WHERE consumed_at IS NULL;
        """
    )


@migrations()
def m002_due_by_kind(database: sqlite_utils.Database) -> None:
    """What is urgent is found in a backlog of other kinds by the index alone."""
    database.executescript(
        """
        DROP INDEX rows_due;
        CREATE INDEX rows_due ON rows (due_at, created_at, kind) WHERE due_at IS NOT NULL;
        """
    )


def migrate(database: sqlite_utils.Database) -> None:
    """Bring the schema up to date."""
    migrations.apply(database)
