"""What holds for every command there is, and every one that will be added."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import arguments
from bot.command import Command
from bot.domain import Actor
from bot.settings.models import ACTIONS
from commands import COMMANDS
from tests.scene import ALICE, Scene

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@every_command
def test_it_is_registered_under_its_own_name_and_says_what_it_does(command: Command) -> None:
    assert COMMANDS[command.name] is command
    assert command.summary
    assert not command.summary.endswith(".")


@every_command
def test_its_action_can_be_allowed_in_the_configuration(command: Command) -> None:
    assert command.action in ACTIONS


@every_command
def test_every_argument_is_explained(command: Command) -> None:
    assert all(text for _, text in arguments.explain(command))


@every_command
def test_it_has_an_example_and_each_parses(command: Command) -> None:
    assert command.examples
    for example in command.examples:
        arguments.parse(command, command.name, arguments.words(example))


@every_command
def test_it_has_a_section_in_the_documentation(command: Command) -> None:
    headings = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert any(command.name in heading for heading in headings)


@every_command
def test_what_changes_anything_is_governed_by_more_than_reading(command: Command) -> None:
    reading = {"read", "logs"}
    rights = {strategy.action or command.action for strategy in command.strategies.values()}
    assert not rights & reading
    assert rights or command.action in reading


@every_command
def test_it_has_help(scene: Scene, command: Command) -> None:
    scene.type("ops", f"help {command.name}")
    assert f"/{command.name}" in scene.said_to(ALICE)[0].text or "/ops" in scene.said_to(ALICE)[0].text


TYPED = {
    "deploy": ("api production v2", "api production v1", "api production v9"),
    "rollback": ("api production", "api production to previous", "api production 99"),
    "services": ("", "bi"),
    "scale": ("api production 4", "api production 2", "api production back"),
    "operations": ("", "bi"),
    "cancel": ("api production",),
    "restart": ("api production", "api production task nothing"),
    "freeze": ("bi 2h audit", "bo 2h audit"),
    "unfreeze": ("bi",),
    "logs": ("api production", "api production level error last 1h", "api production query nothing"),
    "health": ("", "bi production", "bi/api staging"),
    "alarms": ("", "bi", "all"),
    "metrics": ("api production", "api production cpu last 1h vs yesterday", "api production nonsense", "dashboards"),
    "silence": ("api production 2h audit", "api-errors 2h everywhere audit", "nothing 2h audit"),
    "unsilence": ("api production",),
    "explain": ("", "api-down", "arn:aws:cloudwatch:eu-west-1:1:alarm:api-down", "nothing"),
    "help": ("",),
}


@every_command
def test_planning_never_writes_and_a_plan_without_changes_never_runs(scene: Scene, command: Command) -> None:
    for typed in TYPED[command.name]:
        assert scene.flow.receive("ops", f"{command.name} {typed}", Actor(user=ALICE, channel="C0BI")) is None
    scene.run(10)
    assert scene.ecs.writes == []
    for row, operation in scene.operations():
        if operation.plan is None:
            assert row.state == "refused"
            continue
        assert row.state == ("proposed" if operation.plan.changes_anything else "done")
