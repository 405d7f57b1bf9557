"""An export on its way: an account's one place is waited for, every task is begun once, and it can be ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import UpstreamError
from bot.operation import State
from tests.commands.logs_export_room import APP, BUCKET, DATABASE, a_scene, begun, other_task
from tests.fakes import buttons, texts
from tests.scene import ALICE, BOB, CARA, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path / "export")
    yield made
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
    said = "AWS refused logs:CreateExportTask, saying: GetBucketAcl call on the given bucket failed."
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
