"""Databases: how many connections are open, of how many there may be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.condition import Verdict
from bot.dependencies import Database
from bot.domain import Target
from bot.errors import UpstreamError
from bot.health import numbers
from bot.health.base import SECONDS, Found, Moment, Reads, amber, green, name_of, red, unread, why
from bot.reach_ports import Question, Rows
from bot.steps.sql import TOO_MANY_CONNECTIONS
from bot.views import blocks as b

QUERY = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int AS open,
       (SELECT count(*) FROM pg_stat_activity WHERE state = 'active')::int AS active,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most
"""
"""Everybody sees how many connections there are, and what they do only those whose they are, or members of pg_monitor.
https://www.postgresql.org/docs/current/monitoring-stats.html"""
CROWDED, FULL = 0.8, 0.95
"""Parts of the connections there may be."""


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """Each database that is asked, once; those that RDS counts for are among the numbers."""
    databases = {_name(each): (each, each.service.needs.database) for each in targets}
    ask = moment.world.databases.ask
    return {
        name: partial(ask, target.account, _question(database))
        for name, (target, database) in databases.items()
        if database is not None and database.secret
    }


def _question(database: Database) -> Question:
    return Question(database.secret, QUERY, address=database.address, limit=1, seconds=SECONDS)


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """Nothing of services without a database."""
    database = target.service.needs.database
    if database is None:
        return []
    if database.secret:
        return [_asked(found[_name(target)])]
    points = numbers.points(target, numbers.CONNECTIONS, found)
    if isinstance(points, Exception):
        return [unread("database", points)]
    if not points:
        return [
            amber(f"database: CloudWatch has no number of {b.esc(database.instance)} of the last {numbers.MINUTES}")
        ]
    return [green(f"database {points[-1].value:,.0f} connections")]


def _asked(read: Rows | Exception) -> Verdict:
    if isinstance(read, UpstreamError) and read.code == TOO_MANY_CONNECTIONS:
        return red(why(read))
    if isinstance(read, Exception):
        return unread("database", read)
    opened, active, most = (float(cell or 0) for cell in read.rows[0])
    text = f"database {opened:,.0f} of {most:,.0f} connections, {active:,.0f} active"
    if opened >= FULL * most:
        return red(text)
    return amber(text) if opened >= CROWDED * most else green(text)


def _name(target: Target) -> str:
    database = target.service.needs.database
    return f"database {name_of(target.account)} {database.secret} {database.address}" if database else ""
