"""The processes that are measured: this bot's ``serve``, the floor, and Keep."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.intake.messages import REGION, TOPICS
from benchmarks.peers import Peer

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


@dataclass
class Contender:
    """One process that takes alarms in, on a port of its own."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    database: Path

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()

    def stored(self) -> list[float]:
        """When each message was stored, by its own database; seconds since the epoch."""
        query = {
            "bot": "SELECT json_extract(payload, '$.at') FROM signals WHERE name = 'notified'",
            "floor": "SELECT at FROM messages",
        }
        try:
            database = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
            try:
                return sorted(float(at) for (at,) in database.execute(query[self.name]))
            finally:
                database.close()
        except sqlite3.OperationalError:  # not there yet
            return []


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def bot(folder: Path, surroundings: dict[str, str]) -> Contender:
    """The real process, told where its Slack, AWS and proxy are."""
    port, database = free_port(), folder / f"bot-{secrets.token_hex(4)}.db"
    variables = {
        "BOT_PORT": str(port),
        "BOT_DATABASE_URL": f"sqlite:///{database}",
        "BOT_SNS_TOPICS": ",".join(f"{arn}={version}" for version, arn in TOPICS.items()),
    }
    command = [sys.executable, "-m", "bot", "serve"]
    return _ready(Contender("bot", _started(command, surroundings | variables, folder / "bot.log"), port, database))


def floor(folder: Path, certificate: Path) -> Contender:
    """The bare endpoint."""
    port, database = free_port(), folder / f"floor-{secrets.token_hex(4)}.db"
    command = [sys.executable, "-m", "benchmarks.intake.floor", "http", str(port), str(database), str(certificate)]
    return _ready(Contender("floor", _started(command, {}, folder / "floor.log"), port, database))


def floor_on(folder: Path, surroundings: dict[str, str], queue: str) -> Contender:
    """The bare loop over a queue."""
    database = folder / f"floor-{secrets.token_hex(4)}.db"
    command = [sys.executable, "-m", "benchmarks.intake.floor", "queue", queue, str(database)]
    variables = surroundings | {"AWS_DEFAULT_REGION": REGION}
    return Contender("floor", _started(command, variables, folder / "floor.log"), 0, database)


def keep(folder: Path, peer: Peer) -> Contender:
    """Keep's own API server, with its database in a file and nothing sent to anybody."""
    port, database = free_port(), folder / "keep.db"
    variables = {
        "HOME": str(folder),
        "KEEP_HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_CONNECTION_STRING": f"sqlite:///{database}",
        "SECRET_MANAGER_TYPE": "FILE",
        "SECRET_MANAGER_DIRECTORY": str(folder),
        "AUTH_TYPE": "NO_AUTH",
        "PUSHER_DISABLED": "true",
        "DISABLE_POSTHOG": "true",
        "SCHEDULER": "false",
        "CONSUMER": "false",
        # Its telemetry ends here, whatever it is told.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    process = _started([str(peer.command), "api"], variables, folder / "keep.log")
    return _ready(Contender("keep", process, port, database), "/healthcheck")


def _started(command: Sequence[str], variables: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        environment = {"PATH": os.environ["PATH"], **variables}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)


def _ready(contender: Contender, path: str = "/readyz") -> Contender:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if contender.process.poll() is not None:
            raise RuntimeError(f"{contender.name} ended with {contender.process.returncode} before it was ready")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{contender.port}{path}", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return contender
    raise RuntimeError(f"{contender.name} was not ready in {READY_SECONDS:g} seconds")
