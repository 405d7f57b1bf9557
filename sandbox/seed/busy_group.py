"""Log groups of any size, whose lines are made when somebody reads them: for the lab, and for benchmarks."""

from __future__ import annotations

import random

from sandbox.aws.logs_generated import Traffic, make_group
from sandbox.seed.busy_lines import busy_lines

MILLIONS = 5_000_000
"""Events of the lab's busiest group when the sandbox starts; more come, about eight a second."""
BENCHMARK = 50_000
"""Events of a group to measure with."""


def make_busy_group(
    region: str,
    name: str,
    *,
    end: float,
    count: int = BENCHMARK,
    period: float = 72.0,
    streams: int = 8,
    container: str = "web",
    endless: bool = False,
    seed: int = 7,
) -> Traffic:
    """Exactly ``count`` events, ``period`` ms apart, the last of them just before ``end`` (seconds since the epoch).

    With an ``endless`` group there are more as the sandbox's clock goes on. Pages are FilterLogEvents' and
    GetLogEvents' own: 10,000 events or a megabyte.
    """
    chance = random.Random(f"{name}{seed}")
    traffic = Traffic(
        line=busy_lines(seed),
        start=int(end * 1000 - count * period),
        period=period,
        count=count,
        streams=tuple(f"ecs/{container}/{chance.getrandbits(128):032x}" for _ in range(streams)),
        endless=endless,
    )
    make_group(region, name, traffic)
    return traffic
