from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.app_environment import free_port, kept_port
from sandbox.bot_process import BotProcess, BotStartError
from tests.waiting import until

FAKE_BOT = """
import http.server, os, signal, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass

signal.signal(signal.SIGTERM, lambda *_: (print("stopped well", flush=True), os._exit(0)))
print("started", os.environ.get("GREETING"), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    with kept_port(port):
        yield port


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "fake_bot.py"
    path.write_text(FAKE_BOT)
    return path


@pytest.fixture
def pids() -> list[int]:
    return []


@pytest.fixture
def bot(tmp_path: Path, script: Path, port: int, pids: list[int]) -> Iterator[BotProcess]:
    bot = BotProcess(
        [sys.executable, str(script), str(port)],
        {"GREETING": "hello"},
        log=tmp_path / "bot.log",
        ready_url=f"http://127.0.0.1:{port}/readyz",
        on_start=pids.append,
    )
    yield bot
    bot.stop()


def is_alive(pid: int) -> bool:
    """Whether the process still runs; an ended one that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_start_returns_when_the_bot_is_ready(bot: BotProcess, pids: list[int], tmp_path: Path) -> None:
    bot.start()
    assert pids == [bot.pid]
    assert bot.restarts == 0
    assert "started hello" in (tmp_path / "bot.log").read_text()


def test_the_bot_leads_its_own_process_group(bot: BotProcess) -> None:
    bot.start()
    assert os.getpgid(bot.pid) == bot.pid


def test_a_killed_bot_is_started_again(bot: BotProcess, pids: list[int]) -> None:
    bot.start()
    first = bot.pid
    bot.kill()
    assert bot.wait_restart(0, timeout=5)
    bot.wait_ready()
    assert bot.restarts == 1
    assert pids == [first, bot.pid]
    assert not is_alive(first)


def test_a_bot_that_is_dead_already_can_be_killed_again(bot: BotProcess) -> None:
    bot.start()
    first = bot.pid
    for _ in range(50):
        bot.kill()
        bot.terminate()
    assert until(lambda: not is_alive(first))
    bot.kill()
    bot.stop()
    bot.kill()
    bot.terminate()


def test_stop_lets_the_bot_end_by_itself_and_leaves_no_process(bot: BotProcess, tmp_path: Path) -> None:
    bot.start()
    pid = bot.pid
    bot.stop()
    assert not is_alive(pid)
    assert bot.restarts == 0
    assert "stopped well" in (tmp_path / "bot.log").read_text()


def test_a_bot_that_refuses_to_start_is_reported_with_its_last_words(tmp_path: Path, port: int) -> None:
    complaint = "import sys; print('bot.yaml:3: default_channel: missing'); sys.exit(1)"
    bot = BotProcess(
        [sys.executable, "-c", complaint],
        {},
        log=tmp_path / "bot.log",
        ready_url=f"http://127.0.0.1:{port}/readyz",
    )
    with pytest.raises(BotStartError, match=r"(?s)ended before it was ready.*bot.yaml:3"):
        bot.start()


def test_a_bot_that_never_gets_ready_is_reported(tmp_path: Path, port: int) -> None:
    bot = BotProcess(
        [sys.executable, "-c", "import signal; print('waiting', flush=True); signal.pause()"],
        {},
        log=tmp_path / "bot.log",
        ready_url=f"http://127.0.0.1:{port}/readyz",
    )
    with pytest.raises(BotStartError, match=r"not ready after 0.3 seconds"):
        bot.start(timeout=0.3)
    assert not is_alive(bot.pid)


def test_the_bot_dies_with_a_sandbox_that_was_killed(tmp_path: Path, script: Path, port: int) -> None:
    sandbox = textwrap.dedent(f"""
        import signal, sys
        from pathlib import Path
        from sandbox.bot_process import BotProcess
        bot = BotProcess([sys.executable, {str(script)!r}, "{port}"], {{}}, log=Path({str(tmp_path / "bot.log")!r}),
                         ready_url="http://127.0.0.1:{port}/readyz")
        bot.start()
        print(bot.pid, flush=True)
        signal.pause()
    """)
    with subprocess.Popen([sys.executable, "-c", sandbox], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        os.kill(process.pid, signal.SIGKILL)
        assert until(lambda: not is_alive(pid))
