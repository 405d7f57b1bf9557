from __future__ import annotations

import pytest

from bot.command import CheckStatus, Override, Plan
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import FunctionAlias
from tests.bot.shipping.functions_room import ERRORS, NEW, REPOSITORY, SLOW, Room


def checks(plan: Plan) -> dict[str, tuple[CheckStatus, str]]:
    return {check.name: (check.status, check.detail) for check in plan.checks}


def changes(plan: Plan) -> dict[str, tuple[str, str]]:
    return {change.what: (change.before, change.after) for change in plan.changes}


def test_a_zip_is_planned_from_what_runs_to_what_is_asked_for() -> None:
    room = Room()
    plan = room.deploy()
    assert plan.title == "Deploy photo/resize production → v1.2.0"
    assert changes(plan) == {
        "Version": ("release v1.1.0", "v1.2.0"),
        "Function version": ("2", "a new one"),
        "Code": ("two", "that of s3://artifacts/resize/v1.2.0.zip"),
    }
    assert plan.details[:2] == (
        "Now: release v1.1.0 (version 2), published 3 days ago, not by this bot",
        "Then: v1.2.0, made 1 h ago",
    )
    assert {status for status, _ in checks(plan).values()} == {CheckStatus.PASSED}
    assert not room.functions.writes


def test_an_image_is_pinned_by_its_digest() -> None:
    room = Room(artifact="")
    room.use_images()
    plan = room.deploy()
    assert plan.facts["image"] == f"{REPOSITORY}@{NEW}"
    assert changes(plan)["Code"] == ("a" * 12, "b" * 12)
    assert changes(plan)["Version"] == ("v1.1.0", "v1.2.0")
    assert checks(plan)["architecture"] == (CheckStatus.PASSED, "X86_64")
    by_digest = room.deploy(NEW)
    assert by_digest.facts["image"] == f"{REPOSITORY}@{NEW}"


def test_who_shipped_what_runs_is_known_from_the_ledger() -> None:
    room = Room()
    room.ledger.add("deploy", "v1.1.0", "2", id="op-7")
    room.change("2", description="v1.1.0 (runbook-bot op-7)")
    assert room.deploy().details[0] == "Now: v1.1.0 (version 2), published 3 days ago, shipped by alice"


def test_what_would_be_published_beside_the_code_is_shown_without_values() -> None:
    room = Room()
    room.change("2", environment={"MODE": "secret-1", "OLD": "x"})
    room.change("$LATEST", environment={"MODE": "secret-2", "NEW": "y"}, memory=1024, timeout=60)
    plan = room.deploy()
    assert [line for line in plan.details if line.startswith("Differs")] == [
        "Differs: memory: 512 MB → 1024 MB",
        "Differs: timeout: 30 s → 60 s",
        "Differs: environment: added NEW; removed OLD; changed MODE",
    ]
    assert "secret" not in plan.model_dump_json()


def test_callers_without_the_alias_are_warned_of() -> None:
    (warning,) = Room().deploy().warnings
    assert "without :live gets $LATEST" in warning


def test_the_canary_is_told_and_carried_in_the_plan() -> None:
    plan = Room(canary=[10, 50], canary_wait="10m").deploy()
    assert (plan.facts["canary"], plan.facts["canary_wait"]) == ([10, 50], 600.0)
    (line,) = [line for line in plan.details if line.startswith("Canary")]
    assert line.startswith("Canary: 10 %, then 50 % of the calls for 10 min each, then all;")
    assert checks(plan)["canary"] == (CheckStatus.PASSED, "possible")


def test_without_a_canary_all_calls_move_at_once() -> None:
    plan = Room().deploy()
    assert "All calls of live move at once." in plan.details
    assert "canary" not in checks(plan)


