"""``python -m sandbox``: start the sandbox, or play one of its stories in the one that runs."""

from __future__ import annotations

import errno
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import httpx
import typer
from rich.console import Console

from sandbox.app_environment import read_env_file
from sandbox.app_routes import Hint
from sandbox.bot_process import BotStartError
from sandbox.scenarios import SCENARIOS

CONFIG = Path("config")
FIRST = "first-look"
NOTHING = "none"

app = typer.Typer(help="A pretend Slack, AWS and PagerDuty with the real bot.", no_args_is_help=True)
_console = Console(highlight=False, soft_wrap=True)

StateDir = Annotated[Path, typer.Option(help="Where the env file, the bot's log and its database are.")]


@app.command()
def up(
    port: Annotated[int, typer.Option(help="The page's port; 0 takes a free one.", min=0, max=65535)] = 8765,
    mode: Annotated[str, typer.Option(help="How Slack reaches the bot: socket or http.")] = "socket",
    play: Annotated[str, typer.Option(help="The story that plays by itself, or none.")] = FIRST,
    speed: Annotated[float, typer.Option(help="Seconds that pass in a real second.", min=0)] = 1.0,
    storm: Annotated[bool, typer.Option(help="Have 40 services more, for the story alarm-storm.")] = False,
    state_dir: StateDir = Path(".sandbox"),
) -> None:
    """Start everything, and run until Ctrl-C."""
    if mode not in ("socket", "http"):
        _refuse(f"There is no mode {mode!r}; there are socket and http.")
    if play != NOTHING and play not in SCENARIOS:
        _refuse(f"There is no story {play!r}; there are {', '.join(SCENARIOS)} and {NOTHING}.")
    # Importing moto takes a second, which neither a refusal nor the other commands should wait for.
    from sandbox.app import AlreadyRunningError, Sandbox
    from sandbox.seed.storm import write_storm_config

    # A shell starts what a script sends to the background with SIGINT ignored, and Python leaves that as it is.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        sandbox = Sandbox(
            port=port,
            mode="http" if mode == "http" else "socket",
            play=None if play == NOTHING else play,
            speed=speed,
            config_dir=write_storm_config(CONFIG, state_dir / "config-with-storm") if storm else CONFIG,
            state_dir=state_dir,
            report=_report,
        )
    except ValueError as error:
        _refuse(str(error))
    try:
        sandbox.start()
        _welcome(sandbox.slack.url, sandbox.hints, sandbox.env_file, sandbox.state_dir / "bot.log")
        sandbox.wait()
    except KeyboardInterrupt:
        _console.print("\nStopping.")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _refuse(f"Port {port} is taken; choose another one: make sandbox PORT={port + 1}")
    except (AlreadyRunningError, BotStartError) as error:
        _refuse(str(error))
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        sandbox.stop()


@app.command(name="play")
def play_story(name: str, state_dir: StateDir = Path(".sandbox")) -> None:
    """Play a story in the running sandbox, and tell how it goes."""
    with _client(state_dir) as client:
        answer = client.post("/client/play", json={"name": name}).json()
        if not answer["ok"]:
            _refuse(answer["detail"])
        told = 0
        while True:
            story = client.get("/client/scenarios").json()["playing"]
            for sentence in story["said"][told:]:
                _console.print(f"  {sentence}", markup=False)
            told = len(story["said"])
            if story["state"] == "failed":
                _refuse(f"{name} failed: {story['detail']}")
            if story["state"] == "done":
                return
            time.sleep(0.3)


@app.command()
def scenarios() -> None:
    """The stories there are."""
    for scenario in SCENARIOS.values():
        _console.print(f"[bold]{scenario.name:<12}[/bold] {scenario.summary}")


def _client(state_dir: Path) -> httpx.Client:
    try:
        variables = read_env_file(state_dir / "env")
    except FileNotFoundError:
        _refuse("No sandbox is running here; start one with: make sandbox")
    return httpx.Client(base_url=variables["SANDBOX_URL"], timeout=30, trust_env=False)


def _report(step: str) -> None:
    kind, _, rest = step.partition(" ")
    if kind == "page":
        _console.print(f"\n  [bold green]{rest}[/bold green]   the pretend Slack; the rest is coming up\n")
    else:
        _console.print(f"  [dim]{step}[/dim]")


def _welcome(url: str, hints: Sequence[Hint], env_file: Path, log: Path) -> None:
    _console.print(f"\n  Ready. Open [bold green]{url}[/bold green] and try:")
    for hint in hints:
        _console.print(f"    {hint['channel']:<15} [bold]{hint['text']}[/bold] [dim]- {hint['why']}[/dim]")
    _console.print(f"\n  In a second shell: [bold]. {_short(env_file)}[/bold]   (boto3, slack_sdk, curl)")
    _console.print("  Stories: [bold]python -m sandbox play[/bold] " + ", ".join(SCENARIOS))
    _console.print(f"  The bot's log: {_short(log)}. Ctrl-C stops everything.\n")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _refuse(sentence: str) -> NoReturn:
    _console.print(sentence, markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
