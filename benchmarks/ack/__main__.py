"""Measure, alternating between this bot and the bare application, and write ``benchmarks/ack/results.md``."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ack.load import HttpCaller, LeanSlack
from benchmarks.results import machine, percentile

ROUNDS = 5
SECONDS = 3.0
SLOW_SECONDS = 2.0
PEOPLE = 20
TEXT = "bi/api staging v1.5.0"
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Contender:
    """One process that acknowledges."""

    name: str
    transport: str
    process: subprocess.Popen[bytes]
    slack: LeanSlack
    port: int

    def calls(self, many: int) -> list[Callable[[], Awaitable[float]]]:
        """As many independent callers."""
        if self.transport == "socket":
            return [self.slack.by_socket] * many
        return [HttpCaller(self.slack, self.port).by_http for _ in range(many)]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def start(name: str, transport: str, aws: str, slow: float, folder: Path) -> Contender:
    secret = secrets.token_hex(16)
    slack = LeanSlack(TEXT, secret)
    await slack.start()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "SLACK_BOT_TOKEN": "xoxb-" + secrets.token_hex(8),
        "SLACK_SIGNING_SECRET": secret,
        "SLACK_API_URL": f"{slack.url}/api/",
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(8),
        "AWS_DEFAULT_REGION": "us-east-1",
        "BOT_PORT": str(port),
        "BOT_DATABASE_URL": f"sqlite:///{folder / f'{name}-{transport}-{slow}.db'}",
    }
    if transport == "socket":
        environment["SLACK_APP_TOKEN"] = "xapp-" + secrets.token_hex(8)
    if name == "bare Bolt":
        command = [sys.executable, "-m", "benchmarks.ack.bare", transport, str(port), str(slow)]
    else:
        command = [sys.executable, "-m", "bot", "serve"]
    log = (folder / f"{name}-{transport}-{slow}.log").open("wb")
    process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    contender = Contender(name, transport, process, slack, port)
    await asyncio.to_thread(_ready, port, process)
    if transport == "socket":
        await slack.connected()
    return contender


def _ready(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode} before it was ready")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("not ready in 30 seconds")


async def measure(contender: Contender, concurrency: int) -> list[float]:
    """Latencies of SECONDS of commands, ``concurrency`` at a time."""
    until = time.perf_counter() + SECONDS
    taken: list[float] = []

    async def keep_on(call: Callable[[], Awaitable[float]]) -> None:
        while time.perf_counter() < until:
            taken.append(await call())

    await asyncio.gather(*(keep_on(call) for call in contender.calls(concurrency)))
    return taken


async def crowd(contender: Contender) -> list[float]:
    """PEOPLE commands at the same instant; seconds to each acknowledgement (30 when there was none)."""
    answers = await asyncio.gather(*(call() for call in contender.calls(PEOPLE)), return_exceptions=True)
    return [30.0 if isinstance(answer, BaseException) else answer for answer in answers]


async def run(aws_fast: str, aws_slow: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="bench-ack-"))
    lines = [
        "# Acknowledging slash commands",
        "",
        f"{machine()} `make bench`: {ROUNDS} alternating rounds of {SECONDS:.0f} s.",
        "",
        "The bot is the real `serve` with `/deploy` and SQLite on disk, the row committed before the acknowledgement;",
        "the peer is a bare Bolt application with its defaults and the same libraries.",
        "",
        "| transport | at a time | bot acks/s | bare acks/s | ratio | bot p99 ms | bare p99 ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for transport in ("socket", "http"):
        for concurrency in (1, 16):
            ours = await start("bot", transport, aws_fast, 0, folder)
            bare = await start("bare Bolt", transport, aws_fast, 0, folder)
            found: dict[str, list[list[float]]] = {"bot": [], "bare Bolt": []}
            for _ in range(ROUNDS):
                for contender in (ours, bare):
                    found[contender.name].append(await measure(contender, concurrency))
            await _end(ours, bare)
            rate = {name: statistics.median(len(taken) / SECONDS for taken in rounds) for name, rounds in found.items()}
            p99 = {
                name: statistics.median(percentile(taken, 0.99) for taken in rounds) * 1000
                for name, rounds in found.items()
            }
            lines.append(
                f"| {transport} | {concurrency} | {rate['bot']:.0f} | {rate['bare Bolt']:.0f}"
                f" | {rate['bot'] / rate['bare Bolt']:.1f} | {p99['bot']:.1f} | {p99['bare Bolt']:.1f} |"
            )
            print(lines[-1], flush=True)
    lines += [
        "",
        f"{PEOPLE} people at the same instant, commands that take {SLOW_SECONDS:.0f} s each:",
        "",
        "| transport | bot slowest ms | bot over 3 s | bare slowest ms | bare over 3 s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for transport in ("socket", "http"):
        ours = await start("bot", transport, aws_slow, SLOW_SECONDS, folder)
        bare = await start("bare Bolt", transport, aws_slow, SLOW_SECONDS, folder)
        one, other = await crowd(ours), await crowd(bare)
        await _end(ours, bare)
        late = [sum(took > 3 for took in taken) for taken in (one, other)]
        lines.append(f"| {transport} | {max(one) * 1000:.0f} | {late[0]} | {max(other) * 1000:.0f} | {late[1]} |")
        print(lines[-1], flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return "\n".join(lines) + "\n"


async def _end(*contenders: Contender) -> None:
    for contender in contenders:
        contender.process.kill()
        contender.process.wait()
        await contender.slack.stop()


def main() -> None:
    aws = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ack.aws", str(SLOW_SECONDS)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert aws.stdout is not None
    try:
        fast, slow = aws.stdout.readline().split()
        result = asyncio.run(run(fast, slow))
    finally:
        aws.kill()
    (Path(__file__).parent / "results.md").write_text(result)


if __name__ == "__main__":
    main()
