"""No Docker engine runs in the tests: the Dockerfile is read, and its install steps are run in a clean environment."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.bot.servers import closed_port

ROOT = Path(__file__).parent.parent
KNOWN = {
    "FROM",
    "COPY",
    "RUN",
    "WORKDIR",
    "ENV",
    "USER",
    "VOLUME",
    "EXPOSE",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in kept)]


def test_every_line_is_an_instruction_docker_knows() -> None:
    assert {word for word, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source in allowed, source


def test_the_process_is_not_root_and_is_started_without_a_shell() -> None:
    found = dict(instructions())
    assert found["USER"] not in ("root", "0")
    assert json.loads(found["ENTRYPOINT"]) == ["python", "-m", "bot"]
    assert json.loads(found["CMD"]) == ["serve"]


def test_health_is_asked_where_the_bot_listens() -> None:
    found = dict(instructions())
    asked = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    command = [sys.executable, *asked[1:]]
    with closed_port() as port:
        here = {"BOT_PORT": str(port)}
        gone = subprocess.run(command, env=here, capture_output=True, text=True, timeout=30, check=False)
    assert gone.returncode == 1 and "Connection refused" in gone.stderr
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        subprocess.run(command, env={"BOT_PORT": str(server.server_address[1])}, timeout=30, check=True)


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_everything_that_is_imported_at_run_time_is_copied() -> None:
    copied = {rest.split()[0] for word, rest in instructions() if word == "COPY" and "--from" not in rest}
    assert {"bot", "commands", "alerts", "config", "requirements.lock"} <= copied


def test_the_lock_pins_every_package_with_a_hash_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9][a-z0-9_.-]*)==\S+ \\\n\s+--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    named = re.findall(r"^[a-z0-9][a-z0-9_.-]*", text, re.MULTILINE)
    assert len(pins) == len(named) > 30
    assert not re.search(r"--(extra-)?index-url|--find-links|https?://", text)


@pytest.mark.story
def test_the_install_steps_give_a_bot_that_starts_in_a_clean_environment(tmp_path: Path) -> None:
    run = next(rest for word, rest in instructions() if word == "RUN" and "pip install" in rest)
    steps = run.replace("/opt/venv", str(tmp_path / "venv")).replace("/tmp/requirements.lock", "requirements.lock")
    steps = steps.replace("python -m venv", f"{sys.executable} -m venv")
    subprocess.run(["bash", "-c", steps], cwd=ROOT, check=True, capture_output=True, timeout=900)
    app = tmp_path / "app"
    app.mkdir()
    for name in ("bot", "commands", "alerts", "config"):
        (app / name).symlink_to(ROOT / name)
    checked = subprocess.run(
        [str(tmp_path / "venv/bin/python"), "-m", "bot", "check"],
        cwd=app,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "5 systems" in checked.stdout
    served = subprocess.run(
        [str(tmp_path / "venv/bin/python"), "-c", "import bot.serve"],
        cwd=app,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert served.returncode == 0, served.stderr
