"""An HTTP address of the service, or every running task's own."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, field_validator, model_validator

from bot.cloud import HealthAnswer
from bot.domain import Finding, Health, Target
from bot.errors import NotFoundError
from bot.ports import World
from bot.steps.base import ReadingStep, Scene, ecs_target
from bot.steps.naming import Heading, Port, Prefix, Seconds, facts, yes_no
from bot.steps.places import applies, fill

MOST_TASKS = 20
BAD_WEIGHT = 70


class HttpStep(ReadingStep):
    """Asks an address once and compares the answer. Addresses come from the configuration or from ECS alone."""

    do: Literal["http"]
    url: str = Field(default="", description="http or https; the service's health address when left out.")
    path: str = Field(default="", description="Path on that address, or on every task.")
    port: Port = Field(default=0, description="Port on every task; the container's when left out.")
    private: bool = Field(default=False, description="Ask each running task at its own private address (ECS).")
    code: int = Field(default=200, ge=100, le=599, description="HTTP status that is right.")
    expect: dict[str, str | int | bool] = Field(default_factory=dict, description="JSON fields and their values.")
    seconds: Seconds = 3.0
    name: Prefix = "http"
    title: Heading = "HTTP"

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return url

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if path and not path.startswith("/"):
            raise ValueError("begins with /")
        return path

    @model_validator(mode="after")
    def _fits_together(self) -> HttpStep:
        if self.private and self.url:
            raise ValueError("private: true asks the tasks; it takes a path and a port, and no url")
        if self.port and not self.private:
            raise ValueError("port is for private: true; otherwise it stands in the url")
        return self

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when there is no address to ask: no health address, or with ``private`` no ECS service."""
        if not applies(scene, self.url, self.path):
            return None
        if self.private:
            target = ecs_target(scene)
            return self._tasks(target, scene, world) if target else None
        health = self._health(scene, world)
        if health is None:
            return None
        answer = world.web.get(health, seconds=self.seconds)
        says = answer.detail or f"HTTP {answer.code}"
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"{health.url}: {says}, after {answer.seconds:.2g} s.",
            facts=facts(self.name, ok=yes_no(answer.ok), code=answer.code, seconds=answer.seconds),
            weight=5 if answer.ok else BAD_WEIGHT,
        )

    def _health(self, scene: Scene, world: World) -> Health | None:
        known = scene.target.service.health if scene.target else None
        url = fill(self.url, scene, world) or (known.url if known else "")
        if not url:
            return None
        path = fill(self.path, scene, world)
        if path:
            parts = urlsplit(url)
            url = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        if known is None or self.url or path:
            return Health(url=url, code=self.code, expect=self.expect)
        # The health address itself: what the step does not say, the service does.
        code = self.code if "code" in self.model_fields_set else known.code
        return Health(url=url, code=code, expect=self.expect or known.expect)

    def _tasks(self, target: Target, scene: Scene, world: World) -> Finding:
        known = target.service.health
        path = fill(self.path, scene, world) or (urlsplit(known.url).path if known else "") or "/"
        port = self.port or _port(target, world)
        tasks = world.network.task_addresses(target)
        there = [each for each in tasks if _may_be_asked(each.address)][:MOST_TASKS]
        if not there:
            none = "No task runs" if not tasks else "No task has a private address of its own"
            summary = f"{none} that could be asked for {path} on port {port}."
            found = facts(self.name, ok="no", answering=0, silent=0)
            return Finding(step=self.do, title=self.title, summary=summary, facts=found, weight=40)
        reads = {
            each.task: partial(
                world.web.get,
                Health(url=f"http://{_host(each.address)}:{port}{path}", code=self.code, expect=self.expect),
                seconds=self.seconds,
                direct=True,
            )
            for each in there
        }
        answers = world.gather(reads, seconds=self.seconds + 0.5)
        return self._told({each.task: each.address for each in there}, answers, f"port {port}, {path}")

    def _told(self, there: dict[str, str], answers: dict[str, HealthAnswer | Exception], where: str) -> Finding:
        well = [each for each in answers.values() if isinstance(each, HealthAnswer) and each.ok]
        lines = [
            f"{there[task]} (task {task[:8]}): {answer.detail if isinstance(answer, HealthAnswer) else answer}"
            for task, answer in answers.items()
            if not isinstance(answer, HealthAnswer) or not answer.ok
        ]
        times = [each.seconds for each in answers.values() if isinstance(each, HealthAnswer) and each.code]
        silent = len(answers) - len(well)
        slowest = max(times) if times else None
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"{len(well)} of {len(answers)} tasks answer as they should ({where}).",
            lines=tuple(lines[:5]),
            facts=facts(self.name, ok=yes_no(not silent), answering=len(well), silent=silent, seconds=slowest),
            weight=BAD_WEIGHT if silent else 5,
        )


def _port(target: Target, world: World) -> int:
    """The container's port: the one its load balancer knows, else the first its task definition maps."""
    service = world.ecs.service(target)
    for balancer in service.load_balancers:
        if balancer.port:
            return balancer.port
    definition = world.ecs.task_definition(target.account, service.task_definition)
    for container in definition.raw.get("containerDefinitions", ()):
        for mapping in container.get("portMappings") or ():
            if mapping.get("containerPort"):
                return int(mapping["containerPort"])
    raise NotFoundError(f"No container of {target.label} has a port; give the step one.")


def _may_be_asked(address: str) -> bool:
    """A task's own address in its VPC; never this machine's, nor 169.254.169.254 that hands out credentials."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (known.is_loopback or known.is_link_local or known.is_multicast or known.is_unspecified)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