def test_a_version_with_another_role_cannot_share_calls() -> None:
    room = Room(canary=[10])
    room.change("$LATEST", role="arn:aws:iam::1:role/other")
    plan = room.deploy()
    assert plan.facts["canary"] == []
    status, detail = checks(plan)["canary"]
    assert (status, "same role" in detail) == (CheckStatus.WARNED, True)
    assert "Differs: role: resize → other" in plan.details


def test_an_alias_at_latest_cannot_share_calls() -> None:
    room = Room(canary=[10])
    room.functions.pointer = FunctionAlias("live", "$LATEST", "r1")
    plan = room.deploy()
    assert plan.facts["canary"] == []
    assert "points at $LATEST" in checks(plan)["canary"][1]


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"update": "InProgress"}, CheckStatus.BLOCKING, "updating it right now"),
        ({"state": "Pending"}, CheckStatus.BLOCKING, "still making it"),
        ({"update": "Failed", "reason": "no room"}, CheckStatus.WARNED, "its last update failed: no room"),
    ],
)
def test_a_function_that_is_being_updated_takes_no_code(
    changed: dict[str, str], status: CheckStatus, said: str
) -> None:
    room = Room()
    room.change("$LATEST", **changed)
    found, detail = checks(room.deploy())["function"]
    assert (found, said in detail) == (status, True)


def test_weights_of_somebody_else_block() -> None:
    room = Room()
    room.functions.pointer = FunctionAlias("live", "2", "r1", {"1": 0.25})
    plan = room.deploy()
    assert checks(plan)["calls"][0] is CheckStatus.BLOCKING
    assert "25% go to version 1, and not by this bot" in checks(plan)["calls"][1]
    assert plan.blocking[0].override is Override.REASON


def test_weights_that_an_earlier_deployment_left_only_warn() -> None:
    room = Room()
    room.ledger.add("deploy", "v1.2.0", "3", results={"publish": {"version": "3"}}, good=False, state="failed")
    room.functions.pointer = FunctionAlias("live", "2", "r1", {"3": 0.1})
    status, detail = checks(room.deploy())["calls"]
    assert (status, "an earlier deployment left so" in detail) == (CheckStatus.WARNED, True)


def test_an_image_for_another_processor_blocks_for_good() -> None:
    room = Room(artifact="")
    room.use_images()
    room.ecs.platforms = ("ARM64",)
    (check,) = room.deploy().blocking
    assert (check.name, check.override) == ("architecture", Override.NEVER)
    assert check.detail == "the function runs on X86_64, the image is for ARM64"


def test_an_image_that_does_not_say_what_it_runs_on_is_unknown() -> None:
    room = Room(artifact="")
    room.use_images()
    room.ecs.platforms = ()
    assert checks(room.deploy())["architecture"] == (CheckStatus.UNKNOWN, "its manifest does not say")
    room.ecs.failures.add("architectures", UpstreamError("AWS denied ecr:BatchGetImage."))
    assert checks(room.deploy())["architecture"] == (CheckStatus.UNKNOWN, "AWS denied ecr:BatchGetImage.")


def test_alarms_that_are_red_already_are_warned_of_and_carried_along() -> None:
    room = Room()
    room.metrics.states[SLOW] = "ALARM"
    plan = room.deploy()
    assert checks(plan)["alarms"][0] is CheckStatus.WARNED
    assert plan.facts["red"] == [SLOW]


@pytest.mark.parametrize("error", [UpstreamError("AWS denied cloudwatch:DescribeAlarms."), TimeoutError()])
def test_alarms_that_cannot_be_read_are_unknown(error: Exception) -> None:
    room = Room()
    room.metrics.failures.add("alarms", error)
    status, detail = checks(room.deploy())["alarms"]
    assert status is CheckStatus.UNKNOWN
    assert detail in ("AWS denied cloudwatch:DescribeAlarms.", "AWS did not answer in time")


def test_alarms_that_do_not_exist_are_named() -> None:
    room = Room()
    del room.metrics.states[ERRORS]
    assert checks(room.deploy())["alarms"] == (CheckStatus.WARNED, f"CloudWatch has no {ERRORS}")
    assert checks(Room(alarms=[]).deploy())["alarms"][0] is CheckStatus.UNKNOWN


