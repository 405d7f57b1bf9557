"""``/unfreeze``: lift freezes set by hand, and locks that a rollback left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.arguments import REST
from bot.authz import require_everywhere
from bot.command import Change, Command, Effect, Plan, Progress, Run, Stage, Strategy
from bot.domain import Person
from bot.errors import NotFoundError
from bot.holds import Hold, lies_in, place_label
from bot.ports import World
from bot.views import blocks as b


class UnfreezeArgs(BaseModel):
    """What ``/unfreeze`` takes."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="`all`, `bi`, `bi/production` or `bi/api production`.", json_schema_extra=REST)


def plan(args: UnfreezeArgs, world: World, person: Person) -> Plan:
    """Everything set at this very place, or the only one within it; a list where there are several."""
    place = world.catalog.place(args.where)
    known = world.holds.by_hand(world.clock.now())
    exact = [hold for hold in known if hold.place == place]
    within = [hold for hold in known if hold.place != place and lies_in(hold.place, place)]
    lifted = exact or within
    if not lifted:
        raise NotFoundError(f"Nobody froze or locked {place_label(place)}.", hint=_elsewhere(known, place))
    if not exact and len({hold.place for hold in within}) > 1:
        return _list(place, within, world.slash.get("unfreeze") or f"{world.slash['ops']} unfreeze")
    require_everywhere(world, person, "freeze", lifted[0].place)
    left = [hold for hold in known if hold not in lifted and (lies_in(hold.place, place) or lies_in(place, hold.place))]
    label = place_label(lifted[0].place)
    return Plan(
        title=f"Unfreeze {label}",
        strategy="unfreeze",
        changes=tuple(
            Change(what=f"{label}: {hold.kind.value}", before=hold.reason, after="lifted") for hold in lifted
        ),
        warnings=tuple(f"Stays: {place_label(hold.place)}: {hold.reason}" for hold in left),
        facts={"place": lifted[0].place, "holds": [hold.id for hold in lifted]},
        basis={"holds": sorted(hold.id for hold in lifted)},
    )


def _elsewhere(known: Sequence[Hold], place: str) -> str:
    """Where else something is held: around this place first."""
    around = [hold for hold in known if lies_in(place, hold.place)]
    places = ", ".join(dict.fromkeys(place_label(hold.place) for hold in around or known))
    if around:
        return f"It lies in {places}, which is held as a whole and can only be lifted as a whole."
    return f"Held by hand: {places}." if places else "Freezes that come by date are in config/calendar.yaml."


def _list(place: str, found: Sequence[Hold], slash: str) -> Plan:
    title = f"{len(found)} freezes and locks in {place_label(place)}"
    lines = [f"{b.code(f'/{slash} {hold.place}')} · {hold.kind.value}: {b.esc(hold.reason)}" for hold in found]
    answer = (b.section(f"*{b.esc(title)}*: lift one of them by typing"), *b.sections(lines))
    return Plan(title=title, answer_text=title, answer=answer)


def _lift(run: Run, world: World) -> dict[str, Any]:
    holds = run.plan.facts["holds"]
    for hold_id in holds if isinstance(holds, list) else ():
        world.holds.lift(str(hold_id), run.actor.user, world.clock.now(), channel=run.actor.channel)
    return {"lifted": holds}


def _watch(run: Run, world: World) -> Progress:
    label = place_label(str(run.plan.facts["place"]))
    return Progress(stage=Stage.SUCCEEDED, headline=f"What was set for {label} is lifted.")


unfreeze = Command(
    name="unfreeze",
    summary="Lift freezes set by hand, and locks that a rollback left",
    action="freeze",
    args=UnfreezeArgs,
    plan=plan,
    examples=("bi", "all", "bi/api production"),
    strategies={
        # Lifting twice is lifting once, so there is nothing to look for.
        "unfreeze": Strategy(
            effects=lambda plan: (Effect("lift", lambda run, world: None, _lift),), watch=_watch, soaks=False
        )
    },
)
