"""Five hundred notifications in ten seconds, as when something breaks that everything stands on."""

from __future__ import annotations

from collections import Counter

from sandbox.scenarios.stage import Scenario, Stage, StoryError
from sandbox.scenarios.storm import NOTIFICATIONS, SECONDS, Storm, plan_storm, unleash
from sandbox.seed.account import QUEUE
from sandbox.seed.catalogue import REGIONS
from sandbox.seed.storm import Stormy, configured_services, storm_of

_TAKEN_SECONDS = 120.0
_TOLD_EVERY = 100


def play(stage: Stage) -> None:
    """Let it break loose. Raises StoryError when the bot does not take every notification from its queues."""
    storm = plan(stage)
    stage.say(f"{storm.notifications} notifications in {SECONDS:g} seconds")
    for number, step in enumerate(unleash(stage.account, storm, wait=stage.wait), start=1):
        if number % _TOLD_EVERY == 0:
            stage.say(f"{step.share:.0%} of the storm is over")
    states = Counter(storm.states.values())
    stage.say(f"it is over: {states['ALARM']} alarms stay red, {states['OK']} are well again")
    stage.until(lambda: _all_taken(stage), _TAKEN_SECONDS, "the bot left notifications in its queues")
    stage.say("the bot has taken them all")


def plan(stage: Stage) -> Storm:
    """A storm over the services that were made for it; where there are none, over all that are configured."""
    made = storm_of(stage.config_dir)
    if made:
        return plan_storm(made, NOTIFICATIONS)
    stage.say("the 40 services of this story are there after `python -m sandbox up --storm`; these must do")
    known = {name for region in REGIONS for name in _alarms(stage, region)}
    services = [_with(service, known) for service in configured_services(stage.config_dir)]
    services = [service for service in services if service.alarms]
    if not services:
        raise StoryError("none of the configured alarms exists")
    return plan_storm(services, NOTIFICATIONS, with_series=False)


def _alarms(stage: Stage, region: str) -> list[str]:
    pages = stage.aws("cloudwatch", region).get_paginator("describe_alarms").paginate()
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def _with(service: Stormy, known: set[str]) -> Stormy:
    alarms = tuple(name for name in service.alarms if name in known)
    return Stormy(service.name, service.region, alarms, flapping=alarms[0] if alarms else "")


def _all_taken(stage: Stage) -> bool | None:
    waiting = 0
    for region in REGIONS:
        sqs = stage.aws("sqs", region)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], AttributeNames=names)
        waiting += sum(int(found["Attributes"][name]) for name in names)
    return waiting == 0 or None


SCENARIO = Scenario(
    "alarm-storm",
    "500 notifications in ten seconds, of many alarms; some flap, some are told twice, and part of them recover.",
    play,
)
