"""A version that crashes is deployed; ECS's circuit breaker rolls it back."""

from __future__ import annotations

from sandbox.scenarios.shipping import FAILED, expect, ship
from sandbox.scenarios.stage import Scenario, Stage

CRASHING = "v1.5.1-crash"


def play(stage: Stage) -> None:
    """Deploy it. Raises StoryError when the bot does not call it failed."""
    expect(ship(stage, CRASHING), FAILED, "a crashing version")


SCENARIO = Scenario("ship-bad", "Alice deploys a version that crashes; the rollout fails and the card says why.", play)
