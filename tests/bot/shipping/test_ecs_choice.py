"""Which version a rollback goes back to, and what else there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import CheckStatus, Override, Plan
from bot.errors import ConflictError, NotFoundError, UpstreamError
from tests.bot.shipping.rollbacks import DAY, DENIED, check, define, going_back, ran, run_now, with_a_past
from tests.fake_aws import a_definition, a_record, a_revision
from tests.fakes import NOON, a_past
from tests.scene import NEW, OLD, REPOSITORY, Scene


@pytest.fixture
def history(scene: Scene) -> Scene:
    """A service with a past."""
    return with_a_past(scene)


def test_it_says_why_this_one(history: Scene) -> None:
    assert going_back(history).details[0] == (
        "Chosen: the newest that nothing speaks against: it ran for 10 days and nobody went back from it; "
        "no alarm went off in its first minutes"
    )


def test_alarms_that_nobody_may_read_are_said_to_be_unknown(history: Scene) -> None:
    history.metrics.failures.add("went_red", UpstreamError("AWS refused cloudwatch:DescribeAlarmHistory."))
    assert going_back(history).details[0].endswith("whether alarms went off is not known")


def test_a_forgotten_revision_that_nobody_kept_is_passed_over(history: Scene) -> None:
    ran(history, 4, "sha256:" + "4" * 64, 30)
    del history.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:5"]
    history.ecs.records.sort(key=lambda each: -each.created_at)
    assert going_back(history).facts["version"] == "v4"


def test_the_choice_of_a_person_goes_before_ours(history: Scene) -> None:
    ran(history, 4, "sha256:" + "4" * 64, 30)
    history.ecs.records.sort(key=lambda each: -each.created_at)
    made = going_back(history)
    assert [each.text for each in made.choices] == ["rollback bi/api production to 4"]
    assert going_back(history, "4").facts["version"] == "v4"
    assert going_back(history, "api:4").facts["version"] == "v4"
    assert going_back(history, "v4").facts["version"] == "v4"
    assert going_back(history, "sha256:4444").facts["version"] == "v4"
    assert going_back(history, "previous").facts["version"] == "v5"


def ran_here(made: Plan) -> tuple[CheckStatus, Override]:
    (found,) = [each for each in made.checks if each.name == "ran here"]
    return found.status, found.override


def test_a_revision_that_never_ran_here_is_shipped_by_a_rollback_in_an_emergency_only(history: Scene) -> None:
    define(history, 7, f"{REPOSITORY}@{OLD}")
    made = going_back(history, "7")
    assert made.details[0] == "Chosen: you named it; it is not known to have run in this service"
    assert made.warnings == ("It never proved itself: it did not run for ten minutes that I know of.",)
    assert ran_here(made) == (CheckStatus.BLOCKING, Override.EMERGENCY)
    assert check(made, "ran here")[1] == (
        "api:7 is not known to have run in this service, so shipping it is a deployment"
    )


def test_what_ecs_rolled_back_never_was_in_service(history: Scene) -> None:
    assert ran_here(going_back(history, "6")) == (CheckStatus.BLOCKING, Override.EMERGENCY)


def test_where_the_history_cannot_be_read_a_reason_is_enough(history: Scene) -> None:
    define(history, 7, f"{REPOSITORY}@{OLD}")
    history.ecs.failures.add("service_deployments", DENIED)
    assert ran_here(going_back(history, "7")) == (CheckStatus.BLOCKING, Override.REASON)


@pytest.mark.parametrize("to", ["", "5", "previous", "v5"])
def test_what_ran_here_is_said_to_have_run(history: Scene, to: str) -> None:
    assert check(going_back(history, to), "ran here")[0] is CheckStatus.PASSED


def test_what_served_when_the_history_began_ran_here(history: Scene) -> None:
    three = define(history, 3, f"{REPOSITORY}:v3")
    history.ecs.records[-1] = replace(history.ecs.records[-1], sources=(a_revision(three.arn, NEW),))
    made = going_back(history, "3")
    assert check(made, "ran here")[0] is CheckStatus.PASSED
    assert made.facts["images"] == {"app": f"{REPOSITORY}@{NEW}"}


def test_a_revision_of_another_family_is_refused(history: Scene) -> None:
    other = a_definition("jobs", 3, f"{REPOSITORY}@{OLD}")
    history.ecs.definitions[other.arn] = other
    for to in ("jobs:3", other.arn):
        with pytest.raises(ConflictError, match=r"jobs:3 is of another family than .* not known to have run there"):
            going_back(history, to)


def test_a_revision_of_another_family_that_ran_here_can_be_named(history: Scene) -> None:
    other = a_definition("jobs", 3, f"{REPOSITORY}@{OLD}")
    history.ecs.definitions[other.arn] = other
    history.ecs.records.append(a_record(other.arn, at=NOON - 40 * DAY, target=a_revision(other.arn, OLD)))
    assert check(going_back(history, "jobs:3"), "ran here")[0] is CheckStatus.PASSED


def test_a_revision_of_another_service_of_the_family_is_not_chosen(scene: Scene) -> None:
    """Two services share the family: the other one's newer revisions are no candidates of this one's."""
    ran(scene, 3, OLD, 20)
    define(scene, 6, f"{REPOSITORY}:v6")
    run_now(scene, ran(scene, 8, NEW, 1))
    assert going_back(scene).facts["version"] == "v3"


@pytest.mark.parametrize("to", ["8", "api:8"])
def test_what_runs_already_is_no_way_back(history: Scene, to: str) -> None:
    with pytest.raises(ConflictError, match="runs api:8 already"):
        going_back(history, to)


def test_a_name_that_fits_nothing_is_answered_with_what_there_is(history: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"no v99 that ran .* Pick one yourself, .*: api:5 \(it ran for 10 days"):
        going_back(history, "v99")


def test_what_a_person_rolled_back_from_is_not_gone_back_to(scene: Scene) -> None:
    ran(scene, 4, "sha256:" + "4" * 64, 30)
    five = ran(scene, 5, OLD, 12)
    run_now(scene, ran(scene, 8, NEW, 1))
    past = a_past(scene.api.key, command="rollback", facts={"from_definition": five})
    assert going_back(scene, "", past).facts["version"] == "v4"


@pytest.mark.parametrize(
    ("error", "said"),
    [(UpstreamError("AWS refused."), "AWS refused"), (TimeoutError(), "did not answer in time")],
)
def test_a_revision_that_cannot_be_read_now_is_no_reason_to_take_a_worse_one(
    history: Scene, error: Exception, said: str
) -> None:
    ran(history, 4, "sha256:" + "4" * 64, 30)
    history.ecs.records.sort(key=lambda each: -each.created_at)
    # 7 and 6 are read before 5, which is the one to go back to.
    gone = NotFoundError("ECS has no such revision.")
    history.ecs.failures.add("task_definition", gone, gone, error)
    with pytest.raises(UpstreamError, match=said):
        going_back(history)


def test_a_revision_that_nobody_wants_may_be_unreadable(history: Scene) -> None:
    history.ecs.failures.add("task_definition", UpstreamError("AWS refused."))
    assert going_back(history).basis["going back to"] == "api:5"


def test_a_version_of_several_containers_is_found_by_its_number_only(history: Scene) -> None:
    """Nobody said which container is shipped, so no tag is the version's."""
    five = history.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:5"]
    twice = (*five.containers, replace(five.containers[0], name="proxy"))
    history.ecs.definitions[five.arn] = replace(five, containers=twice)
    with pytest.raises(NotFoundError, match="no v5 that ran"):
        going_back(history, "v5")
    with pytest.raises(ConflictError, match="several containers"):
        going_back(history, "5")


