"""Steps that read logs: what is new since the last deployment, searches, and queries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from bot.cloud import LogLine
from bot.domain import Finding
from bot.errors import UpstreamError
from bot.steps.insights import InsightsStep
from bot.steps.log_errors import LogErrorsStep
from bot.steps.log_search import LogSearchStep
from bot.telemetry import QueryAnswer
from bot.views import incident_replies
from tests.bot.steps.looking import look, nowhere
from tests.fake_aws import a_deployment, a_service
from tests.fakes import NOON, texts
from tests.scene import Scene

GROUP = "/ecs/api"


def deployed(scene: Scene, ago: float) -> None:
    (old,) = scene.ecs.live[scene.api.key].deployments
    made = a_deployment(old.task_definition, created_at=NOON - ago)
    scene.ecs.live[scene.api.key] = a_service("api", made)


def logged(scene: Scene, *lines: tuple[float, str]) -> None:
    """Lines that were written so many seconds ago, each by a task of its own."""
    found = [LogLine(NOON - ago, text, f"s{number}") for number, (ago, text) in enumerate(lines)]
    scene.logs.lines[GROUP] = sorted(found, key=lambda line: line.at)


def errors(scene: Scene) -> Finding:
    found = LogErrorsStep(do="log_errors").run(look(scene), scene.world)
    assert found is not None
    return found


def test_an_error_that_nobody_had_seen_before_the_deployment_is_new(scene: Scene) -> None:
    deployed(scene, 300)
    logged(scene, (400, "ERROR old 1"), (200, "ERROR old 2"), (100, "ERROR novel 3"), (90, "ERROR novel 4"))
    found = errors(scene)
    assert found.fact("logs.new") == 1.0
    assert [("new since the last deployment" in line, "novel" in line) for line in found.lines[:2]] == [
        (True, True),
        (False, False),
    ]
    assert "; 1 of 2 kinds new since the last deployment" in found.summary
    assert found.weight == 66


def test_what_was_said_before_an_older_deployment_is_not_new(scene: Scene) -> None:
    deployed(scene, 7200)
    logged(scene, (7300, "ERROR old 1"), (200, "ERROR old 2"), (100, "ERROR novel 3"))
    found = errors(scene)
    assert (found.fact("logs.errors"), found.fact("logs.new")) == (2.0, 1.0)
    # Two hours after a deployment it is hardly its fault.
    assert found.weight == 32


def test_an_id_that_happens_to_have_no_letters_is_no_new_error(scene: Scene) -> None:
    deployed(scene, 300)
    logged(scene, (400, "ERROR failed: request=7be40a31"), (100, "ERROR failed: request=20734918"))
    assert errors(scene).fact("logs.new") == 0.0


def test_without_a_deployment_of_late_nothing_is_called_new(scene: Scene) -> None:
    deployed(scene, 3 * 86_400)
    logged(scene, (100, "ERROR novel 3"))
    assert errors(scene).fact("logs.new") == 0.0


def test_a_new_error_is_shown_however_rare_it_is(scene: Scene) -> None:
    deployed(scene, 300)
    words = ("apple", "berry", "cherry", "damson", "elder")
    often = [(ago, f"ERROR {word}") for word in words for ago in (400, 200, 100)]
    logged(scene, *often, (50, "ERROR novel"))
    found = errors(scene)
    assert any(line.startswith("1 × ERROR novel (new since") for line in found.lines)


def test_what_is_new_is_not_claimed_where_the_time_before_could_not_be_read(scene: Scene) -> None:
    deployed(scene, 300)
    logged(scene, (100, "ERROR novel"))
    search = scene.logs.search

    def only_now(*args: Any, end: float, **options: Any) -> Any:
        if end <= NOON - 300:
            raise UpstreamError("AWS is throttling logs:FilterLogEvents.", retryable=True)
        return search(*args, end=end, **options)

    scene.logs.search = only_now  # type: ignore[method-assign]
    found = errors(scene)
    assert (found.fact("logs.errors"), found.fact("logs.new"), found.failed) == (1.0, None, False)
    assert "What is new since the last deployment could not be told." in found.lines


def test_more_lines_than_are_read_are_counted_as_at_least(scene: Scene) -> None:
    logged(scene, *((100, f"ERROR {number}") for number in range(1200)))
    assert errors(scene).summary.startswith("at least 1,000 error lines in 15 min")


def search(scene: Scene, **options: Any) -> Finding | None:
    step = LogSearchStep.model_validate({"do": "log_search", "pattern": "timeout", **options})
    return step.run(look(scene), scene.world)


def test_a_search_counts_and_groups_what_it_finds(scene: Scene) -> None:
    deployed(scene, 300)
    logged(scene, (200, "timeout of card 17"), (100, "timeout of card 18"))
    found = search(scene, name="cards", title="Card timeouts")
    assert found is not None
    assert found.title == "Card timeouts"
    assert found.summary == (
        "2 lines match `timeout` in the last 15 min of /ecs/api; 1 of 1 kinds new since the last deployment."
    )
    assert found.lines == (
        "2 × timeout of card <n> (new since the last deployment; first 3 min ago, last 2 min ago)",
        "sample: timeout of card 18",
    )
    assert (found.fact("cards.count"), found.fact("cards.new"), found.weight) == (2.0, 1.0, 45)


def test_a_search_that_finds_nothing_names_pattern_and_window(scene: Scene) -> None:
    logged(scene)
    found = search(scene, pattern='{ $.duration > 2000 && $.service = "{service}" }', minutes=30)
    assert found is not None
    assert found.summary == (
        'No line matches `{ $.duration > 2000 && $.service = "api" }` in the last 30 min of /ecs/api.'
    )
    assert (found.fact("search.count"), found.weight, found.failed) == (0.0, 0, False)


def test_a_search_that_cannot_look_says_why(scene: Scene) -> None:
    found = search(scene)
    assert found is not None and found.failed
    assert found.summary == "/ecs/api: There is no log group /ecs/api."


def test_a_search_for_another_kind_of_service_is_passed_over(scene: Scene) -> None:
    logged(scene)
    assert search(scene, pattern="{function}") is None
    step = LogSearchStep(do="log_search", pattern="x")
    assert step.run(nowhere(scene), scene.world) is None
    assert step.run(look(scene, scene.target("bi/production/web")), scene.world) is None


def test_hostile_lines_neither_reach_anybody_nor_hide_a_secret(scene: Scene) -> None:
    secret = "hunter" + "2" * 6
    logged(scene, (60, f"\x1b[2J<!channel> ``` *bold* password={secret} " + "x" * 2_000_000))
    found = search(scene, pattern="x")
    assert found is not None
    shown = texts(incident_replies.findings((found,), 1.0))
    assert secret not in json.dumps(found.model_dump(mode="json")) + shown
    assert "<!channel>" not in shown and "\x1b" not in shown
    assert len(json.dumps(found.model_dump(mode="json"))) < 4000


def query(scene: Scene, **options: Any) -> Finding | None:
    step = InsightsStep.model_validate({"do": "insights", "query": "stats count() by path", **options})
    return step.run(look(scene), scene.world)


def test_the_first_row_of_a_query_becomes_facts(scene: Scene) -> None:
    rows = ({"path": "/a", "count()": "17", "id": "007", "share": "1.5e-3", "@message": "-"}, {"path": "/b"})
    scene.insights.answer = QueryAnswer(rows, matched=18, scanned=1200, scanned_bytes=3_450_000)
    found = query(scene, name="slow", title="Slow paths")
    assert found is not None
    assert (found.title, found.summary) == (
        "Slow paths",
        "2 rows in the last 60 min of /ecs/api (1,200 events, 3.45 MB scanned).",
    )
    assert found.lines == ("path /a · count() 17 · id 007 · share 1.5e-3 · @message -", "/b")
    facts = {fact.name: fact.value for fact in found.facts}
    assert facts == {
        "slow.rows": 2.0,
        "slow.path": "/a",
        "slow.count()": 17.0,
        "slow.id": "007",
        "slow.share": 0.0015,
        "slow.@message": "-",
    }


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "٣", "1٣", "0x10", "1_000", "1,000", "", " "])
def test_what_only_looks_like_a_number_stays_text(scene: Scene, text: str) -> None:
    scene.insights.answer = QueryAnswer(({"n": text},))
    found = query(scene)
    assert found is not None
    value = found.fact("insights.n")
    assert value == text.strip()


def test_a_query_asks_the_configured_groups_within_its_window(scene: Scene) -> None:
    query(scene, log_groups=["/app/{environment}"], minutes=30, limit=5)
    (asked,) = scene.insights.asked
    assert (asked.groups, asked.region, asked.limit) == (("/app/production",), "eu-west-1", 5)
    assert (asked.start, asked.end, asked.deadline) == (NOON - 1800, NOON + 60, NOON + 8)


def test_a_query_can_be_asked_without_a_service_where_its_groups_are_named(scene: Scene) -> None:
    step = InsightsStep(do="insights", query="fields @message", log_groups=("/app",))
    found = step.run(nowhere(scene), scene.world)
    assert found is not None
    assert found.summary == "No row of `fields @message` in the last 60 min of /app."
    assert InsightsStep(do="insights", query="fields @message").run(nowhere(scene), scene.world) is None


def test_a_query_that_was_stopped_says_so(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer((), is_whole=False)
    found = query(scene)
    assert found is not None and found.failed
    assert found.summary.endswith("The query had not ended after 8 s and was stopped.")
    assert found.fact("insights.rows") is None
    scene.insights.answer = QueryAnswer(({"n": "1"},), is_whole=False)
    found = query(scene)
    assert found is not None and not found.failed
    assert "was stopped" in found.summary


def test_many_rows_are_cut_and_counted(scene: Scene) -> None:
    scene.insights.answer = QueryAnswer(tuple({"n": str(number)} for number in range(30)))
    found = query(scene, limit=50)
    assert found is not None
    assert (len(found.lines), found.lines[-1], found.fact("insights.rows")) == (13, "… 18 more", 30.0)


@pytest.mark.parametrize("name", ["Slow", "a.b", "", "1a", "a" * 41, "x y"])
def test_a_step_has_a_name_that_facts_can_begin_with(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        InsightsStep.model_validate({"do": "insights", "query": "q", "name": name})
