"""Measure, alternating between this bot and a naive one, and write ``benchmarks/storm/results.md``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import machine, percentile, table
from benchmarks.storm.ground import Calls, Ground, Told
from sandbox.scenarios.storm import NOTIFICATIONS, SECONDS, plan_storm
from sandbox.seed.catalogue import REGIONS
from sandbox.seed.storm import SERVICES, configured_services, stormy_services

ALONE = 24
ROUNDS = 2
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Round:
    """A storm as one contender had it; ``told`` are the bot's incidents, and ``load`` is the machine's before it."""

    who: str
    calls: Calls
    told: tuple[Told, ...]
    load: float


def alone(folder: Path) -> list[Told]:
    """Alarms of the shipped configuration with its playbooks, one at a time."""
    ground = Ground(folder, bot=True, together=False)
    try:
        known = {name for region in REGIONS for name in _alarms(ground, region)}
        services = configured_services(ROOT / "config")
        chosen = [(name, each.region) for each in services for name in each.alarms if name in known][:ALONE]
        began = ground.now()
        for name, region in chosen:
            ground.fire(name, region)
            ground.calm()
            print(f"{name}: done", flush=True)
        return ground.told(began)
    finally:
        ground.town.stop()


def _alarms(ground: Ground, region: str) -> list[str]:
    pages = ground.town.stage.aws("cloudwatch", region).get_paginator("describe_alarms").paginate()
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def by_the_bot(folder: Path, seed: int) -> Round:
    """A storm over services whose alarms the bot knows."""
    ground = Ground(folder, bot=True)
    try:
        load = os.getloadavg()[0]
        began = ground.unleash(plan_storm(stormy_services(), seed=seed))
        ground.calm()
        return Round("bot", ground.calls(began), tuple(ground.told(began)), load)
    finally:
        ground.town.stop()


def by_the_naive(folder: Path, seed: int) -> Round:
    """The same storm."""
    ground = Ground(folder, bot=False)
    try:
        load = os.getloadavg()[0]
        with ground.naive():
            began = ground.unleash(plan_storm(stormy_services(), seed=seed))
            ground.posted(began, NOTIFICATIONS)
        return Round("naive", ground.calls(began), (), load)
    finally:
        ground.town.stop()


def storms(folder: Path) -> list[Round]:
    """The same storms for both, who goes first in turns."""
    found = []
    for number in range(ROUNDS):
        order = [by_the_bot, by_the_naive]
        for run in order if number % 2 == 0 else order[::-1]:
            took = run(folder / f"{run.__name__}-{number}", number + 1)
            print(f"{took.who}: {took.calls}, load {took.load:.1f}", flush=True)
            found.append(took)
    return found


def _late(what: str, told: Sequence[Told]) -> tuple[object, ...]:
    shown: list[object] = [what, len(told)]
    for values in ([x.headline for x in told], [x.findings for x in told], [x.all_findings for x in told]):
        shown += [f"{percentile(values, 0.5):.2f}", f"{percentile(values, 0.99):.2f}"]
    return tuple(shown)


def written(single: Sequence[Told], rounds: Sequence[Round]) -> str:
    """The results as they are checked in."""
    late = [_late("one at a time", single)]
    calls: list[tuple[object, ...]] = []
    for number, each in enumerate(rounds, start=1):
        if each.told:
            late.append(_late(f"storm, run {number}", each.told))
        made = each.calls
        each_alarm = f"{made.all / NOTIFICATIONS:.2f}"
        times = (f"{made.first:.2f}", f"{made.last:.0f}", f"{each.load:.1f}")
        calls.append((number, each.who, made.messages, made.updates, made.others, made.refused, each_alarm, *times))
    head = ("alarms", "incidents", *(f"{what} {p}" for what in ("headline", "findings", "all") for p in ("p50", "p99")))
    head_of_calls = ("run", "who", "messages", "updates", "others", "refused", "calls ÷ notification")
    return "\n".join(
        [
            "# Alarms, one at a time and in a storm",
            "",
            f"{machine()} `make bench`. The bot is the real process with the shipped configuration. Slack is",
            "the sandbox's, with Slack's limits (a message a second for each channel after a burst of five, fifty",
            "updates a minute); the whole sandbox shares the machine's cores with whom it measures.",
            "",
            "Seconds from the moment an incident's first alarm changed its state, which is before CloudWatch publishes",
            "it, until Slack took the headline, the first findings, and all findings of all its services:",
            "",
            *table(head, late),
            "",
            f"One at a time: {ALONE} alarms of the shipped configuration, each an incident of its own, with the steps",
            f"of its playbook. A storm: {NOTIFICATIONS} notifications in {SECONDS:g} seconds over {SERVICES} services",
            "in four systems that share one channel; some are told twice, and one alarm has twenty series, which are",
            "incidents of their own. So many headlines and findings take that channel as many seconds.",
            "",
            "What the storm cost in calls to Slack, beside a naive bot that posts every notification (it polls the",
            "queue, posts, and waits as long as `Retry-After` says). Seconds from the first alarm to the first message",
            "and to the last; the load is the machine's before the run, of what else it does:",
            "",
            *table((*head_of_calls, "first s", "last s", "load"), calls),
            "",
        ]
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-storm-") as made:
        folder = Path(made)
        single = alone(folder / "alone")
        print(_late("one at a time", single), flush=True)
        rounds = storms(folder)
    (Path(__file__).parent / "results.md").write_text(written(single, rounds))


if __name__ == "__main__":
    main()
