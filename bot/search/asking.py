"""A query of Logs Insights on its way: begun, looked at until it has ended, stopped when it costs too much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.command import Plan
from bot.console import insights_address
from bot.errors import NotFoundError
from bot.ports import World
from bot.search import screen as view
from bot.search.asked import Asked
from bot.search.found import from_insights, safe_row
from bot.search.insights import insights_query
from bot.search.reading import MOST_ROWS, existing
from bot.search.shown import for_others, grouped_answer, whole
from bot.telemetry import QueryAnswer
from bot.views import blocks as b

FIRST_LOOK, LOOK_EVERY = 0.6, 1.0
MOST_SECONDS = 600.0
GIGABYTE = 1e9


def begun(asked: Asked, world: World, *, late: str = "") -> Plan:
    """Start the query; ``late`` says why FilterLogEvents was not enough."""
    window = asked.window
    try:
        query_id = _started(asked, world)
    except NotFoundError:
        # Insights knows nothing of any group when one does not exist.
        asked = replace(asked, where=existing(asked.where, world))
        query_id = _started(asked, world)
    facts: dict[str, Any] = {
        "query": query_id,
        "since": world.clock.now(),
        "late": late,
        "target": asked.target.key,
        "groups": list(asked.where.groups),
        "lacking": asked.where.lacking,
        "start": window.start,
        "end": window.end,
    }
    blocks = view.running(asked.head(), "asking Logs Insights …")
    return _going(asked, facts, blocks, FIRST_LOOK)


def _started(asked: Asked, world: World) -> str:
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
    """One more look: the answer, or how far it is."""
    facts = dict(plan.facts)
    query_id, since = str(facts["query"]), float(str(facts["since"]))
    answer = world.insights.results(asked.where.account, query_id)
    if answer.is_whole:
        return ended(asked, answer, query_id, str(facts["late"]))
    seconds = world.clock.now() - since
    if answer.scanned_bytes > asked.settings.most_gigabytes * GIGABYTE or seconds > MOST_SECONDS:
        world.insights.stop(asked.where.account, query_id)
        why = f"stopped at the limit of {asked.settings.most_gigabytes:g} GB"
        return ended(asked, answer, query_id, why if seconds <= MOST_SECONDS else "stopped after ten minutes")
    so_far = f"{_cost(asked, answer)}, {answer.matched:,.0f} matched so far, {b.ago(seconds)}"
    return _going(asked, facts, view.running(asked.head(), so_far), LOOK_EVERY)


def ended(asked: Asked, answer: QueryAnswer, query_id: str, why: str = "") -> Plan:
    """The answer of a query that has ended, or was ended."""
    window = asked.window
    console = console_address(asked)
    fresh = "the newest seconds may not be indexed yet" if window.open_end else ""
    looked = tuple(part for part in (f"Logs Insights, {_cost(asked, answer)}", why, fresh) if part)
    head = asked.head(*looked, console=console)
    attachment = whole(asked, query_id)
    if not (asked.query.named or asked.query.free):
        found = from_insights(answer, asked.query, MOST_ROWS, asked.masked)
        shown = grouped_answer(asked, found, head, None)
        shown = shown.model_copy(update={"attachment": attachment if found.lines else None})
        return for_others(asked, shown, query_id)
    rows = [safe_row(row, asked.masked) for row in answer.rows]
    blocks = b.fit(view.table(head, rows, more=len(rows) >= MOST_ROWS))
    text = f"{b.counted(len(answer.rows), 'row')} of {asked.target.label}"
    shown = Plan(title=text, answer_text=text, answer=blocks, attachment=attachment if answer.rows else None)
    return for_others(asked, shown, query_id)


def console_address(asked: Asked) -> str:
    """Exactly this question in the console, whichever engine answered: there only Insights asks several groups."""
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
