"""Measure, alternating between this bot and awslogs, and write ``benchmarks/logs/results.md``."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.logs.ground import WORD, Ground, Question, Round
from benchmarks.peers import Peer, install
from benchmarks.results import machine, table
from sandbox.seed.busy_group import BENCHMARK

LATENCY = 0.1
"""Seconds that every call of AWS takes longer in the slow half of the cases."""
ALLOWED = 5
"""FilterLogEvents that may begin within any second."""
OF_STREAMS = 25
"""GetLogEvents that may begin within any second in the region of the group."""
CALM_SECONDS = 2.0


@dataclass(frozen=True)
class Case:
    """What is asked, with which latency (seconds), how often, and how many times faster the bot is meant to be."""

    name: str
    question: Question
    latency: float
    rounds: int
    goal: float


NARROW, ALL = Question(WORD, 5), Question("", 0)
CASES = (
    Case("a word, five minutes", NARROW, 0.0, 15, 5.0),
    Case("all of it", ALL, 0.0, 5, 4.0),
    Case("a word, five minutes", NARROW, LATENCY, 15, 2.0),
    Case("all of it", ALL, LATENCY, 5, 2.0),
)


@dataclass(frozen=True)
class Measured:
    """Rounds of both, one of each in turns."""

    case: Case
    bot: Sequence[Round]
    awslogs: Sequence[Round]

    @property
    def times(self) -> float:
        """The median of the rounds' own ratios: what disturbs the machine disturbs both of a round."""
        return statistics.median(other.seconds / one.seconds for one, other in zip(self.bot, self.awslogs, strict=True))


def busiest(calls: Iterable[tuple[float, ...]]) -> int:
    """The most calls that began within one second, over all rounds."""
    began = sorted(at for each in calls for at in each)
    return max((sum(at <= other < at + 1.0 for other in began) for at in began), default=0)


def measure(ground: Ground, case: Case, rounds: int) -> Measured:
    """Both in turns, after one of each that does not count."""
    ground.delay(case.latency)
    contenders = {"bot": ground.bot, "awslogs": ground.awslogs}
    found: dict[str, list[Round]] = {name: [] for name in contenders}
    for number in range(-1, rounds):
        for name in contenders if number % 2 == 0 else reversed(contenders):
            took = contenders[name](case.question)
            print(f"{case.name}, {name}: {took.seconds:.2f} s, {took.events} events", flush=True)
            if number >= 0:
                found[name].append(took)
        time.sleep(CALM_SECONDS)
    events = {each.events for rounds_of_one in found.values() for each in rounds_of_one}
    if len(events) != 1 or (case.question is ALL and events != {BENCHMARK}):
        raise AssertionError(f"not everybody found the same: {events}")
    return Measured(case, found["bot"], found["awslogs"])


def _row(each: Measured) -> tuple[object, ...]:
    case = each.case
    ours, theirs = ([one.seconds for one in rounds] for rounds in (each.bot, each.awslogs))
    return (
        *(case.name, f"{case.latency * 1000:.0f}", f"{each.bot[0].events:,}"),
        *(f"{statistics.median(ours):.2f}", f"{max(ours):.2f}", f"{statistics.median(theirs):.2f}"),
        *(f"{each.times:.1f}", f"{case.goal:g}", "yes" if each.times >= case.goal else "**no**"),
        *(max(len(one.calls) for one in rounds) for rounds in (each.bot, each.awslogs)),
        busiest(one.calls for one in each.bot),
        max(len(one.of_streams) for one in each.bot),
        busiest(one.of_streams for one in each.bot),
    )


def _bound(found: Sequence[Measured]) -> list[str]:
    """What FilterLogEvents alone would allow at best."""
    whole = next(each for each in found if each.case.question is ALL)
    pages = min(len(one.calls) for one in whole.awslogs)
    least = (pages - 1) // ALLOWED
    theirs = statistics.median(one.seconds for one in whole.awslogs)
    return [
        f"All of it is {pages} pages. With FilterLogEvents alone the last of them could not be asked for before",
        f"{least} s have passed, and an answer at that very moment would be {theirs / least:.1f} times faster than",
        "awslogs. The bot reads the first page so, and the rest stream by stream with GetLogEvents, which has a quota",
        "of its own.",
        "",
    ]


def written(found: Sequence[Measured], peer: Peer) -> str:
    """The results as they are checked in."""
    counts = ("bot's FilterLogEvents", "awslogs'", "bot's busiest second", "bot's GetLogEvents", "busiest second")
    head = ("search", "ms a call", "events", "bot s", "slowest", "awslogs s", "times faster", "goal", "reached")
    most = busiest(each.calls for one in found for each in one.bot)
    of_streams = busiest(each.of_streams for one in found for each in one.bot)
    is_kept = most <= ALLOWED and of_streams <= OF_STREAMS
    return "\n".join(
        [
            "# Reading logs",
            "",
            f"{machine()} `make bench`, with {peer.version}: medians of alternating rounds, ratios too",
            f"({', '.join(str(len(one.bot)) for one in found)} rounds).",
            f"Load average of the machine at the end: {os.getloadavg()[0]:.1f}.",
            "",
            f"One log group of {BENCHMARK:,} events, an hour's, whose pages end at a megabyte as AWS's do. The bot is",
            "the real process, warm; its time is from the slash command until the pretend Slack has taken the answer,",
            "which is redacted, without the fields that are masked for whoever asks, and grouped by what lines say.",
            "`awslogs get` is timed as a whole process, which reads and writes the lines as they are. Both ask the",
            f"sandbox, with no latency and with {LATENCY * 1000:.0f} ms before every call; where the service logs the",
            "bot knows since the round before. Both found the same number of events in every round.",
            "",
            *table((*head, *counts), [_row(each) for each in found]),
            "",
            f"Within any second the bot began at most {most} calls of FilterLogEvents, where {ALLOWED} are allowed,",
            f"and {of_streams} of GetLogEvents, where {OF_STREAMS} are: {'kept' if is_kept else '**not kept**'}.",
            "This is counted from the sandbox's list of calls, by when a request had come in.",
            "",
            *_bound(found),
        ]
    )


def main() -> None:
    least = int(sys.argv[1]) if len(sys.argv) > 1 else max(case.rounds for case in CASES)
    peer = install("awslogs", "awslogs")
    with tempfile.TemporaryDirectory(prefix="bench-logs-") as folder:
        ground = Ground(Path(folder), peer)
        try:
            found = [measure(ground, case, min(case.rounds, least)) for case in CASES]
        finally:
            ground.town.stop()
    (Path(__file__).parent / "results.md").write_text(written(found, peer))
    for each in found:
        if busiest(one.calls for one in each.bot) > ALLOWED:
            raise SystemExit(f"more than {ALLOWED} calls of FilterLogEvents began within a second")
        if busiest(one.of_streams for one in each.bot) > OF_STREAMS:
            raise SystemExit(f"more than {OF_STREAMS} calls of GetLogEvents began within a second")


if __name__ == "__main__":
    main()
