"""``kill -9`` before and after every effect on an ECS service: each happens exactly once."""

from __future__ import annotations

import pytest

from sandbox.seed.catalogue import service_of
from tests.chaos import counts
from tests.chaos.drill import Drill
from tests.chaos.people import ARBOR, CAPTION, CHANNELS, PHOTO, USAGE, ask, begun_by_the_bot, place, settled

pytestmark = pytest.mark.story

BI = service_of("bi", "api")
EXECUTOR = service_of("bi", "executor")
MOMENTS = ("before", "after")
TOLD = {"card": 1, "outcome": 1}
SHIPPED = {"registrations": 1, "updates": 1, **TOLD, "soak": 1}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deployment_that_needs_an_approval_happens_once(drill: Drill, moment: str) -> None:
    drill.order(
        moment,
        *("post op:*:card", "post op:*:approve:*", "press operation:approve", "register", "update_service"),
        *("page change *", "update Deploy *", "post op:*:outcome", "post op:*:soak"),
    )
    version = {"before": "v1.5.0", "after": "v1.5.7"}[moment]
    asked = ask(drill, CHANNELS[USAGE], f"/deploy {place(USAGE)} {version}")
    settled(asked, "soak")
    assert counts.shipped(asked, USAGE) == {**SHIPPED, "approve": 1}
    # A change event has no key, so that one whose answer was lost is told again; it notifies nobody.
    assert counts.changes(asked) == {"before": 1, "after": 2}[moment]


def test_a_deployment_with_a_checklist_happens_once(drill: Drill) -> None:
    drill.order("after", "press operation:tick", "press operation:confirm", "update Deploy *")
    asked = ask(drill, CHANNELS[CAPTION], f"/deploy {place(CAPTION)} v1.6.0")
    settled(asked, "soak")
    assert counts.shipped(asked, CAPTION) == SHIPPED


def test_a_rollback_happens_once(drill: Drill) -> None:
    drill.order_twice(
        "post op:*:card",
        "register",
        "update_service",
        "update Roll back *",
        "post op:*:outcome",
        "post op:*:soak",
    )
    asked = ask(drill, CHANNELS[ARBOR], f"/rollback {place(ARBOR)}")
    settled(asked, "soak")
    assert counts.shipped(asked, ARBOR) == SHIPPED


def test_a_rollback_that_takes_a_deployment_over_stops_it_once(drill: Drill) -> None:
    channel = CHANNELS[ARBOR]
    before = counts.running(drill, ARBOR)["taskDefinition"]
    deployment = ask(drill, channel, f"/deploy {place(ARBOR)} v1.5.6-stuck")
    deployment.agree()
    drill.until(lambda: counts.registered(deployment, ARBOR) and deployment.state() == "settling", "it did not begin")
    drill.order_twice("stop_deployment", "update Roll back *", "post op:*:outcome")
    rollback = ask(drill, channel, f"/rollback {place(ARBOR)}")
    settled(rollback, "soak")
    assert drill.until(deployment.ended, "it did not let go") == "taken over"
    assert counts.shipped(deployment, ARBOR) == {"registrations": 1, "updates": 1, **TOLD}
    assert len(drill.calls("ecs:StopServiceDeployment", rollback.since)) == 1
    assert rollback.parts() == {**TOLD, "soak": 1}
    assert counts.running(drill, ARBOR)["taskDefinition"] == before


def test_a_change_of_number_and_bounds_happens_once_and_is_put_back_once(drill: Drill) -> None:
    channel, known = CHANNELS[PHOTO], set(drill.keys(CHANNELS[PHOTO]))
    before = counts.bounds(drill, PHOTO)
    drill.order_twice("set_bounds * 8", "set_desired 8", "update Scale *", f"set_bounds * {before[1]}", "update Put *")
    asked = ask(drill, channel, f"/scale {place(PHOTO)} 8 raise 1m")
    asked.agree()
    back = begun_by_the_bot(drill, channel, known, "Put the autoscaling", asked.since)
    settled(asked)
    drill.until(back.ended, "it did not end")
    assert counts.bounds_set(drill, PHOTO, asked.since) == [(before[0], 8), before]
    assert counts.updates(asked, PHOTO) == {"desiredCount": 1}
    assert (asked.parts(), back.parts()) == (TOLD, TOLD)
    assert counts.bounds(drill, PHOTO) == before


def test_a_restart_happens_once(drill: Drill) -> None:
    drill.order_twice("restart_service", "post op:*:outcome")
    asked = ask(drill, "#bi-platform", f"/restart {place(EXECUTOR)}")
    settled(asked)
    assert counts.updates(asked, EXECUTOR) == {"forceNewDeployment": 1}
    assert asked.parts() == TOLD


def test_without_the_look_ups_by_key_effects_are_doubled(drill: Drill) -> None:
    with drill.blind():
        drill.order("after", "post op:*:card", "register", "update_service")
        asked = ask(drill, "#bi-platform", f"/deploy {place(BI)} v1.5.0")
        asked.agree()
        drill.until(asked.ended, "it did not end")
    assert drill.left() == []
    counted = counts.shipped(asked, BI)
    assert counted | {"card": 2, "registrations": 2, "updates": 2} == counted
