"""A Lambda function behind an alias, with fakes at the ports: what the tests of its shipping begin with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.catalog import Catalog
from bot.command import Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Account, Actor, Alarm, Person, Service, Target
from bot.ports import Past, World
from bot.shipping.functions import LAMBDA
from bot.shipping_cloud import Archive, Function, FunctionAlias
from bot.silence import LiveIncident
from tests.fake_aws import FakeEcs
from tests.fake_cloudwatch import FakeLogs, FakeMetrics, FakeMutes
from tests.fake_paging import FakePager
from tests.fake_reach import FakeCaches, FakeCertificates, FakeDatabases, FakeNames, FakeNetwork, FakeRoles
from tests.fake_shipping import (
    FakeBuilds,
    FakeCodeDeploy,
    FakeFunctions,
    FakeHolds,
    FakeNeeds,
    FakeScalings,
    FakeSites,
)
from tests.fake_telemetry import FakeBalancers, FakeInsights, FakeLogExports, FakeQueues, FakeTraces, FakeTrail
from tests.fakes import NOON, FakeAdvisor, FakeChat, FakeClock, FakeSilences, FakeWeb, serially

ALICE = Person("U0ALICE", "alice")
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/resize"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DAY = 86400.0
ERRORS, SLOW = "resize-errors", "resize-slow"
COMMAND = "photo/resize production"


class FakeLedger:
    """What the bot did before, newest first."""

    def __init__(self) -> None:
        self.pasts: list[Past] = []

    def lately(self, user: str) -> tuple[str, ...]:
        return ()

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> tuple[Past, ...]:
        return tuple(self.pasts[:limit])

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        return tuple(self.pasts[:limit])

    def operation(self, operation_id: str) -> Past | None:
        return next((past for past in self.pasts if past.id == operation_id), None)

    def followers(self) -> tuple[str, ...]:
        return ()

    def incident(self, target_key: str) -> str | None:
        return None

    def live_incidents(self) -> tuple[LiveIncident, ...]:
        return ()

    def opened(self, target_key: str, *, since: float) -> tuple[LiveIncident, ...]:
        return ()

    def heard(self, alarm_name: str) -> tuple[Alarm, ...]:
        return ()

    def add(self, command: str, version: str, number: str, **changes: Any) -> Past:
        """The newest operation: it gave ``number`` to the alias and was good, unless ``changes`` say otherwise."""
        back = command == "rollback"
        results: dict[str, Any] = {"alias": {"version": number}}
        facts = {"version": version, "from_version": changes.pop("before", "")}
        fields: dict[str, Any] = {
            "id": f"op-{len(self.pasts) + 1}",
            "command": command,
            "actor": ALICE.user,
            "target": "photo/production/resize",
            "state": "done",
            "title": "",
            "asked_at": NOON - DAY,
            "started_at": NOON - DAY,
            "ended_at": NOON - DAY,
            "good": True,
            "said": "",
            "approved_by": (),
            "facts": facts,
            "results": results if back else {"publish": {"version": number}, **results},
        }
        past = Past(**(fields | changes))
        self.pasts.insert(0, past)
        return past


def a_version(number: str, sha256: str, **changes: Any) -> Function:
    """A version, or ``$LATEST``, of a function that is well."""
    fields: dict[str, Any] = {
        "name": "resize",
        "version": number,
        "package": "Zip",
        "sha256": sha256,
        "state": "Active",
        "update": "Successful",
        "reason": "",
        "revision": f"rev-{number}",
        "modified_at": NOON - 3 * DAY,
        "role": "arn:aws:iam::1:role/resize",
        "memory": 512,
        "timeout": 30,
    }
    return Function(**(fields | changes))


def stored(plan: Plan) -> Plan:
    """A plan as it comes back from its row."""
    return Plan.model_validate_json(plan.model_dump_json())


class Room:
    """``resize`` at version 2 (v1.1.0) behind the alias ``live``; v1.2.0 lies ready as a zip."""

    def __init__(self, **service: Any) -> None:
        self.clock, self.functions, self.metrics, self.ecs = FakeClock(), FakeFunctions(), FakeMetrics(), FakeEcs()
        self.web, self.chat, self.ledger, self.builds = FakeWeb(), FakeChat(), FakeLedger(), FakeBuilds()
        self.chat.people[ALICE.user] = ALICE
        self.metrics.states = {ERRORS: "OK", SLOW: "OK"}
        configured = {
            "kind": "lambda",
            "function": "resize",
            "alias": "live",
            "artifact": "s3://artifacts/resize/{version}.zip",
            "alarms": [{"name": ERRORS, "severity": "high"}, {"name": SLOW}],
        }
        self.target = Target(
            *("photo", "production", "resize", Service.model_validate(configured | service)),
            *(Account("us-east-1"), "#photo", True),
        )
        self.functions.found = {
            "$LATEST": a_version("$LATEST", "two"),
            "1": a_version("1", "one", description="release v1.0.0", modified_at=NOON - 9 * DAY),
            "2": a_version("2", "two", description="release v1.1.0"),
        }
        self.functions.pointer = FunctionAlias("live", "2", "r1")
        self.zip("v1.1.0", NOON - 3 * DAY)
        self.zip("v1.2.0", NOON - 3600)
        self.operation, self.results = "op-now", dict[str, dict[str, Any]]()
        self.world = World(
            *(self.clock, Catalog(()), self.chat, self.ecs, FakeCodeDeploy(), FakeScalings(), self.functions),
            *(FakeSites(self.clock), self.builds, FakeNeeds(), FakeHolds(), FakeLogs(), self.metrics, self.web),
            *(FakePager(), serially, {}, {"rollback": "rollback"}, self.ledger),
            *(lambda person, action, target: True, lambda operation, name, payload, key: True),
            stop_later=lambda target_key, query_id: None,
            mutes=FakeMutes(),
            silences=FakeSilences(),
            advice=FakeAdvisor(),
            databases=FakeDatabases(),
            caches=FakeCaches(),
            names=FakeNames(),
            certificates=FakeCertificates(),
            network=FakeNetwork(),
            roles=FakeRoles(),
            insights=FakeInsights(),
            log_exports=FakeLogExports(),
            queues=FakeQueues(),
            traces=FakeTraces(),
            trail=FakeTrail(),
            balancers=FakeBalancers(),
        )

    def zip(self, version: str, at: float, sha256: str = "") -> None:
        address = f"s3://artifacts/resize/{version}.zip"
        self.functions.zips[version] = Archive(version, address, f"etag of {version}", at, sha256)

    def built(self) -> None:
        """The only build has succeeded."""
        ((name, status),) = self.builds.states.items()
        self.builds.states[name] = replace(status, state="succeeded")

    def use_images(self) -> None:
        """The same with images: version 2 runs v1.1.0, v1.2.0 is in the registry."""
        for number, found in self.functions.found.items():
            image = f"{REPOSITORY}:v1.1.0@{OLD}"
            self.functions.found[number] = replace(found, package="Image", image=image, sha256="a" * 64, description="")
        self.ecs.add_image(REPOSITORY, OLD, "v1.1.0")
        self.ecs.add_image(REPOSITORY, NEW, "v1.2.0")

    def change(self, version: str, **changes: Any) -> None:
        self.functions.found[version] = replace(self.functions.found[version], **changes)

    def deploy(self, version: str = "v1.2.0") -> Plan:
        return LAMBDA.deploy(self.target, version, self.world, ALICE)

    def back(self, to: str = "") -> Plan:
        return LAMBDA.rollback(self.target, to, self.world, ALICE)

    def run(self, plan: Plan, progress: Progress | None = None) -> Run:
        return Run(
            *(self.operation, Actor(user=ALICE.user), self.target, stored(plan), NOON),
            *(json.loads(json.dumps(self.results)), progress),
        )

    def strategy(self, plan: Plan) -> Strategy:
        return LAMBDA.strategies[plan.strategy]

    def effects(self, plan: Plan) -> dict[str, Effect]:
        return {effect.name: effect for effect in self.strategy(plan).effects(plan)}

    def do(self, plan: Plan, *names: str) -> None:
        """These effects, one after the other, each begun for the first time."""
        for name in names:
            self.results[name] = self.effects(plan)[name].do(self.run(plan), self.world)

    def again(self, plan: Plan, name: str) -> None:
        """An effect after the bot died around it: looked for first."""
        effect = self.effects(plan)[name]
        found = effect.find(self.run(plan), self.world)
        self.results[name] = effect.do(self.run(plan), self.world) if found is None else found

    def wait(self, plan: Plan, name: str) -> Progress:
        wait = self.effects(plan)[name].wait
        assert wait is not None
        return wait(self.run(plan), self.world)

    def watch(self, plan: Plan, before: Progress | None = None) -> Progress:
        return self.strategy(plan).watch(self.run(plan, before), self.world)

    def to_the_canary(self, plan: Plan) -> None:
        """Code and version are there; ten percent of the calls go to it."""
        self.do(plan, "code", "publish", "shift:10")
        assert self.wait(plan, "shift:10").stage is Stage.ROLLING
