"""A version that is not there: what may have been meant, and what there is."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bot.errors import NotFoundError

SHOWN = 5


def not_found(error: NotFoundError, version: str, names: Sequence[str], nothing: str) -> NotFoundError:
    """The error with the nearest and the newest names, newest first; ``nothing`` is said when there are none."""
    near = difflib.get_close_matches(version, names, n=1, cutoff=0.6)
    meant = f"Did you mean {near[0]}? " if near else ""
    newest = f"The newest are {', '.join(names[:SHOWN])}." if names else nothing
    return NotFoundError(error.message, hint=meant + newest)
