"""A version that crashes is deployed; ECS's circuit breaker rolls it back."""

from __future__ import annotations

from sandbox.scenarios.shipping import ship
from sandbox.scenarios.stage import Scenario, Stage, StoryError

CRASHING = "v1.5.1-crash"


def play(stage: Stage) -> None:
    """Deploy it. Raises StoryError when the bot does not call it failed."""
    ended = ship(stage, CRASHING)
    if ended != "failed":
        raise StoryError(f"a crashing version should fail, but this one has {ended}")


SCENARIO = Scenario("ship-bad", "Alice deploys a version that crashes; the rollout fails and the card says why.", play)
