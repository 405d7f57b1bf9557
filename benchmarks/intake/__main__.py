"""Measure, alternating between this bot, the floor and Keep, and write ``benchmarks/intake/results.md``."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.intake.contenders import Contender, bot, floor, floor_on, keep
from benchmarks.intake.messages import Author, post_all
from benchmarks.intake.surroundings import Surroundings
from benchmarks.peers import Peer, install
from benchmarks.results import machine, percentile, table

ROUNDS = 7
AT_ONCE = 64
MESSAGES = 4000
"""Alarms of one round; Keep gets fewer, since it is slow."""
KEEP_MESSAGES = 600
QUEUED = 10_000
QUEUE_ROUNDS = 5
DRAIN_SECONDS = 120.0


@dataclass(frozen=True)
class Round:
    """One contender's round: alarms a second, and the 99th percentile of their answers in milliseconds."""

    rate: float
    p99: float = 0.0


async def posted(contender: Contender, requests: list[bytes]) -> Round:
    before = len(contender.stored()) if contender.name != "keep" else 0
    seconds, taken = await post_all(contender.port, requests, AT_ONCE)
    if contender.name != "keep":
        # Whatever was answered is on disk.
        assert len(contender.stored()) - before == len(requests)
    return Round(len(requests) / seconds, percentile(taken, 0.99) * 1000)


def for_keep(request: bytes) -> bytes:
    """The same message to Keep's address for CloudWatch."""
    head = b"POST /alerts/event/cloudwatch HTTP/1.1\r\nX-API-KEY: bench\r\n"
    return request.replace(b"POST /sns HTTP/1.1\r\n", head, 1)


async def by_https(author: Author, around: Surroundings, folder: Path, peer: Peer) -> dict[str, list[Round]]:
    """Rounds by contender and signature version."""
    found: dict[str, list[Round]] = {}
    contenders = [bot(folder, around.variables()), floor(folder, around.certificate), keep(folder, peer)]
    try:
        for number in range(ROUNDS):
            for version in ("1", "2"):
                requests = await asyncio.to_thread(author.requests, MESSAGES, version)
                for contender in contenders if number % 2 == 0 else contenders[::-1]:
                    mine = requests
                    if contender.name == "keep":
                        mine = [for_keep(request) for request in requests[:KEEP_MESSAGES]]
                    took = await posted(contender, mine)
                    found.setdefault(f"{contender.name}/{version}", []).append(took)
                    print(f"{contender.name}, v{version}: {took.rate:.0f} alarms/s, p99 {took.p99:.0f} ms", flush=True)
    finally:
        for contender in contenders:
            contender.end()
    return found


async def by_queue(around: Surroundings, folder: Path) -> dict[str, list[Round]]:
    """Rounds by contender, each draining a queue of its own."""

    def our_own(url: str) -> Contender:
        return bot(folder, around.variables() | {"BOT_SQS_QUEUE_URLS": url})

    def bare(url: str) -> Contender:
        return floor_on(folder, around.variables(), url)

    found: dict[str, list[Round]] = {"bot": [], "floor": []}
    for _ in range(QUEUE_ROUNDS):
        for name, start in (("bot", our_own), ("floor", bare)):
            took = await asyncio.to_thread(drained, around, start)
            found[name].append(took)
            print(f"{name}, from a queue: {took.rate:.0f} alarms/s", flush=True)
    return found


def drained(around: Surroundings, start: Callable[[str], Contender]) -> Round:
    """Alarms a second between the first that was stored and the last."""
    url = around.filled(QUEUED)
    contender = start(url)
    try:
        deadline = time.monotonic() + DRAIN_SECONDS
        while len(contender.stored()) < QUEUED or around.sqs.left:
            if time.monotonic() > deadline:
                raise AssertionError(f"{contender.name} stored {len(contender.stored())} of {QUEUED}")
            time.sleep(0.5)
        stored = contender.stored()
        assert len(stored) == QUEUED
        return Round((QUEUED - 1) / (stored[-1] - stored[0]))
    finally:
        contender.end()


