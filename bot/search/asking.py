"""A query of Logs Insights on its way: begun, looked at until it has ended, stopped when it costs too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bot.cloud import LogLine
from bot.command import BEGUN, Plan
from bot.console import insights_address
from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError
from bot.masks import safe_row
from bot.ports import World
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.cost import cost, limit_passed
from bot.search.found import Found, from_insights
from bot.search.insights import insights_query
from bot.search.own_query import NOT_FOR_ALL
from bot.search.reading import EARLIER_SECONDS, MOST_ROWS, earlier, existing
from bot.search.shown import for_others, grouped_answer, others, whole
from bot.telemetry import IN_LINE, QueryAnswer
from bot.views import blocks as b

FIRST_LOOK, LOOK_EVERY = 0.6, 1.0
MOST_SECONDS = 600.0
PATIENCE = 60.0
"""Seconds that AWS may refuse to start a query, or to tell of it, one time after the other."""
EARLIER_WITHIN = 3.0
"""Seconds that it may take to read what was said before a deployment."""
NOT_COMPARED = "what was said before the deployment was not looked at"
RUNS_ON = "The query may go on in AWS for up to an hour and costs what it scans."
GOES_ON_TRYING = "AWS does not let it be stopped just now; I go on trying."


def begun(asked: Asked, world: World, *, late: str = "") -> Plan:
    """Start the query, or say why it has to wait; ``late`` says why FilterLogEvents was not enough."""
    window = asked.window
    facts: dict[str, Any] = {
        BEGUN: "",
        "since": world.clock.now(),
        "refused": 0.0,
        "late": late,
        "target": asked.target.key,
        "groups": list(asked.where.groups),
        "lacking": asked.where.lacking,
        "start": window.start,
        "end": window.end,
        "deployed": asked.deployed,
    }
    return _started(asked, facts, world)


def _started(asked: Asked, facts: dict[str, Any], world: World) -> Plan:
    try:
        asked, query_id = _query_of_what_exists(asked, world)
    except UpstreamError as error:
        return _held_up(asked, facts, world, error)
    groups, lacking = list(asked.where.groups), asked.where.lacking
    known = {BEGUN: query_id, "since": world.clock.now(), "refused": 0.0, "groups": groups, "lacking": lacking}
    facts = {**facts, **known}
    return _going(asked, facts, view.running(asked.head(), "asking Logs Insights …"), FIRST_LOOK)


def _held_up(asked: Asked, facts: dict[str, Any], world: World, error: UpstreamError) -> Plan:
    """What is refused for now, to be asked for again; raises the error when it stays or has stayed too long.

    In the bot's own line it waits as long as the queries ahead of it may take.
    """
    if not error.retryable:
        raise error
    now, in_line = world.clock.now(), error.code == IN_LINE
    refused = _number(facts["refused"]) or now
    if bool(facts.get("in_line")) != in_line:
        refused = now
    facts["in_line"] = in_line
    if now - refused >= (MOST_SECONDS if in_line else PATIENCE):
        text = f"{error.message} It has been so for {b.ago(now - refused)}, so I gave this search up."
        raise UpstreamError(text, hint="Ask again in a few minutes.", code=error.code) from error
    so_far = b.esc(error.message) if in_line else f"{b.esc(error.message)} I go on trying."
    return _going(asked, {**facts, "refused": refused}, view.running(asked.head(), so_far), LOOK_EVERY)


def _query_of_what_exists(asked: Asked, world: World) -> tuple[Asked, str]:
    try:
        return asked, _query_id(asked, world)
    except NotFoundError:
        # Insights knows nothing of any group when one does not exist.
        asked = replace(asked, where=existing(asked.where, world))
        return asked, _query_id(asked, world)


def _query_id(asked: Asked, world: World) -> str:
    where, window = asked.where, asked.window
    return world.insights.start(
        *(where.account, where.groups, query_of(asked)),
        start=window.start,
        end=window.end,
        limit=MOST_ROWS,
        user=asked.user,
    )


def query_of(asked: Asked) -> str:
    """The query in CloudWatch's own language: of the configuration, of the person, or made of their words."""
    if asked.query.named:
        return asked.settings.queries[asked.query.named.lower()].query
    return asked.query.free or insights_query(asked.query, MOST_ROWS)


