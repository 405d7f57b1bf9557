"""The tools this bot is compared with, each in a virtual environment of its own, and what came of running them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.app_environment import without_foreign_settings

PEERS = Path(__file__).parents[1] / ".sandbox" / "peers"


@dataclass(frozen=True)
class Peer:
    """A command-line tool: its command, and the package with its version."""

    command: Path
    version: str

    def start(self, arguments: Sequence[str], variables: Mapping[str, str]) -> Started:
        """Run it against the sandbox whose variables these are."""
        environment = without_foreign_settings(os.environ)
        environment |= {name: value for name, value in variables.items() if name.startswith("AWS_")}
        # It writes dots as it waits; what it says is read at the end.
        process = subprocess.Popen(
            [str(self.command), *arguments],
            env=environment | {"AWS_PAGER": "", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Started(process)


@dataclass(frozen=True)
class Said:
    """How a tool ended: its exit status, what it wrote, and when (seconds since the epoch)."""

    status: int
    words: str
    at: float


@dataclass(frozen=True)
class Started:
    """A tool that runs."""

    process: subprocess.Popen[str]

    def ended(self, seconds: float) -> Said:
        """Wait for its end. Raises subprocess.TimeoutExpired, and ends it, after so many seconds."""
        try:
            words, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return Said(self.process.returncode, words, time.time())


def install(package: str, command: str, *more: str) -> Peer:
    """The newest version of a package, with what it forgot to require, in an environment that is made anew."""
    folder = PEERS / package
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", package, *more], check=True, stdout=sys.stderr)
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    version = subprocess.run([str(python), "-c", asked], check=True, capture_output=True, text=True).stdout
    return Peer(folder / "bin" / command, f"{package} {version.strip()}")
