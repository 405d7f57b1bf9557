"""The plan of a rollback: which version, why that one, and what else there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot import arguments
from bot.cloud import ServiceDeployment, TaskDefinition
from bot.command import CheckStatus, Plan
from bot.errors import ConflictError, NotFoundError, UpstreamError, UsageError
from bot.ports import Past
from bot.shipping import images
from commands.rollback import RollbackArgs, earlier, plan, rollback, target
from tests.fake_aws import a_definition, a_deployment, a_record, a_revision, a_service
from tests.fakes import NOON, FakeRecent, a_past
from tests.scene import ALICE, NEW, OLD, REPOSITORY, Scene

DENIED = UpstreamError("AWS refused ecs:ListServiceDeployments.", hint="Allow it.")
DAY = 86400.0


def planned(scene: Scene, to: str = "", *past: Past) -> Plan:
    """The plan, made by an ECS that can only be read."""
    for call in ("register", "update_service", "stop_deployment", "continue_deployment"):
        scene.ecs.failures.add(call, AssertionError("a plan never writes"))
    world = replace(scene.world, recent=FakeRecent(*past)) if past else scene.world
    args = RollbackArgs(service="api", environment="production", to=to)
    return plan(args, world, scene.chat.people[ALICE])


def define(scene: Scene, number: int, image: str, **tags: str) -> TaskDefinition:
    """A revision that exists and never ran."""
    made = a_definition("api", number, image, tags)
    scene.ecs.definitions[made.arn] = made
    return made


def ran(scene: Scene, number: int, digest: str, days_ago: float, status: str = "SUCCESSFUL", **more: Any) -> str:
    """A revision that says tag ``v<number>`` was rolled out that many days ago, and ran this digest."""
    made = define(scene, number, more.pop("image", f"{REPOSITORY}:v{number}"))
    scene.ecs.add_image(REPOSITORY, digest, f"v{number}")
    target_revision = a_revision(made.arn, digest, **more.pop("surroundings", {}))
    record = a_record(made.arn, status, at=NOON - days_ago * DAY, target=target_revision, **more)
    scene.ecs.records.insert(0, record)
    return made.arn


def run_now(scene: Scene, arn: str, **changes: Any) -> None:
    scene.ecs.live[scene.api.key] = a_service("api", a_deployment(arn), **changes)


@pytest.fixture
def history(scene: Scene) -> Scene:
    """Revision 5 ran for ten days, 6 was rolled back by ECS, 7 was registered by somebody and never ran, 8 runs."""
    five = ran(scene, 5, OLD, 12)
    ran(scene, 6, "sha256:" + "6" * 64, 2, "ROLLBACK_SUCCESSFUL", back=a_revision(five, OLD), reason="breaker")
    run_now(scene, ran(scene, 8, NEW, 1))
    return scene


def check(made: Plan, name: str) -> tuple[CheckStatus, str]:
    (found,) = [each for each in made.checks if each.name == name]
    return found.status, found.detail


@pytest.mark.parametrize(
    ("typed", "aim"),
    [
        ("bi/api production", ""),
        ("bi/api production to 41", "41"),
        ("bi/api production 41", "41"),
        ("bi/api production previous", "previous"),
        ("bi/api production to previous", "previous"),
        ("bi/api production TO v1.4.2", "v1.4.2"),
    ],
)
def test_the_word_to_may_be_left_out(typed: str, aim: str) -> None:
    parsed = arguments.parse(rollback, "rollback", arguments.words(typed))
    assert isinstance(parsed, RollbackArgs)
    assert parsed.aim == aim


@pytest.mark.parametrize(
    "typed", ["bi/api production to", "bi/api production 41 please", "bi/api production to 41 now"]
)
def test_what_cannot_be_meant_is_refused_with_the_usage(typed: str) -> None:
    with pytest.raises(UsageError, match="Usage: /rollback"):
        arguments.parse(rollback, "rollback", arguments.words(typed))


def test_it_is_urgent_and_has_an_action_of_its_own() -> None:
    assert rollback.urgent
    assert rollback.action == "rollback"


def test_the_newest_good_version_is_chosen_and_pinned_to_what_ran(history: Scene) -> None:
    made = planned(history)
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v8", "v5"),
        ("Digest", "b" * 12, "a" * 12),
        ("Revision", "api:8", "a copy of api:5"),
    ]
    assert made.strategy == "ecs"
    assert made.facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}
    assert made.facts["to_definition"] == made.facts["copy_of"] == "arn:aws:ecs:r:1:task-definition/api:5"
    assert made.facts["from_definition"] == "arn:aws:ecs:r:1:task-definition/api:8"
    assert check(made, "digest") == (CheckStatus.PASSED, "pinned to what ran")
    assert not made.blocking


def test_it_says_why_this_one(history: Scene) -> None:
    assert planned(history).details[0] == (
        "Chosen: the newest that nothing speaks against: it ran for 10 days and nobody went back from it; "
        "no alarm went off in its first minutes"
    )


def test_alarms_that_nobody_may_read_are_said_to_be_unknown(history: Scene) -> None:
    history.metrics.failures.add("went_red", UpstreamError("AWS refused cloudwatch:DescribeAlarmHistory."))
    assert planned(history).details[0].endswith("whether alarms went off is not known")


def test_the_card_warns_of_migrations_and_of_the_circuit_breaker(history: Scene) -> None:
    details = planned(history).details
    assert "If the newer version migrated a database, going back does not undo that." in details
    assert "If it fails, ECS returns to api:8, which you are leaving." in details


def test_a_revision_that_is_pinned_and_active_is_used_as_it_stands(scene: Scene) -> None:
    five = ran(scene, 5, OLD, 12, image=f"{REPOSITORY}@{OLD}")
    run_now(scene, ran(scene, 8, NEW, 1))
    made = planned(scene)
    assert made.facts["stands"]
    assert made.facts["to_definition"] == five
    assert [effect.name for effect in rollback.strategies["ecs"].effects(made)] == ["update"]


def test_an_inactive_revision_is_registered_again(scene: Scene) -> None:
    five = ran(scene, 5, OLD, 12, image=f"{REPOSITORY}@{OLD}")
    scene.ecs.definitions[five] = replace(scene.ecs.definitions[five], status="INACTIVE")
    run_now(scene, ran(scene, 8, NEW, 1))
    made = planned(scene)
    assert not made.facts["stands"]
    assert made.facts["saved"] is None
    assert [effect.name for effect in rollback.strategies["ecs"].effects(made)] == ["register", "update"]


def test_a_revision_that_aws_has_forgotten_is_made_again_from_the_ledger(history: Scene) -> None:
    five = history.ecs.definitions.pop("arn:aws:ecs:r:1:task-definition/api:5")
    made = {"task_definition": five.arn, "definition": five.raw, "tags": {images.VERSION_TAG: "v5"}}
    past = a_past(history.api.key, results={"register": made}, good=True)
    plan_made = planned(history, "", past)
    assert plan_made.facts["saved"] == {"definition": five.raw, "tags": {images.VERSION_TAG: "v5"}}
    assert [each.after for each in plan_made.changes] == ["v5", "a" * 12, "a copy of api:5"]


def test_a_forgotten_revision_that_nobody_kept_is_passed_over(history: Scene) -> None:
    ran(history, 4, "sha256:" + "4" * 64, 30)
    del history.ecs.definitions["arn:aws:ecs:r:1:task-definition/api:5"]
    history.ecs.records.sort(key=lambda each: -each.created_at)
    assert planned(history).facts["version"] == "v4"


def test_the_choice_of_a_person_goes_before_ours(history: Scene) -> None:
    ran(history, 4, "sha256:" + "4" * 64, 30)
    history.ecs.records.sort(key=lambda each: -each.created_at)
    made = planned(history)
    assert [each.text for each in made.choices] == ["rollback bi/api production to 4"]
    assert planned(history, "4").facts["version"] == "v4"
    assert planned(history, "api:4").facts["version"] == "v4"
    assert planned(history, "v4").facts["version"] == "v4"
    assert planned(history, "sha256:4444").facts["version"] == "v4"
    assert planned(history, "previous").facts["version"] == "v5"


def test_a_revision_that_never_ran_here_can_be_named_and_is_warned_of(history: Scene) -> None:
    define(history, 7, f"{REPOSITORY}@{OLD}")
    made = planned(history, "7")
    assert made.details[0] == "Chosen: you named it; it is not known to have run in this service"
    assert made.warnings == ("It never proved itself: it did not run for ten minutes that I know of.",)


def test_a_revision_of_another_service_of_the_family_is_not_chosen(scene: Scene) -> None:
    """Two services share the family: the other one's newer revisions are no candidates of this one's."""
    ran(scene, 3, OLD, 20)
    define(scene, 6, f"{REPOSITORY}:v6")
    run_now(scene, ran(scene, 8, NEW, 1))
    assert planned(scene).facts["version"] == "v3"


@pytest.mark.parametrize("to", ["8", "api:8"])
def test_what_runs_already_is_no_way_back(history: Scene, to: str) -> None:
    with pytest.raises(ConflictError, match="runs api:8 already"):
        planned(history, to)


def test_a_name_that_fits_nothing_is_answered_with_what_there_is(history: Scene) -> None:
    with pytest.raises(NotFoundError, match=r"no v99 that ran .* Pick one yourself, .*: api:5 \(it ran for 10 days"):
        planned(history, "v99")


def test_a_tag_that_moved_is_pinned_to_the_digest_that_ran(history: Scene) -> None:
    history.ecs.add_image(REPOSITORY, "sha256:" + "f" * 64, "v5")
    assert planned(history).facts["images"] == {"app": f"{REPOSITORY}@{OLD}"}


def test_a_revision_that_says_latest_is_blocked_when_nobody_knows_what_ran(history: Scene) -> None:
    define(history, 7, f"{REPOSITORY}:latest")
    history.ecs.add_image(REPOSITORY, NEW, "latest")
    status, detail = check(planned(history, "7"), "digest")
    assert status is CheckStatus.BLOCKING
    assert "whatever the tag names now" in detail
    define(history, 7, f"{REPOSITORY}:v7")
    assert check(planned(history, "7"), "digest")[0] is CheckStatus.WARNED


def test_an_image_that_was_deleted_blocks(history: Scene) -> None:
    del history.ecs.images[f"{REPOSITORY}@{OLD}"]
    status, detail = check(planned(history), "image")
    assert status is CheckStatus.BLOCKING
    assert detail.endswith("Tasks of api:5 could not start.")


def test_a_rollback_by_ecs_that_has_already_happened_is_told(scene: Scene) -> None:
    ran(scene, 4, "sha256:" + "4" * 64, 30)
    five = ran(scene, 5, OLD, 12)
    ran(scene, 6, NEW, 1, "ROLLBACK_SUCCESSFUL", back=a_revision(five, OLD))
    run_now(scene, five)
    made = planned(scene)
    assert made.facts["version"] == "v4"
    assert made.warnings[0].startswith("ECS has already gone back from api:6")


def test_surroundings_that_a_rollback_does_not_restore_are_named(scene: Scene) -> None:
    ran(scene, 5, OLD, 12, surroundings={"network": "a", "load balancer": "x"})
    run_now(scene, ran(scene, 8, NEW, 1, surroundings={"network": "b", "load balancer": "x"}))
    assert planned(scene).warnings == ("Network of the service is different now, and going back does not restore it.",)


def test_a_blue_green_service_does_not_flip_back_at_once(history: Scene) -> None:
    service = history.ecs.live[history.api.key]
    history.ecs.live[history.api.key] = replace(service, strategy="BLUE_GREEN")
    assert any("new blue/green deployment" in line for line in planned(history).details)


def test_when_everything_is_bad_people_choose(scene: Scene) -> None:
    one, two = ran(scene, 1, OLD, 40), ran(scene, 2, NEW, 30)
    for number, days in ((1, 20), (2, 10)):
        again = {1: one, 2: two}[number]
        scene.ecs.records.insert(
            0, a_record(again, at=NOON - days * DAY, target=a_revision(again, OLD if number == 1 else NEW))
        )
    run_now(scene, two)
    with pytest.raises(ConflictError, match=r"I know to be good\. Pick one yourself.* api:1 \(somebody went back"):
        planned(scene)
    made = planned(scene, "1")
    assert made.warnings[0] == "It is known to be bad: somebody went back from it."


def test_a_service_older_than_the_history_goes_back_by_the_ledger(scene: Scene) -> None:
    """ECS keeps its records for ninety days; what the bot saw prove good it keeps for longer."""
    six = define(scene, 6, f"{REPOSITORY}@{OLD}", **{images.VERSION_TAG: "v1"})
    made = {"task_definition": six.arn, "definition": six.raw}
    past = a_past(scene.api.key, results={"register": made}, good=True, started_at=NOON - 200 * DAY)
    plan_made = planned(scene, "", past)
    assert (plan_made.facts["version"], plan_made.facts["stands"]) == ("v1", True)


def test_without_any_history_revisions_are_offered_and_none_is_chosen(scene: Scene) -> None:
    define(scene, 6, f"{REPOSITORY}:v6")
    define(scene, 4, f"{REPOSITORY}:v4")
    with pytest.raises(ConflictError, match=r"Pick one yourself.*: api:6 \(nobody saw it prove itself\); api:4"):
        planned(scene)


def test_who_may_not_read_the_history_is_told_and_has_the_ledger(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", DENIED)
    with pytest.raises(ConflictError, match="ECS's own history could not be read: AWS refused"):
        planned(scene)
    six = define(scene, 6, f"{REPOSITORY}@{OLD}")
    scene.ecs.failures.add("service_deployments", DENIED)
    made = planned(scene, "", a_past(scene.api.key, results={"register": {"task_definition": six.arn}}, good=True))
    assert made.facts["to_definition"] == six.arn
    assert made.warnings[0].startswith("ECS's own history could not be read")


def test_a_history_that_is_late_is_asked_for_again_rather_than_guessed_at(scene: Scene) -> None:
    scene.ecs.failures.add("service_deployments", TimeoutError())
    with pytest.raises(UpstreamError, match="did not answer in time"):
        planned(scene)


def test_what_a_person_rolled_back_from_is_not_gone_back_to(scene: Scene) -> None:
    ran(scene, 4, "sha256:" + "4" * 64, 30)
    five = ran(scene, 5, OLD, 12)
    run_now(scene, ran(scene, 8, NEW, 1))
    past = a_past(scene.api.key, command="rollback", facts={"from_definition": five})
    assert planned(scene, "", past).facts["version"] == "v4"


def test_the_plan_is_stale_when_another_version_became_the_best(history: Scene) -> None:
    seen = planned(history)
    assert planned(history).fingerprint() == seen.fingerprint()
    history.ecs.records[-1] = replace(history.ecs.records[-1], status="ROLLBACK_FAILED")
    ran(history, 4, "sha256:" + "4" * 64, 30)
    assert planned(history).fingerprint() != seen.fingerprint()


def in_flight(scene: Scene, status: str = "IN_PROGRESS", **more: Any) -> ServiceDeployment:
    """Revision 9 is being rolled out over 7."""
    nine = define(scene, 9, f"{REPOSITORY}:v9")
    seven = "arn:aws:ecs:r:1:task-definition/api:7"
    record = a_record(nine.arn, status, at=NOON - 40, sources=(a_revision(seven, OLD),), **more)
    scene.ecs.records.insert(0, record)
    coming = a_deployment(nine.arn, rollout_state="IN_PROGRESS", running=0, created_at=NOON - 40)
    scene.ecs.live[scene.api.key] = a_service("api", coming, a_deployment(seven, status="ACTIVE"))
    return record


@pytest.mark.parametrize("to", ["", "previous"])
def test_what_is_under_way_is_stopped_and_goes_back_to_where_it_came_from(scene: Scene, to: str) -> None:
    record = in_flight(scene)
    made = planned(scene, to)
    assert made.strategy == "ecs_stop"
    assert [(each.what, each.before, each.after) for each in made.changes] == [
        ("Version", "v9", "v1"),
        ("Deployment", "rolling out", "stopped and rolled back"),
        ("Revision", "api:9", "api:7"),
    ]
    assert made.facts["deployment"] == record.arn
    assert made.facts["from_definition"] == record.task_definition
    assert made.details[1] == "Under way: v9, shipped by role ci (build-7), for 40 s"


def test_what_is_going_back_already_is_only_watched(scene: Scene) -> None:
    in_flight(scene, "ROLLBACK_IN_PROGRESS")
    (_, deployment, _) = planned(scene).changes
    assert (deployment.before, deployment.after) == ("ECS is going back already", "watched until it is back")


def test_a_first_deployment_has_nothing_to_go_back_to(scene: Scene) -> None:
    record = in_flight(scene)
    scene.ecs.records = [replace(record, sources=())]
    with pytest.raises(ConflictError, match="api:9 is the first deployment"):
        planned(scene)


def test_a_named_version_supersedes_what_is_under_way(history: Scene) -> None:
    in_flight(history)
    made = planned(history, "5")
    assert made.strategy == "ecs"
    assert check(made, "deployments in flight")[0] is CheckStatus.WARNED


def test_who_may_not_list_the_history_can_still_stop_what_is_under_way(scene: Scene) -> None:
    record = in_flight(scene)
    service = scene.ecs.live[scene.api.key]
    scene.ecs.live[scene.api.key] = replace(service, current_deployment=record.arn)
    scene.ecs.failures.add("service_deployments", DENIED)
    assert planned(scene).strategy == "ecs_stop"


def test_earlier_versions_are_offered_for_the_form(history: Scene) -> None:
    assert [(each.label, each.word) for each in earlier(history.api, history.world)] == [
        ("What ran before", "previous"),
        ("v5 (api:5), ran 10 days", "5"),
    ]


@pytest.mark.parametrize(("service", "said"), [("jobs", "is a Lambda function"), ("web", "is a static site")])
def test_what_cannot_be_rolled_back_yet_is_said_in_a_sentence(scene: Scene, service: str, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        target(RollbackArgs(service=service, environment="production"), scene.catalog)
