"""Which signals were meant by the words that people type."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.domain import Target
from bot.errors import UsageError
from bot.signal import Line, Signal

MEANT = {
    "request": "requests",
    "rate": "requests",
    "invocations": "requests",
    "error": "errors",
    "5xx": "errors",
    "4xx": "errors",
    "latencies": "latency",
    "duration": "latency",
    "response": "latency",
    "mem": "memory",
    "task": "tasks",
    "count": "tasks",
    "throttle": "throttles",
    "concurrent": "concurrency",
    "queues": "queue",
    "sqs": "queue",
    "rds": "database",
    "db": "database",
    "databases": "database",
    "dynamodb": "table",
    "tables": "table",
    "redis": "cache",
    "elasticache": "cache",
    "bytes": "traffic",
}
"""Other words for signals and groups."""
STATISTICS = {
    "avg": "Average",
    "average": "Average",
    "mean": "Average",
    "max": "Maximum",
    "maximum": "Maximum",
    "min": "Minimum",
    "minimum": "Minimum",
    "sum": "Sum",
    "total": "Sum",
}
PERCENTILE = re.compile(r"p(?:100|\d{1,2}(?:\.\d{1,3})?)")


def statistic_of(word: str) -> str:
    """The statistic that a word names, or nothing."""
    lower = word.lower()
    return lower if PERCENTILE.fullmatch(lower) else STATISTICS.get(lower, "")


def chosen(target: Target, words: Sequence[str], known: Sequence[Signal]) -> tuple[Signal, ...]:
    """The signals that the words name, each once. Raises UsageError with the nearest word."""
    found: dict[str, Signal] = {}
    for word in words:
        lower = MEANT.get(word.lower(), word.lower())
        meant = [signal for signal in known if lower in (signal.name.lower(), signal.group)]
        meant = meant or [signal for signal in known if lower == signal.name.lower().rpartition("/")[2]]
        if not meant:
            raise _unknown(target, word, known)
        found.update({signal.name: signal for signal in meant})
    return tuple(found.values())


def _unknown(target: Target, word: str, known: Sequence[Signal]) -> UsageError:
    names = list(dict.fromkeys(name for signal in known for name in (signal.group or signal.name,)))
    spelt = {**{other: meant for other, meant in MEANT.items() if meant in names}, **{name: name for name in names}}
    close = difflib.get_close_matches(word.lower()[:60], spelt, n=1, cutoff=0.6)
    hint = f"Did you mean {spelt[close[0]]}? " if close else ""
    return UsageError(
        f"{target.label} has no signal “{word[:60]}”.",
        hint=f"{hint}It has {', '.join(names)}; any other metric is said like AWS/RDS/DatabaseConnections.",
    )


def with_statistic(target: Target, signals: Sequence[Signal], statistic: str) -> tuple[Signal, ...]:
    """The signals with this percentile in place of their own, or with what has this statistic first.

    Raises UsageError where none has any.
    """
    if not statistic:
        return tuple(signals)
    changed = tuple(_with(signal, statistic) for signal in signals)
    if changed == tuple(signals) and not any(_has(signal, statistic) for signal in signals):
        raise UsageError(
            f"None of these signals of {target.label} has a {statistic}.",
            hint="Latency has percentiles, and so has a metric that is said like AWS/Lambda/Duration.",
        )
    return changed


def _has(signal: Signal, statistic: str) -> bool:
    return any(line.statistic == statistic for line in signal.lines)


def _with(signal: Signal, statistic: str) -> Signal:
    timed = [line for line in signal.lines if PERCENTILE.fullmatch(line.statistic)]
    if not timed:
        first = sorted(signal.lines, key=lambda line: line.statistic != statistic)
        return replace(signal, lines=tuple(first))
    lines: dict[str, Line] = {}
    for line in timed:
        metrics = tuple(metric.model_copy(update={"statistic": statistic}) for metric in line.metrics)
        label = line.label.replace(line.statistic, statistic)
        lines.setdefault(label, Line(label, metrics))
    return replace(signal, lines=tuple(lines.values()))
