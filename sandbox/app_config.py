"""The bot's configuration in the sandbox: the project's own, with a few short times laid over it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

OVERLAY = Path(__file__).parent / "config"
"""One YAML file for each file of ``config/`` that differs in the sandbox, or that only the sandbox has."""

COMMANDS = (
    *("services", "logs", "metrics", "health", "deploy", "rollback", "scale", "restart", "cancel"),
    *("operations", "alarms", "explain", "silence", "unsilence", "freeze", "unfreeze", "ops"),
)
"""The bot's commands, by the names they have where ``bot.yaml`` says nothing else."""


def lay_over(below: Any, above: Any) -> Any:
    """Mappings are merged key by key; anything else above replaces what is below, and null takes the key away."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    merged = below | {key: lay_over(below[key], value) if key in below else value for key, value in above.items()}
    return {key: value for key, value in merged.items() if key not in above or above[key] is not None}


def copy_config(source: Path, target: Path, overlay: Path = OVERLAY) -> Path:
    """Copy the configuration to ``target``, replacing it, with the overlay merged in; returns ``target``.

    Raises FileNotFoundError when ``source`` is no directory.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"There is no configuration directory {source}.")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for above in sorted(overlay.rglob("*.yaml")):
        name = above.relative_to(overlay)
        merged = _merged(source, overlay, name)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(yaml.safe_dump(merged, sort_keys=False, allow_unicode=True))
    return target


def command_names(source: Path, overlay: Path = OVERLAY) -> dict[str, str]:
    """The bot's commands, each with the name it has with Slack, slash included: {"deploy": "/deploy", ...}.

    Raises ValueError, its message a sentence, when ``bot.yaml`` is no YAML.
    """
    try:
        bot = _merged(source, overlay, Path("bot.yaml"))
    except yaml.YAMLError as error:
        raise ValueError(f"{source / 'bot.yaml'} is no YAML: {error}") from error
    written = bot.get("commands") if isinstance(bot, dict) else None
    # What else may be wrong with it, the bot says when it starts, and better.
    renamed = {str(name): value for name, value in written.items()} if isinstance(written, dict) else {}
    names = {name: name for name in COMMANDS} | {name: value for name, value in renamed.items() if value}
    return {name: f"/{registered}" for name, registered in names.items()}


def _merged(source: Path, overlay: Path, name: Path) -> Any:
    below, above = (
        yaml.safe_load(file.read_text()) if file.exists() else {} for file in (source / name, overlay / name)
    )
    return lay_over(below, above)