def _ratio(ours: list[Round], others: list[Round]) -> float:
    """The median of the rounds' own ratios: what disturbs the machine disturbs both of a round."""
    return statistics.median(one.rate / other.rate for one, other in zip(ours, others, strict=True))


def _median(rounds: list[Round]) -> tuple[float, float]:
    return statistics.median(each.rate for each in rounds), statistics.median(each.p99 for each in rounds)


def written(https: dict[str, list[Round]], queue: dict[str, list[Round]], peer: Peer) -> str:
    """The results as they are checked in."""
    rows = []
    for version in ("1", "2"):
        (ours, p99), (bare, bare_p99) = _median(https[f"bot/{version}"]), _median(https[f"floor/{version}"])
        other, other_p99 = _median(https[f"keep/{version}"])
        to_floor = _ratio(https[f"bot/{version}"], https[f"floor/{version}"])
        to_keep = _ratio(https[f"bot/{version}"], https[f"keep/{version}"])
        rows.append(
            (
                *(f"HTTPS, signature version {version}", f"{ours:.0f}", f"{bare:.0f}", f"{to_floor:.2f}"),
                *(f"{other:.0f}", f"{to_keep:.0f}", f"{p99:.0f}", f"{bare_p99:.0f}", f"{other_p99:.0f}"),
            )
        )
    drained_rows = []
    ours, bare = _median(queue["bot"])[0], _median(queue["floor"])[0]
    drained_rows.append((f"{ours:.0f}", f"{bare:.0f}", f"{_ratio(queue['bot'], queue['floor']):.2f}"))
    head = (
        "door",
        "bot/s",
        "floor/s",
        "bot ÷ floor",
        "Keep/s",
        "bot ÷ Keep",
        "bot p99 ms",
        "floor p99 ms",
        "Keep p99 ms",
    )
    return "\n".join(
        [
            "# Taking alarms in",
            "",
            f"{machine()} `make bench`, with {peer.version}: medians of {ROUNDS} alternating rounds, ratios too.",
            f"Load average of the machine at the end: {os.getloadavg()[1]:.1f}.",
            "",
            f"{MESSAGES} different messages of CloudWatch a round ({KEEP_MESSAGES} for Keep), signed as SNS signs",
            f"them, {AT_ONCE} at once on open connections. The bot is the real `serve`, with all it does besides;",
            "it answers when the alarm is on disk (SQLite, `synchronous=FULL`), and after each round all are found",
            "there. The floor is a bare Starlette application that only parses, verifies and commits, what arrives",
            "meanwhile together. Keep runs as it comes, on SQLite; it verifies no signature and answers before it",
            "stores.",
            "",
            *table(head, rows),
            "",
            f"From a queue that holds {QUEUED}, {QUEUE_ROUNDS} rounds, from the first that was stored to the last; the",
            "floor receives ten, commits them together and deletes them. SQS is a lean one of the benchmark's own: the",
            "sandbox's looks through the whole queue for every message, and would be all there is to measure (about 30",
            "a second for either, with a thousand waiting).",
            "",
            *table(("bot/s", "floor/s", "bot ÷ floor"), drained_rows),
            "",
        ]
    )


async def run(peer: Peer) -> str:
    folder = Path(tempfile.mkdtemp(prefix="bench-intake-"))
    author = Author()
    around = Surroundings(folder, author.certificate)
    await around.start()
    try:
        https = await by_https(author, around, folder, peer)
        queue = await by_queue(around, folder)
    finally:
        await around.stop()
    shutil.rmtree(folder, ignore_errors=True)
    return written(https, queue, peer)


def main() -> None:
    peer = install("keephq", "keep")
    result = asyncio.run(run(peer))
    (Path(__file__).parent / "results.md").write_text(result)
    sys.stdout.write(result)


if __name__ == "__main__":
    main()
