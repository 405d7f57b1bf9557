"""A system with a service of each kind that needs everything, all of it well, and ``/health`` asked about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.catalog import Catalog
from bot.cloud import Datapoint, HealthAnswer, TargetHealth
from bot.command import Plan
from bot.domain import Environment, Service, System
from bot.ports import Message
from bot.reach_ports import CacheState, Certificate, Rows
from bot.shipping_cloud import Function, FunctionAlias
from commands.health import HealthArgs, plan
from tests.bot.views.limits import check
from tests.fakes import NOON, texts
from tests.scene import ALICE, HEALTH, Scene, the_systems

DAY = 86_400.0
GROUP = "arn:aws:elasticloadbalancing:r:1:targetgroup/api/8e00df910601b80d"
MIB = 1024 * 1024
BEGINS = ":red_circle: *BI platform* · production: "
AMBER = ":large_yellow_circle: *BI platform* · production: "

API: dict[str, Any] = {
    "needs": {"database": {"secret": "bi/db"}, "redis": {"address": "cache:6379"}},
    "health": {"url": HEALTH, "expect": {"status": "healthy", "version": "deployed"}},
}
JOBS: dict[str, Any] = {
    "alias": "live",
    "needs": {"queues": ["jobs"], "database": {"instance": "jobs-db"}, "tables": ["seen"]},
}
WEB: dict[str, Any] = {"distribution": "E1", "needs": {"certificates": ["www.example.com"]}}


def the_system() -> System:
    """The system of most tests, with what its services need."""
    (system,) = the_systems()
    services = dict(system.environments["production"].services)
    for name, more in (("api", API), ("jobs", JOBS), ("web", WEB)):
        services[name] = Service.model_validate(services[name].model_dump(mode="json") | more)
    production = Environment(production=True, services=services)
    return system.model_copy(update={"environments": system.environments | {"production": production}})


@contextmanager
def room(folder: Path) -> Iterator[Scene]:
    """Everything wired together and well."""
    scene = Scene(folder, catalog=Catalog((the_system(),)))
    service = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = replace(service, target_groups=(GROUP,))
    scene.ecs.health = (target("healthy"), target("healthy"))
    scene.web.answers[HEALTH] = HealthAnswer(True, 200, "HTTP 200", version="v1", seconds=0.04)
    scene.logs.lines |= {"/ecs/api": [], "/ecs/api-staging": []}
    scene.metrics.states["jobs-errors"] = "OK"
    scene.functions.found = {"1": a_function()}
    scene.functions.pointer = FunctionAlias("live", "1", "r1")
    scene.queues.add("jobs", visible=3, in_flight=1, dead_letter="arn:aws:sqs:eu-west-1:1:jobs-dead")
    dead = "https://sqs.eu-west-1.amazonaws.com/1/jobs-dead"
    scene.queues.add(dead)
    measure(scene, Invocations=60.0, ApproximateAgeOfOldestMessage=12.0, DatabaseConnections=25.0)
    measure(scene, ConsumedReadCapacityUnits=40.0, ConsumedWriteCapacityUnits=2.0)
    scene.databases.answers["bi/db"] = connections(42)
    scene.caches.states["cache:6379"] = CACHE
    scene.certificates.shown = {"api.example.com:443": certificate(80), "www.example.com:443": certificate(30)}
    try:
        yield scene
    finally:
        scene.close()


def target(state: str, description: str = "") -> TargetHealth:
    """A target of the load balancer."""
    return TargetHealth(GROUP, "10.0.0.1", 8000, state, "Target.FailedHealthChecks", description)


def a_function(**changes: Any) -> Function:
    """The version that callers get; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "name": "jobs",
        "version": "1",
        "package": "Zip",
        "sha256": "x",
        "state": "Active",
        "update": "Successful",
        "reason": "",
        "revision": "r1",
        "modified_at": NOON - 3600,
    }
    return Function(**(fields | changes))


def measure(scene: Scene, **values: float) -> None:
    """The newest value of metrics, by their names in CloudWatch."""
    scene.metrics.points |= {name: (Datapoint(NOON - 60, value),) for name, value in values.items()}


def connections(opened: float, most: float = 100.0) -> Rows:
    """What the database says of its connections."""
    return Rows(("open", "active", "most"), ((opened, 6.0, most),), more=False, place="bi on db:5432")


CACHE = CacheState(
    place="cache:6379",
    ping=1.2,
    used=37 * MIB,
    limit=100 * MIB,
    policy="noeviction",
    hits=9,
    misses=1,
    evicted=0,
    rejected=0,
    clients=5,
    max_clients=50,
    blocked=0,
    role="master",
    version="7.1.0",
    uptime=90_000,
)


def certificate(days: float, problem: str = "") -> Certificate:
    """A certificate that ends in so many days."""
    return Certificate("CN=x", "CN=ca", (), NOON - DAY, NOON + days * DAY, self_signed=False, problem=problem)


def asked(scene: Scene, system: str = "bi", environment: str = "production", channel: str = "") -> Plan:
    """The plan of ``/health`` as Alice asks it in a channel."""
    person = replace(scene.chat.people[ALICE], channel=channel)
    made = plan(HealthArgs(system=system, environment=environment), scene.world, person)
    assert not made.changes_anything
    return made


def answer(scene: Scene, system: str = "bi", environment: str = "production", channel: str = "") -> str:
    """All that ``/health`` says."""
    made = asked(scene, system, environment, channel)
    message = Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer))
    check(message)
    said = texts(message)
    return "\n".join(line for line in said.splitlines() if line not in ("section", "context", "mrkdwn"))


def first(scene: Scene) -> str:
    """The first line of the blocks: the worst and why."""
    return answer(scene).splitlines()[1].replace("\u200b", "")