def gone_on(asked: Asked, plan: Plan, world: World) -> Plan:
    """One more look: the answer, how far it is, or why it has to wait."""
    facts: dict[str, Any] = {**plan.facts, "refused": plan.facts.get("refused", 0.0)}
    query_id, since = str(facts[BEGUN]), _number(facts["since"])
    if not query_id:
        return _started(asked, facts, world)
    try:
        answer = world.insights.results(asked.where.account, query_id)
    except UpstreamError as error:
        return _held_up(asked, facts, world, error)
    facts["refused"] = 0.0
    if answer.is_whole or answer.was_stopped:
        why = "" if answer.is_whole else "somebody stopped it in AWS"
        return ended(asked, answer, query_id, world, str(facts["late"]), why)
    seconds = world.clock.now() - since
    limit = limit_passed(answer, asked.settings) or ("ten minutes" if seconds > MOST_SECONDS else "")
    if limit:
        left = let_go(asked.target, query_id, world)
        why = f"given up at {limit}: {left}" if left else f"stopped at {limit}"
        return ended(asked, answer, query_id, world, str(facts["late"]), why)
    so_far = f"{cost(answer, asked.settings)}, {answer.matched:,.0f} matched so far, {b.ago(seconds)}"
    return _going(asked, facts, view.running(asked.head(), so_far), LOOK_EVERY)


def let_go(target: Target, query_id: str, world: World) -> str:
    """Have AWS stop a query that nobody waits for; a sentence about what may go on all the same, or nothing.

    A query is ended by AWS after 60 minutes:
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
    """
    try:
        world.insights.stop(target.account, query_id)
    except UpstreamError as error:
        if not error.retryable:
            return f"{error.message} {RUNS_ON}"
        world.stop_later(target.key, query_id)
        return GOES_ON_TRYING
    return ""


def ended(asked: Asked, answer: QueryAnswer, query_id: str, world: World, *why: str) -> Plan:
    """The answer of a query that has ended, or was ended."""
    attachment = whole(asked, query_id)
    fresh = "the newest seconds may not be indexed yet" if asked.window.open_end else ""
    looked = (f"Logs Insights, {cost(answer, asked.settings)}", *why, fresh)
    if not (asked.query.named or asked.query.free):
        found = from_insights(answer, asked.query, MOST_ROWS, asked.masked)
        # What had matched when it was stopped is not all that matches.
        found = found if answer.is_whole else replace(found, total=0)
        before = _before(asked, found, world)
        blind = NOT_COMPARED if found.lines and before is None and _is_about_a_deployment(asked) else ""
        head = replace(head_of(asked, *looked, blind), is_part=not answer.is_whole)
        shown = grouped_answer(asked, found, head, before, world)
        shown = shown.model_copy(update={"attachment": attachment if found.lines else None})
        return for_others(asked, shown, query_id)
    head = replace(head_of(asked, *looked), is_part=not answer.is_whole)
    rows = [safe_row(row, asked.masked) for row in answer.rows]
    blocks = b.fit(view.table(head, rows, more=len(rows) >= MOST_ROWS))
    text = f"{b.counted(len(answer.rows), 'row')} of {asked.target.label}"
    file = attachment if answer.rows else None
    shown = Plan(title=text, answer_text=text, answer=blocks, attachment=file, choices=others(asked))
    if not asked.query.free:
        return for_others(asked, shown, query_id)
    # In its rows a masked field may have any name.
    theirs = for_others(asked, shown.model_copy(update={"answer": b.fit(view.live(head, NOT_FOR_ALL, ()))}), query_id)
    return theirs.model_copy(update={"answer": shown.answer})


def _is_about_a_deployment(asked: Asked) -> bool:
    return asked.deployed is not None and asked.deployed < asked.window.end


def _before(asked: Asked, found: Found, world: World) -> Sequence[LogLine] | None:
    """What was said before the deployment besides what was found; None when nobody knows.

    What the range has of an hour before it is known at no cost; else FilterLogEvents looks, which is not paid for.
    """
    if asked.deployed is None or not _is_about_a_deployment(asked) or not found.lines:
        return None
    has_both = found.is_whole and asked.window.start < asked.deployed
    if has_both and asked.window.start <= asked.deployed - EARLIER_SECONDS:
        return ()
    look = partial(earlier, world, asked.where, asked.query, asked.deployed, asked.masked)
    before = world.gather({"before": look}, seconds=EARLIER_WITHIN)["before"]
    if before is None or isinstance(before, Exception):
        return () if has_both else None
    return before


def head_of(asked: Asked, *looked: str) -> view.Head:
    """The first lines of a finished answer, with the address of the same question in the console."""
    head = asked.head(*(each for each in looked if each), console=console_address(asked))
    return view.spanning(head, asked.window.start, asked.window.end)


def console_address(asked: Asked) -> str:
    """This question in the console, whichever engine answered: there only Insights asks several groups."""
    where, window = asked.where, asked.window
    return insights_address(where.account.region, where.groups, query_of(asked), window.start, window.end)


def _going(asked: Asked, facts: dict[str, Any], blocks: list[b.Block], seconds: float) -> Plan:
    text = f"Asking Logs Insights about {asked.target.label}"
    return Plan(title=text, answer_text=text, answer=b.fit(blocks), facts=facts, goes_on=seconds)


def _number(value: object) -> float:
    return float(str(value))
