"""The running service starts to die of memory: tasks are killed, requests fail, the alarm fires."""

from __future__ import annotations

from sandbox.scenarios.stage import STAR, STAR_CHANNEL, Scenario, Stage
from sandbox.scenarios.weather import ALARM, alarm_state, headline, put_weather

_STOPPED_SECONDS = 60.0
_ALARM_SECONDS = 90.0
_INCIDENT_SECONDS = 30.0


def play(stage: Stage) -> None:
    """Break it. Raises StoryError when no task dies, no alarm fires or no incident appears."""
    stage.say(f"{STAR.name} begins to eat memory")
    stage.set_fate(STAR, "oom")
    stage.until(lambda: _stopped(stage), _STOPPED_SECONDS, "no task was killed")
    put_weather(stage, memory=97, errors=130)
    stage.until(lambda: alarm_state(stage) == "ALARM" or None, _ALARM_SECONDS, f"the alarm {ALARM} did not fire")
    stage.say(f"the alarm {ALARM} fires")
    stage.until(lambda: headline(stage, green=False), _INCIDENT_SECONDS, f"no incident appeared in {STAR_CHANNEL}")
    stage.say(f"the incident is in {STAR_CHANNEL}: open its thread")


def _stopped(stage: Stage) -> bool | None:
    ecs = stage.aws("ecs", STAR.region)
    stopped = ecs.list_tasks(cluster=STAR.cluster, serviceName=STAR.service, desiredStatus="STOPPED")["taskArns"]
    if not stopped:
        return None
    tasks = ecs.describe_tasks(cluster=STAR.cluster, tasks=stopped)["tasks"]
    killed = any("OutOfMemory" in container.get("reason", "") for task in tasks for container in task["containers"])
    return killed or None


SCENARIO = Scenario(
    "oom", "The usage metrics service runs out of memory; an alarm becomes an incident with findings.", play
)
