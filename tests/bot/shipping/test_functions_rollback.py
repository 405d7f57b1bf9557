from __future__ import annotations

import pytest

from bot.command import CheckStatus, Plan, Stage
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import FunctionAlias
from tests.bot.shipping.functions_room import COMMAND, DAY, REPOSITORY, Room, a_version
from tests.fakes import NOON


def with_history() -> Room:
    """Versions 1 to 5, of which 5 has the calls; 2 was never given any by this bot, 4 went red in its soak."""
    room = Room()
    for number in ("3", "4", "5"):
        room.functions.found[number] = a_version(number, number)
    room.functions.pointer = FunctionAlias("live", "5", "r5")
    room.ledger.add("deploy", "v1.0.0", "1")
    room.ledger.add("deploy", "v1.3.0", "3", before="1")
    room.ledger.add("deploy", "v1.4.0", "4", before="3", good=False)
    room.ledger.add("deploy", "v1.5.0", "5", before="4", state="settling", good=None)
    return room


def checks(plan: Plan) -> dict[str, tuple[CheckStatus, str]]:
    return {check.name: (check.status, check.detail) for check in plan.checks}


def test_it_goes_back_to_the_newest_good_version_and_not_to_the_number_before() -> None:
    plan = with_history().back()
    assert plan.title == "Roll back photo/resize production → v1.3.0"
    assert plan.facts["to_version"] == "3"
    assert {change.what: (change.before, change.after) for change in plan.changes} == {
        "Version": ("v1.5.0", "v1.3.0"),
        "Function version": ("5", "3"),
        "Code": ("5", "3"),
    }
    assert plan.details[0] == "Why v1.3.0 (version 3): the newest that proved good (24 h ago)"
    assert {status for status, _ in checks(plan).values()} == {CheckStatus.PASSED}
    assert [(choice.label, choice.text) for choice in plan.choices] == [
        ("v1.0.0 (version 1)", f"rollback {COMMAND} to 1")
    ]


def test_the_alias_moves_once_and_is_watched() -> None:
    room = with_history()
    plan = room.back()
    assert list(room.effects(plan)) == ["alias"]
    room.do(plan, "alias")
    assert room.functions.writes == ["alias 3 {}"]
    assert room.watch(plan).headline == "Settled: all calls of live go to version 3 (v1.3.0)"
    assert room.watch(plan).stage is Stage.SUCCEEDED


def test_a_rollback_whose_answer_was_lost_is_recognised() -> None:
    room = with_history()
    plan = room.back()
    room.functions.lost_answers.add("move_alias", UpstreamError("lost", retryable=True))
    with pytest.raises(UpstreamError):
        room.do(plan, "alias")
    room.again(plan, "alias")
    assert room.functions.writes == ["alias 3 {}"]


def test_an_alias_that_moved_after_the_plan_is_not_moved() -> None:
    room = with_history()
    plan = room.back()
    room.functions.pointer = FunctionAlias("live", "2", "theirs")
    with pytest.raises(ConflictError, match="Not moved: live is at version 2, and not by this operation"):
        room.do(plan, "alias")
    assert room.back().fingerprint() != plan.fingerprint()


def test_versions_that_people_went_back_from_are_not_gone_back_to() -> None:
    room = with_history()
    room.ledger.add("rollback", "v1.0.0", "1", before="3", good=None)
    plan = room.back()
    assert plan.facts["to_version"] == "1"
    assert checks(plan)["known good"][0] is CheckStatus.PASSED
    room.functions.pointer = FunctionAlias("live", "1", "r1")
    with pytest.raises(ConflictError, match="no version"):
        room.back()


def test_a_version_that_was_shipped_again_and_proved_good_counts_again() -> None:
    room = with_history()
    room.ledger.add("rollback", "v1.0.0", "1", before="3")
    room.ledger.add("deploy", "v1.3.0", "3", before="1")
    assert room.back().facts["to_version"] == "3"


def test_a_version_that_never_proved_good_is_only_taken_when_there_is_no_better_and_says_so() -> None:
    room = Room()
    room.functions.found["3"] = a_version("3", "three")
    room.functions.pointer = FunctionAlias("live", "3", "r3")
    room.ledger.add("deploy", "v1.1.0", "2", good=None, state="soaking")
    room.ledger.add("deploy", "v1.2.0", "3", good=False)
    plan = room.back()
    assert plan.facts["to_version"] == "2"
    assert checks(plan)["known good"] == (CheckStatus.WARNED, "it has not proved good in a soak")
    assert plan.details[0].endswith("it ended well 24 h ago, and none that proved good is left")


def test_nothing_known_is_an_error_with_versions_to_pick() -> None:
    with pytest.raises(ConflictError) as caught:
        Room().back()
    assert caught.value.message == "I know of no version of photo/resize production that proved good."
    assert caught.value.hint == (f"Pick one, as in /rollback {COMMAND} to 1. There are 1 (release v1.0.0, 9 days old).")


def test_a_function_with_a_single_version_has_nothing_to_go_back_to() -> None:
    room = Room()
    del room.functions.found["1"]
    with pytest.raises(ConflictError) as caught:
        room.back()
    assert caught.value.hint == "There is no other version."


