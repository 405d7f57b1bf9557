"""``/logs``: what a service is saying, by words, fields, levels and time; whichever engine is the quicker looks."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any, cast

from pydantic import Field, field_validator

from bot.arguments import WRITTEN
from bot.command import BEGUN, Command, Plan
from bot.domain import Person
from bot.errors import DeniedError
from bot.form import parts
from bot.ports import World
from bot.redact import clean, strip_control
from bot.search import asking, exporting, following, follows
from bot.search.asked import Asked, made_out
from bot.search.export_tasks import EXPORT
from bot.search.found import Found
from bot.search.own_query import refuse_reaching
from bot.search.reading import TOO_MUCH, Place, earlier, is_recent_and_narrow, walk
from bot.search.shown import for_others, grouped_answer, whole
from bot.target_args import TargetArgs, target

READ_SECONDS = 9.0


class LogsArgs(TargetArgs):
    """What ``/logs`` takes."""

    search: str = Field(
        default="",
        json_schema_extra=WRITTEN
        | parts(
            level=["level error", "level warning"],
            time=["last 15m", "last 1h", "last 3h", "since deploy", "yesterday"],
            how=["group", "follow"],
        ),
        description=(
            'What to look for and when: words, "a phrase", field=value, /pattern/, -without, `level error`, '
            "`task 0f3a`; `last 15m`, `since deploy`, `14:00-14:20 Europe/Berlin`, `around 14:05`; and `group`, "
            '`follow`, `export`, `query slow-requests` or `insights "stats count(*) by bin(5m)"`.'
        ),
    )

    @field_validator("search")
    @classmethod
    def _no_secret(cls, search: str) -> str:
        """What is asked is stored and goes to Slack and AWS; a person's address is asked for all the time."""
        plain = re.sub(r"[^\s=\"']+@[^\s\"']+", "", search)
        if clean(plain) != strip_control(plain):
            raise ValueError("it holds what looks like a secret; search for the last characters of it, in quotes")
        return search


def plan(args: LogsArgs, world: World, person: Person) -> Plan:
    """The answer, or the first look at what takes longer."""
    where = target(args, world.catalog)
    asked = made_out(where, args.search, world, person)
    if asked.query.free:
        _may_ask(asked, world, person)
    if asked.query.export:
        return exporting.planned(asked, world, person)
    if asked.query.follow:
        follows.refuse_many(world, person)
        return following.begun(asked, world)
    if asked.query.free or asked.query.named or not is_recent_and_narrow(asked.query, *_range(asked)):
        return asking.begun(asked, world)
    return _walked(asked, world)


def _may_ask(asked: Asked, world: World, person: Person) -> None:
    """Raises DeniedError where somebody may not ask this query of their own."""
    if not world.may(person, "insights", asked.target):
        raise DeniedError("You may not ask queries of your own.", hint="Words, fields and named queries are for you.")
    if asked.masked:
        # A query gives fields other names, and then nobody can tell which is to be masked.
        hint = (
            f"It would show {', '.join(asked.masked)}, which only those see who may unmask. Search for words or fields."
        )
        raise DeniedError(f"You may not ask queries of your own in {asked.target.system}.", hint=hint)
    refuse_reaching(asked.query.free)


def _walked(asked: Asked, world: World) -> Plan:
    start, end = _range(asked)
    reads: dict[str, Any] = {
        "now": partial(walk, world, asked.where, asked.query, start=start, end=end, masked=asked.masked)
    }
    if asked.deployed is not None and asked.deployed < end:
        reads["before"] = partial(earlier, world, asked.where, asked.query, asked.deployed, asked.masked)
    found = world.gather(reads, seconds=READ_SECONDS)
    now, before = found["now"], found.get("before")
    if isinstance(now, Exception) and not isinstance(now, TimeoutError):
        raise now
    if not isinstance(now, Found) or not now.is_whole:
        return asking.begun(asked, world, late=now.why if isinstance(now, Found) else TOO_MUCH)
    all_there_is = not now.failed and not asked.where.lacking
    said = "all of the range was read" if all_there_is else "not all could be read"
    before = None if isinstance(before, Exception) else before
    blind = now.lines and "before" in reads and before is None
    head = asking.head_of(asked, said, asking.NOT_COMPARED if blind else "")
    answer = grouped_answer(asked, now, head, before, world)
    return for_others(asked, answer.model_copy(update={"attachment": whole(asked) if now.lines else None}))


def look(args: LogsArgs, so_far: Plan, world: World, person: Person) -> Plan:
    """Go on with what takes longer; the range stays the one that was asked about."""
    where, facts = target(args, world.catalog), so_far.facts
    groups = tuple(str(each) for each in cast("list[str]", facts.get("groups") or ()))
    known = Place(where.account, groups, str(facts.get("lacking", ""))) if groups else None
    asked = made_out(where, args.search, world, person, known)
    start, end = so_far.facts.get("start"), so_far.facts.get("end")
    if start and end:
        asked = replace(asked, window=replace(asked.window, start=float(str(start)), end=float(str(end))))
    deployed = so_far.facts.get("deployed")
    asked = replace(asked, deployed=float(str(deployed)) if deployed else asked.deployed)
    return following.gone_on(asked, so_far, world) if so_far.live else asking.gone_on(asked, so_far, world)


def stop(so_far: Plan, world: World) -> str:
    """End the query that nobody waits for any more; what may go on in AWS all the same, or nothing."""
    query_id = str(so_far.facts.get(BEGUN, ""))
    where = world.catalog.target(str(so_far.facts.get("target", "")))
    if not query_id:
        return ""
    if where is None:
        return f"This service is no longer configured. {asking.RUNS_ON}"
    return asking.let_go(where, query_id, world)


def _range(asked: Asked) -> tuple[float, float]:
    return asked.window.start, asked.window.end


logs = Command(
    name="logs",
    summary="Search or follow what a service logs",
    action="logs",
    args=LogsArgs,
    plan=plan,
    target=target,
    examples=("bi/api production timeout", "bi/api production level error last 1h", "bi/api production follow"),
    strategies={exporting.STRATEGY: EXPORT},
    look=look,
    stop=stop,
)
