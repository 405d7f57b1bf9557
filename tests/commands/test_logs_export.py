"""``/logs … export``: the plan names all of it, an account's one place is waited for, and every task is begun once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.command import CheckStatus, Plan
from bot.domain import Person
from bot.errors import NotFoundError, UpstreamError, UsageError
from bot.log_settings import LogSettings
from bot.operation import State
from bot.settings.models import AccessConfig, Approvals, Rule
from bot.telemetry import ExportTask
from commands.logs import LogsArgs, plan
from tests.fakes import NOON, buttons, texts
from tests.scene import ACCESS, ALICE, BOB, CARA, DAVE, Scene, the_systems

APP, DATABASE = "/ecs/api", "/rds/api"
BUCKET = "bi-log-exports"
SETTINGS = LogSettings(export=f"s3://{BUCKET}/logs/", masked=("customer_id",))
RULES = ("logs", "export")


def a_scene(folder: Path, settings: LogSettings = SETTINGS, *, access: AccessConfig | None = None) -> Scene:
    """The api's logs lie in a group of ECS's and one of its database's."""
    (system,) = the_systems()
    production = system.environments["production"]
    api = production.services["api"].model_copy(update={"log_groups": (DATABASE,)})
    production = production.model_copy(update={"services": {**production.services, "api": api}})
    environments = {**system.environments, "production": production}
    system = system.model_copy(update={"logs": settings, "environments": environments})
    may = tuple(Rule(action=action, roles=("on-call",)) for action in RULES)
    access = access or ACCESS.model_copy(update={"allow": (*ACCESS.allow, *may)})
    made = Scene(folder, catalog=Catalog([system]), access=access)
    made.log_exports.regions[BUCKET] = "eu-west-1"
    for group in (APP, DATABASE):
        made.log_exports.add_group(group)
    return made


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path / "export")
    yield made
    made.close()


def planned(scene: Scene, search: str = "export yesterday", **about: Any) -> Plan:
    alice = Person(user=ALICE, name="alice", groups=frozenset({"S0ONCALL"}), **about)
    return plan(LogsArgs(service="api", environment="production", search=search), scene.world, alice)


def checks(made: Plan) -> dict[str, tuple[CheckStatus, str]]:
    return {check.name: (check.status, check.detail) for check in made.checks}


def begun(scene: Scene, search: str = "export yesterday") -> str:
    """An export that was confirmed; the operation's id."""
    assert scene.type("ops", f"logs api production {search}") is None
    row_id = scene.operation()[0].id
    scene.press("confirm")
    scene.run(3)
    return row_id


def other_task(status: str = "RUNNING") -> ExportTask:
    return ExportTask("other", "nightly", "/somebody/else", status, "Started Successfully", "b", "p")


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
    assert made.title == "Export logs of bi/api production: last 24h, counted when it begins"
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


# on its way


def test_the_groups_are_exported_one_after_the_other_and_the_end_says_where_it_lies(scene: Scene) -> None:
    row_id = begun(scene)
    assert [task.group for task in scene.log_exports.tasks] == [DATABASE]
    assert scene.log_exports.tasks[0].name == f"runbook-bot-{row_id}"
    assert f"Exporting {DATABASE}: RUNNING" in texts(scene.card(row_id).message)
    assert "AWS says: Started Successfully" in texts(scene.card(row_id).message)
    scene.log_exports.end("COMPLETED")
    scene.run(12)
    assert [task.group for task in scene.log_exports.tasks] == [DATABASE, APP]
    scene.log_exports.end("COMPLETED")
    scene.run(12)
    assert scene.state(row_id) == State.DONE
    shown = texts(scene.card(row_id).message)
    assert f"2 log groups are exported to s3://{BUCKET}/logs/production/api/" in shown
    assert f"{APP}: s3://{BUCKET}/logs/production/api/t2/" in shown
    assert f"eu-west-1.console.aws.amazon.com/s3/buckets/{BUCKET}?region=eu-west-1" in shown
    assert len({asked[1:] for asked in scene.log_exports.asked}) == 1


def test_it_waits_for_the_one_place_of_the_account_and_says_so(scene: Scene) -> None:
    scene.log_exports.tasks = [other_task()]
    row_id = begun(scene)
    shown = texts(scene.card(row_id).message)
    assert "Waiting for another export: AWS runs one at a time in an account." in shown
    assert "/somebody/else: RUNNING" in shown
    assert scene.log_exports.asked == []
    scene.log_exports.end("COMPLETED")
    scene.run(12)
    assert [asked[0] for asked in scene.log_exports.asked] == [DATABASE]


def test_a_place_that_is_taken_in_between_is_waited_for(scene: Scene) -> None:
    busy = UpstreamError("Another export is under way.", code="LimitExceededException", retryable=True)
    scene.log_exports.failures.add("begin", busy, busy)
    row_id = begun(scene)
    assert "Another export is under way. Trying again; nothing is lost." in texts(scene.card(row_id).message)
    scene.run(30)
    assert [task.group for task in scene.log_exports.tasks] == [DATABASE]


