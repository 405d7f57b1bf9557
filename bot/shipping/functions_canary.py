"""A share of the calls goes to the new version: its alarms are watched, and one that goes off ends it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bot.cloud import AlarmReading
from bot.command import Progress, Run, Stage
from bot.errors import ConflictError, UpstreamError
from bot.ports import World
from bot.shipping import alarms, verdicts
from bot.shipping import functions_past as past
from bot.shipping.reads import value
from bot.shipping_cloud import FunctionAlias
from bot.views.blocks import ago

LOOK_SECONDS = 8.0


def watch_share(run: Run, world: World, *, percent: int) -> Progress:
    """One look at a canary step. Nothing goes on while the alarms cannot be read: raises UpstreamError then."""
    facts, old = run.plan.facts, str(run.plan.facts["from_version"])
    new = str(run.results["publish"]["version"])
    if old == new:
        return Progress(stage=Stage.SUCCEEDED, headline=f"Version {new} has all calls already")
    account, names = run.target.account, alarms.names(run.target)
    began = float(run.results[f"shift:{percent}"]["at"])
    reads: dict[str, Any] = {
        "alias": lambda: world.functions.alias(run.target),
        "alarms": lambda: world.metrics.alarms(account, names) if names else (),
    }
    # One that is quiet again at this look may have been red since the one before, which may be one of an earlier step.
    shared = min(float(each["at"]) for name, each in run.results.items() if name.startswith("shift:"))
    reads |= {_fired(name): partial(world.metrics.went_red, account, name, since=shared) for name in names}
    found: dict[str, Any] = world.gather(reads, seconds=LOOK_SECONDS)
    alias: FunctionAlias = value(found, "alias")
    red = facts["red"]
    before = [str(each) for each in red] if isinstance(red, list) else []
    readings: tuple[AlarmReading, ...] = value(found, "alarms")
    in_between, unread = _in_between(readings, found)
    off = _once((*alarms.went_off(readings, before, run.started_at), *in_between))
    if (alias.version, alias.weights) != (old, {new: percent / 100}):
        return _otherwise(run, alias, off)
    if off:
        return _back(run, world, alias, off)
    waited, wait = world.clock.now() - began, float(str(facts["canary_wait"]))
    watched = "no alarm went off" if names else "no alarm is configured to watch it"
    if unread:
        watched = f"no alarm is red because of it; whether one was in between cannot be told: {unread}"
    done, rollback = waited >= wait, world.slash.get("rollback", "rollback")
    where = f"{run.target.system}/{run.target.name} {run.target.environment}"
    return Progress(
        stage=Stage.SUCCEEDED if done else Stage.ROLLING,
        headline=f"{percent} % of the calls go to version {new} ({facts['version']})",
        done=percent,
        total=100,
        lines=(f"for {ago(waited)} of {ago(wait)}; {watched}", f"to end it at once: /{rollback} {where}"),
        calm=True,
    )


def _fired(name: str) -> str:
    return f"fired {name}"


def _in_between(readings: tuple[AlarmReading, ...], found: dict[str, Any]) -> tuple[tuple[AlarmReading, ...], str]:
    """Alarms that went off since the version has a share, red or not by now; and why some could not be asked."""
    went: list[AlarmReading] = []
    unread = ""
    for each in readings:
        fired = found[_fired(each.name)]
        if isinstance(fired, UpstreamError | TimeoutError):
            unread = verdicts.unread(fired)
        elif value(found, _fired(each.name)):
            went.append(each if each.state == "ALARM" else replace(each, reason="it is quiet again by now"))
    return tuple(went), unread


def _once(off: tuple[AlarmReading, ...]) -> tuple[AlarmReading, ...]:
    return tuple({each.name: each for each in off}.values())


def _back(run: Run, world: World, alias: FunctionAlias, off: tuple[AlarmReading, ...]) -> Progress:
    """Every call to the old version. Somebody else who moves the alias at this moment is seen by the next look."""
    old = str(run.plan.facts["from_version"])
    try:
        world.functions.move_alias(run.target, old, {}, revision=alias.revision)
    except ConflictError:
        return Progress(stage=Stage.ROLLING, headline=f"{_names(off)} went off; {alias.name} is being moved", calm=True)
    return _ended(run, off)


def _otherwise(run: Run, alias: FunctionAlias, off: tuple[AlarmReading, ...]) -> Progress:
    """The alias does not share as this step made it: this bot took it back and died then, or somebody moved it."""
    if alias.version == run.plan.facts["from_version"] and not alias.weights:
        return _ended(run, off)
    headline = f"Superseded: {past.stands(alias)}, and not by this operation"
    return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)


def _ended(run: Run, off: tuple[AlarmReading, ...]) -> Progress:
    new, old = run.results["publish"]["version"], run.plan.facts["from_version"]
    why = f"{_names(off)} went off while version {new} had a share of the calls" if off else "its canary was ended"
    return Progress(
        stage=Stage.FAILED,
        headline=f"Not deployed: {why}; all calls go to version {old} again",
        lines=tuple(f"{each.name}: {each.reason}" for each in off if each.reason),
        unchanged=True,
    )


def _names(off: tuple[AlarmReading, ...]) -> str:
    return ", ".join(each.name for each in off)
