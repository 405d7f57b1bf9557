"""While a raised ceiling waits to be put back: autoscaling, restarts that ship no code by accident, and builds."""

from __future__ import annotations

import json

import pytest

from sandbox.seed.catalogue import service_of
from sandbox.seed.scaling import CAPTION_POLICY
from tests.stories.town import ALICE, BOB, Message, Town, labels, words

pytestmark = [pytest.mark.story, pytest.mark.pace(4)]

PHOTO, BI, CAPTION_CHANNEL = "#rapid-photo", "#bi-platform", "#image-caption"
CAPTION = service_of("caption", "app")
BACKEND = service_of("photo", "backend")
EXECUTOR = service_of("bi", "executor", "staging")
API = service_of("bi", "api")
STAGING_API = service_of("bi", "api", "staging")
RESOURCE = f"service/{BACKEND.cluster}/{BACKEND.service}"


@pytest.fixture(scope="module", autouse=True)
def raised(town: Town) -> Message:
    """A ceiling that was raised for a minute while the other stories are told."""
    refused = town.plan(ALICE, PHOTO, "/scale photo/backend prod 8")
    said = words(refused)
    assert ":no_entry: *autoscaling bounds*: 8 is above the ceiling of 6: autoscaling would undo it" in said
    assert labels(refused) == ["Cancel", "Raise the ceiling for 2h", "Pin 8 for 2h", "Suspend autoscaling for 2h"]
    town.press(ALICE, PHOTO, refused["ts"], "Cancel")
    card = town.confirmed(ALICE, PHOTO, "/scale photo/backend prod 8 raise 1m")
    said = words(card)
    assert "`2 to 6` → `2 to 8 for 1 min`" in said
    assert "After 1 min I put back 2 to 6, if nobody changed it since." in said
    assert town.ended(PHOTO, card["ts"]) == "settled"
    assert _bounds(town) == (2, 8)
    return card


def test_a_number_that_autoscaling_undoes_is_told(town: Town) -> None:
    # Captions are idle, so the policy would take the number back at its next minute: here the floor must be what does.
    cloudwatch = town.aws("cloudwatch", CAPTION.region)
    resource = f"service/{CAPTION.cluster}/{CAPTION.service}"
    made = cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-{resource}-")["MetricAlarms"]
    follows = [alarm["AlarmName"] for alarm in made]
    assert len(follows) == 2
    cloudwatch.disable_alarm_actions(AlarmNames=follows)
    town.speed(1)
    card = town.confirmed(BOB, CAPTION_CHANNEL, "/scale caption prod 4")
    assert f"Autoscaling may move it again: {CAPTION_POLICY} keeps CPU at 60 %." in words(card)
    town.says(CAPTION_CHANNEL, card["ts"], "Starting tasks")
    where = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    scaling = town.aws("application-autoscaling", CAPTION.region)
    scaling.register_scalable_target(**where, ResourceId=resource, MinCapacity=6, MaxCapacity=10)
    assert town.ended(CAPTION_CHANNEL, card["ts"]) == "failed"
    assert "Something moved the number to 6: minimum capacity was set to 6" in words(
        town.message(CAPTION_CHANNEL, card["ts"])
    )
    scaling.register_scalable_target(**where, ResourceId=resource, MinCapacity=2, MaxCapacity=10)
    cloudwatch.enable_alarm_actions(AlarmNames=follows)


def test_a_restart_is_no_deployment_of_what_the_tag_means_by_now(town: Town) -> None:
    ecr = town.aws("ecr", EXECUTOR.region)
    tag = EXECUTOR.running
    asked = {"repositoryName": EXECUTOR.repository, "imageIds": [{"imageTag": tag}]}
    ran = ecr.describe_images(**asked)["imageDetails"][0]["imageDigest"]
    kept = ecr.batch_get_image(**asked)["images"][0]["imageManifest"]
    other = json.loads(kept) | {"annotations": {"built": "again"}}
    ecr.put_image(repositoryName=EXECUTOR.repository, imageTag=tag, imageManifest=json.dumps(other))
    moved = ecr.describe_images(**asked)["imageDetails"][0]["imageDigest"]
    assert moved != ran

    card = town.plan(ALICE, BI, "/restart bi/executor staging")
    said = words(card)
    assert f":warning: *same code*: {tag} means another image by now" in said
    assert f"a copy of {town.runs(EXECUTOR)}, pinned to what runs" in said
    assert f"Deploy what {tag} means now" in labels(card)
    town.press(ALICE, BI, card["ts"], "Confirm")
    assert town.ended(BI, card["ts"]) == "settled"
    found = town.aws("ecs", EXECUTOR.region).describe_task_definition(taskDefinition=town.runs(EXECUTOR))
    assert found["taskDefinition"]["containerDefinitions"][0]["image"].endswith(f"@{ran}")


def test_one_task_is_restarted_alone(town: Town) -> None:
    ecs = town.aws("ecs", API.region)
    before = set(ecs.list_tasks(cluster=API.cluster, serviceName=API.service)["taskArns"])
    task = min(before)
    card = town.confirmed(ALICE, BI, f"/restart bi/api production task {task.rpartition('/')[2][:8]}")
    said = words(card)
    assert f"Task {task.rpartition('/')[2][:8]}" in said
    assert "outage: 2 other tasks go on" in said
    assert town.ended(BI, card["ts"]) == "settled"
    after = set(ecs.list_tasks(cluster=API.cluster, serviceName=API.service)["taskArns"])
    assert before - after == {task}
    assert len(after) == API.desired


def test_a_version_that_does_not_exist_is_built_and_then_deployed(town: Town) -> None:
    mark = town.mark()
    card = town.confirmed(ALICE, BI, "/deploy bi/api staging v2.0.0")
    assert "bi-api-build" in words(card)
    town.says(BI, card["ts"], "CodeBuild")
    assert town.ended(BI, card["ts"]) == "settled"
    assert "answers 200 v2.0.0" in words(town.message(BI, card["ts"]))
    assert len(town.calls("codebuild:StartBuild", mark)) == 1
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    town.told(BI, card["ts"], "counted as good")


def test_a_build_that_fails_deploys_nothing(town: Town) -> None:
    runs, mark = town.runs(STAGING_API), town.mark()
    card = town.confirmed(ALICE, BI, "/deploy bi/api staging v2.0.1-nobuild")
    assert town.ended(BI, card["ts"]) == "failed"
    said = words(town.message(BI, card["ts"]))
    assert "BUILD" in said
    assert town.runs(STAGING_API) == runs
    assert town.calls("ecs:UpdateService", mark) == town.calls("ecs:RegisterTaskDefinition", mark) == []


def test_what_was_raised_is_put_back_as_it_was_found(town: Town, raised: Message) -> None:
    def put_back() -> list[Message]:
        return town.shown(PHOTO, "Put the autoscaling of", raised["ts"])

    back = town.until("the bounds to be put back", put_back, seconds=90)[0]
    assert town.ended(PHOTO, back["ts"]) == "settled"
    assert f"begun by the bot itself, for <@{ALICE}>" in words(town.message(PHOTO, back["ts"]))
    assert _bounds(town) == (2, 6)


def _bounds(town: Town) -> tuple[int, int]:
    scaling = town.aws("application-autoscaling", BACKEND.region)
    found = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[RESOURCE])["ScalableTargets"][0]
    return found["MinCapacity"], found["MaxCapacity"]