def test_a_task_whose_answer_was_lost_is_recognised_by_its_name(scene: Scene) -> None:
    scene.log_exports.lost_answers.add("begin", UpstreamError("AWS did not answer.", retryable=True))
    row_id = begun(scene)
    scene.run(30)
    assert len(scene.log_exports.tasks) == 1
    assert scene.operation()[1].results[f"export:{DATABASE}"] == {"task": "t1"}
    assert scene.state(row_id) == State.RUNNING


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("FAILED", f"AWS could not export {DATABASE}: The bucket &lt;!channel&gt; is gone"),
        ("CANCELLED", f"Somebody cancelled the export of {DATABASE} in AWS: The bucket &lt;!channel&gt; is gone"),
    ],
)
def test_a_failure_is_told_in_aws_s_words(scene: Scene, status: str, said: str) -> None:
    row_id = begun(scene)
    scene.log_exports.end(status, "The bucket <!channel> is gone")
    scene.run(12)
    assert scene.state(row_id) == State.FAILED
    assert said in texts(scene.card(row_id).message)
    assert [task.group for task in scene.log_exports.tasks] == [DATABASE]


def test_a_refusal_to_begin_is_told_in_aws_s_words(scene: Scene) -> None:
    said = "AWS refused logs:CreateExportTask: GetBucketAcl call on the given bucket failed."
    scene.log_exports.failures.add("begin", UpstreamError(said))
    row_id = begun(scene)
    assert scene.state(row_id) == State.FAILED
    shown = texts(scene.card(row_id).message)
    assert said in shown
    assert "Done so far" not in shown


def test_a_task_that_aws_forgot_ends_it(scene: Scene) -> None:
    row_id = begun(scene)
    scene.log_exports.tasks.clear()
    scene.run(12)
    assert scene.state(row_id) == State.FAILED
    assert f"AWS knows the export of {DATABASE} no more" in texts(scene.card(row_id).message)


# beside the service


def test_it_holds_up_no_deployment_and_none_holds_it_up(scene: Scene) -> None:
    exporting = begun(scene)
    shipping = scene.deploy()
    scene.run(2)
    assert scene.state(shipping) == State.SETTLING
    scene.log_exports.end("COMPLETED")
    another = begun(scene)
    assert scene.state(exporting) == State.RUNNING
    assert scene.state(another) == State.RUNNING


def test_a_freeze_does_not_hold_it_up(scene: Scene) -> None:
    scene.freeze("quarter end")
    row_id = begun(scene)
    assert scene.state(row_id) == State.RUNNING


def test_it_is_none_of_the_changes_that_could_be_the_cause_of_an_incident(scene: Scene) -> None:
    row_id = begun(scene)
    assert scene.world.recent.operations("bi/production/api", since=0.0) == ()
    assert [past.id for past in scene.world.recent.every("bi/production/api", since=0.0)] == [row_id]


# cancelled


def test_whoever_asked_cancels_it_on_its_card(scene: Scene) -> None:
    row_id = begun(scene)
    scene.press("cancel")
    scene.run(2)
    assert scene.state(row_id) == State.CANCELLED
    assert [task.status for task in scene.log_exports.tasks] == ["CANCELLED"]
    shown = texts(scene.card(row_id).message)
    folder = f"s3://{BUCKET}/logs/production/api/t1/"
    assert f"alice cancelled it. Of {DATABASE} there may be a part in {folder}. Not begun: {APP}." in shown
    assert "cancelled, not all of it was done" in shown
    assert "operation:cancel" not in buttons(scene.card(row_id).message)


def test_nobody_else_cancels_it_there(scene: Scene) -> None:
    row_id = begun(scene)
    scene.press("cancel", user=BOB)
    scene.run(2)
    assert scene.state(row_id) == State.RUNNING
    assert "Too late for that: it is under way. /ops cancel stops it." in texts(scene.said_to(BOB)[0])


def test_the_command_cancels_it_for_others(scene: Scene) -> None:
    row_id = begun(scene)
    assert scene.type("ops", "cancel api production", user=CARA) is None
    cancel = scene.operation()[0].id
    assert "under way in AWS" in texts(scene.card(cancel).message)
    scene.press("confirm", user=CARA)
    scene.run(5)
    assert (scene.state(row_id), scene.state(cancel)) == (State.CANCELLED, State.DONE)
    assert [task.status for task in scene.log_exports.tasks] == ["CANCELLED"]
    assert "cara cancelled it." in texts(scene.card(row_id).message)


def test_a_rollout_that_is_cancelled_leaves_an_export_alone(scene: Scene) -> None:
    row_id = begun(scene)
    scene.deploy()
    scene.run(2)
    assert scene.type("ops", "cancel api production") is None
    assert "Deploy" in texts(scene.said_to(ALICE)[-1]) and "cannot be stopped" in texts(scene.said_to(ALICE)[-1])
    assert scene.state(row_id) == State.RUNNING


def test_one_that_waits_for_its_place_is_cancelled_before_aws_was_told(scene: Scene) -> None:
    scene.log_exports.tasks = [other_task()]
    row_id = begun(scene)
    scene.press("cancel")
    scene.run(2)
    assert scene.state(row_id) == State.CANCELLED
    assert [task.status for task in scene.log_exports.tasks] == ["RUNNING"]


def test_a_cancel_that_aws_does_not_answer_is_tried_again(scene: Scene) -> None:
    row_id = begun(scene)
    scene.log_exports.failures.add("cancel", UpstreamError("AWS did not answer.", retryable=True))
    scene.press("cancel")
    scene.run(10)
    assert scene.state(row_id) == State.CANCELLED
    assert [task.status for task in scene.log_exports.tasks] == ["CANCELLED"]


def test_it_follows_nothing_and_asks_nothing(scene: Scene) -> None:
    for search in ("export follow", "export query errors"):
        with pytest.raises(UsageError):
            planned(scene, search)
