"""One operation of shipping, carried through its effects and watched look by look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.command import Plan, Progress, Run, Strategy
from bot.domain import Actor, Target
from bot.ports import World
from bot.rollouts import ServiceDeployment
from bot.shipping.kinds import STRATEGIES
from tests.fake_aws import a_record
from tests.scene import ALICE, Scene

SEVEN = "arn:aws:ecs:r:1:task-definition/api:7"
EIGHT = "arn:aws:ecs:r:1:task-definition/api:8"


class Shipment:
    """An approved plan on its way."""

    def __init__(self, scene: Scene, plan: Plan, target: Target | None = None) -> None:
        self.scene = scene
        self.world: World = scene.world
        self.strategy: Strategy = STRATEGIES[plan.strategy]
        self.run = Run("op-1", Actor(user=ALICE), target or scene.api, plan, scene.clock.now())

    def effects(self) -> list[str]:
        """The names of the plan's effects."""
        return [effect.name for effect in self.strategy.effects(self.run.plan)]

    def do(self, *names: str) -> dict[str, dict[str, Any]]:
        """Have these effects, or all of them."""
        for effect in self.strategy.effects(self.run.plan):
            if not names or effect.name in names:
                self._keep(effect.name, effect.do(self.run, self.world))
        return self.run.results

    def find(self, name: str) -> dict[str, Any] | None:
        """What an earlier attempt of an effect left; kept as its result when there is one."""
        (effect,) = [each for each in self.strategy.effects(self.run.plan) if each.name == name]
        found = effect.find(self.run, self.world)
        if found is not None:
            self._keep(name, found)
        return found

    def _keep(self, name: str, result: dict[str, Any]) -> None:
        self.run = replace(self.run, results={**self.run.results, name: result})

    def look(self, seconds: float = 0.0) -> Progress:
        """Let time pass and look once, as the road does."""
        self.scene.clock.advance(seconds)
        progress = self.strategy.watch(self.run, self.world)
        self.run = replace(self.run, progress=progress)
        return progress

    def answer(self, progress: Progress, name: str) -> str:
        """Press a button of a progress."""
        (button,) = [each for each in progress.buttons if each.name == name]
        return self.strategy.answers[name](self.run, self.world, button.value)

    def record(self, status: str = "IN_PROGRESS", **changes: Any) -> ServiceDeployment:
        """ECS's record of this operation's deployment, as it is from now on."""
        made = a_record(EIGHT, status, at=self.run.started_at, **changes)
        self.scene.ecs.records = [made, *[each for each in self.scene.ecs.records if each.arn != made.arn]]
        return made
