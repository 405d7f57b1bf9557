"""A query of Logs Insights on its way: begun, looked at until it has ended, stopped when it costs too much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.command import Plan
from bot.console import insights_address
from bot.errors import NotFoundError, UpstreamError
from bot.masks import safe_row
from bot.ports import World
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.found import from_insights
from bot.search.insights import insights_query
from bot.search.reading import MOST_ROWS, existing
from bot.search.shown import for_others, grouped_answer, whole
from bot.telemetry import QueryAnswer
from bot.views import blocks as b

FIRST_LOOK, LOOK_EVERY = 0.6, 1.0
MOST_SECONDS = 600.0
PATIENCE = 60.0
"""Seconds that AWS may refuse to start a query, or to tell of it, one time after the other."""
GIGABYTE = 1e9


def begun(asked: Asked, world: World, *, late: str = "") -> Plan:
    """Start the query, or say why it has to wait; ``late`` says why FilterLogEvents was not enough."""
    window = asked.window
    facts: dict[str, Any] = {
        "query": "",
        "since": world.clock.now(),
        "refused": 0.0,
        "late": late,
        "target": asked.target.key,
        "groups": list(asked.where.groups),
        "lacking": asked.where.lacking,
        "start": window.start,
        "end": window.end,
    }
    return _started(asked, facts, world)


def _started(asked: Asked, facts: dict[str, Any], world: World) -> Plan:
    try:
        asked, query_id = _query_of_what_exists(asked, world)
    except UpstreamError as error:
        return _held_up(asked, facts, world, error)
    groups, lacking = list(asked.where.groups), asked.where.lacking
    known = {"query": query_id, "since": world.clock.now(), "refused": 0.0, "groups": groups, "lacking": lacking}
    facts = {**facts, **known}
    return _going(asked, facts, view.running(asked.head(), "asking Logs Insights …"), FIRST_LOOK)


def _held_up(asked: Asked, facts: dict[str, Any], world: World, error: UpstreamError) -> Plan:
    """What AWS refuses for now, to be asked for again; raises the error when it stays or has stayed too long."""
    if not error.retryable:
        raise error
    now = world.clock.now()
    refused = _number(facts["refused"]) or now
    if now - refused >= PATIENCE:
        text = f"{error.message} It has been so for {b.ago(now - refused)}, so I gave this search up."
        raise UpstreamError(text, hint="Ask again in a few minutes.", code=error.code) from error
    so_far = f"{b.esc(error.message)} I go on trying."
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
        *(where.account, where.groups, query_of(asked)), start=window.start, end=window.end, limit=MOST_ROWS
    )


def query_of(asked: Asked) -> str:
    """The query in CloudWatch's own language: of the configuration, of the person, or made of their words."""
    if asked.query.named:
        return asked.settings.queries[asked.query.named.lower()].query
    return asked.query.free or insights_query(asked.query, MOST_ROWS)


def gone_on(asked: Asked, plan: Plan, world: World) -> Plan:
    """One more look: the answer, how far it is, or why it has to wait."""
    facts: dict[str, Any] = {**plan.facts, "refused": plan.facts.get("refused", 0.0)}
    query_id, since = str(facts["query"]), _number(facts["since"])
    if not query_id:
        return _started(asked, facts, world)
    try:
        answer = world.insights.results(asked.where.account, query_id)
    except UpstreamError as error:
        return _held_up(asked, facts, world, error)
    facts["refused"] = 0.0
    if answer.is_whole:
        return ended(asked, answer, query_id, world, str(facts["late"]))
    seconds = world.clock.now() - since
    if answer.scanned_bytes > asked.settings.most_gigabytes * GIGABYTE or seconds > MOST_SECONDS:
        world.insights.stop(asked.where.account, query_id)
        why = f"stopped at the limit of {asked.settings.most_gigabytes:g} GB"
        return ended(asked, answer, query_id, world, why if seconds <= MOST_SECONDS else "stopped after ten minutes")
    so_far = f"{_cost(asked, answer)}, {answer.matched:,.0f} matched so far, {b.ago(seconds)}"
    return _going(asked, facts, view.running(asked.head(), so_far), LOOK_EVERY)


def ended(asked: Asked, answer: QueryAnswer, query_id: str, world: World, why: str = "") -> Plan:
    """The answer of a query that has ended, or was ended."""
    fresh = "the newest seconds may not be indexed yet" if asked.window.open_end else ""
    looked = tuple(part for part in (f"Logs Insights, {_cost(asked, answer)}", why, fresh) if part)
    head = head_of(asked, *looked)
    attachment = whole(asked, query_id)
    if not (asked.query.named or asked.query.free):
        found = from_insights(answer, asked.query, MOST_ROWS, asked.masked)
        shown = grouped_answer(asked, found, head, None, world)
        shown = shown.model_copy(update={"attachment": attachment if found.lines else None})
        return for_others(asked, shown, query_id)
    rows = [safe_row(row, asked.masked) for row in answer.rows]
    blocks = b.fit(view.table(head, rows, more=len(rows) >= MOST_ROWS))
    text = f"{b.counted(len(answer.rows), 'row')} of {asked.target.label}"
    shown = Plan(title=text, answer_text=text, answer=blocks, attachment=attachment if answer.rows else None)
    return for_others(asked, shown, query_id)


def head_of(asked: Asked, *looked: str) -> view.Head:
    """The first lines of a finished answer, with the address of the same question in the console."""
    head = asked.head(*looked, console=console_address(asked))
    return view.spanning(head, asked.window.start, asked.window.end)


def console_address(asked: Asked) -> str:
    """This question in the console, whichever engine answered: there only Insights asks several groups."""
    where, window = asked.where, asked.window
    return insights_address(where.account.region, where.groups, query_of(asked), window.start, window.end)


def _going(asked: Asked, facts: dict[str, Any], blocks: list[b.Block], seconds: float) -> Plan:
    text = f"Asking Logs Insights about {asked.target.label}"
    return Plan(title=text, answer_text=text, answer=b.fit(blocks), facts=facts, goes_on=seconds)


def _cost(asked: Asked, answer: QueryAnswer) -> str:
    gigabytes = answer.scanned_bytes / GIGABYTE
    dollars = gigabytes * asked.settings.dollars_per_gigabyte
    size = f"{gigabytes:,.2f} GB" if gigabytes >= 0.01 else f"{answer.scanned_bytes / 1e6:,.2f} MB"
    price = f"about ${dollars:,.2f}" if dollars >= 0.01 else "less than a cent"
    return f"{answer.scanned:,.0f} events and {size} scanned, {price}"


def _number(value: object) -> float:
    return float(str(value))
