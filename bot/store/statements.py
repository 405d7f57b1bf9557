"""The statements of the SQLite store."""

from __future__ import annotations

COLUMNS = "id, kind, key, grp, state, due_at, lock, body, epoch, attempts, wakes, lease_until, created_at, updated_at"
INSERT = (
    "INSERT INTO rows (id, kind, key, grp, state, due_at, lock, body, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO NOTHING"
)
BY_KEY = f"SELECT {COLUMNS} FROM rows WHERE kind = ? AND key = ?"
ID_BY_KEY = "SELECT id FROM rows WHERE kind = ? AND key = ?"
# "+kind" keeps SQLite on the index of due times: with another one it would sort a whole backlog at every claim.
DUE = (
    "SELECT id FROM rows WHERE +kind IN ({kinds}) AND due_at <= ? AND (lease_until IS NULL OR lease_until <= ?)"
    " ORDER BY due_at, created_at, rowid LIMIT ?"
)
# What is due "at once" has been so since it was saved.
NEXT_DUE = (
    "SELECT min(due) AS due FROM (SELECT * FROM (SELECT CASE due_at WHEN 0 THEN updated_at ELSE due_at END AS due"
    " FROM rows WHERE due_at IS NOT NULL AND lease_until IS NULL ORDER BY due_at LIMIT 1)"
    " UNION ALL SELECT max(due_at, lease_until) FROM rows WHERE lease_until IS NOT NULL AND due_at IS NOT NULL)"
)

HASTEN = "UPDATE rows SET due_at = ?1 WHERE due_at > ?1 AND updated_at > ?1"
