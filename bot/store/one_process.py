"""One process at a time may use a database file."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


class StoreBusyError(Exception):
    """Another process holds the database file."""


def hold(path: Path) -> IO[str]:
    """Hold a database file until what is returned is closed, or the process dies. Raises StoreBusyError."""
    guard = path.with_name(path.name + ".lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise StoreBusyError(f"another runbook-bot is using {path.name}; one process at a time may") from error
    return guard
