"""Forms over a real store: somebody at Slack's client who sees a modal, chooses in it and sends it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.catalog import Catalog
from bot.command import Command, Suggestion
from bot.domain import Actor, System, Target
from bot.engine import Engine
from bot.flow import Flow
from bot.forms import Forms
from bot.operation import Operation
from bot.ports import Chat, Clock, Message, World
from bot.posts import Posts
from bot.prompts import Prompts
from bot.rows import Row
from bot.submissions import Submissions
from commands import COMMANDS
from tests.scene import ALICE, REPOSITORY, SLASH, Scene

View = dict[str, Any]
URL = f"https://hooks.slack.example.com/{ALICE}"
Suggest = Callable[[Target, World], tuple[Suggestion, ...]]


def newest(target: Target, world: World) -> tuple[Suggestion, ...]:
    """The tags of the pretend registry."""
    images = world.ecs.newest_images(target.account, REPOSITORY)
    return tuple(Suggestion(f"{tag} · 1 h ago", tag) for image in images for tag in image.tags)


class FormRoom:
    """A scene whose ``/deploy`` suggests versions, and a person who fills in its form; operations are stored only."""

    def __init__(
        self,
        scene: Scene,
        suggest: Suggest = newest,
        systems: tuple[System, ...] = (),
        chat: Chat | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.scene = scene
        self.chat = scene.chat
        self.commands: dict[str, Command] = COMMANDS | {
            "deploy": replace(COMMANDS["deploy"], suggest={"version": suggest})
        }
        catalog = Catalog(systems) if systems else scene.catalog
        clock = clock or scene.clock
        self.world = replace(scene.world, commands=self.commands, catalog=catalog, chat=chat or scene.chat, clock=clock)
        machines = (
            Posts(scene.store, clock, self.world.chat, lambda: "#ops"),
            Forms(scene.store, self.world),
            Prompts(scene.store, self.world),
        )
        self.engine = Engine(scene.store, clock, {machine.kind: machine for machine in machines}, workers=2)
        self.flow = Flow(self.engine, catalog, self.commands, SLASH, self.world.recent.lately)
        self.submissions = Submissions(self.engine, self.flow, self.commands)
        self.entered: dict[tuple[str, str], str] = {}
        self._acts = 0

    def close(self) -> None:
        self.engine.stop(1)

    def type(self, slash: str = "deploy", text: str = "", user: str = ALICE) -> Message | None:
        """Type a command; the form is opened when the engine runs."""
        actor = Actor(user=user, channel="C0BI")
        return self.flow.receive(slash, text, actor, response_url=URL, key="t1", trigger_id="t1")

    def open(self, slash: str = "deploy", text: str = "", user: str = ALICE) -> View:
        """Type a command and see its form."""
        assert self.type(slash, text, user) is None
        self.run()
        return self.view

    def press(self, text: str, user: str = ALICE) -> Message | None:
        """Press a button that carries a command."""
        actor = Actor(user=user, channel="C0BI")
        asked = self.flow.receive("ops", text, actor, response_url=URL, key="t1", trigger_id="t1", asks=True)
        self.run()
        return asked

    def run(self) -> None:
        self.engine.run_due()

    @property
    def view(self) -> View:
        """The modal as it stands now."""
        return self.chat.views["V1"]

    def inputs(self) -> list[View]:
        """The inputs, in their order."""
        return [block for block in self.view["blocks"] if block["type"] == "input"]

    def block(self, name: str) -> View:
        """The input of a field."""
        return next(block for block in self.inputs() if block["element"]["action_id"] == f"field:{name}")

    def offered(self, name: str) -> list[str]:
        """The words of a field's menu; empty when it is free text."""
        return [option["value"] for option in options(self.block(name)["element"])]

    @property
    def said(self) -> str:
        """What the modal says beside its fields."""
        notes = [one for one in self.view["blocks"] if one["type"] == "context"]
        return "\n".join(part["text"] for note in notes for part in note["elements"]).replace("\u200b", "")

    def enter(self, **values: str) -> None:
        """Enter something without the bot being told."""
        for name, value in values.items():
            self.entered[self.block(name)["block_id"], f"field:{name}"] = value

    def choose(self, name: str, value: str, *, run: bool = True) -> None:
        """Choose something that the bot is told of."""
        assert self.block(name)["dispatch_action"]
        self.enter(**{name: value})
        self._acts += 1
        self.submissions.act(self.shown(), Actor(user=ALICE), key=f"a{self._acts}")
        if run:
            self.run()

    def shown(self) -> View:
        """The view as Slack sends it to the bot: with an id and all that was entered."""
        values: dict[str, dict[str, Any]] = {}
        for block in self.inputs():
            element = block["element"]
            key = (block["block_id"], element["action_id"])
            values[key[0]] = {key[1]: held(element, self.entered.get(key))}
        return self.view | {"id": "V1", "state": {"values": values}}

    def submit(self, user: str = ALICE) -> dict[str, str] | None:
        """Send the form off; what is wrong, by the name of the field it is shown at."""
        wrong = self.submissions.submit(self.shown(), Actor(user=user))
        self.run()
        return wrong and {block_id.split(":")[0]: sentence for block_id, sentence in wrong.items()}

    def was_not_called(self, call: str) -> bool:
        """True when the failure set for a call of Slack's still waits for it."""
        try:
            self.chat.failures.take(call)
        except AssertionError:
            return True
        return False

    def row(self, kind: str = "form") -> Row:
        (row,) = self.scene.store.rows(kind)
        return row

    def operations(self) -> list[Operation]:
        return [Operation.model_validate(row.body) for row in self.scene.store.rows("operation")]


def options(element: Mapping[str, Any]) -> list[View]:
    """All options of a menu, in groups or not."""
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    return [option for group in groups for option in group["options"]]


def held(element: Mapping[str, Any], value: str | None) -> View:
    """An input of ``state.values``."""
    if element["type"] == "plain_text_input":
        return {"type": element["type"], "value": value}
    known = [option for option in options(element) if option["value"] == value]
    chosen = known[0] if known else element.get("initial_option")
    return {"type": element["type"], "selected_option": chosen}