def test_after_a_restart_pinned_what_runs_the_way_back_is_not_the_same_code(scene: Scene) -> None:
    """The copy runs; what it was copied from ran right before it."""
    ran(scene, 5, OLD, 12)
    eight = ran(scene, 8, NEW, 3)
    nine = ran(scene, 9, NEW, 1, image=f"{REPOSITORY}@{NEW}")
    run_now(scene, nine)
    past = a_past(
        scene.api.key,
        command="restart",
        facts={"copy_of": eight, "to_definition": eight},
        results={"register": {"task_definition": nine}, "update": {}},
    )
    for known in ((past,), ()):
        assert going_back(scene, "", *known).facts["version"] == "v5"
        assert going_back(scene, "previous", *known).facts["version"] == "v5"
        assert check(going_back(scene, "8", *known), "ran here")[0] is CheckStatus.PASSED


def test_where_only_the_ledger_is_known_a_restart_is_no_version_to_go_back_from(scene: Scene) -> None:
    """Both were put into service by this bot, the newer was restarted as a copy; ECS's history cannot be read."""
    five = define(scene, 5, f"{REPOSITORY}@{OLD}")
    eight = define(scene, 8, f"{REPOSITORY}:v8")
    nine = define(scene, 9, f"{REPOSITORY}@{NEW}")
    run_now(scene, nine.arn)
    restarted = a_past(
        scene.api.key,
        command="restart",
        facts={"copy_of": eight.arn, "to_definition": eight.arn},
        results={"register": {"task_definition": nine.arn, "definition": nine.raw}, "update": {}},
    )
    shipped = [
        a_past(scene.api.key, results={"register": {"task_definition": each.arn}}, good=True) for each in (eight, five)
    ]
    scene.ecs.failures.add("service_deployments", DENIED)
    assert going_back(scene, "", restarted, *shipped).facts["to_definition"] == five.arn
