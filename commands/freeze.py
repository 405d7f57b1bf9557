"""``/freeze``: nothing is shipped in a place until a time, for a reason."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot import until as ends
from bot.arguments import REST
from bot.authz import require_everywhere
from bot.command import Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Person
from bot.errors import UsageError
from bot.holds import Hold, HoldKind, lies_in, place_label
from bot.ports import World
from bot.until_args import Reason, deal_out, ends_at, lasting

UNDERWAY_SECONDS = 86400.0


class FreezeArgs(BaseModel):
    """What ``/freeze`` takes. Words may stand where they read best: ``bi/api production until friday 18:00 …``."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="`all`, `bi`, `bi/production` or `bi/api production`.")
    until: str = Field(description=f"When it ends: {ends.EXAMPLES}; UTC unless a zone follows.")
    reason: Reason = Field(description="Why; people read it where they are held up.", json_schema_extra=REST)

    @model_validator(mode="before")
    @classmethod
    def _arrange(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in cls.model_fields):
            return given
        return dict(zip(cls.model_fields, deal_out(given["where"], given["until"], given["reason"]), strict=True))

    @field_validator("until")
    @classmethod
    def _is_an_end(cls, text: str) -> str:
        return ends.check(text)


def plan(args: FreezeArgs, world: World, person: Person) -> Plan:
    """What would be frozen, until when, and what goes on in spite of it."""
    now, place = world.clock.now(), world.catalog.place(args.where)
    require_everywhere(world, person, "freeze", place)
    length, at = ends.length(args.until), ends.moment(args.until, now)
    if not now < at <= now + ends.LONGEST:
        raise UsageError(f"“{args.until}” is {'over' if at <= now else 'more than a year away'}.", hint=ends.EXAMPLES)
    label, targets = place_label(place), world.catalog.inside(place)
    return Plan(
        title=f"Freeze {label}",
        strategy="freeze",
        changes=(Change(what=label, before="may be changed", after=f"frozen {lasting(args.until, now)}"),),
        details=(f"Why: {args.reason}", *_details(world, place, len(targets), now)),
        warnings=tuple(hold.reason for hold in world.holds.by_hand(now) if lies_in(place, hold.place)),
        facts={"place": place, "length": length, "until": at, "reason": args.reason, "name": person.name},
    )


def _details(world: World, place: str, services: int, now: float) -> tuple[str, ...]:
    underway = [
        past.title
        for past in world.recent.every(since=now - UNDERWAY_SECONDS, limit=200)
        if past.state in ("running", "settling") and past.target and lies_in(past.target, place)
    ]
    counted = f"{services} service{'' if services == 1 else 's'}: rollbacks and cancels stay possible, nothing else."
    return (counted, *(f"Under way, and goes on: {title}" for title in underway))


def _find(run: Run, world: World) -> dict[str, Any] | None:
    set_before = (hold for hold in world.holds.by_hand(world.clock.now()) if hold.id == run.operation)
    return next(({"hold": hold.id, "until": hold.until} for hold in set_before), None)


def _freeze(run: Run, world: World) -> dict[str, Any]:
    facts, at = run.plan.facts, ends_at(run)
    world.holds.add(
        Hold(
            id=run.operation,
            kind=HoldKind.FREEZE,
            place=str(facts["place"]),
            reason=f"Frozen by {facts['name']} until {ends.in_words(at)}: {facts['reason']}",
            since=run.started_at,
            until=at,
            by=run.actor.user,
            channel=run.actor.channel,
        )
    )
    return {"hold": run.operation, "until": at}


def _watch(run: Run, world: World) -> Progress:
    label = place_label(str(run.plan.facts["place"]))
    at = run.results.get("freeze", {}).get("until")
    until = f" until {ends.in_words(float(at))}" if at else ""
    return Progress(stage=Stage.SUCCEEDED, headline=f"{label} is frozen{until}.")


freeze = Command(
    name="freeze",
    summary="Let nothing be shipped until a time, for a reason",
    action="freeze",
    args=FreezeArgs,
    plan=plan,
    examples=(
        "bi until friday 18:00 quarter close",
        "all 2h network maintenance",
        "bi/api production 2026-12-31 audit",
    ),
    strategies={
        "freeze": Strategy(effects=lambda plan: (Effect("freeze", _find, _freeze),), watch=_watch, soaks=False)
    },
)
