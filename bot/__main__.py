"""The command line: ``python -m bot serve``, ``check``, ``manifest``, ``iam-policy``, ``schema``, ``commands``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.manifest import manifest as slack_manifest
from bot.manifest import policy
from bot.settings import EnvironmentVariables, Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def serve() -> None:
    """Run the bot until it is told to stop."""
    from bot.serve import serve as run_bot

    raise typer.Exit(run_bot())


@cli.command()
def check(
    aws: Annotated[bool, typer.Option("--aws", help="Also ask AWS and Slack whether everything named exists.")] = False,
) -> None:
    """Check every file of the configuration; one line a problem, exit status 1 when there is one."""
    from bot.checking import problems

    found, summary = problems(online=aws)
    for problem in found:
        typer.echo(str(problem))
    if not found:
        typer.echo(summary)
    raise typer.Exit(1 if found else 0)


@cli.command()
def manifest(
    socket: Annotated[
        bool | None,
        typer.Option("--socket/--http", help="How Slack comes in; when left out, --socket with a SLACK_APP_TOKEN."),
    ] = None,
) -> None:
    """Print the Slack app manifest that fits the configuration; the problems of a bad one, exit status 1."""
    settings, environment = _configuration()
    socket_mode = environment.socket_mode if socket is None else socket
    typer.echo(json.dumps(slack_manifest(settings, socket_mode=socket_mode), indent=2))


@cli.command(name="iam-policy")
def iam_policy() -> None:
    """Print the IAM policy the bot's role needs; the problems of a bad configuration, exit status 1."""
    settings, environment = _configuration()
    needed = policy(settings, images_bucket=environment.bot_images_bucket, mail_from=environment.bot_mail_from)
    typer.echo(json.dumps(needed, indent=2))


def _configuration() -> tuple[Settings, EnvironmentVariables]:
    from bot.errors import ConfigError
    from bot.serve import configuration

    try:
        return configuration()
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@cli.command()
def schema(directory: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("docs/schema")) -> None:
    """Write the JSON Schemas of the configuration files, for editors."""
    from alerts.playbook import Playbook
    from bot.schema import write

    write(directory, Playbook)


@cli.command()
def commands() -> None:
    """Print docs/commands.md, derived from the argument models."""
    from bot.command_docs import render
    from commands import COMMANDS

    typer.echo(render(COMMANDS), nl=False)


if __name__ == "__main__":
    cli()
