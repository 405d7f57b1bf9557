"""Measure ``/health`` without and with network latency, and write ``benchmarks/health/results.md``."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.far import LATENCY, Town, forgetful, near_and_far
from benchmarks.results import machine, percentile, table
from bot.app import Bot
from bot.arguments import parse
from bot.condition import Light
from bot.domain import Person
from bot.health.picture import taken
from bot.planning import PLAN_SECONDS
from bot.ports import World
from commands import COMMANDS

ROUNDS = 40
ROUND_TRIPS = 3
ASKER = Person(user="U0ALICE", name="Alice", channel="C0BENCH")
HEALTH = COMMANDS["health"]
ASKED = ("arbor production", "photo production", "bi production", "usage production", "caption production", "")
COLD = "arbor production"


class Late:
    """A door that is not AWS's (health addresses, a database, Redis, certificates), each call of it held up as well."""

    def __init__(self, door: Any, latency: float) -> None:
        self._door = door
        self._latency = latency

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._door, name)

        def later(*positional: Any, **named: Any) -> Any:
            time.sleep(self._latency)
            return call(*positional, **named)

        return later


@dataclass
class Measured:
    """One question: the seconds of each run, by latency, and the AWS calls of the last."""

    seconds: dict[float, list[float]] = field(default_factory=lambda: {0.0: [], LATENCY: []})
    calls: int = 0

    def p50(self, latency: float) -> float:
        """The median in seconds."""
        return statistics.median(self.seconds[latency])

    @property
    def longer(self) -> float:
        """What latency adds, in seconds."""
        return self.p50(LATENCY) - self.p50(0.0)


def world_of(bot: Bot, latency: float, *, cold: bool = False) -> World:
    """The bot's own world, or a ``cold`` one that remembers nothing of AWS's answers; connections are kept."""
    world = forgetful(bot) if cold else bot.world
    late: dict[str, Any] = {
        name: Late(getattr(world, name), latency) for name in ("web", "databases", "caches", "certificates")
    }
    # Everybody may look; who may is not what is measured.
    return replace(world, may=lambda person, action, target: True, **late)


def asked(bot: Bot, latency: float, text: str, *, cold: bool = False) -> float:
    """Seconds of one answer, made as the road makes it."""
    world = world_of(bot, latency, cold=cold)
    args = parse(HEALTH, HEALTH.name, text.split())
    began = time.perf_counter()
    found: dict[str, Any] = world.gather({"plan": partial(HEALTH.plan, args, world, ASKER)}, seconds=PLAN_SECONDS)
    took = time.perf_counter() - began
    if isinstance(found["plan"], Exception):
        raise found["plan"]
    return took


def called(bot: Bot, latency: float, text: str) -> float:
    """Seconds of one call: DescribeServices."""
    target = bot.world.catalog.find(*text.split())
    began = time.perf_counter()
    bot.world.gather({"service": partial(bot.world.ecs.service, target)}, seconds=PLAN_SECONDS)
    return time.perf_counter() - began


def measure(run: Callable[[Bot, float], float], title: str, bots: Mapping[float, Bot], town: Town) -> Measured:
    """As often with latency as without, in turns."""
    found = Measured()
    town.calls()
    for _ in range(ROUNDS):
        for latency, bot in bots.items():
            found.seconds[latency].append(run(bot, latency))
            found.calls = len(town.calls())
    print(f"{title}: {found.p50(0.0):.3f} s, {found.p50(LATENCY):.3f} s, {found.calls} calls", flush=True)
    return found


def warm(bot: Bot) -> None:
    """Ask everything; nothing may be missing from what is measured."""
    for text in ASKED:
        asked(bot, 0.0, text)
    missing = [
        f"{each.target.label}: {verdict.text}"
        for each in taken(bot.world.catalog.targets, bot.world)
        for verdict in each.verdicts
        if verdict.light is not Light.GREEN
    ]
    if missing:
        raise AssertionError(f"not all is well in the sandbox: {missing}")


def written(one: Measured, found: Mapping[str, Measured]) -> str:
    """The results as they are checked in."""
    rows = []
    for title, each in found.items():
        bound = ROUND_TRIPS * one.longer + each.p50(0.0)
        over = each.p50(LATENCY) - bound
        times = (each.p50(0.0), each.p50(LATENCY), percentile(each.seconds[LATENCY], 0.95), bound)
        within = "yes" if over <= 0 else f"**no**, by {over * 1000:.1f} ms"
        shown = (f"{seconds * 1000:.0f}" for seconds in times)
        rows.append((title, each.calls, *shown, f"{each.longer / one.longer:.1f}", within))
    later = f"each call {LATENCY * 1000:.0f} later"
    head = ("asked", "AWS calls", "ms", f"ms, {later}", f"p95 ms, {later}", "bound", "trips", "within")
    return "\n".join(
        [
            "# Health",
            "",
            f"{machine()} `make bench`: medians of {ROUNDS} answers each, with latency and without in turns.",
            f"{os.getloadavg()[0]:.1f} processes wanted the cores in the last minute of the run: with more than there",
            "are cores these numbers are of the machine, not of the answers.",
            "",
            "The real command and adapters against the sandbox, which is a process of its own, through a proxy that",
            f"holds up every AWS request by 0 or {LATENCY * 1000:.0f} ms, and all of them at once; questions to health",
            "addresses, the database, Redis and certificates are held up as much. The bot is warm, as one that runs",
            "is: task definitions and addresses of queues are known; *nothing known* is the first question of its",
            "life, with connections open.",
            "",
            f"One call alone takes {one.longer * 1000:.1f} ms longer with that latency than without. The bound is",
            f"{ROUND_TRIPS} times this + the time without latency; *trips* is how many times it is.",
            "",
            *table(head, rows),
            "",
        ]
    )


def main() -> None:
    with near_and_far(warm) as (town, bots):
        one = measure(partial(called, text="bi/api production"), "one call", bots, town)
        found = {}
        for text in ASKED:
            title = f"`/health {text}`" if text else "`/health`, all systems"
            found[title] = measure(partial(asked, text=text), title, bots, town)
        title = f"`/health {COLD}`, nothing known"
        found[title] = measure(partial(asked, text=COLD, cold=True), title, bots, town)
    (Path(__file__).parent / "results.md").write_text(written(one, found))


if __name__ == "__main__":
    main()
    # Threads of the adapters that still wait for something are not waited for.
    os._exit(0)
