"""The variables the bot is started with, and the file that tells them to a second shell."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# The developer's own accounts, proxies and Slack must never be reached from the sandbox.
_FOREIGN = ("AWS_", "SLACK_", "BOT_", "PAGERDUTY_", "GITHUB_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Secrets:
    """Tokens and keys in the shapes of the real ones, made anew at every start."""

    bot_token: str = field(default_factory=lambda: "-".join(("xoxb", "sandbox", secrets.token_hex(12))))
    app_token: str = field(default_factory=lambda: "-".join(("xapp", "1", "sandbox", secrets.token_hex(12))))
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    access_key: str = field(default_factory=lambda: "SANDBOX" + secrets.token_hex(6).upper())
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    github_token: str = field(default_factory=lambda: "_".join(("ghp", secrets.token_hex(18))))
    routing_key: str = field(default_factory=lambda: secrets.token_hex(16))
    escalation_routing_key: str = field(default_factory=lambda: secrets.token_hex(16))
    webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_port(port: int) -> socket.socket:
    """Nobody who asks for any free port gets this one until the socket is closed; who asks for it by number does.

    Linux lets several sockets that set SO_REUSEADDR be bound to one port as long as none of them listens (ip(7),
    socket(7)). Raises OSError when somebody has the port.
    """
    kept = socket.socket()
    try:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", port))
    except OSError:
        kept.close()
        raise
    return kept


def without_foreign_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for the bot: the machine's, without AWS, Slack, PagerDuty, GitHub, bot and proxy settings."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(_FOREIGN) and name.upper() not in _PROXIES
    }
    return kept | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def write_env_file(path: Path, variables: Mapping[str, str]) -> None:
    """Write ``export NAME='value'`` lines, readable by the owner only, all at once or not at all."""
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file that ``write_env_file`` wrote. Raises FileNotFoundError when no sandbox wrote one."""
    words = shlex.split(path.read_text())
    pairs = (word.partition("=") for word in words[1::2])
    return {name: value for name, _, value in pairs}
