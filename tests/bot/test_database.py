"""The database as a step asks it, against a real PostgreSQL."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from bot import reach_ports
from bot.database import LONGEST_CELL, PostgresDatabases
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.health.database import QUERY
from bot.reach_ports import Credentials, Question, Rows
from tests.bot.servers import DATABASE, Postgres, closed_port, stopped

HERE = Account("eu-west-1")
SECRET = "arbor/production/db"


def login(server: Postgres, **changes: Any) -> Credentials:
    return replace(Credentials(SECRET, server.password, server.user, "127.0.0.1", server.port, DATABASE), **changes)


@pytest.fixture
def ask(postgres: Postgres) -> Callable[..., Rows]:
    databases = PostgresDatabases(lambda account, secret: login(postgres), postgres.authority)

    def asked(query: str, **changes: Any) -> Rows:
        return databases.ask(HERE, Question(SECRET, query, **changes))

    return asked


def refusal(call: Callable[[], object]) -> UpstreamError:
    with pytest.raises(UpstreamError) as raised:
        call()
    return raised.value


def test_it_fills_the_port(postgres: Postgres) -> None:
    filled: reach_ports.Databases = PostgresDatabases(lambda account, secret: login(postgres))
    assert filled.ask(HERE, Question(SECRET, "SELECT 1 AS one")).rows == ((1.0,),)


def test_rows_come_with_their_columns_and_their_place(ask: Callable[..., Rows], postgres: Postgres) -> None:
    found = ask("SELECT id, name, made, id > 1 AS later, NULL AS nothing FROM plans ORDER BY id", limit=2)
    assert found.columns == ("id", "name", "made", "later", "nothing")
    assert found.rows == ((1.0, "plan 1", "infinity", "no", None), (2.0, "plan 2", "infinity", "yes", None))
    assert found.more
    assert found.place == f"{DATABASE} on 127.0.0.1:{postgres.port}"


def test_no_more_rows_are_said_than_there_are(ask: Callable[..., Rows]) -> None:
    found = ask("SELECT 1 AS one", limit=1)
    assert (found.rows, found.more) == (((1.0,),), False)
    assert ask("SELECT 1 WHERE false").rows == ()


def test_values_of_every_kind_are_shown(ask: Callable[..., Rows]) -> None:
    found = ask(
        "SELECT 1.5::numeric, 'NaN'::numeric, 'Infinity'::float8, 10::numeric ^ 400, '25:00'::interval,"
        """ '{"a": 1}'::jsonb, '\\x00ff'::bytea, ARRAY[1,2], '10.0.0.1'::inet"""
    )
    first, *rest = found.rows[0]
    assert first == 1.5
    assert rest[:2] == ["NaN", "inf"]
    assert str(rest[2]).startswith("1000")
    assert rest[3:] == ["25:00:00", '{"a": 1}', "2 bytes", "[1, 2]", "10.0.0.1"]


def test_a_large_value_is_cut_and_a_secret_in_it_hidden(ask: Callable[..., Rows]) -> None:
    token = "xoxb" + "-1234567890-abcdef"
    ((large, secret),) = ask(f"SELECT repeat('x', 1000000), 'token {token} here'").rows
    assert large == "x" * LONGEST_CELL
    assert secret == "token [redacted] here"


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO plans VALUES (-1, 'x', now())",
        "WITH gone AS (DELETE FROM plans RETURNING id) SELECT count(*) FROM gone",
        "EXPLAIN ANALYZE UPDATE plans SET name = ''",
        "SELECT setval('s', 1) FROM (SELECT 1) x WHERE false OR nextval('s') > 0",
        "CREATE TABLE more (id int)",
        "TRUNCATE plans",
    ],
)
def test_what_would_change_something_is_refused(ask: Callable[..., Rows], postgres: Postgres, query: str) -> None:
    with postgres.connect() as owner:
        owner.execute("CREATE SEQUENCE IF NOT EXISTS s")
        owner.execute("GRANT USAGE, UPDATE ON SEQUENCE s TO reader")
    error = refusal(lambda: ask(query))
    assert error.code == "25006"
    assert str(error).endswith("the query would change something, and I only ask in read-only transactions.")
    assert ask("SELECT count(*) FROM plans").rows == ((500.0,),)


def test_the_transaction_cannot_be_made_to_write(ask: Callable[..., Rows]) -> None:
    block = "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM plans; END $$"
    assert "read-write mode must be set before any query" in str(refusal(lambda: ask(block)))
    assert ask("SELECT count(*) FROM plans").rows == ((500.0,),)


@pytest.mark.parametrize("second", ["COMMIT", "DELETE FROM plans", "SELECT 2"])
def test_a_second_statement_is_refused(ask: Callable[..., Rows], second: str) -> None:
    error = refusal(lambda: ask(f"SELECT 1; {second}"))
    assert str(error).endswith("only a single statement is sent, without a second one.")
    assert ask("SELECT count(*) FROM plans").rows == ((500.0,),)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says itself that it stopped; on a busy machine it needs longer for it."""
    monkeypatch.setattr("bot.database.GRACE_SECONDS", 10.0)


