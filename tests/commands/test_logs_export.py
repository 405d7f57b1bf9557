"""The plan of ``/logs … export``: it names all of it, says what speaks against it, and takes a right of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.command import CheckStatus, Plan
from bot.errors import NotFoundError, UpstreamError, UsageError
from bot.log_settings import LogSettings
from bot.operation import State
from bot.settings.models import Approvals, Rule
from tests.commands.logs_export_room import APP, BUCKET, DATABASE, RULES, a_scene, begun, other_task, planned
from tests.fakes import NOON, texts
from tests.scene import ACCESS, ALICE, BOB, DAVE, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path / "export")
    yield made
    made.close()


def checks(made: Plan) -> dict[str, tuple[CheckStatus, str]]:
    return {check.name: (check.status, check.detail) for check in made.checks}


# the plan


def test_the_plan_names_bucket_prefix_groups_range_and_sizes(scene: Scene) -> None:
    made = planned(scene)
    assert made.title == "Export logs of bi/api production: 2025-06-14 00:00 – 2025-06-15 00:00 UTC (1 day)"
    place = f"s3://{BUCKET}/logs/production/api/"
    assert [(each.what, each.after) for each in made.changes] == [(DATABASE, place), (APP, place)]
    assert f"{APP} keeps 12.3 MB in all." in made.details
    assert "You see customer_id masked here; in the bucket they are not." in made.details
    assert {status for status, _ in checks(made).values()} == {CheckStatus.PASSED}
    assert made.beside


def test_without_a_time_it_is_the_last_day_and_the_newest_minutes_are_left_out(scene: Scene) -> None:
    made = planned(scene, "export")
    assert made.title == "Export logs of bi/api production: last 24h less the newest 5 minutes, reckoned when it begins"
    assert (made.facts["start"], made.facts["end"]) == (NOON - 86_400, NOON - 300)
    assert checks(made)["age"] == (
        CheckStatus.WARNED,
        "by AWS's document it takes up to 12 hours until log data can be exported: the newest may be missing",
    )


def test_a_range_that_moves_with_the_clock_is_no_other_plan_when_it_is_confirmed(scene: Scene) -> None:
    before = planned(scene, "export last 3h")
    scene.clock.advance(60)
    assert planned(scene, "export last 3h").fingerprint() == before.fingerprint()
    assert planned(scene, "export last 2h").fingerprint() != before.fingerprint()


def test_in_the_thread_of_an_incident_it_is_the_time_of_the_incident(scene: Scene) -> None:
    made = planned(scene, "export", about=NOON - 600)
    assert (made.facts["start"], made.facts["end"]) == (NOON - 1500, NOON - 300)
    assert "the time of the incident" in made.title


@pytest.mark.parametrize(
    "search", ["export timeout yesterday", "export -health", "export level error", "export group", "export a=b"]
)
def test_words_to_look_for_cannot_be_exported(scene: Scene, search: str) -> None:
    with pytest.raises(UsageError, match="An export takes all that was logged: CloudWatch looks for nothing in it"):
        planned(scene, search)


def test_it_follows_nothing_and_asks_nothing(scene: Scene) -> None:
    for search in ("export follow", "export query errors"):
        with pytest.raises(UsageError):
            planned(scene, search)


def test_what_was_logged_just_now_cannot_be_exported(scene: Scene) -> None:
    with pytest.raises(UsageError, match="too new to be exported"):
        planned(scene, "export last 4m")


def test_without_a_bucket_it_says_who_can_name_one(tmp_path: Path) -> None:
    made = a_scene(tmp_path, LogSettings())
    with pytest.raises(
        NotFoundError, match=r"bi has no bucket for exports\. Whoever keeps the system's file names one"
    ):
        planned(made)
    made.close()


def test_a_bucket_that_is_missing_or_elsewhere_forbids_it(scene: Scene) -> None:
    scene.log_exports.regions[BUCKET] = "us-east-1"
    assert checks(planned(scene))["bucket"] == (
        CheckStatus.BLOCKING,
        f"{BUCKET} lies in us-east-1, and the logs in eu-west-1: it must be the same region",
    )
    scene.log_exports.regions.clear()
    assert checks(planned(scene))["bucket"] == (CheckStatus.BLOCKING, f"there is no bucket {BUCKET}")


def test_a_group_that_is_missing_of_another_class_or_too_young_forbids_it(scene: Scene) -> None:
    del scene.log_exports.kept[APP]
    assert checks(planned(scene))["log groups"] == (CheckStatus.BLOCKING, f"{APP} does not exist")
    scene.log_exports.add_group(APP, log_class="INFREQUENT_ACCESS")
    scene.log_exports.add_group(DATABASE, made_at=NOON)
    status, detail = checks(planned(scene))["log groups"]
    assert status is CheckStatus.BLOCKING
    assert f"{APP} is of the class INFREQUENT_ACCESS, and only STANDARD can be exported" in detail
    assert f"{DATABASE} was made only after that time" in detail


def test_what_cannot_be_looked_at_says_so_and_forbids_nothing(scene: Scene) -> None:
    for call in ("groups", "bucket_region", "active"):
        scene.log_exports.failures.add(call, UpstreamError(f"AWS denied {call}."))
    found = checks(planned(scene))
    assert found["log groups"] == (CheckStatus.UNKNOWN, "AWS denied groups.")
    assert found["bucket"] == (CheckStatus.UNKNOWN, "AWS denied bucket_region.")
    assert found["other exports"] == (CheckStatus.UNKNOWN, "AWS denied active.")


def test_another_export_under_way_is_named(scene: Scene) -> None:
    scene.log_exports.tasks = [other_task()]
    status, detail = checks(planned(scene))["other exports"]
    assert status is CheckStatus.WARNED
    assert "/somebody/else (RUNNING). This one waits for its end" in detail


# who may


def test_the_right_to_read_logs_is_no_right_to_export_them(tmp_path: Path) -> None:
    allow = (*ACCESS.allow, Rule(action="logs", roles=("on-call",)), Rule(action="export", roles=("chiefs",)))
    made = a_scene(tmp_path, access=ACCESS.model_copy(update={"allow": allow}))
    made.type("ops", "logs api production export yesterday")
    (said,) = made.said_to(ALICE)
    assert "You may not export logs in production." in texts(said)
    assert "Who may: chiefs" in texts(said)
    assert made.state() == State.REFUSED
    made.close()


def test_an_approval_that_exports_need_is_asked_for(tmp_path: Path) -> None:
    may = tuple(Rule(action=action, roles=("on-call",)) for action in RULES)
    rule = Approvals(action="export", people=1)
    access = ACCESS.model_copy(update={"allow": (*ACCESS.allow, *may), "approvals": (rule,)})
    made = a_scene(tmp_path, access=access)
    row_id = begun(made)
    assert made.state(row_id) == State.APPROVING
    made.press("approve", user=DAVE)
    made.run(1)
    assert "You may not approve this." in texts(made.said_to(DAVE)[0])
    made.press("approve", user=BOB)
    made.run(1)
    assert made.state(row_id) == State.RUNNING
    made.close()
