"""A small valid configuration, to be broken one key at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import load

BOT = 'default_channel: "#ops"\n'
ACCESS = """\
roles:
  on-call:
    groups: [S0ONCALL]
allow:
  - action: deploy
    environments: [production]
    roles: [on-call]
"""
SYSTEM = """\
system: bi
channel: "#bi-platform"
region: ap-northeast-1
environments:
  production:
    services:
      api:
        kind: ecs
        cluster: bi-production
        alarms:
          - {name: errors}
"""
# The same shape, for what may not exist twice.
OTHER = SYSTEM.replace("system: bi", "system: zoo").replace("bi-", "zoo-").replace("errors", "zoo-errors")
IN_API = "config/systems/bi.yaml:{}: environments.production.services.api{}: {}"


def write(folder: Path, files: dict[str, str]) -> Path:
    """A whole configuration in which some files are different."""
    config = folder / "config"
    for name, text in ({"bot.yaml": BOT, "access.yaml": ACCESS, "systems/bi.yaml": SYSTEM} | files).items():
        path = config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return config


def problems(folder: Path, files: dict[str, str]) -> list[str]:
    """The lines that loading such a configuration ends with."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, files), known_commands=("services", "deploy", "ops"))
    return [str(problem) for problem in caught.value.problems]
