"""What the bot's own manifest asks Slack for, so that the sandbox grants that and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 60.0
"""Real seconds that the bot may take to print its manifest."""


def read_manifest(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The Slack app manifest that ``command`` prints; None where it prints none.

    What is wrong with a configuration the bot says itself when it starts, and better.
    """
    try:
        printed = subprocess.run(
            command, env=dict(environment), capture_output=True, check=True, timeout=LONGEST, stdin=subprocess.DEVNULL
        ).stdout
        manifest = json.loads(printed)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None
