"""Fakes of CloudWatch's ports: log lines, metrics and alarms, mute rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.cloud import (
    AlarmReading,
    Contributor,
    Curve,
    Datapoint,
    LogLine,
    Transition,
)
from bot.domain import Account, AlarmMetric
from bot.errors import NotFoundError, UpstreamError
from bot.graph import Mark
from bot.silence_ports import MuteRule
from bot.telemetry import Dashboard, LogSearch
from tests.fakes import NOON, Failures


class FakeLogs:
    """Log lines by log group, and by group and stream."""

    def __init__(self) -> None:
        self.lines: dict[str, list[LogLine]] = {}
        self.streams: dict[tuple[str, str], list[LogLine]] = {}
        self.patterns: list[str] = []
        """What was asked of ``read``."""
        self.only: list[tuple[str, ...]] = []
        """The names of the streams to be read, of each ``read``."""
        self.with_ids: list[bool] = []
        """Whether it was to know the ids of all lines."""
        self.stretches: list[tuple[str, float, float]] = []
        """Streams of which a time was read, with its start and end."""
        self.endless: set[str] = set()
        """Groups with more than can be read in time."""
        self.failures = Failures()

    def search(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> tuple[LogLine, ...]:
        self.failures.take(f"search {group}")
        if group not in self.lines:
            raise NotFoundError(f"There is no log group {group}.")
        found = [replace(line, group=group) for line in self.lines[group] if start <= line.at <= end]
        return tuple(found[-limit:])

    def scan(
        self, account: Account, group: str, pattern: str, *, start: float, end: float, limit: int, deadline: float
    ) -> LogSearch:
        lines = self.search(account, group, pattern, start=start, end=end, limit=limit, deadline=deadline)
        whole = len(lines) < limit
        newest = lines[-1].at if lines else 0.0
        return LogSearch(lines, whole, tuple(line.id for line in lines), None if whole else lines[0], newest)

    def read(
        self,
        account: Account,
        group: str,
        pattern: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        streams: Sequence[str] = (),
        each: Callable[[LogLine], LogLine | None] | None = None,
        has_ids: bool = False,
    ) -> LogSearch:
        self.with_ids.append(has_ids)
        self.patterns.append(pattern)
        self.only.append(tuple(streams))
        if streams:
            self.failures.take(f"streams {group}")
        found = self.scan(account, group, pattern, start=start, end=end, limit=limit, deadline=deadline)
        come = [each(line) if each else line for line in found.lines if not streams or line.stream in streams]
        kept = tuple(line for line in come if line is not None)
        return replace(found, lines=kept, is_whole=found.is_whole and group not in self.endless)

    def stream_names(self, account: Account, group: str, prefix: str) -> tuple[str, ...]:
        names = sorted({line.stream for line in self.lines.get(group, ()) if line.stream.startswith(prefix)})
        return tuple(names) if len(names) <= 50 else ()

    def stretch(
        self,
        account: Account,
        group: str,
        stream: str,
        *,
        start: float,
        end: float,
        limit: int,
        deadline: float,
        each: Callable[[LogLine], LogLine | None] | None = None,
    ) -> LogSearch:
        self.stretches.append((stream, start, end))
        self.failures.take(f"stretch {stream}")
        all_lines = (replace(line, group=group) for line in self.lines[group])
        come = [line for line in all_lines if line.stream == stream and start <= line.at <= end]
        read = [each(line) if each else line for line in come[:limit]]
        return LogSearch(tuple(line for line in read if line is not None), len(come) <= limit)

    def tail(self, account: Account, group: str, stream: str, limit: int) -> tuple[LogLine, ...]:
        self.failures.take("tail")
        return tuple(self.streams.get((group, stream), ())[-limit:])


class FakeMetrics:
    """Datapoints by the name of the metric, the state of alarms, when which went red, and CloudWatch's pictures."""

    def __init__(self) -> None:
        self.points: dict[str, tuple[Datapoint, ...]] = {}
        self.known: list[AlarmMetric] = []
        """What ListMetrics tells."""
        self.boards: dict[str, tuple[Dashboard, ...]] = {}
        """Dashboards by region."""
        self.windows: list[tuple[float, float]] = []
        self.read: list[AlarmMetric] = []
        """What several metrics were read of, and when."""
        self.states: dict[str, str] = {}
        self.changed: dict[str, float] = {}
        self.actions: dict[str, tuple[str, ...]] = {}
        self.fired: list[tuple[float, str]] = []
        self.composites: dict[str, tuple[str, ...]] = {}
        self.computed: dict[str, tuple[Curve, ...]] = {}
        self.went: list[Transition] = []
        self.pictures: dict[str, bytes] = {}
        """CloudWatch's own, by the name of the alarm or the metric."""
        self.marked: list[tuple[Mark, ...]] = []
        self.readings: dict[str, AlarmReading] = {}
        self.series_in_alarm: dict[str, tuple[Contributor, ...]] = {}
        self.asked: list[tuple[Account, tuple[str, ...]]] = []
        self.failures = Failures()

    def series(self, account: Account, metric: AlarmMetric, *, start: float, end: float) -> tuple[Datapoint, ...]:
        self.failures.take("series")
        return self.points.get(metric.name, ())

    def several(
        self, account: Account, metrics: Mapping[str, AlarmMetric], *, start: float, end: float
    ) -> Mapping[str, tuple[Datapoint, ...]]:
        self.failures.take("several")
        self.failures.take(f"several {account.region} {account.role_arn}".rstrip())
        self.windows.append((start, end))
        self.read += metrics.values()
        return {name: self.points.get(metric.name, ()) for name, metric in metrics.items()}

    def listed(self, account: Account, namespace: str, name: str = "") -> tuple[AlarmMetric, ...]:
        self.failures.take("listed")
        return tuple(each for each in self.known if each.namespace == namespace and name in ("", each.name))

    def dashboards(self, account: Account) -> tuple[Dashboard, ...]:
        self.failures.take("dashboards")
        return self.boards.get(account.region, ())

    def watched(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Datapoint, ...]:
        self.failures.take("watched")
        return self.points.get(alarm, ())

    def curves(self, account: Account, alarm: str, *, start: float, end: float) -> tuple[Curve, ...]:
        self.failures.take("curves")
        return self.computed.get(alarm, ())

    def transitions(self, account: Account, alarm: str, *, since: float) -> tuple[Transition, ...]:
        self.failures.take("transitions")
        return tuple(each for each in self.went if each.at >= since)

    def picture(
        self, account: Account, watched: str | AlarmMetric, *, start: float, end: float, marks: Sequence[Mark]
    ) -> bytes | None:
        self.failures.take("picture")
        self.marked.append(tuple(marks))
        return self.pictures.get(watched if isinstance(watched, str) else watched.name)

    def alarms(self, account: Account, names: Sequence[str]) -> tuple[AlarmReading, ...]:
        self.failures.take("alarms")
        self.asked.append((account, tuple(names)))
        found = tuple(self.readings[name] for name in names if name in self.readings)
        return found + tuple(
            AlarmReading(
                *(f"arn:aws:cloudwatch:{account.region}:1:alarm:{name}", name, self.states[name], ""),
                self.changed.get(name, NOON - 3600),
                actions=self.actions.get(name, ()),
            )
            for name in names
            if name in self.states and name not in self.readings
        )

    def in_alarm(self, account: Account) -> tuple[AlarmReading, ...]:
        self.failures.take("in_alarm")
        here = f":cloudwatch:{account.region}:"
        return tuple(each for each in self.readings.values() if each.state == "ALARM" and here in each.arn)

    def children(self, account: Account, alarm: str) -> tuple[str, ...]:
        self.failures.take("children")
        return self.composites.get(alarm, ())

    def contributors(self, account: Account, alarm: str) -> tuple[Contributor, ...]:
        self.failures.take("contributors")
        return self.series_in_alarm.get(alarm, ())

    def went_red(self, account: Account, alarm: str, *, since: float) -> tuple[float, ...]:
        self.failures.take("went_red")
        return tuple(at for at, name in self.fired if at >= since and name == alarm)


class FakeMutes:
    """Mute rules by name: the alarms, from when and until when. ``refusal`` is what every call answers instead."""

    def __init__(self) -> None:
        self.rules: dict[str, tuple[tuple[str, ...], float, float]] = {}
        self.others: tuple[MuteRule, ...] = ()
        self.puts = 0
        self.refusal: UpstreamError | None = None
        self.failures = Failures()
        self.lost_answers = Failures()

    def put(
        self, account: Account, name: str, alarms: Sequence[str], *, since: float, until: float, description: str
    ) -> None:
        self._ask("put")
        self.puts += 1
        self.rules[name] = (tuple(sorted(alarms)), since, until)
        self.lost_answers.take("put")

    def delete(self, account: Account, name: str) -> None:
        self._ask("delete")
        self.rules.pop(name, None)
        self.lost_answers.take("delete")

    def standing(self, account: Account) -> tuple[MuteRule, ...]:
        self._ask("standing")
        own = [MuteRule(name, alarms, until) for name, (alarms, _, until) in self.rules.items()]
        return (*own, *self.others)

    def _ask(self, call: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.failures.take(call)
