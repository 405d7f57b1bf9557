"""The SQL of the shipped playbooks, asked of a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.playbook import Playbook
from bot.database import PostgresDatabases
from bot.domain import Account
from bot.reach_ports import Credentials, Question, Rows
from bot.settings import load
from bot.steps.sql import SqlStep
from tests.bot.servers import DATABASE, Postgres

PLAYBOOKS = load(Path(__file__).parents[2] / "config", Playbook).playbooks
ASKED = {
    f"{name} {step.name}": step
    for name, playbook in PLAYBOOKS.items()
    for step in playbook.steps
    if isinstance(step, SqlStep)
}


def ask(server: Postgres, step: SqlStep) -> Rows:
    login = Credentials(step.secret, server.owner_password, server.owner, "127.0.0.1", server.port, DATABASE)
    databases = PostgresDatabases(lambda account, secret: login, server.authority)
    return databases.ask(Account("us-east-1"), Question(step.secret, step.query))


def test_the_connections_are_counted_against_the_limit(postgres: Postgres) -> None:
    found = ask(postgres, ASKED["arbor-database-connections connections"])
    first = dict(zip(found.columns, found.rows[0], strict=True))
    assert set(first) == {"open", "active", "abandoned", "most", "used"}
    assert first["most"] == 12 and isinstance(first["used"], float) and 0 < first["used"] <= 100


def test_the_slowest_statements_are_asked_for_as_they_are_called_today(postgres: Postgres) -> None:
    if not postgres.has_statements:
        pytest.skip("this PostgreSQL has no pg_stat_statements")
    found = ask(postgres, ASKED["arbor-slow-recommendations statements"])
    assert found.columns == ("mean_ms", "calls", "statement")


def test_no_other_question_is_shipped_untried() -> None:
    assert set(ASKED) == {"arbor-database-connections connections", "arbor-slow-recommendations statements"}
