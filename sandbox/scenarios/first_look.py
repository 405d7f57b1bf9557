"""What plays by itself when the sandbox starts: a deployment that goes well, then a night that does not."""

from __future__ import annotations

from sandbox.scenarios import oom, ship_good
from sandbox.scenarios.stage import Scenario, Stage


def play(stage: Stage) -> None:
    """Ship, then break. Raises StoryError where one of them does."""
    ship_good.play(stage)
    oom.play(stage)


SCENARIO = Scenario("first-look", "A deployment that settles, then an alarm that becomes an incident.", play)
