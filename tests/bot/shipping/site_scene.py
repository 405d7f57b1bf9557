"""A site with fakes around it, and the steps of an operation on it without the road: plan, effects, one look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.command import Plan, Progress, Run, Strategy
from bot.domain import Account, Actor, Person, Service, Target
from bot.ports import Past, World
from bot.shipping.sites import SITE
from bot.shipping_cloud import SiteObject
from tests.fake_cloudwatch import FakeMetrics
from tests.fake_shipping import FakeBuilds, FakeSites
from tests.fakes import FakeChat, FakeClock, FakeWeb, serially

ALICE = Person(user="U0ALICE", name="alice")
ADDRESS = "s3://releases/web/{version}/"
FOR_A_YEAR, ASK_AGAIN = "public, max-age=31536000, immutable", "public, max-age=0, must-revalidate"


class Ledger:
    """What operations did, newest first, as a test or ``Operation`` wrote it down."""

    def __init__(self) -> None:
        self.pasts: list[Past] = []

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> tuple[Past, ...]:
        return tuple(each for each in self.pasts if each.target == target_key and each.asked_at >= since)[:limit]

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        return self.operations(target_key, since=since, limit=limit)

    def operation(self, operation_id: str) -> Past | None:
        return next((each for each in self.pasts if each.id == operation_id), None)

    def incident(self, target_key: str) -> str | None:
        return None

    def put(self, past: Past) -> None:
        """Write it down, or write it anew."""
        known = [each.id for each in self.pasts]
        if past.id in known:
            self.pasts[known.index(past.id)] = past
        else:
            self.pasts.insert(0, past)

    def judge(self, operation_id: str, good: bool | None) -> None:
        """Let its soak end."""
        past = self.operation(operation_id)
        assert past is not None
        self.put(replace(past, good=good))


class SiteScene:
    """The site ``web`` of ``bi`` in production; ``step`` seconds pass with every operation."""

    step = 60.0

    def __init__(self, **service: Any) -> None:
        self.clock = FakeClock()
        self.sites, self.metrics, self.web = FakeSites(self.clock), FakeMetrics(), FakeWeb()
        self.chat, self.builds, self.recent = FakeChat(), FakeBuilds(), Ledger()
        self.chat.people = {ALICE.user: ALICE}
        kept = {"kind": "static_site", "bucket": "site", "distribution": "E1", "artifact": ADDRESS, **service}
        self.target = Target(
            *("bi", "production", "web", Service.model_validate(kept), Account("r"), "#bi"), production=True
        )
        self.sites.front = replace(self.sites.front, origins=("site.s3.r.amazonaws.com",))
        self.world: World = _World(self)  # type: ignore[assignment]  # of the bundle only what a site needs

    def publish(self, version: str, files: dict[str, str], size: int = 1000) -> None:
        """Put a release where releases lie: etags by key."""
        found = tuple(SiteObject(key, size, etag, self.clock.now() - 7200) for key, etag in files.items())
        self.sites.artifacts[ADDRESS.format(version=version)] = found

    def served(self) -> dict[str, tuple[str, str]]:
        """Etag and cache header of what the site serves, by key."""
        now = [each for each in self.sites.kept if each.is_latest and not each.deleted]
        return {each.key: (each.etag, self.sites.headers[each.version]) for each in now}

    def plan(self, version: str) -> Plan:
        return SITE.deploy(self.target, version, self.world, ALICE)

    def plan_back(self, to: str = "") -> Plan:
        return SITE.rollback(self.target, to, self.world, ALICE)

    def begin(self, plan: Plan) -> Operation:
        """An operation with this plan, confirmed now."""
        self.clock.advance(self.step)
        return Operation(self, plan, f"op-{len(self.recent.pasts) + 1}")

    def ship(self, version: str, good: bool | None = True) -> Operation:
        """Deploy a release from its plan to the end."""
        return self.begin(self.plan(version)).end(good)

    def back(self, to: str = "", good: bool | None = True) -> Operation:
        """Roll back from the plan to the end."""
        return self.begin(self.plan_back(to)).end(good)


class _World:
    def __init__(self, scene: SiteScene) -> None:
        self.clock, self.sites, self.metrics, self.web = scene.clock, scene.sites, scene.metrics, scene.web
        self.chat, self.builds, self.recent, self.gather = scene.chat, scene.builds, scene.recent, serially


class Operation:
    """One on its way: effects are had one by one, and what they returned is kept as the road keeps it."""

    def __init__(self, scene: SiteScene, plan: Plan, name: str) -> None:
        self.scene, self.plan, self.id = scene, plan, name
        self.results: dict[str, dict[str, Any]] = {}
        self.progress: Progress | None = None
        self.started_at = scene.clock.now()
        self._write("running")

    @property
    def strategy(self) -> Strategy:
        return SITE.strategies[self.plan.strategy]

    @property
    def names(self) -> list[str]:
        """Names of its effects, in order."""
        return [effect.name for effect in self.strategy.effects(self.plan)]

    def run(self) -> Run:
        return Run(
            *(self.id, Actor(user=ALICE.user), self.scene.target, self.plan, self.started_at),
            *(dict(self.results), self.progress),
        )

    def have(self, name: str) -> dict[str, Any]:
        """Have one effect, without keeping what it returned: as if the bot was killed right after it."""
        effect = next(each for each in self.strategy.effects(self.plan) if each.name == name)
        return effect.do(self.run(), self.scene.world)

    def keep(self, name: str) -> dict[str, Any]:
        """Have one effect and keep what it returned."""
        self.results[name] = self.have(name)
        self._write("running")
        return self.results[name]

    def effects(self) -> Operation:
        """Have all that are left."""
        for name in self.names:
            if name not in self.results:
                self.keep(name)
        return self

    def look(self) -> Progress:
        self.progress = self.strategy.watch(self.run(), self.scene.world)
        return self.progress

    def end(self, good: bool | None = True) -> Operation:
        """Have all effects, and let it settle and soak."""
        self.effects()
        assert self.look().stage == "succeeded"
        self._write("done", good)
        return self

    def fail(self) -> Operation:
        """Give up, with what was had so far."""
        self._write("failed")
        return self

    def _write(self, state: str, good: bool | None = None) -> None:
        command = "deploy" if self.plan.strategy == "static_site" else "rollback"
        self.scene.recent.put(
            Past(
                *(self.id, command, ALICE.user, self.scene.target.key, state, self.plan.title),
                *(self.started_at, self.started_at, 0.0, good, "", ()),
                facts=self.plan.facts,
                results=dict(self.results),
            )
        )
