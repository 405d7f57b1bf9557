"""Runs of the pretend GitHub's workflows: how far each has come, and its job with its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.aws import products

QUEUED = 2.0
"""Seconds until a runner takes a run."""
STEPS = (
    ("Set up job", 1.0),
    ("Check out", 2.0),
    ("Test", 3.0),
    ("Build and push", 5.0),
    ("Complete job", 1.0),
)
"""The steps of the one job, and how long each takes in seconds."""
WHOLE = QUEUED + sum(seconds for _, seconds in STEPS)
LISTED_AFTER = 2.0
"""Seconds until a new run stands in the lists; by its id it can be had at once."""

_WORKING = 4
"""The step that can fail, by its number; with it, what was built is pushed."""


@dataclass(frozen=True)
class Workflow:
    """A workflow of a repository. ``variables`` say what it makes, in which ``region`` of AWS."""

    repository: str
    file: str
    id: int
    region: str
    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = "Release"
    refs: tuple[str, ...] = ("main",)
    inputs: tuple[str, ...] = ("version", "operation")

    def described(self, api: str) -> dict[str, Any]:
        """As GitHub lists it."""
        path = f".github/workflows/{self.file}"
        page = f"https://github.com/{self.repository}"
        return {
            "id": self.id,
            "name": self.name,
            "path": path,
            "state": "active",
            "url": f"{api}/repos/{self.repository}/actions/workflows/{self.id}",
            "html_url": f"{page}/blob/main/{path}",
        }


@dataclass(eq=False)
class Run:
    """One run of a workflow, started by hand."""

    id: int
    number: int
    workflow: Workflow
    ref: str
    inputs: Mapping[str, str]
    created_at: float
    cancelled_at: float | None = None
    made: bool = False

    @property
    def version(self) -> str:
        """What it builds."""
        return str(self.inputs.get("version", ""))

    @property
    def page(self) -> str:
        """Where a person watches it."""
        return f"https://github.com/{self.workflow.repository}/actions/runs/{self.id}"

    @property
    def fails(self) -> bool:
        """Whether its build will fail."""
        return not products.can_be_built(self.version)

    @property
    def ended_at(self) -> float:
        """When it ends, or ended."""
        if self.cancelled_at is not None:
            return self.cancelled_at
        return self.times()[_WORKING - 1][2] if self.fails else self.created_at + WHOLE

    def times(self) -> list[tuple[str, float, float]]:
        """Each step with when it begins and when it would end."""
        at, found = self.created_at + QUEUED, []
        for name, seconds in STEPS:
            found.append((name, at, at + seconds))
            at += seconds
        return found

    def status(self, now: float) -> str:
        """GitHub's word for where it is."""
        if now >= self.ended_at:
            return "completed"
        return "queued" if now < self.created_at + QUEUED else "in_progress"

    def conclusion(self, now: float) -> str | None:
        """GitHub's word for how it ended; None until then."""
        if now < self.ended_at:
            return None
        if self.cancelled_at is not None:
            return "cancelled"
        return "failure" if self.fails else "success"

    def bring_up(self, now: float) -> None:
        """Leave its product behind once it has come so far."""
        pushed = self.times()[_WORKING - 1][2]
        if not self.made and not self.fails and now >= pushed and self.ended_at >= pushed:
            self.made = True
            products.make(self.workflow.region, self.workflow.variables, self.version)

    def described(self, api: str, now: float) -> dict[str, Any]:
        """As GitHub shows a run. Its name is what ``run-name`` of the workflow says."""
        address = f"{api}/repos/{self.workflow.repository}/actions/runs/{self.id}"
        return {
            "id": self.id,
            "name": self.workflow.name,
            "display_title": f"{self.workflow.name} {self.version} ({self.inputs.get('operation', '')})",
            "run_number": self.number,
            "run_attempt": 1,
            "event": "workflow_dispatch",
            "status": self.status(now),
            "conclusion": self.conclusion(now),
            "workflow_id": self.workflow.id,
            "path": f".github/workflows/{self.workflow.file}",
            "head_branch": self.ref,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(min(now, self.ended_at)),
            "url": address,
            "html_url": self.page,
            "jobs_url": f"{address}/jobs",
        }

    def jobs(self, now: float) -> list[dict[str, Any]]:
        """Its one job, from when it is queued."""
        running = now >= self.created_at + QUEUED
        return [
            {
                "id": self.id * 10,
                "run_id": self.id,
                "name": "build",
                "status": self.status(now),
                "conclusion": self.conclusion(now),
                "html_url": f"{self.page}/job/{self.id * 10}",
                "started_at": stamp(min(now, self.created_at + QUEUED)),
                "completed_at": stamp(self.ended_at) if now >= self.ended_at else None,
                "steps": list(self._steps(now)) if running else [],
            }
        ]

    def _steps(self, now: float) -> Iterator[dict[str, Any]]:
        for number, (name, begins, ends) in enumerate(self.times(), 1):
            yield {"name": name, "number": number, **self._step(number, begins, ends, now)}

    def _step(self, number: int, begins: float, ends: float, now: float) -> dict[str, str | None]:
        if begins >= self.ended_at:
            word = "skipped" if now >= self.ended_at else None
            return {"status": "completed" if word else "queued", "conclusion": word}
        if now < begins:
            return {"status": "queued", "conclusion": None}
        if now < min(ends, self.ended_at):
            return {"status": "in_progress", "conclusion": None}
        if self.ended_at < ends:
            return {"status": "completed", "conclusion": "cancelled"}
        return {"status": "completed", "conclusion": "failure" if self.fails and number == _WORKING else "success"}


def stamp(at: float) -> str:
    """A time as GitHub writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
