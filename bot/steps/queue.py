"""How many messages wait in an SQS queue, for how long, and how many failed."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from pydantic import Field

from bot.domain import Account, AlarmMetric, Finding
from bot.errors import BotError
from bot.ports import World
from bot.steps.base import NamedStep, Scene, StepName, account_of, minutes
from bot.steps.places import applies, fill
from bot.telemetry import Queue

READ_SECONDS = 6.0
AGE_SECONDS = 900.0
"""SQS tells the age of the oldest message once a minute, and now and then late."""


class QueueStep(NamedStep):
    """An SQS queue and the queue of what could not be processed."""

    do: Literal["queue"]
    name: StepName = "queue"
    queue: str = Field(min_length=1, description="Name, address or ARN of the queue.")
    dead_letter: str = Field(default="", description="The same of its dead-letter queue; by default the one it names.")

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service."""
        if not applies(scene, self.queue, self.dead_letter):
            return None
        account = account_of(scene)
        queue = world.queues.queue(account, fill(self.queue, scene, world))
        dead_letter = fill(self.dead_letter, scene, world) or queue.dead_letter
        reads: dict[str, Any] = {"age": partial(_age, world, account, queue.name, scene.at)}
        if dead_letter:
            reads["dead"] = partial(world.queues.queue, account, dead_letter)
        return self._found(queue, world.gather(reads, seconds=READ_SECONDS))

    def _found(self, queue: Queue, also: dict[str, Any]) -> Finding:
        """The age and the failed messages are told where they could be read, and why not where they could not."""
        told = [f"{queue.visible:,} wait", f"{queue.in_flight:,} in flight"]
        facts = [self.fact("depth", float(queue.visible)), self.fact("in_flight", float(queue.in_flight))]
        failed = [f"{_PARTS[part]}: {_why(each)}" for part, each in also.items() if isinstance(each, Exception)]
        age, dead = also.get("age"), also.get("dead")
        if isinstance(age, float):
            told.append(f"the oldest for {minutes(age)}")
            facts.append(self.fact("age", age))
        weight = 20 if queue.visible else 5
        if isinstance(dead, Queue):
            told.append(f"{dead.visible:,} failed for good, in {dead.name}")
            facts.append(self.fact("dead", float(dead.visible)))
            weight = 55 if dead.visible else weight
        return Finding(
            step=self.do,
            title=self.title or f"Queue {queue.name}",
            summary=f"{', '.join(told)}.",
            lines=tuple(failed),
            facts=tuple(facts),
            weight=weight,
        )


_PARTS = {"age": "Age of the oldest message", "dead": "Dead-letter queue"}


def _age(world: World, account: Account, queue: str, at: float) -> float:
    """Seconds the oldest message waits; 0 where SQS says nothing, as it does of queues that were empty for hours."""
    metric = AlarmMetric(
        namespace="AWS/SQS",
        name="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": queue},
        statistic="Maximum",
        period=60,
    )
    points = world.metrics.series(account, metric, start=at - AGE_SECONDS, end=at + 60)
    return float(points[-1].value) if points else 0.0


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, BotError) else "it could not be read"
