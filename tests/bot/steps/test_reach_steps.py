"""Steps that ask a team's own addresses: http, sql, redis, dns, certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.cloud import HealthAnswer, LoadBalancer
from bot.domain import Finding
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import CacheState, Certificate, NameAnswer, Rows, TaskAddress
from bot.steps import Step
from tests.bot.steps.looking import look, nowhere, service_has
from tests.scene import HEALTH, Scene

STEP: TypeAdapter[Any] = TypeAdapter(Step)
DAY = 86_400.0


def run(scene: Scene, target: str = "bi/production/api", **step: Any) -> Finding:
    found = STEP.validate_python(step).run(look(scene, scene.target(target)), scene.world)
    assert isinstance(found, Finding)
    return found


def nothing(scene: Scene, target: str = "bi/production/api", **step: Any) -> bool:
    return STEP.validate_python(step).run(look(scene, scene.target(target)), scene.world) is None


def facts(found: Finding) -> dict[str, float | str]:
    return {fact.name: fact.value for fact in found.facts}


# http


def test_the_health_address_is_asked_as_the_service_expects_it(scene: Scene) -> None:
    scene.web.answers[HEALTH] = HealthAnswer(True, 200, "HTTP 200", seconds=0.25)
    found = run(scene, do="http")
    assert found.summary == f"{HEALTH}: HTTP 200, after 0.25 s."
    assert facts(found) == {"http.ok": "yes", "http.code": 200.0, "http.seconds": 0.25}
    assert found.weight < 50


def test_a_wrong_answer_points_at_a_cause(scene: Scene) -> None:
    scene.web.answers["https://bi.example.com/login"] = HealthAnswer(False, 502, "HTTP 502 instead of 200", seconds=2)
    found = run(scene, do="http", url="https://{system}.example.com", path="/login", name="login", title="Login")
    assert (found.title, found.weight >= 50) == ("Login", True)
    assert facts(found) == {"login.ok": "no", "login.code": 502.0, "login.seconds": 2.0}


def test_a_path_replaces_that_of_the_health_address_and_keeps_nothing_of_its_expectations(scene: Scene) -> None:
    run(scene, do="http", path="/ready", expect={"status": "ok"})
    ((asked, direct),) = scene.web.got
    assert (asked.url, asked.expect, direct) == ("https://api.example.com/ready", {"status": "ok"}, False)


def test_a_service_without_address_has_nothing_to_ask(scene: Scene) -> None:
    assert nothing(scene, "bi/staging/api", do="http")
    assert nothing(scene, "bi/production/jobs", do="http", private=True)
    assert nothing(scene, "bi/production/jobs", do="http", url="https://{cluster}.example.com")


def test_every_task_is_asked_at_its_own_address(scene: Scene) -> None:
    scene.network.tasks = (TaskAddress("aaaaaaaaaa", "10.0.0.1"), TaskAddress("bbbbbbbbbb", "2001:db8::2"))
    scene.web.answers["http://[2001:db8::2]:3000/health"] = HealthAnswer(False, 0, "not reached: refused")
    scene.web.answers["http://10.0.0.1:3000/health"] = HealthAnswer(True, 200, "HTTP 200", seconds=0.5)
    found = run(scene, do="http", private=True, port=3000)
    assert found.summary == "1 of 2 tasks answer as they should (port 3000, /health)."
    assert found.lines == ("2001:db8::2 (task bbbbbbbb): not reached: refused",)
    assert facts(found) == {"http.ok": "no", "http.answering": 1.0, "http.silent": 1.0, "http.seconds": 0.5}
    assert all(direct for _, direct in scene.web.got)


def test_tasks_are_asked_at_the_port_of_their_container(scene: Scene) -> None:
    scene.network.tasks = (TaskAddress("a", "10.0.0.1"),)
    service = scene.ecs.service(scene.api)
    definition = scene.ecs.task_definition(scene.api.account, service.task_definition)
    definition.raw["containerDefinitions"][0]["portMappings"] = [{"containerPort": 8000}]
    run(scene, do="http", private=True)
    service_has(scene, load_balancers=(LoadBalancer("arn:group", "app", 9000),))
    run(scene, do="http", private=True)
    assert [asked.url.split("/")[2] for asked, _ in scene.web.got] == ["10.0.0.1:8000", "10.0.0.1:9000"]


def test_without_a_port_there_is_nothing_to_ask_tasks_at(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="give the step one"):
        run(scene, do="http", private=True)


@pytest.mark.parametrize("address", ["", "169.254.169.254", "127.0.0.1", "::1", "0.0.0.0", "example.com", "10.0.0.1/x"])
def test_only_addresses_of_tasks_in_their_network_are_asked(scene: Scene, address: str) -> None:
    scene.network.tasks = (TaskAddress("a", address),)
    found = run(scene, do="http", private=True, port=80)
    assert scene.web.got == []
    assert "No task has a private address of its own" in found.summary


def test_that_no_task_runs_is_said(scene: Scene) -> None:
    found = run(scene, do="http", private=True, port=80, path="/")
    assert found.summary == "No task runs that could be asked for / on port 80."
    assert found.fact("http.ok") == "no"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "file:///etc/passwd"},
        {"url": "ftp://example.com"},
        {"path": "health"},
        {"private": True, "url": "http://example.com"},
        {"port": 3000},
        {"name": "No Word"},
        {"seconds": 60},
    ],
)
def test_an_http_step_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        STEP.validate_python({"do": "http", **wrong})


# sql

ROWS = Rows(("calls", "mean ms", "mean_ms"), ((3.0, 12.5, 1.0), (1.0, None, 2.0)), more=False, place="db on host:5432")


def test_the_first_row_becomes_facts(scene: Scene) -> None:
    scene.databases.answers["arbor/production/db"] = ROWS
    found = run(scene, do="sql", secret="arbor/{environment}/db", query="SELECT 1;", name="slow")
    assert found.summary == "2 rows; first: calls 3, mean ms 12.5, mean_ms 1"
    assert found.lines == ("calls 1, mean ms null, mean_ms 2",)
    assert facts(found) == {"slow.rows": 2.0, "slow.calls": 3.0, "slow.mean_ms": 12.5}
    (asked,) = scene.databases.asked
    assert (asked.query, asked.limit, asked.seconds, asked.encryption) == ("SELECT 1", 20, 3.0, "prefer")


def test_no_row_names_the_query_and_the_place(scene: Scene) -> None:
    scene.databases.answers["s"] = Rows((), (), more=False, place="db on host:5432")
    found = run(scene, do="sql", secret="s", query="SELECT *\n  FROM plans WHERE stuck")
    assert found.summary == "No row of “SELECT * FROM plans WHERE stuck” in db on host:5432."
    assert facts(found) == {"sql.rows": 0.0}


def test_more_rows_than_were_read_are_said(scene: Scene) -> None:
    scene.databases.answers["s"] = Rows(("n",), ((1.0,),), more=True, place="p")
    assert run(scene, do="sql", secret="s", query="TABLE plans", limit=1).summary == "1 and more rows; first: n 1"


def test_a_database_without_a_connection_left_points_at_a_cause(scene: Scene) -> None:
    full = "PostgreSQL at h:5432 takes no more connections: sorry, too many clients already"
    scene.databases.answers["s"] = UpstreamError(full, code="53300")
    found = run(scene, do="sql", secret="s", query="SELECT 1")
    assert (found.summary, found.failed, found.weight >= 50) == (full, False, True)
    assert found.fact("sql.refused") == "too many connections"


def test_a_database_that_is_away_fails_the_step(scene: Scene) -> None:
    scene.databases.answers["s"] = UpstreamError("PostgreSQL at h:5432 cannot be reached: refused")
    with pytest.raises(UpstreamError, match="cannot be reached"):
        run(scene, do="sql", secret="s", query="SELECT 1")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "  -- how many\n select 1",
        "/* how\nmany */ WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION (SELECT 2)",
        "SHOW max_connections",
        "EXPLAIN SELECT 1",
        "VALUES (1)",
    ],
)
def test_questions_are_taken(query: str) -> None:
    assert STEP.validate_python({"do": "sql", "secret": "s", "query": query}).query == query.strip()


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM plans", "DO $$ BEGIN END $$", "COMMIT", "SET x = 1", "COPY plans TO PROGRAM 'x'", "-- only", ";"],
)
def test_what_is_no_question_is_refused_when_it_is_read(query: str) -> None:
    with pytest.raises(ValidationError, match="is no question; it begins with one of select, with"):
        STEP.validate_python({"do": "sql", "secret": "s", "query": query})


def test_a_step_without_service_asks_in_the_alarms_region_and_needs_no_placeholder(scene: Scene) -> None:
    scene.databases.answers["s"] = ROWS
    step = STEP.validate_python({"do": "sql", "secret": "s", "query": "SELECT 1"})
    assert step.run(nowhere(scene), scene.world).fact("sql.rows") == 2.0
    filled = STEP.validate_python({"do": "sql", "secret": "{service}", "query": "SELECT 1"})
    assert filled.run(nowhere(scene), scene.world) is None


# redis

STATE = CacheState(
    place="cache:6379",
    ping=1.25,
    used=50 * 1024 * 1024,
    limit=100 * 1024 * 1024,
    policy="allkeys-lru",
    hits=900,
    misses=100,
    evicted=0,
    rejected=0,
    clients=5,
    max_clients=50,
    blocked=0,
    role="master",
    version="7.1.0",
    uptime=90_000,
)


def test_a_cache_that_is_well_says_how_it_is(scene: Scene) -> None:
    scene.caches.states["cache:6379"] = STATE
    found = run(scene, do="redis", address="cache:6379")
    assert found.summary == "cache:6379 answers in 1.2 ms: 50 MiB of 100 MiB (50 %), 5 of 50 clients, hit rate 90 %."
    assert (found.lines, found.weight) == ((), 10)
    assert facts(found) == {
        "redis.ping": 1.25,
        "redis.memory": 50.0,
        "redis.hit_rate": 90.0,
        "redis.evicted": 0.0,
        "redis.clients": 5.0,
        "redis.max_clients": 50.0,
        "redis.blocked": 0.0,
    }


def test_what_is_not_known_is_no_fact(scene: Scene) -> None:
    scene.caches.states["cache"] = replace(STATE, limit=0, hits=0, misses=0)
    found = run(scene, do="redis", secret="cache")
    assert found.fact("redis.memory") is None
    assert found.fact("redis.hit_rate") is None
    assert "50 MiB, no maxmemory" in found.summary


@pytest.mark.parametrize(
    ("changes", "line", "is_cause"),
    [
        ({"used": 99 * 1024 * 1024, "policy": "noeviction"}, "memory is full: writes are refused (noeviction)", True),
        ({"used": 99 * 1024 * 1024}, "memory is full: keys are evicted (allkeys-lru)", False),
        ({"clients": 48}, "connections are almost used up", True),
        ({"hits": 100, "misses": 9900}, "most look-ups miss: 9900 of 10000 since it started", False),
        ({"evicted": 7}, "7 keys evicted since it started", False),
        ({"blocked": 2}, "2 clients wait in a blocking command", False),
        ({"rejected": 3}, "3 connections refused since it started", False),
        ({"uptime": 42.0}, "it started 42 s ago", False),
    ],
)
def test_what_is_out_of_order_is_said(scene: Scene, changes: dict[str, Any], line: str, is_cause: bool) -> None:
    scene.caches.states["cache"] = replace(STATE, **changes)
    found = run(scene, do="redis", address="cache")
    assert line in found.lines
    assert (found.weight >= 50) is is_cause


@pytest.mark.parametrize(("code", "why"), [("MAXCLIENTS", "too many clients"), ("LOADING", "loading")])
def test_a_cache_that_takes_nobody_in_points_at_a_cause(scene: Scene, code: str, why: str) -> None:
    scene.caches.states["cache"] = UpstreamError("Redis at cache takes no more.", code=code)
    found = run(scene, do="redis", address="cache")
    assert (found.fact("redis.refused"), found.weight >= 50, found.failed) == (why, True, False)


def test_a_wrong_password_fails_the_step(scene: Scene) -> None:
    scene.caches.states["cache"] = UpstreamError("Redis refuses the password.", code="WRONGPASS")
    with pytest.raises(UpstreamError):
        run(scene, do="redis", address="cache")


def test_a_redis_step_needs_a_place() -> None:
    with pytest.raises(ValidationError, match="needs an address, or a secret that holds one"):
        STEP.validate_python({"do": "redis"})


# dns


def test_records_are_shown_with_how_long_they_are_kept(scene: Scene) -> None:
    scene.names.answers["A api.example.com"] = NameAnswer(("10.0.0.1", "10.0.0.2"), exists=True, ttl=60)
    found = run(scene, do="dns", host="api.example.com", expect=["10.0.0.2"])
    assert found.summary == "A of api.example.com: 10.0.0.1, 10.0.0.2 (kept 60 s)."
    assert facts(found) == {"dns.answers": 2.0, "dns.ok": "yes"}


def test_a_record_that_is_missing_points_at_a_cause(scene: Scene) -> None:
    scene.names.answers["CNAME bi.example.com"] = NameAnswer(("old.example.com",), exists=True, ttl=60)
    found = run(scene, do="dns", host="{system}.example.com", type="CNAME", expect=["NEW.example.com."])
    assert found.lines == ("missing: NEW.example.com.",)
    assert (found.fact("dns.ok"), found.weight >= 50) == ("no", True)


def test_a_name_that_does_not_exist_is_told_from_one_without_records(scene: Scene) -> None:
    assert run(scene, do="dns", host="gone.example.com").summary == "gone.example.com does not exist (NXDOMAIN)."
    scene.names.answers["AAAA api.example.com"] = NameAnswer((), exists=True)
    found = run(scene, do="dns", host="api.example.com", type="AAAA")
    assert found.summary == "api.example.com has no AAAA record."
    assert facts(found) == {"dns.answers": 0.0, "dns.ok": "no"}


# certificate


def a_certificate(scene: Scene, days: float, **changes: Any) -> Certificate:
    now = scene.clock.now()
    shown = Certificate(
        "api.example.com", "Amazon RSA 2048", ("api.example.com",), now - DAY, now + days * DAY, False, ""
    )
    return replace(shown, **changes)


def test_the_certificate_of_the_health_address_is_looked_at(scene: Scene) -> None:
    scene.certificates.shown["api.example.com:443"] = a_certificate(scene, 60)
    found = run(scene, do="certificate")
    assert found.summary.startswith("api.example.com:443 until ")
    assert found.summary.endswith("(60 days left), issued by Amazon RSA 2048.")
    assert facts(found) == {"certificate.days": 60.0, "certificate.ok": "yes"}
    assert found.weight < 30


def test_one_that_ends_soon_is_worth_a_look(scene: Scene) -> None:
    scene.certificates.shown["x.example.com:8443"] = a_certificate(scene, 0.5)
    found = run(scene, do="certificate", host="x.example.com", port=8443)
    assert "(12 h left)" in found.summary
    assert (found.fact("certificate.ok"), found.weight) == ("yes", 40)


@pytest.mark.parametrize(
    ("days", "changes", "says"),
    [
        (-3, {"problem": "certificate has expired"}, "ended 3 days ago"),
        (60, {"problem": "self-signed certificate", "self_signed": True}, "issued by itself"),
        (60, {"begins_at": 9e9}, "clients refuse it"),
    ],
)
def test_one_that_clients_refuse_points_at_a_cause(
    scene: Scene, days: float, changes: dict[str, Any], says: str
) -> None:
    scene.certificates.shown["api.example.com:443"] = a_certificate(scene, days, **changes)
    found = run(scene, do="certificate")
    assert says in found.summary
    assert found.summary.endswith("; clients refuse it.")
    assert (found.fact("certificate.ok"), found.weight >= 50) == ("no", True)


def test_without_a_name_there_is_no_certificate(scene: Scene) -> None:
    assert nothing(scene, "bi/staging/api", do="certificate")
