"""The real bot as a process of its own: started, watched, started again, and gone when the sandbox goes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

READY_SECONDS = 30.0
"""How long a bot may take from its start until it says that it is ready."""

STOP_SECONDS = 10.0
"""How long a bot may take to stop after SIGTERM; then its whole process group is killed."""

_SHORTEST_LIFE = 1.0
_PAUSE_AFTER_SHORT_LIFE = 1.0
_LOG_LINES_SHOWN = 20

# Ends when its standard input does, which the kernel sees to even when the sandbox is killed with -9; the process
# group named last goes with it. A shell is on every system the sandbox runs on, unlike Linux's parent-death signal.
_GUARD = 'while read -r group; do last=$group; done; [ -z "$last" ] || kill -s KILL -- "-$last" 2>/dev/null'


class BotStartError(Exception):
    """The bot did not come up; the message is a sentence followed by the last lines of its log."""


class BotProcess:
    """Runs ``command`` in its own process group, its output appended to ``log``.

    ``ready_url`` answers 200 when the bot is ready. ``on_start`` is called with the process id after every start.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        ready_url: str,
        on_start: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._ready_url = ready_url
        self._on_start = on_start
        self._condition = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id now running. Raises RuntimeError before the first start."""
        with self._condition:
            if self._process is None:
                raise RuntimeError("the bot is not started")
            return self._process.pid

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        with self._condition:
            return max(0, self._starts - 1)

    def start(self, timeout: float = READY_SECONDS) -> None:
        """Start, and return when the bot is ready. Raises BotStartError when it ends or stays unready."""
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self._supervisor = threading.Thread(target=self._supervise, name="bot-supervisor", daemon=True)
        self._supervisor.start()
        try:
            self.wait_ready(timeout, first_start_only=True)
        except BotStartError:
            self.stop()
            raise

    def wait_ready(self, timeout: float = READY_SECONDS, *, first_start_only: bool = False) -> None:
        """Return when the bot is ready. Raises BotStartError after ``timeout`` seconds.

        With ``first_start_only`` it is an error, too, when the bot ends meanwhile.
        """
        deadline = time.monotonic() + timeout
        while not self._is_ready():
            if first_start_only and self.restarts:
                raise BotStartError(f"The bot ended before it was ready.\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise BotStartError(f"The bot was not ready after {timeout:g} seconds.\n{self.last_lines()}")
            self._stopping.wait(0.05)

    def wait_restart(self, starts_before: int, timeout: float) -> bool:
        """Wait until it was started again more often than ``starts_before``; False after ``timeout`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._starts - 1 > starts_before, timeout)

    def kill(self) -> None:
        """SIGKILL, as a crash would; the supervisor starts the bot again. A dead one is left alone."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM, as a redeployment would; the supervisor starts the bot again. A dead one is left alone."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End the bot for good: SIGTERM, 10 seconds, then SIGKILL for its whole group."""
        self._stopping.set()
        if self._supervisor is not None:
            self._signal(signal.SIGTERM)
            self._supervisor.join(STOP_SECONDS)
            self._signal(signal.SIGKILL, group=True)
            self._supervisor.join(STOP_SECONDS)
            self._supervisor = None
        self._release_guard()

    def last_lines(self) -> str:
        """The end of the bot's log."""
        if not self._log.exists():
            return "(its log is empty)"
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        return "\n".join(f"    {line}" for line in lines) or "(its log is empty)"

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            process = self._spawn()
            process.wait()
            if time.monotonic() - began < _SHORTEST_LIFE:
                self._stopping.wait(_PAUSE_AFTER_SHORT_LIFE)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guard(str(process.pid))
        self._on_start(process.pid)
        with self._condition:
            self._process = process
            self._starts += 1
            self._condition.notify_all()
        if self._stopping.is_set():
            process.terminate()
        return process

    def _signal(self, number: signal.Signals, *, group: bool = False) -> None:
        with self._condition:
            process = self._process
        if process is None:
            return
        try:
            if group:
                os.killpg(process.pid, number)
            elif process.returncode is None:
                os.kill(process.pid, number)
        except (ProcessLookupError, PermissionError):
            # PermissionError is how macOS says that only zombies are left in the group.
            return

    def _tell_guard(self, group: str) -> None:
        guard = self._guard
        if guard is not None and guard.stdin is not None:
            guard.stdin.write(group.encode() + b"\n")
            guard.stdin.flush()

    def _release_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is None or guard.stdin is None:
            return
        guard.stdin.write(b"\n")
        guard.stdin.close()
        guard.wait(STOP_SECONDS)

    def _is_ready(self) -> bool:
        """Its store works and it hears Slack: with Socket Mode that is a moment after it answers at all."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._ready_url, timeout=2) as answer:
                said = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return False
        return '"slack"' not in said
