"""``/operations``: what is running, what waits for whom, and what was done here before."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from bot.command import Command, Plan
from bot.domain import Person
from bot.operation import ACTIVE, WAITING, State
from bot.ports import Past, World
from bot.views import blocks as b
from bot.views.operation import STATE_WORDS

HISTORY_SECONDS = 90 * 86400.0
SHOWN = 10
LOOKED_AT = 60


class OperationsArgs(BaseModel):
    """What ``/operations`` takes."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(default="", description="A service or a system; everything when left out.")
    environment: str = Field(default="", description="An environment; all of them when left out.")


def plan(args: OperationsArgs, world: World, person: Person) -> Plan:
    """One message: under way, waiting, and the history. Only reads the bot's own ledger."""
    found = _found(args, world)
    running = [past for past in found if past.state in (*ACTIVE, State.SOAKING)]
    waiting = [past for past in found if past.state in WAITING]
    over = [past for past in found if past not in running and past not in waiting][:SHOWN]
    shown = [b.section("*Under way*")]
    shown += b.sections([_line(past, world) for past in running] or ["nothing"])
    shown += [b.section("*Waiting for somebody*"), *b.sections([_line(past, world) for past in waiting] or ["nothing"])]
    shown += [b.section("*Before*"), *b.sections([_line(past, world) for past in over] or ["nothing yet"])]
    shown.append(b.context(f"as of {b.when(world.clock.now())}"))
    text = f"{len(running)} under way, {len(waiting)} waiting"
    return Plan(title="Operations", answer_text=text, answer=b.fit(shown))


def _found(args: OperationsArgs, world: World) -> list[Past]:
    """Raises NotFoundError for a service or an environment that is not configured."""
    since = world.clock.now() - HISTORY_SECONDS
    if not args.service:
        return list(world.recent.every(since=since, limit=LOOKED_AT))
    targets = world.catalog.matching(args.service, args.environment or None)
    found = [past for target in targets for past in world.recent.every(target.key, since=since, limit=LOOKED_AT)]
    return sorted(found, key=lambda past: past.asked_at, reverse=True)


def _line(past: Past, world: World) -> str:
    words = ":alarm_clock: owed" if past.due_at else STATE_WORDS[State(past.state)]
    words = ":eyes: settled, being proved" if past.state == State.SOAKING else words
    parts = [f"{words} · *{b.esc(past.title, 200)}* by {b.user(past.actor)}"]
    if past.approved_by:
        parts.append(f"approved by {', '.join(b.user(user) for user in past.approved_by)}")
    at = past.ended_at or past.started_at or past.asked_at
    due = past.due_at - world.clock.now()
    parts.append(f"by itself in {b.ago(due)}" if due > 0 else f"{b.ago(world.clock.now() - at)} ago")
    if past.good is not None and past.state == State.DONE:
        parts.append("counted as good" if past.good else "not counted as good")
    parts.append(f"{b.code(past.id)}")
    said = f"\n      {b.esc(past.said, 200)}" if past.said else ""
    return " · ".join(parts) + said


operations = Command(
    name="operations",
    summary="What is running, what waits for approval, and what was done before",
    action="read",
    args=OperationsArgs,
    plan=plan,
    examples=("", "bi/api production", "bi"),
)
