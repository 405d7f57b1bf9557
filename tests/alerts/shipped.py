"""The playbooks and systems in the repository, loaded as the bot loads them."""

from __future__ import annotations

from pathlib import Path

from alerts.playbook import Playbook
from alerts.playbooks import Playbooks
from bot.catalog import Catalog
from bot.flow import UMBRELLA
from bot.settings import load
from commands import COMMANDS

CONFIG = Path(__file__).parents[2] / "config"
SETTINGS = load(CONFIG, Playbook, [*(name for name in COMMANDS if name != "help"), UMBRELLA])
CATALOG = Catalog(SETTINGS.systems)
PLAYBOOKS = Playbooks(SETTINGS.playbooks)
NAMES = sorted(SETTINGS.playbooks)
