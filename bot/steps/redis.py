"""What a service's Redis tells of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bot.domain import Account, Finding
from bot.errors import UpstreamError
from bot.ports import World
from bot.reach_ports import CacheState
from bot.steps.base import ReadingStep, Scene
from bot.steps.naming import Heading, Prefix, Seconds, facts
from bot.steps.places import applies, fill

REFUSALS = {"MAXCLIENTS": "too many clients", "LOADING": "loading"}
"""Why a server that runs takes nobody, by the code of its refusal."""
FULL_PERCENT = 95.0
CROWDED_PERCENT = 90.0
LOW_HIT_RATE = 50.0
MANY_LOOKUPS = 1000
"""Fewer look-ups than these since it started make no hit rate worth a thought."""


class RedisStep(ReadingStep):
    """PING and INFO: memory, hit rate, evictions, clients. Keys are never looked at."""

    do: Literal["redis"]
    address: str = Field(default="", pattern=r"^$|^[\w.{}-]+(:\d{1,5})?$", description="host:port; else the secret's.")
    secret: str = Field(default="", description="Secrets Manager id: a password, or JSON with host, port, password.")
    tls: bool = Field(default=False, description="Encrypted, with a certificate that is verified.")
    seconds: Seconds = 3.0
    name: Prefix = "redis"
    title: Heading = "Redis"

    @model_validator(mode="after")
    def _is_somewhere(self) -> RedisStep:
        if not self.address and not self.secret:
            raise ValueError("needs an address, or a secret that holds one")
        return self

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service. A full server is a finding of its own."""
        if not applies(scene, self.address, self.secret):
            return None
        address, secret = fill(self.address, scene, world), fill(self.secret, scene, world)
        account = scene.target.account if scene.target else Account(region=scene.alarm.region)
        try:
            state = world.caches.state(account, address, secret, tls=self.tls, seconds=self.seconds)
        except UpstreamError as error:
            if error.code not in REFUSALS:
                raise
            found = facts(self.name, refused=REFUSALS[error.code])
            return Finding(step=self.do, title=self.title, summary=str(error), facts=found, weight=85)
        return self._found(state)

    def _found(self, state: CacheState) -> Finding:
        memory = 100.0 * state.used / state.limit if state.limit else None
        lookups = state.hits + state.misses
        hit_rate = 100.0 * state.hits / lookups if lookups else None
        clients = f"{state.clients}{f' of {state.max_clients}' if state.max_clients else ''} clients"
        limit = f" of {size(state.limit)} ({memory:.0f} %)" if memory is not None else ", no maxmemory"
        hits = f", hit rate {hit_rate:.0f} %" if hit_rate is not None else ""
        troubles, weight = _troubles(state, memory, hit_rate, lookups)
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"{state.place} answers in {state.ping:.1f} ms: {size(state.used)}{limit}, {clients}{hits}.",
            lines=tuple(troubles),
            facts=facts(
                self.name,
                ping=state.ping,
                memory=memory,
                hit_rate=hit_rate,
                evicted=state.evicted,
                clients=state.clients,
                max_clients=state.max_clients,
                blocked=state.blocked,
            ),
            weight=weight,
        )


def _troubles(state: CacheState, memory: float | None, hit_rate: float | None, lookups: int) -> tuple[list[str], int]:
    """What is out of order, each in a line, and how strongly the worst of it points at a cause."""
    found: list[tuple[int, str]] = []
    if memory is not None and memory >= FULL_PERCENT:
        refuses = state.policy == "noeviction"
        what = "writes are refused (noeviction)" if refuses else f"keys are evicted ({state.policy})"
        found.append((75 if refuses else 30, f"memory is full: {what}"))
    if state.max_clients and state.clients >= state.max_clients * CROWDED_PERCENT / 100:
        found.append((60, "connections are almost used up"))
    if state.rejected:
        found.append((25, f"{state.rejected} connections refused since it started"))
    if hit_rate is not None and lookups >= MANY_LOOKUPS and hit_rate < LOW_HIT_RATE:
        found.append((30, f"most look-ups miss: {state.misses} of {lookups} since it started"))
    if state.evicted:
        found.append((15, f"{state.evicted} keys evicted since it started"))
    if state.blocked:
        found.append((15, f"{state.blocked} clients wait in a blocking command"))
    if state.uptime < 600:
        found.append((40, f"it started {state.uptime:.0f} s ago"))
    return [line for _, line in found], max((weight for weight, _ in found), default=10)


def size(number: int) -> str:
    """Bytes as people read them: ``37.5 MiB``."""
    left = float(number)
    for unit in ("B", "KiB", "MiB"):
        if left < 1024:
            return f"{left:.3g} {unit}"
        left /= 1024
    return f"{left:.3g} GiB"