@pytest.mark.usefixtures("patience")
def test_a_slow_query_is_stopped_by_the_server(ask: Callable[..., Rows]) -> None:
    began = time.monotonic()
    error = refusal(lambda: ask("SELECT pg_sleep(30)", seconds=1))
    assert time.monotonic() - began < 20
    assert error.code == "57014"
    assert "the query was stopped after 1 s (statement_timeout)" in str(error)


@pytest.mark.usefixtures("patience")
def test_waiting_for_a_lock_is_told_apart_from_being_slow(ask: Callable[..., Rows], postgres: Postgres) -> None:
    with postgres.connect() as owner:
        owner.execute("LOCK TABLE plans IN ACCESS EXCLUSIVE MODE")
        error = refusal(lambda: ask("SELECT count(*) FROM plans", seconds=1))
    assert (error.code, "for a lock" in str(error)) == ("55P03", True)


def test_a_million_rows_are_not_read_to_the_end(ask: Callable[..., Rows]) -> None:
    began = time.monotonic()
    found = ask("SELECT repeat('x', 1000) FROM plans a CROSS JOIN plans b CROSS JOIN plans c", limit=3, seconds=20)
    assert (len(found.rows), found.more) == (3, True)
    assert time.monotonic() - began < 15


def test_connections_are_counted_and_bear_the_bots_name(ask: Callable[..., Rows]) -> None:
    found = ask(
        "SELECT application_name, count(*) AS connections FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid = pg_backend_pid() GROUP BY 1"
    )
    assert found.rows == (("runbook-bot", 1.0),)


def test_slow_statements_are_found_by_their_mean_time(ask: Callable[..., Rows], postgres: Postgres) -> None:
    query = "SELECT calls, mean_exec_time FROM pg_stat_statements WHERE query LIKE '%plans%' ORDER BY 2 DESC"
    if not postgres.has_statements:
        assert "pg_stat_statements" in str(refusal(lambda: ask(query)))
        return
    ask("SELECT count(*) FROM plans")
    (calls, mean), *_ = ask(query).rows
    assert isinstance(calls, float) and isinstance(mean, float)
    assert calls >= 1 and mean > 0


def test_a_column_that_is_gone_is_named_with_the_servers_hint(ask: Callable[..., Rows], postgres: Postgres) -> None:
    error = refusal(lambda: ask("SELECT nmae FROM plans"))
    assert error.code == "42703"
    assert 'column "nmae" does not exist (42703) Perhaps you meant to reference the column "plans.name"' in str(error)
    if postgres.has_statements:
        assert 'column "mean_time" does not exist' in str(
            refusal(lambda: ask("SELECT mean_time FROM pg_stat_statements"))
        )


def test_what_the_user_may_not_read_is_said(ask: Callable[..., Rows]) -> None:
    error = refusal(lambda: ask("SELECT * FROM pg_authid"))
    assert (error.code, "permission denied for table pg_authid" in str(error)) == ("42501", True)


def test_too_many_connections_are_told_by_their_code(ask: Callable[..., Rows], postgres: Postgres) -> None:
    with ExitStack() as open_connections:
        for _ in range(12):
            try:
                open_connections.enter_context(postgres.connect())
            except psycopg.OperationalError as full:
                assert "too many clients" in str(full)
                break
        error = refusal(lambda: ask("SELECT 1"))
    assert error.code == "53300"
    assert str(error).startswith(f"PostgreSQL at 127.0.0.1:{postgres.port} takes no more connections: ")


