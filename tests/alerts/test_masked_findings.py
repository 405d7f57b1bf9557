"""What an incident's thread tells is told to all of the channel: fields that are masked are in none of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.playbook import Playbook, gather
from bot.catalog import Catalog
from bot.cloud import ContainerExit, LogLine, StoppedTask
from bot.domain import Finding
from bot.log_settings import LogSettings
from bot.reach_ports import Rows
from bot.telemetry import QueryAnswer, Trace
from tests.bot.steps.looking import look, nowhere
from tests.fakes import NOON, texts
from tests.scene import Scene, the_systems

WHO = "cus_0260"


@pytest.fixture
def masking(tmp_path: Path) -> Iterator[Scene]:
    """A system whose logs name customers that not everybody may see."""
    (system,) = the_systems()
    logs = LogSettings(masked=("customer_id",))
    scene = Scene(tmp_path, catalog=Catalog([system.model_copy(update={"logs": logs})]))
    yield scene
    scene.close()


def found(scene: Scene, *, anywhere: bool = False, **step: Any) -> Finding:
    playbook = Playbook.model_validate({"title": "T", "steps": [step]})
    (finding,) = gather(playbook, nowhere(scene) if anywhere else look(scene), scene.world, seconds=2.0)
    return finding


def written(finding: Finding) -> str:
    return finding.model_dump_json()


def test_a_thread_of_an_incident_shows_no_value_of_a_masked_field(masking: Scene) -> None:
    text = f"ERROR charge of /customers/{WHO} failed: customer_id={WHO} code=card_declined"
    masking.logs.lines["/ecs/api"] = [LogLine(NOON - 60, text, "s1")]
    assert masking.alarm("ALARM", "m1")
    masking.run(12)
    told = " ".join(texts(message) for message in masking.thread())
    assert "sample: ERROR charge of /customers/[masked] failed: customer_id=[masked] code=card_declined" in told
    stored = " ".join(str(row.body) for kind in ("incident", "diagnosis", "post") for row in masking.store.rows(kind))
    assert "card_declined" in stored
    assert WHO not in told + stored


def test_a_value_is_masked_in_all_of_its_line_though_the_field_is_cut_off(masking: Scene) -> None:
    text = f"ERROR charge of /customers/{WHO} failed {'x' * 2000} customer_id={WHO}"
    masking.logs.lines["/ecs/api"] = [LogLine(NOON - 60, text, "s1")]
    finding = found(masking, do="log_search", pattern="ERROR")
    assert any("/customers/[masked] failed" in line for line in finding.lines)
    assert WHO not in written(finding)


def test_what_was_said_before_a_deployment_is_compared_as_it_is_shown(masking: Scene) -> None:
    masking.deploy()
    at = masking.clock.now()
    masking.run(120)
    masking.logs.lines["/ecs/api"] = [
        LogLine(at - 60, "ERROR no plan for customer_id=alpha", "s1"),
        LogLine(at + 60, "ERROR no plan for customer_id=beta", "s2"),
    ]
    finding = found(masking, do="log_errors")
    assert finding.fact("logs.new") == 0.0


def test_columns_of_a_query_are_masked_by_their_names_and_by_what_stands_in_them(masking: Scene) -> None:
    rows = ({"customer_id": WHO, "@message": f"customer_id={WHO} failed", "count()": "17"},)
    masking.insights.answer = QueryAnswer(rows)
    finding = found(masking, do="insights", query="stats count() by customer_id")
    assert finding.lines == ("customer_id [masked] · @message customer_id=[masked] failed · count() 17",)
    assert (finding.fact("insights.customer_id"), finding.fact("insights.count()")) == ("[masked]", 17.0)


def test_what_a_query_counts_stays_a_number_though_its_column_is_called_like_a_secret(masking: Scene) -> None:
    masking.insights.answer = QueryAnswer(({"password_failures": "123456", "token": "hunter2hunter2"},))
    finding = found(masking, do="insights", query="stats count() as password_failures by token")
    assert finding.fact("insights.password_failures") == 123456.0
    assert "hunter2" not in written(finding)


def test_of_an_alarm_that_belongs_to_no_service_the_fields_of_all_systems_are_masked(masking: Scene) -> None:
    masking.insights.answer = QueryAnswer(({"customer_id": "70260", "count()": "17"},))
    finding = found(masking, anywhere=True, do="insights", query="stats count() by customer_id", log_groups=["/app"])
    assert finding.lines == ("customer_id [masked] · count() 17",)
    assert finding.fact("insights.customer_id") == "[masked]"


def test_rows_of_a_database_are_masked_too(masking: Scene) -> None:
    rows = ((WHO, 3.0, f"customer_id={WHO}"), (7.0, 1.0, None))
    masking.databases.answers["s"] = Rows(("customer_id", "calls", "note"), rows, more=False, place="db on host")
    finding = found(masking, do="sql", secret="s", query="TABLE calls")
    assert finding.summary == "2 rows; first: customer_id [masked], calls 3, note customer_id=[masked]"
    assert finding.lines == ("customer_id [masked], calls 1, note null",)
    assert (finding.fact("sql.customer_id"), finding.fact("sql.calls")) == ("[masked]", 3.0)


def test_what_stopped_tasks_and_traces_say_is_masked_too(masking: Scene) -> None:
    exits = (ContainerExit("app", 1, f"customer_id={WHO} not found"),)
    definition = masking.ecs.live[masking.api.key].task_definition
    reason = f"Task failed: customer_id={WHO}"
    masking.ecs.stopped = [StoppedTask("t1", definition, "", "TaskFailedToStart", reason, NOON - 9, exits)]
    finding = found(masking, do="stopped_tasks")
    assert "customer_id=[masked]" in finding.summary
    assert WHO not in written(finding)
    address = f"https://api/orders?customer_id={WHO}"
    masking.traces.found = [Trace("1-2", 1.5, fault=True, error=False, throttle=False, entry="api", address=address)]
    finding = found(masking, do="traces")
    assert "https://api/orders?customer_id=[masked]" in finding.lines[-1]
    assert WHO not in written(finding)