def test_a_missing_zip_names_the_nearest_and_the_newest() -> None:
    room = Room()
    with pytest.raises(NotFoundError) as caught:
        room.deploy("v1.2.1")
    assert caught.value.message == "There is no s3://artifacts/resize/v1.2.1.zip."
    assert caught.value.hint == "Did you mean v1.2.0? The newest are v1.2.0, v1.1.0."
    assert not room.functions.writes


def test_a_missing_image_names_the_nearest_and_the_newest() -> None:
    room = Room(artifact="")
    room.use_images()
    with pytest.raises(NotFoundError) as caught:
        room.deploy("v1.2.1")
    assert caught.value.hint == "Did you mean v1.2.0? The newest are v1.1.0, v1.2.0."


def test_a_missing_zip_where_nothing_lies_says_so() -> None:
    room = Room()
    room.functions.zips.clear()
    with pytest.raises(NotFoundError, match="Nothing lies there yet"):
        room.deploy()
    room.functions.failures.add("archives", UpstreamError("AWS denied s3:ListBucket."))
    with pytest.raises(NotFoundError, match="Nothing lies there yet"):
        room.deploy()


def test_a_version_that_is_built_first_is_a_change_and_a_warning() -> None:
    room = Room(build={"codebuild": "resize"})
    plan = room.deploy("v1.3.0")
    assert changes(plan)["build"] == ("v1.3.0 does not exist", "v1.3.0 by CodeBuild project resize")
    assert checks(plan)["build"][0] is CheckStatus.WARNED
    assert "code" not in checks(plan)
    assert list(room.effects(plan)) == ["build", "code", "publish", "alias"]
    assert list(room.effects(room.deploy())) == ["code", "publish", "alias"]


def test_a_zip_without_a_place_to_look_for_it_is_a_question_for_the_configuration() -> None:
    with pytest.raises(ConflictError, match="do not know where the zips") as caught:
        Room(artifact="").deploy()
    assert "artifact:" in caught.value.hint


def test_the_same_code_is_not_shipped_again() -> None:
    room = Room()
    room.zip("v1.2.0", 0.0, sha256="two")
    plan = room.deploy()
    assert not plan.changes_anything
    assert plan.answer_text.endswith("already runs release v1.1.0 (version 2) with exactly this code.")


def test_the_same_code_is_shipped_again_for_another_configuration() -> None:
    room = Room()
    room.zip("v1.2.0", 0.0, sha256="two")
    room.change("$LATEST", memory=1024)
    assert room.deploy().changes_anything


def test_a_missing_alias_or_function_is_said() -> None:
    room = Room()
    room.functions.failures.add("alias", NotFoundError("The Lambda function resize has no alias live."))
    with pytest.raises(NotFoundError, match="no alias live"):
        room.deploy()


def test_lambda_that_is_too_slow_is_an_error_in_words() -> None:
    room = Room()
    room.functions.failures.add("function", TimeoutError())
    with pytest.raises(UpstreamError, match="did not answer in time"):
        room.deploy()


def test_whatever_moves_between_plan_and_confirmation_makes_another_plan() -> None:
    room = Room()
    seen = room.deploy().fingerprint()
    assert room.deploy().fingerprint() == seen
    room.functions.pointer = FunctionAlias("live", "2", "r2")
    assert room.deploy().fingerprint() != seen
    room.functions.pointer = FunctionAlias("live", "2", "r1")
    room.change("$LATEST", revision="other")
    assert room.deploy().fingerprint() != seen
    room.change("$LATEST", revision="rev-$LATEST")
    archive = room.functions.zips["v1.2.0"]
    room.functions.zips["v1.2.0"] = type(archive)(archive.version, archive.address, "other etag", archive.modified_at)
    assert room.deploy().fingerprint() != seen
