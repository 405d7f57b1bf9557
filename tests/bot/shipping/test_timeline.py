"""What ran, what of it is bad, and which of it is worth going back to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.rollouts import ServiceDeployment
from bot.shipping.timeline import (
    Candidate,
    Fired,
    Known,
    bad_ones,
    best,
    candidates,
    fingerprint,
    timeline,
)
from tests.fake_aws import a_record, a_revision
from tests.fakes import NOON

HOUR = 3600.0
NOTHING = Known(bad={}, good=frozenset(), red=frozenset(), copies={})
QUIET = Fired(0.0, ())


def arn(number: int) -> str:
    return f"arn:aws:ecs:r:1:task-definition/api:{number}"


def record(
    number: int, hours_ago: float, status: str = "SUCCESSFUL", digest: str = "", **more: Any
) -> ServiceDeployment:
    """A rollout of revision ``number`` that many hours ago; its digest is its own unless one is given."""
    target = a_revision(arn(number), f"sha256:{digest or number}")
    return a_record(arn(number), status, at=NOON - hours_ago * HOUR, target=target, **more)


def found(
    *records: ServiceDeployment, current: int, known: Known = NOTHING, fired: Fired | None = QUIET
) -> tuple[Candidate, ...]:
    ran = timeline(records, known.copies)
    bad = bad_ones(records, ran, known)
    now = fingerprint(a_revision(arn(current), f"sha256:{current}"), known.copies)
    return candidates(ran, bad, now, known, fired, NOON)


def numbers(candidates_found: tuple[Candidate, ...]) -> list[int]:
    return [int(each.revision.task_definition.rpartition(":")[2]) for each in candidates_found]


def chosen(candidates_found: tuple[Candidate, ...]) -> int | None:
    picked = best(candidates_found)
    return int(picked.revision.task_definition.rpartition(":")[2]) if picked else None


def test_what_was_counted_as_good_is_good_however_short_its_soak_is_configured() -> None:
    history = (record(12, 1), record(9, 1.1), record(4, 60))
    assert chosen(found(*history, current=12)) == 4
    assert chosen(found(*history, current=12, known=replace(NOTHING, good=frozenset({arn(9)})))) == 9


def test_the_newest_that_soaked_is_chosen_and_never_the_revision_before() -> None:
    history = (record(12, 1), record(9, 30), record(4, 60))
    assert chosen(found(*history, current=12)) == 9
    assert numbers(found(*history, current=12)) == [9, 4]


def test_the_order_of_what_aws_answers_does_not_matter() -> None:
    assert chosen(found(record(4, 60), record(12, 1), record(9, 30), current=12)) == 9


def test_what_ecs_rolled_back_is_bad_and_what_it_went_back_to_is_what_ran() -> None:
    back = a_revision(arn(7), "sha256:7")
    history = (record(7, 50), record(8, 40, "ROLLBACK_SUCCESSFUL", reason="breaker", back=back), record(9, 1))
    mine = found(*history, current=9)
    assert chosen(mine) == 7
    assert numbers(mine) == [7]
    assert mine[0].ran == pytest.approx(49 * HOUR - 60)


def test_a_version_that_failed_once_is_bad_though_it_had_worked_before() -> None:
    history = (record(5, 90), record(7, 50), record(9, 20), record(7, 10, "ROLLBACK_FAILED"), record(11, 1))
    assert chosen(found(*history, current=11)) == 9
    assert found(*history, current=11)[1].bad == "ECS rolled it back"


def test_going_from_a_to_b_and_back_to_a_says_that_b_is_bad() -> None:
    history = (record(1, 90), record(2, 50), record(1, 40), record(3, 1))
    mine = found(*history, current=3)
    assert chosen(mine) == 1
    assert {each.revision.task_definition: each.bad for each in mine}[arn(2)] == "somebody went back from it"


def test_a_copy_pinned_to_its_digest_is_the_same_version() -> None:
    known = Known(bad={}, good=frozenset(), red=frozenset(), copies={arn(4): arn(1)})
    history = (record(1, 90), record(2, 50), record(4, 40, digest="1"), record(5, 1))
    mine = found(*history, current=5, known=known)
    assert chosen(mine) == 4
    assert numbers(mine) == [4, 2]


def test_a_restart_is_no_version_of_its_own() -> None:
    history = (record(1, 90), record(2, 5), record(2, 1))
    mine = found(*history, current=2)
    assert numbers(mine) == [1]
    assert mine[0].ran == pytest.approx(85 * HOUR - 60)


def test_the_same_revision_with_another_image_behind_its_tag_is_another_version() -> None:
    history = (record(1, 90, digest="old"), record(1, 5, digest="new"))
    now = a_revision(arn(1), "sha256:new")
    ran = timeline(history, {})
    mine = candidates(ran, {}, fingerprint(now, {}), NOTHING, QUIET, NOON)
    assert [each.revision.images[0].rpartition(":")[2] for each in mine] == ["old"]


def test_a_good_version_whose_restart_was_pushed_aside_stays_good() -> None:
    history = (record(1, 90), record(1, 2, "STOPPED"), record(2, 1))
    assert chosen(found(*history, current=2)) == 1


def test_one_that_was_only_ever_stopped_never_ran() -> None:
    assert numbers(found(record(1, 90), record(2, 40, "STOPPED"), record(3, 1), current=3)) == [1]


def test_a_version_people_rolled_back_from_is_bad() -> None:
    known = Known(bad={arn(2): "somebody rolled back from it"}, good=frozenset(), red=frozenset(), copies={})
    history = (record(1, 90), record(2, 50), record(3, 1))
    assert chosen(found(*history, current=3, known=known)) == 1


def test_one_that_ran_for_minutes_only_is_second_choice() -> None:
    history = (record(1, 90), record(2, 2.0), record(3, 1.9))
    assert chosen(found(*history, current=3)) == 1
    only = found(record(2, 2.0), record(3, 1.9), current=3)
    assert chosen(only) == 2
    assert not only[0].soaked


def test_an_alarm_in_its_first_minutes_speaks_against_a_version() -> None:
    history = (record(1, 90), record(2, 50), record(3, 1))
    went = Fired(0.0, ((NOON - 50 * HOUR + 120, "api-errors"),))
    mine = found(*history, current=3, fired=went)
    assert chosen(mine) == 1
    assert mine[0].red == ("api-errors",)


def test_an_alarm_long_after_says_nothing_of_the_version() -> None:
    went = Fired(0.0, ((NOON - 20 * HOUR, "api-errors"),))
    assert chosen(found(record(2, 50), record(3, 1), current=3, fired=went)) == 2


@pytest.mark.parametrize("fired", [None, Fired(NOON - HOUR, ())])
def test_where_nobody_remembers_alarms_that_is_said_and_not_guessed(fired: Fired | None) -> None:
    (only,) = found(record(2, 50), record(3, 1), current=3, fired=fired)
    assert only.red is None
    assert only.is_good


def test_the_ledger_knows_how_a_soak_ended_when_cloudwatch_does_not() -> None:
    known = Known(bad={}, good=frozenset({arn(1)}), red=frozenset({arn(2)}), copies={})
    mine = found(record(1, 90), record(2, 50), record(3, 1), current=3, known=known, fired=None)
    assert chosen(mine) == 1
    assert [each.red for each in mine] == [("an alarm of the service",), ()]


def test_when_everything_is_bad_nothing_is_chosen() -> None:
    history = (record(1, 90), record(2, 50), record(1, 40), record(2, 1))
    assert chosen(found(*history, current=2)) is None
    assert numbers(found(*history, current=2)) == [1]


def test_a_first_deployment_leaves_nothing_to_go_back_to() -> None:
    assert found(record(1, 1), current=1) == ()


def test_what_ecs_went_back_to_ran_though_its_own_deployment_is_older_than_the_history() -> None:
    history = (record(6, 50, "ROLLBACK_SUCCESSFUL", back=a_revision(arn(5), "sha256:5")), record(8, 1))
    assert chosen(found(*history, current=8)) == 5


def test_only_what_never_succeeded_is_called_stopped() -> None:
    records = (record(1, 90), record(1, 2, "STOPPED"), record(2, 1, "STOPPED"))
    bad = bad_ones(records, timeline(records, {}), NOTHING)
    assert list(bad.values()) == ["its deployment was stopped"]
    assert next(iter(bad))[0] == arn(2)


def test_of_several_times_in_service_the_longest_counts() -> None:
    history = (record(1, 90), record(2, 50), record(1, 1.1), record(3, 1))
    (one, _) = found(*history, current=3)
    assert one.ran == pytest.approx(40 * HOUR - 60)
    assert one.at == pytest.approx(NOON - HOUR)
    later = (record(1, 90), record(2, 89.9), record(1, 50), record(3, 1))
    assert found(*later, current=3)[0].ran == pytest.approx(49 * HOUR - 60)


def test_the_same_images_registered_again_are_no_way_back() -> None:
    history = (record(1, 90), record(2, 50, digest="3"), record(3, 1))
    mine = found(*history, current=3)
    assert chosen(mine) == 1
    assert [each.same for each in mine] == [True, False]
    assert chosen(found(record(2, 50, digest="3"), record(3, 1), current=3)) is None


def test_an_old_version_registered_anew_says_that_what_it_replaced_is_bad() -> None:
    history = (record(1, 90), record(2, 50), record(3, 40, digest="1"), record(4, 1))
    mine = found(*history, current=4)
    assert {each.revision.task_definition: each.bad for each in mine}[arn(2)] == "somebody went back from it"
    assert chosen(mine) == 3


def test_other_settings_of_the_same_images_are_not_gone_back_from() -> None:
    history = (record(1, 90), record(2, 50, digest="1"), record(3, 40, digest="1"), record(4, 1))
    assert [each.bad for each in found(*history, current=4)] == ["", "", ""]


def test_one_failed_rollout_is_forgiven_once_the_version_ran_well() -> None:
    back = a_revision(arn(1), "sha256:1")
    failed = record(2, 60, "ROLLBACK_SUCCESSFUL", back=back)
    assert chosen(found(record(1, 90), failed, record(2, 50), record(3, 1), current=3)) == 2
    assert chosen(found(record(1, 90), failed, record(2, 1.1), record(3, 1), current=3)) == 1


def test_what_was_gone_back_from_is_forgiven_once_it_came_again_and_stayed() -> None:
    history = (record(1, 90), record(2, 50), record(1, 40), record(2, 30), record(3, 1))
    assert chosen(found(*history, current=3)) == 2
    short = (record(1, 90), record(2, 50), record(1, 40), record(2, 1.1), record(3, 1))
    assert found(*short, current=3)[0].bad == "somebody went back from it"
