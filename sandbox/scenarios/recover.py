"""What was broken is well again: the alarm returns to OK, and its incident turns green."""

from __future__ import annotations

from sandbox.scenarios.stage import STAR, Scenario, Stage
from sandbox.scenarios.weather import ALARM, alarm_state, headline, put_weather

_ALARM_SECONDS = 150.0
_GREEN_SECONDS = 30.0


def play(stage: Stage) -> None:
    """Heal it. Raises StoryError when the alarm or its incident stays red."""
    stage.say(f"{STAR.name} is healed")
    stage.set_fate(STAR, None)
    stage.until(lambda: _calm(stage), _ALARM_SECONDS, f"the alarm {ALARM} did not return to OK")
    stage.say(f"the alarm {ALARM} is OK")
    if headline(stage, green=False) is not None:
        stage.until(lambda: headline(stage, green=True), _GREEN_SECONDS, "the incident did not turn green")
        stage.say("its incident is green")


def _calm(stage: Stage) -> bool | None:
    if alarm_state(stage) == "OK":
        return True
    # Good minutes must outweigh the bad ones that CloudWatch still counts in the running period.
    put_weather(stage, memory=55, errors=0, since=1)
    return None


SCENARIO = Scenario("recover", "The service is healed; the alarm returns to OK and the incident turns green.", play)
