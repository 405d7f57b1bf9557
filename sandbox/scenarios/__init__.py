"""Stories that play themselves, through the same doors that people use. Add a file, add a line."""

from sandbox.scenarios import (
    alarm_storm,
    approve,
    canary,
    first_look,
    incident,
    oom,
    recover,
    rollback,
    ship_bad,
    ship_good,
)
from sandbox.scenarios.stage import Scenario, Stage, StoryError

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        first_look.SCENARIO,
        ship_good.SCENARIO,
        ship_bad.SCENARIO,
        approve.SCENARIO,
        rollback.SCENARIO,
        canary.SCENARIO,
        oom.SCENARIO,
        recover.SCENARIO,
        incident.SCENARIO,
        alarm_storm.SCENARIO,
    )
}

__all__ = ["SCENARIOS", "Scenario", "Stage", "StoryError"]
