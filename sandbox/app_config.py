"""The bot's configuration in the sandbox: the project's own, with a few short times laid over it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

OVERLAY = Path(__file__).parent / "config"
"""One YAML file for each file of ``config/`` that differs in the sandbox."""


def lay_over(below: Any, above: Any) -> Any:
    """Mappings are merged key by key; anything else above replaces what is below."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: lay_over(below[key], value) if key in below else value for key, value in above.items()}


def copy_config(source: Path, target: Path, overlay: Path = OVERLAY) -> Path:
    """Copy the configuration to ``target``, replacing it, with the overlay merged in; returns ``target``.

    Raises FileNotFoundError when ``source`` is no directory.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"There is no configuration directory {source}.")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for above in sorted(overlay.glob("*.yaml")):
        file = target / above.name
        below = yaml.safe_load(file.read_text()) if file.exists() else {}
        merged = lay_over(below, yaml.safe_load(above.read_text()))
        file.write_text(yaml.safe_dump(merged, sort_keys=False, allow_unicode=True))
    return target
