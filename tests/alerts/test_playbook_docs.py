"""What ``docs/runbooks.md`` says of playbooks is so: its example loads, and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.conditions import Condition
from alerts.playbook import Playbook, Remedy
from bot.settings import load
from bot.settings.step_facts import PLACES, STEP_FACTS
from tests.bot.config_files import SYSTEM, write

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")


def test_the_example_is_a_playbook(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(title:.*?)```", TEXT, flags=re.DOTALL)
    default = (ROOT / "config" / "playbooks" / "default.yaml").read_text(encoding="utf-8")
    files = {
        "playbooks/default.yaml": default,
        "playbooks/orders.yaml": example,
        "systems/bi.yaml": SYSTEM.replace("system: bi", "system: orders"),
    }
    orders = load(write(tmp_path, files), Playbook, ("scale", "rollback")).playbooks["orders"]
    assert [remedy.run or remedy.advise for remedy in orders.remedies] == [
        "scale {system}/{service} {environment} +1",
        "Ask the provider of the payments.",
    ]


@pytest.mark.parametrize("model", [Playbook, Remedy, Condition])
def test_every_key_is_described(model: type[Playbook | Remedy | Condition]) -> None:
    assert not [name for name in model.model_fields if f"`{name}`" not in TEXT]


@pytest.mark.parametrize("do", STEP_FACTS)
def test_every_kind_of_step_is_described_with_its_facts(do: str) -> None:
    _, row = (line for line in TEXT.splitlines() if line.startswith(f"| `{do}` |"))
    known = STEP_FACTS[do]
    named = [f"{known.name}.{fact}" if known.name else fact for fact in known.facts]
    assert not [fact for fact in named if f"`{fact}`" not in row]


def test_every_placeholder_is_described() -> None:
    assert not [place for place in PLACES if f"`{{{place}}}`" not in TEXT]


def test_the_order_of_choice_is_described_for_every_level() -> None:
    section = TEXT.split("### Which playbook an alarm gets")[1].split("###")[0]
    assert re.findall(r"^(\d)\. ", section, flags=re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]
