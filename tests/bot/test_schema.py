"""The schemas that editors use are the models' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from alerts.playbook import Playbook as RealPlaybook
from bot.schema import rendered, schemas, write

CHECKED_IN = Path(__file__).parents[2] / "docs" / "schema"


RENDERED = rendered(RealPlaybook)


@pytest.mark.parametrize("name", sorted(RENDERED))
def test_the_checked_in_schema_is_in_step(name: str) -> None:
    assert (CHECKED_IN / name).read_text(encoding="utf-8") == RENDERED[name], "run: make docs"


def test_a_schema_refuses_unknown_keys_and_describes_every_known_one() -> None:
    for block in blocks(schemas()):
        assert block["additionalProperties"] is False
        for key, value in block["properties"].items():
            assert value.get("description"), f"{block['title']}.{key} has no description"


def test_durations_are_words_with_a_unit_in_the_schema() -> None:
    timings = schemas()["bot"]["$defs"]["Timings"]["properties"]
    assert timings["soak"]["default"] == "10m"
    assert timings["soak"]["type"] == "string"


def test_the_schema_of_playbooks_comes_with_their_model(tmp_path: Path) -> None:
    class Playbook(BaseModel):
        title: str

    write(tmp_path / "schema", Playbook)
    assert json.loads((tmp_path / "schema" / "playbook.json").read_text())["required"] == ["title"]
    assert "playbook" not in schemas()


def blocks(value: Any) -> list[dict[str, Any]]:
    """Every part of a schema that describes a block with named keys."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) and isinstance(value.get("properties"), dict) else []
    return own + [block for part in inside for block in blocks(part)]