@pytest.mark.parametrize("to", ["1", "v1.0.0"])
def test_a_version_is_named_by_its_number_or_by_what_was_shipped(to: str) -> None:
    plan = Room().back(to)
    assert plan.facts["to_version"] == "1"
    assert plan.details[0] == "Why release v1.0.0 (version 1): you named it"
    assert checks(plan)["known good"][0] is CheckStatus.WARNED


def test_a_name_means_its_newest_version() -> None:
    room = with_history()
    room.change("2", description="v1.3.0 (runbook-bot old)")
    room.change("3", description="v1.3.0 (runbook-bot new)")
    assert room.back("v1.3.0").facts["to_version"] == "3"


def test_a_name_nobody_knows_lists_what_there_is() -> None:
    with pytest.raises(NotFoundError, match="has no version v9") as caught:
        Room().back("v9")
    assert "There are 2 (release v1.1.0, 3 days old), 1 (release v1.0.0, 9 days old)." in caught.value.hint


def test_previous_is_what_had_the_calls_before_the_last_deployment() -> None:
    room = with_history()
    plan = room.back("previous")
    assert plan.facts["to_version"] == "4"
    assert checks(plan)["known good"][0] is CheckStatus.WARNED
    room.ledger.add("rollback", "v1.0.0", "1", before="5")
    assert room.back("previous").facts["to_version"] == "4"


def test_previous_needs_a_deployment_and_a_version_that_is_still_there() -> None:
    with pytest.raises(ConflictError, match="I shipped nothing to photo/resize production so far"):
        Room().back("previous")
    room = with_history()
    del room.functions.found["4"]
    with pytest.raises(ConflictError, match=r"Version 4, .* does not exist any more"):
        room.back("previous")


def test_a_good_version_that_was_deleted_is_passed_over() -> None:
    room = with_history()
    del room.functions.found["3"]
    assert room.back().facts["to_version"] == "1"


def test_what_has_the_calls_already_needs_nothing() -> None:
    plan = Room().back("2")
    assert not plan.changes_anything
    assert plan.answer_text == "All calls of photo/resize production go to release v1.1.0 (version 2) already."


def test_a_canary_that_is_under_way_is_ended() -> None:
    room = with_history()
    room.functions.pointer = FunctionAlias("live", "4", "r4", {"5": 0.1})
    plan = room.back()
    assert [(change.what, change.before, change.after) for change in plan.changes] == [
        ("Calls of version 5", "10%", "none")
    ]
    assert (plan.facts["to_version"], plan.facts["from_version"]) == ("4", "5")
    assert checks(plan)["calls"][0] is CheckStatus.WARNED
    room.do(plan, "alias")
    assert room.functions.writes == ["alias 4 {}"]


def test_shares_of_somebody_else_are_not_ended_without_a_word() -> None:
    room = Room()
    room.functions.pointer = FunctionAlias("live", "2", "r2", {"1": 0.1})
    assert [check.name for check in room.back().blocking] == ["calls"]
    assert [check.name for check in room.back("1").blocking] == ["calls"]


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("Active", CheckStatus.PASSED, "version 3 exists"),
        ("Inactive", CheckStatus.PASSED, "version 3 exists; it is idle, and its first call wakes it"),
        ("Pending", CheckStatus.WARNED, "Lambda is still making version 3"),
        ("Failed", CheckStatus.BLOCKING, "version 3 has failed: the image was deleted"),
    ],
)
def test_a_version_must_be_able_to_take_calls(state: str, status: CheckStatus, said: str) -> None:
    room = with_history()
    room.change("3", state=state, reason="the image was deleted")
    assert checks(room.back())["version"] == (status, said)


def test_a_version_that_cannot_be_looked_at_is_unknown() -> None:
    room = with_history()
    look = room.functions.function

    def denied(target: object, version: str = "$LATEST") -> object:
        if version == "3":
            raise UpstreamError("AWS denied lambda:GetFunction.")
        return look(target, version)  # type: ignore[arg-type]

    room.functions.function = denied  # type: ignore[assignment, method-assign]
    assert checks(room.back())["version"] == (CheckStatus.UNKNOWN, "AWS denied lambda:GetFunction.")


def test_an_image_must_still_be_in_the_registry() -> None:
    room = with_history()
    room.use_images()
    assert checks(room.back())["image"] == (CheckStatus.PASSED, "still in ECR")
    room.ecs.failures.add("image", UpstreamError("AWS denied ecr:DescribeImages."))
    assert checks(room.back())["image"][0] is CheckStatus.UNKNOWN
    room.ecs.images.clear()
    status, detail = checks(room.back())["image"]
    assert (status, REPOSITORY in detail) == (CheckStatus.BLOCKING, True)


def test_what_differs_besides_the_code_is_shown() -> None:
    room = with_history()
    room.change("3", memory=256, environment={"MODE": "x"})
    assert [line for line in room.back().details if line.startswith("Differs")] == [
        "Differs: memory: 512 MB → 256 MB",
        "Differs: environment: added MODE",
    ]


def test_callers_without_the_alias_are_not_moved_and_that_is_said() -> None:
    assert with_history().back().warnings == ("Whoever calls resize without :live is not moved.",)


def test_the_age_of_a_proof_is_told_from_when_it_ended() -> None:
    room = with_history()
    room.ledger.add("deploy", "v1.2.0", "2", ended_at=NOON - 12 * DAY)
    assert room.back().details[0].endswith("the newest that proved good (12 days ago)")
