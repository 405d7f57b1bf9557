"""Lambda functions: whether the version that callers get can run, a canary under way, errors and throttles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.condition import Verdict
from bot.domain import Target
from bot.health import numbers
from bot.health.base import Found, Moment, Reads, amber, green, red, unread
from bot.shipping_cloud import Function, FunctionAlias
from bot.views import blocks as b

LATEST = "$LATEST"


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """GetFunction of the alias, and the alias itself for its weights."""
    functions, found = moment.world.functions, Reads()
    for target in targets:
        if target.service.function:
            found[f"function {target.key}"] = partial(functions.function, target, target.service.alias or LATEST)
        if target.service.function and target.service.alias:
            found[f"alias {target.key}"] = partial(functions.alias, target)
    return found


def reading(target: Target, found: Found) -> Function | Exception | None:
    """The version that callers get; None of services of another kind."""
    read: Function | Exception | None = found.get(f"function {target.key}")
    return read


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Nothing of services of another kind."""
    function = reading(target, found)
    if function is None:
        return []
    return [
        _state(function),
        *_canary(found.get(f"alias {target.key}")),
        *_calls(target, found),
    ]


def _state(function: Function | Exception) -> Verdict:
    if isinstance(function, Exception):
        return unread("function", function)
    reason = f": {b.esc(function.reason, 200)}" if function.reason else ""
    if function.state == "Failed" or function.update == "Failed":
        return red(f"Lambda cannot run version {b.esc(function.version)}{reason}")
    if function.state == "Pending" or function.update == "InProgress":
        return amber(f"version {b.esc(function.version)} is being made ready{reason}")
    return green("function active")


def _canary(alias: FunctionAlias | Exception | None) -> list[Verdict]:
    if alias is None:
        return []
    if isinstance(alias, Exception):
        return [unread("alias", alias)]
    shares = [f"{share:.0%} of calls get version {b.esc(version)}" for version, share in alias.weights.items()]
    return [amber(f"a canary is under way: {', '.join(shares)}")] if shares else []


def _calls(target: Target, found: Found) -> list[Verdict]:
    totals: dict[str, float] = {}
    for what in (numbers.CALLS, numbers.ERRORS, numbers.THROTTLES):
        points = numbers.points(target, what, found)
        if isinstance(points, Exception):
            return [unread("calls", points)]
        totals[what] = sum(point.value for point in points)
    calls, errors, throttles = totals.values()
    told = [f"{calls:,.0f} calls in {numbers.MINUTES}"]
    told += [f"{errors:,.0f} failed"] if errors else []
    told += [f"{throttles:,.0f} throttled"] if throttles else []
    text = ", ".join(told)
    return [amber(text) if errors or throttles else green(text)]
