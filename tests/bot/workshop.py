"""Commands made for tests of the road: one that builds and ships, and one that goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.command import Button, Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Person
from bot.errors import UpstreamError
from bot.ports import World
from bot.target_args import TargetArgs, target
from commands import COMMANDS


class Workshop:
    """What the commands did, and what their watching sees."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.built = Progress(stage=Stage.ROLLING, headline="Building", lines=("step 1 of 2",))
        self.seen = Progress(stage=Stage.ROLLING, headline="On its way")
        self.answered: list[str] = []
        self.away = False
        self.gone = ""
        self.hidden = False
        self.deploy = self._command("deploy", (self._effect("build", wait=True), self._effect("ship")))
        self.rollback = self._command("rollback", (self._effect("back"),), urgent=True)

    @property
    def commands(self) -> Mapping[str, Command]:
        return {**COMMANDS, "deploy": self.deploy, "rollback": self.rollback}

    def _command(self, name: str, effects: tuple[Effect, ...], *, urgent: bool = False) -> Command:
        strategy = Strategy(
            effects=lambda plan: effects,
            watch=lambda run, world: self._watch(name),
            answers={"continue": self._answer},
            still=lambda run, world: self._still(),
        )
        return Command(
            name=name,
            summary=name,
            action=name,
            args=TargetArgs,
            target=target,
            plan=lambda args, world, person: self._plan(name, args, world, person),
            strategies={"ecs": strategy},
            urgent=urgent,
        )

    def _still(self) -> str:
        if self.hidden:
            raise UpstreamError("AWS did not answer.", retryable=True)
        return self.gone

    def _plan(self, name: str, args: TargetArgs, world: World, person: Person) -> Plan:
        aim = target(args, world.catalog)
        return Plan(title=f"{name} {aim.label}", changes=(Change(what="It", before="old", after="new"),))

    def _effect(self, name: str, *, wait: bool = False) -> Effect:
        def find(run: Run, world: World) -> dict[str, Any] | None:
            return {"by": run.operation} if name in self.did else None

        def do(run: Run, world: World) -> dict[str, Any]:
            self.did.append(name)
            return {"by": run.operation}

        return Effect(name=name, find=find, do=do, wait=(lambda run, world: self._look(self.built)) if wait else None)

    def _watch(self, name: str) -> Progress:
        return Progress(stage=Stage.SUCCEEDED, headline="Back") if name == "rollback" else self._look(self.seen)

    def _look(self, progress: Progress) -> Progress:
        if self.away:
            raise UpstreamError("AWS is slow to answer.", retryable=True)
        return progress

    def _answer(self, run: Run, world: World, value: str) -> str:
        self.answered.append(value)
        return f"going on with {value}"

    def pause(self, value: str) -> None:
        """The change asks whether to go on."""
        button = Button(label="Continue", name="continue", value=value, style="primary")
        self.seen = Progress(stage=Stage.ROLLING, headline="Paused", buttons=(button,), calm=True)
