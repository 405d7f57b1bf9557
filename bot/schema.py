"""JSON Schemas of the YAML files, so that editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.domain import System
from bot.settings import AccessConfig, BotConfig, CalendarConfig

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(playbook_model: type[BaseModel] | None = None) -> dict[str, dict[str, Any]]:
    """The schema of every kind of file, by name; that of playbooks when their model is given."""
    models: dict[str, type[BaseModel]] = {
        "system": System,
        "bot": BotConfig,
        "access": AccessConfig,
        "calendar": CalendarConfig,
    }
    if playbook_model is not None:
        models["playbook"] = playbook_model
    return {name: {"$schema": _DIALECT, **model.model_json_schema()} for name, model in models.items()}


def rendered(playbook_model: type[BaseModel] | None = None) -> dict[str, str]:
    """The schemas as the files under ``docs/schema/`` hold them, by file name."""
    return {f"{name}.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas(playbook_model).items()}


def write(directory: Path, playbook_model: type[BaseModel] | None = None) -> None:
    """Write ``<name>.json`` for every schema."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in rendered(playbook_model).items():
        (directory / name).write_text(text, encoding="utf-8")
