"""The sandbox in a process of its own, and two bots: one next door to AWS, one whose every call of AWS is held up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bot.app import Bot, build
from bot.ports import World
from bot.serve import configuration

ROOT = Path(__file__).parents[1]
LATENCY = 0.05
"""Seconds that every call of AWS waits in the slow half of the runs."""


def forgetful(bot: Bot) -> World:
    """The bot's world without what it remembers of AWS's answers; connections are kept."""
    inside = ("catalog", "holds", "commands", "slash", "recent", "silences", "may", "tell", "stop_later", "advice")
    return bot.outside.world(clock=bot.clock, **{name: getattr(bot.world, name) for name in inside})


class Town:
    """The sandbox in its own process, and what it counted."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.plan.town"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.variables: dict[str, str] = json.loads(self._read())

    def calls(self) -> list[str]:
        """The AWS calls since the last look."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: list[str] = json.loads(self._read())
        return found

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _bot_behind(port: int, town: Town, folder: Path) -> Bot:
    """The bot put together, not started; its AWS clients, made at the first call, remember that port."""
    os.environ.update(town.variables)
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    os.environ["BOT_DATABASE_URL"] = f"sqlite:///{folder / f'{port}.sqlite3'}"
    return build(*configuration())


@contextmanager
def near_and_far(warm: Callable[[Bot], None]) -> Iterator[tuple[Town, dict[float, Bot]]]:
    """The town, and the bots by their latency in seconds: 0 and LATENCY.

    ``warm`` has a bot ask everything once: a client keeps the address that the environment has when it is made.
    """
    town = Town()
    upstream = str(urlsplit(town.variables["AWS_ENDPOINT_URL"]).port)
    proxy = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.plan.proxy", upstream, "0", str(LATENCY)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert proxy.stdout is not None
        ports = [int(word) for word in proxy.stdout.readline().split()]
        with tempfile.TemporaryDirectory(prefix="bench-far-") as folder:
            bots = {}
            for latency, port in zip((0.0, LATENCY), ports, strict=True):
                bots[latency] = _bot_behind(port, town, Path(folder))
                warm(bots[latency])
            yield town, bots
    finally:
        proxy.terminate()
        town.stop()
