"""Measure, alternating between this bot and drain3, and write ``benchmarks/grouping/results.md``."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import install
from benchmarks.results import machine, table
from sandbox.seed.busy_group import BENCHMARK
from sandbox.seed.busy_lines import busy_lines

ROOT = Path(__file__).parents[2]
ROUNDS = 5
SEED, START, PERIOD = 7, 1_790_000_000_000, 72
"""Of the lines: the seed, the time of the first and the time between two, in ms."""


@dataclass
class Contender:
    """Its process, the seconds of its rounds, and the group of every line."""

    name: str
    command: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    groups: Sequence[Hashable] = ()

    def run(self) -> None:
        """One round, in a process of its own that remembers nothing of the last one."""
        ended = subprocess.run(self.command, cwd=ROOT, check=True, capture_output=True, text=True)
        said = json.loads(ended.stdout)
        self.seconds.append(said["seconds"])
        self.groups = said["groups"]
        print(f"{self.name}: {said['seconds']:.2f} s, {len(set(self.groups))} groups", flush=True)


def agreement(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """The share of lines that are in the same group in both, once each group has its counterpart.

    Counterparts are found by what groups have in common, most lines first; a group has one at most.
    """
    left: set[Hashable] = set()
    right: set[Hashable] = set()
    same = 0
    for (mine, theirs), count in Counter(zip(one, other, strict=True)).most_common():
        if mine not in left and theirs not in right:
            left.add(mine)
            right.add(theirs)
            same += count
    return same / len(one)


def written(ours: Contender, others: Sequence[Contender], version: str) -> str:
    """The results as they are checked in."""
    rows = []
    for each in (ours, *others):
        times = [theirs / mine for mine, theirs in zip(ours.seconds, each.seconds, strict=True)]
        rows.append(
            (
                *(each.name, f"{BENCHMARK / statistics.median(each.seconds):,.0f}"),
                *("" if each is ours else f"{statistics.median(times):.1f}", len(set(each.groups))),
                "" if each is ours else f"{agreement(ours.groups, each.groups) * 100:.1f} %",
            )
        )
    return "\n".join(
        [
            "# Grouping log lines",
            "",
            f"{machine()} `make bench`, with {version}: medians of {ROUNDS} alternating rounds,",
            "ratios too, each in a process of its own; only the grouping is timed.",
            f"Load average of the machine at the end: {os.getloadavg()[0]:.1f}.",
            "",
            f"{BENCHMARK:,} events of the sandbox's busy service: JSON and plain lines, some with stack traces, a few",
            "with secrets. The bot takes out secrets and control characters, reads JSON, puts stack traces together",
            "and groups; drain3 only groups, by the words that lines have in common, first as it comes, then with",
            "masks for times, addresses, ids and numbers.",
            "",
            *table(("", "lines a second", "bot is faster by", "groups", "lines in the same group as the bot's"), rows),
            "",
            "*In the same group*: groups are paired by the lines that they have in common, most first, each with one",
            "at most, and the lines of the pairs are counted. JSON is where they differ: for the bot a record is what",
            "its message says, for drain3 all of its words.",
            "",
        ]
    )


def main() -> None:
    peer = install("drain3", "python")
    with tempfile.TemporaryDirectory(prefix="bench-grouping-") as folder:
        file = Path(folder) / "lines.json"
        line = busy_lines(SEED)
        file.write_text(json.dumps([line(number, START + number * PERIOD) for number in range(BENCHMARK)]))
        drain = [str(peer.command), "benchmarks/grouping/drain.py", str(file)]
        ours = Contender("this bot", [sys.executable, "-m", "benchmarks.grouping.ours", str(file)])
        others = [Contender("drain3", [*drain, "plain"]), Contender("drain3, with masks", [*drain, "masked"])]
        for number in range(ROUNDS):
            contenders = [ours, *others]
            for each in contenders if number % 2 == 0 else contenders[::-1]:
                each.run()
    (Path(__file__).parent / "results.md").write_text(written(ours, others, peer.version))


if __name__ == "__main__":
    main()