def test_a_wrong_password_is_not_told(postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    wrong = secrets.token_urlsafe(16)
    databases = PostgresDatabases(lambda account, secret: login(postgres, password=wrong))
    error = refusal(lambda: databases.ask(HERE, Question(SECRET, "SELECT 1")))
    assert str(error) == (
        f"PostgreSQL at 127.0.0.1:{postgres.port} refuses the password of reader that the secret {SECRET} holds."
    )
    assert error.code == "28P01"
    assert wrong not in caplog.text + repr(error) + repr(error.__cause__)
    assert wrong not in repr(login(postgres, password=wrong))


def test_a_database_that_does_not_exist_is_said(ask: Callable[..., Rows]) -> None:
    error = refusal(lambda: ask("SELECT 1", database="nowhere"))
    assert (error.code, 'database "nowhere" does not exist' in str(error)) == ("3D000", True)


def test_a_server_that_is_away_is_said(postgres: Postgres) -> None:
    with closed_port() as port:
        databases = PostgresDatabases(lambda account, secret: login(postgres, port=port))
        error = refusal(lambda: databases.ask(HERE, Question(SECRET, "SELECT 1")))
    assert str(error).startswith(f"PostgreSQL at 127.0.0.1:{port} cannot be reached: Connection refused")
    assert error.retryable


def test_a_name_that_does_not_exist_is_said(postgres: Postgres) -> None:
    databases = PostgresDatabases(lambda account, secret: login(postgres, host="db.invalid"))
    error = refusal(lambda: databases.ask(HERE, Question(SECRET, "SELECT 1")))
    assert f"PostgreSQL at db.invalid:{postgres.port} cannot be reached" in str(error)


def test_a_server_that_never_says_a_word_is_left_in_time(postgres: Postgres) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_login = login(postgres, port=silent.getsockname()[1])
        databases = PostgresDatabases(lambda account, secret: silent_login)
        began = time.monotonic()
        error = refusal(lambda: databases.ask(HERE, Question(SECRET, "SELECT 1", seconds=1)))
    assert time.monotonic() - began < 8
    assert str(error).endswith("gave no answer within 1 s.")


def test_a_server_that_stops_while_it_is_asked_is_left_in_time(ask: Callable[..., Rows], postgres: Postgres) -> None:
    errors: list[UpstreamError] = []
    before = set(threading.enumerate())
    asking = threading.Thread(target=lambda: errors.append(refusal(lambda: ask("SELECT pg_sleep(9)", seconds=4))))
    with postgres.connect() as owner:
        owner.autocommit = True
        asking.start()
        process = 0
        deadline = time.monotonic() + 3.5
        while not process and time.monotonic() < deadline:
            row = owner.execute("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(9)'").fetchone()
            process = int(str(row[0])) if row else 0
    assert process != 0
    began = time.monotonic()
    with stopped(process):
        asking.join(20)
        assert time.monotonic() - began < 8
        assert [str(error).endswith("gave no answer within 4 s.") for error in errors] == [True]
        for thread in set(threading.enumerate()) - before:
            thread.join(2)
        assert set(threading.enumerate()) <= before
        # It was left while it stood still; let go it may end at once.
        os.kill(process, 0)


def test_a_slow_secret_is_left_in_time_too() -> None:
    release = threading.Event()

    def slow(account: Account, secret: str) -> Credentials:
        release.wait(10)
        return Credentials(secret)

    error = refusal(lambda: PostgresDatabases(slow).ask(HERE, Question(SECRET, "SELECT 1", seconds=0.1)))
    release.set()
    assert str(error) == f"The secret {SECRET} gave no answer within 0.1 s."


@pytest.mark.parametrize(("missing", "named"), [("host", "host"), ("user", "username"), ("password", "password")])
def test_a_secret_that_lacks_something_is_said(postgres: Postgres, missing: str, named: str) -> None:
    databases = PostgresDatabases(lambda account, secret: login(postgres, **{missing: ""}))
    with pytest.raises(NotFoundError, match=f"The secret {SECRET} names no {named}"):
        databases.ask(HERE, Question(SECRET, "SELECT 1"))


def test_an_address_of_the_step_serves_a_secret_without_host(postgres: Postgres) -> None:
    databases = PostgresDatabases(lambda account, secret: login(postgres, host="", port=0))
    found = databases.ask(HERE, Question(SECRET, "SELECT 1 AS one", address=f"127.0.0.1:{postgres.port}"))
    assert found.rows == ((1.0,),)


def test_encryption_is_used_where_it_is_offered(ask: Callable[..., Rows]) -> None:
    assert ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").rows == (("yes",),)


def test_a_verified_certificate_must_be_signed_by_the_authority(postgres: Postgres) -> None:
    host = login(postgres, host="localhost")
    question = Question(SECRET, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", encryption="verify")
    known = PostgresDatabases(lambda account, secret: host, postgres.authority)
    assert known.ask(HERE, question).rows == (("yes",),)
    stranger = PostgresDatabases(lambda account, secret: host)
    assert "certificate" in str(refusal(lambda: stranger.ask(HERE, question)))


def test_the_connections_that_health_counts_need_no_right_but_to_connect(
    ask: Callable[..., Rows], postgres: Postgres
) -> None:
    with postgres.connect(), postgres.connect():
        found = ask(QUERY)
    assert found.columns == ("open", "active", "most")
    opened, active, most = found.rows[0]
    assert isinstance(opened, float) and isinstance(most, float)
    assert 3 <= opened < most
    assert active == 1.0
