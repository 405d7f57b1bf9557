"""Traced requests of the last minutes: which fail, where, and which are slow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from bot.domain import Finding
from bot.ports import World
from bot.steps.base import NamedStep, Scene, StepName, account_of, figure, in_one_line
from bot.steps.places import applies, fill
from bot.telemetry import Trace, TraceSearch

READ_SECONDS = 8.0
MOST_LINES = 3


class TracesStep(NamedStep):
    """X-Ray's summaries of requests."""

    do: Literal["traces"]
    name: StepName = "traces"
    minutes: int = Field(default=15, ge=1, le=360, description="How far back; X-Ray tells six hours at once.")
    filter: str = Field(
        default="", max_length=2000, description='X-Ray filter expression, as in service("{service}"); all by default.'
    )

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service."""
        if not applies(scene, self.filter):
            return None
        expression = fill(self.filter, scene, world)
        deadline = world.clock.now() + READ_SECONDS
        found = world.traces.traces(
            account_of(scene), expression, start=scene.at - self.minutes * 60, end=scene.at, deadline=deadline
        )
        of = f" of `{expression}`" if expression else ""
        return self._found(found, f"{of} in the last {self.minutes} min")

    def _found(self, found: TraceSearch, where: str) -> Finding:
        title = self.title or "Traces"
        traces = found.traces
        faults, throttles = sum(each.fault for each in traces), sum(each.throttle for each in traces)
        slowest = max(traces, key=lambda each: each.duration, default=None)
        facts = (
            self.fact("count", float(len(traces))),
            self.fact("faults", float(faults)),
            self.fact("throttles", float(throttles)),
            self.fact("slowest", slowest.duration if slowest else 0.0),
        )
        if slowest is None:
            return Finding(step=self.do, title=title, summary=f"X-Ray has no trace{where}.", facts=facts)
        more = "" if found.is_whole else "at least "
        counted = f"{more}{len(traces):,} trace{'s' if len(traces) > 1 else ''}"
        told = f"{counted}{where}: {faults:,} failed, {throttles:,} throttled; slowest {figure(slowest.duration)} s"
        return Finding(
            step=self.do,
            title=title,
            summary=f"{told}.",
            lines=(*_causes(traces), *_entries(traces), f"slowest: {_told(slowest)}"),
            facts=facts,
            weight=60 if faults or throttles else 15,
        )


def _causes(traces: Sequence[Trace]) -> list[str]:
    """The services that failed, with what they raised."""
    causes = Counter(cause for each in traces if each.fault for cause in each.causes)
    return [f"{count} × {in_one_line(cause)}" for cause, count in causes.most_common(MOST_LINES)]


def _entries(traces: Sequence[Trace]) -> list[str]:
    """Where requests came in: the most faulty, then the slowest."""
    by_entry: dict[str, list[Trace]] = defaultdict(list)
    for each in traces:
        by_entry[each.entry or "(unknown)"].append(each)
    told = []
    for entry, of_entry in by_entry.items():
        faults, longest = sum(each.fault for each in of_entry), max(each.duration for each in of_entry)
        line = f"{in_one_line(entry, 100)}: {faults} of {len(of_entry)} failed, up to {figure(longest)} s"
        told.append((faults, longest, line))
    return [line for _, _, line in sorted(told, reverse=True)[:MOST_LINES]]


def _told(trace: Trace) -> str:
    parts = (in_one_line(trace.address, 200), str(trace.status or ""), f"{figure(trace.duration)} s", trace.id)
    return " ".join(part for part in parts if part)
