from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from bot.flow import UMBRELLA
from commands import COMMANDS as bot_commands  # noqa: N811 - the sandbox has a list of its own
from sandbox.__main__ import app as command_line
from sandbox.app import Sandbox
from sandbox.app_config import COMMANDS, command_names, copy_config
from sandbox.app_environment import read_env_file
from sandbox.scenarios import SCENARIOS
from sandbox.slack.seed import DEFAULT_COMMANDS
from tests.sandbox.playing import story_ended
from tests.waiting import until

CONFIG = Path(__file__).parents[2] / "config"


def renamed(tmp_path: Path, **commands: str) -> Path:
    """The project's configuration with its commands under other names."""
    above = tmp_path / "above"
    above.mkdir()
    (above / "bot.yaml").write_text(yaml.safe_dump({"commands": commands}))
    return copy_config(CONFIG, tmp_path / "renamed", above)


def test_the_sandbox_registers_every_command_that_the_manifest_does() -> None:
    assert set(COMMANDS) == {*(name for name in bot_commands if name != "help"), UMBRELLA}
    assert {command["command"] for command in DEFAULT_COMMANDS} == {f"/{name}" for name in COMMANDS}


def test_renamed_commands_are_registered_hinted_and_played_under_their_new_names(tmp_path: Path) -> None:
    sandbox = Sandbox(
        config_dir=renamed(tmp_path, deploy="ship", extra="more"), state_dir=tmp_path / ".sandbox", bot=False
    )
    sandbox.start()
    try:
        with httpx.Client(base_url=sandbox.slack.url, trust_env=False, timeout=10) as client:
            registered = {command["command"] for command in client.get("/client/state").json()["commands"]}
            assert registered == {f"/{name}" for name in COMMANDS} - {"/deploy"} | {"/ship", "/more"}
            typed = {hint["text"].split()[0] for hint in client.get("/client/hints").json()["hints"]}
            assert typed == {"/services", "/ship", "/ops"}
            client.post("/client/play", json={"name": "ship-good"})
            story = until(lambda: story_ended(client))
            assert any("Alice types /ship delivery-standard" in sentence for sentence in story["said"])
        assert "deploy=/ship" in read_env_file(sandbox.env_file)["SANDBOX_COMMANDS"].split()
    finally:
        sandbox.stop()


def test_a_command_that_slack_keeps_for_itself_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed(tmp_path, services="status").rename(tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(command_line, ["up", "--port", "0"])
    assert shown.exit_code == 1
    assert shown.output == "config/bot.yaml: commands: /status is reserved by Slack.\n"


def test_a_configuration_that_cannot_be_read_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "bot.yaml").write_text("commands: {")
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(command_line, ["up", "--port", "0"])
    assert shown.exit_code == 1
    assert shown.output.startswith("config/bot.yaml is no YAML: ")


@pytest.mark.parametrize("written", ["", "commands: nonsense", "commands: {deploy: }", "- a list"])
def test_commands_that_nobody_renamed_have_their_own_names(tmp_path: Path, written: str) -> None:
    (tmp_path / "bot.yaml").write_text(written)
    assert command_names(tmp_path) == {name: f"/{name}" for name in COMMANDS}


def test_the_command_line_lists_the_stories() -> None:
    shown = CliRunner().invoke(command_line, ["scenarios"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in SCENARIOS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up", "--mode", "carrier-pigeon"], "There is no mode"),
        (["up", "--play", "hamlet"], "There is no story"),
        (["play", "oom"], "No sandbox is running here"),
    ],
)
def test_a_wrong_command_line_is_refused_with_a_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    shown = CliRunner().invoke(command_line, [*arguments, "--state-dir", str(tmp_path)])
    assert shown.exit_code == 1
    assert sentence in shown.output


def test_a_sandbox_that_a_script_put_into_the_background_can_be_interrupted(tmp_path: Path) -> None:
    up = f"trap '' INT; exec {sys.executable} -m sandbox up --port 0 --play none --state-dir {tmp_path}"
    with subprocess.Popen(["/bin/sh", "-c", up], cwd=CONFIG.parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("images and load balancers" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert "Stopping." in process.stdout.read()
        assert process.wait(30) == 0
    assert not (tmp_path / "env").exists()
