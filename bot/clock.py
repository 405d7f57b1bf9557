"""The clock port on the machine's own time."""

from __future__ import annotations

import time


class SystemClock:
    """Fills ``bot.ports.Clock``."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()
