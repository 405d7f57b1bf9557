"""Measure plans without and with network latency, and write ``benchmarks/plan/results.md``."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.far import LATENCY, Town, forgetful, near_and_far
from benchmarks.results import machine, table
from bot.app import Bot
from bot.arguments import parse
from bot.command import Run
from bot.domain import Actor, Person, as_json
from bot.operation import KIND, State, request
from bot.planning import PLAN_SECONDS
from bot.rows import NewRow
from commands import COMMANDS

ROUNDS = 40
ROUND_TRIPS = 3
ASKER = Person(user="U0ALICE", name="Alice", channel="C0BENCH")

BACK = "rollback bi/frontend production previous"
PLANS = {
    "ECS": "deploy bi/api production v1.5.0",
    "ECS behind CodeDeploy": "deploy lab/checkout staging v1.5.0",
    "ECS blue/green": "deploy lab/storefront staging v1.5.0",
    "Lambda": "deploy photo/image-processor production v1.2.0",
    "static site": "deploy bi/frontend production v1.5.1",
    "ECS, back": "rollback bi/api production",
    "ECS behind CodeDeploy, back": "rollback lab/checkout staging",
    "Lambda, back": "rollback photo/image-processor production to v1.0.0",
    "static site, back": BACK,
    "scale": "scale bi/api production +1",
    "restart": "restart bi/api production",
}
SHIPPED = "deploy bi/frontend production v1.5.0"
"""Done before, since going back on a site needs to know where to."""


@dataclass
class Measured:
    """One plan: the seconds of each run, by latency, and the calls of each."""

    seconds: dict[float, list[float]] = field(default_factory=lambda: {0.0: [], LATENCY: []})
    calls: list[int] = field(default_factory=list)

    def p50(self, latency: float) -> float:
        """The median in seconds."""
        return statistics.median(self.seconds[latency])

    @property
    def longer(self) -> float:
        """What latency adds, in seconds."""
        return self.p50(LATENCY) - self.p50(0.0)


def ship(bots: Sequence[Bot], text: str) -> None:
    """Have the last bot really deploy, without watching it, and let every ledger know that it went well."""
    shipper = bots[-1]
    name, *typed = text.split()
    command = COMMANDS[name]
    args = parse(command, name, typed)
    assert command.target is not None
    target = command.target(args, shipper.world.catalog)
    assert target is not None
    plan, now = command.plan(args, shipper.world, ASKER), shipper.clock.now()
    results: dict[str, dict[str, Any]] = {}
    for effect in command.strategies[plan.strategy].effects(plan):
        run = Run("bench", Actor(user=ASKER.user), target, plan, now, results, None)
        results[effect.name] = dict(effect.do(run, shipper.world))
    ended = {"plan": plan, "results": results, "started_at": now, "ended_at": now, "good": True}
    body = as_json(request(command, as_json(args), Actor(user=ASKER.user), target, **ended))
    for bot in bots:
        bot.store.add(
            NewRow(kind=KIND, key="bench", state=State.DONE, body=body, group=target.key if target else ""), now
        )


def planned(bot: Bot, text: str) -> float:
    """Seconds of one plan, made as the road makes it."""
    world = forgetful(bot)
    name, *typed = text.split()
    command = COMMANDS[name]
    args = parse(command, name, typed)
    began = time.perf_counter()
    found: dict[str, Any] = world.gather({"plan": partial(command.plan, args, world, ASKER)}, seconds=PLAN_SECONDS)
    took = time.perf_counter() - began
    plan = found["plan"]
    if isinstance(plan, Exception):
        raise plan
    if not plan.changes_anything:
        raise AssertionError(f"{text} plans nothing: {plan.title}")
    return took


def called(bot: Bot, text: str) -> float:
    """Seconds of one call: DescribeServices."""
    world = forgetful(bot)
    target = world.catalog.find(*text.split())
    began = time.perf_counter()
    world.gather({"service": partial(world.ecs.service, target)}, seconds=PLAN_SECONDS)
    return time.perf_counter() - began


def measure(run: Callable[[Bot, str], float], text: str, bots: Mapping[float, Bot], town: Town) -> Measured:
    """As often with latency as without, in turns."""
    found = Measured()
    town.calls()
    for _ in range(ROUNDS):
        for latency, bot in bots.items():
            found.seconds[latency].append(run(bot, text))
            operations = town.calls()
            found.calls.append(len(operations))
    print(f"{text}: {found.p50(0.0):.3f} s, {found.p50(LATENCY):.3f} s, {found.calls[-1]} calls", flush=True)
    if "--calls" in sys.argv:
        print("", *operations, sep="\n    ")
    return found


def written(one: Measured, found: Mapping[str, Measured]) -> str:
    """The results as they are checked in."""
    bounds = {title: ROUND_TRIPS * one.longer + each.p50(0.0) for title, each in found.items()}
    rows = [
        (
            *(f"`/{PLANS[title]}`", title, max(each.calls)),
            *(f"{seconds * 1000:.0f}" for seconds in (each.p50(0.0), each.p50(LATENCY), bounds[title])),
            f"{each.longer / one.longer:.1f}",
            _within(each.p50(LATENCY) - bounds[title]),
        )
        for title, each in found.items()
    ]
    head = ("plan", "of", "AWS calls", "ms", f"ms, each call {LATENCY * 1000:.0f} later", "bound", "trips", "within")
    return "\n".join(
        [
            "# Planning",
            "",
            f"{machine()} `make bench`: the medians of {ROUNDS} plans each, with latency and without in turns.",
            f"{os.getloadavg()[0]:.1f} processes wanted the cores in the last minute of the run: with more than there",
            "are cores these numbers are of the machine, not of the plans.",
            "",
            "The real plans and adapters against the sandbox, which is a process of its own, through a proxy",
            f"that holds up every request by 0 or {LATENCY * 1000:.0f} ms, and all of them at once. Connections are",
            "open before; nothing is remembered of AWS's answers: every plan is of a service not seen before.",
            "",
            f"One call alone takes {one.longer * 1000:.1f} ms longer with that latency than without. The bound is",
            f"{ROUND_TRIPS} times this + the time without latency; *trips* is how many times it is. A plan of exactly",
            f"{ROUND_TRIPS} trips lands on its bound, and a millisecond of the machine's decides on which side.",
            "",
            *table(head, rows),
            "",
        ]
    )


def _within(over: float) -> str:
    return "yes" if over <= 0 else f"**no**, by {over * 1000:.1f} ms"


def warm(bot: Bot) -> None:
    """Every plan that can be made before anything was shipped."""
    for text in (SHIPPED, *(text for text in PLANS.values() if text != BACK)):
        planned(bot, text)


def main() -> None:
    with near_and_far(warm) as (town, bots):
        ship(list(bots.values()), SHIPPED)
        for bot in bots.values():
            for text in PLANS.values():
                planned(bot, text)
        one = measure(called, "bi/api production", bots, town)
        found = {title: measure(planned, text, bots, town) for title, text in PLANS.items()}
    (Path(__file__).parent / "results.md").write_text(written(one, found))


if __name__ == "__main__":
    main()
    # Threads of the adapters that still wait for something are not waited for.
    os._exit(0)
