"""``kill -9`` before and after every effect on Lambda, sites, CodeDeploy, builds and freezes: each happens once."""

from __future__ import annotations

import pytest

from sandbox.seed.catalogue import SITES, TOKYO, service_of
from tests.chaos import counts
from tests.chaos.drill import Drill
from tests.chaos.people import ARBOR, CHANNELS, PHOTO, ask, place, settled

pytestmark = pytest.mark.story

DATABASE_LOG = "/aws/rds/instance/arbor-production-db/postgresql"
BI = service_of("bi", "api")
WEB = next(site for site in SITES if site.title == "RapidPhoto")
TOLD = {"card": 1, "outcome": 1}
SHIPPED = {"registrations": 1, "updates": 1, **TOLD, "soak": 1}


def test_a_lambda_deployment_with_a_canary_and_its_rollback_happen_once(drill: Drill) -> None:
    drill.order_twice("update_code", "publish", "move_alias 10%", "move_alias 50%", "move_alias 100%")
    deployment = ask(drill, CHANNELS[PHOTO], "/deploy photo/image-processor production v1.2.0")
    settled(deployment, "soak")
    assert counts.told_lambda(deployment) == {"UpdateFunctionCode": 1, "PublishVersion": 1, "UpdateAlias": 3}
    assert counts.versions(deployment) == 1
    assert deployment.parts() == {**TOLD, "soak": 1}
    drill.order_twice("move_alias 100%")
    rollback = ask(drill, CHANNELS[PHOTO], "/rollback photo/image-processor production to 2")
    settled(rollback, "soak")
    assert counts.told_lambda(rollback) == {"UpdateFunctionCode": 0, "PublishVersion": 0, "UpdateAlias": 1}


def test_a_release_of_a_site_and_its_rollback_happen_once(drill: Drill) -> None:
    drill.order_twice("copy assets/*", "copy sw.js", "copy index.html", "invalidate")
    before = counts.objects(drill, WEB)
    deployment = ask(drill, CHANNELS[PHOTO], "/deploy photo/web production v1.5.0")
    settled(deployment, "soak")
    copied = counts.objects(drill, WEB) - before
    assert set(copied.values()) == {1}
    assert {"sw.js", "about.html", "index.html"} < set(copied)
    assert counts.invalidations(deployment, WEB) == 1
    drill.order_twice("copy index.html", "invalidate")
    before = counts.objects(drill, WEB)
    rollback = ask(drill, CHANNELS[PHOTO], "/rollback photo/web production")
    settled(rollback, "soak")
    assert set((counts.objects(drill, WEB) - before).values()) == {1}
    assert counts.invalidations(rollback, WEB) == 1


def test_a_deployment_by_codedeploy_that_somebody_lets_go_on_happens_once(drill: Drill) -> None:
    drill.order_twice("create", "proceed")
    asked = ask(drill, "#ops", "/deploy lab/checkout staging v1.5.0")
    settled(asked, "soak")
    assert counts.code_deployments(asked) == 1
    assert len(drill.calls("ecs:RegisterTaskDefinition", asked.since)) == 1
    assert len(drill.calls("codedeploy:ContinueDeployment", asked.since)) == 1
    parts = asked.parts()
    assert sum(times for part, times in parts.items() if part.startswith("answer")) == 1
    assert parts | {**TOLD, "soak": 1} == parts


def test_a_build_in_codebuild_and_its_deployment_happen_once(drill: Drill) -> None:
    drill.order_twice("start_build", "register", "update_service")
    asked = ask(drill, "#bi-platform", f"/deploy {place(BI)} v9.0.0")
    settled(asked, "soak")
    assert counts.builds(asked, "bi-api-build", TOKYO) == 1
    assert counts.shipped(asked, BI) == SHIPPED


def test_a_build_in_github_and_its_deployment_happen_once(drill: Drill) -> None:
    drill.order_twice("start_build", "update_service")
    asked = ask(drill, CHANNELS[PHOTO], f"/deploy {place(PHOTO)} v9.0.0")
    settled(asked, "soak")
    assert counts.runs(asked) == 1
    assert counts.shipped(asked, PHOTO) == SHIPPED


def test_a_freeze_holds_and_is_lifted_once(drill: Drill) -> None:
    drill.order_twice("hold freeze", "post hold:*:active:*", "post op:*:outcome")
    frozen = ask(drill, "#ops", "/freeze bi/staging 1h a drill")
    settled(frozen)
    drill.until(lambda: not drill.left(), "not every order was carried out")
    drill.order_twice("lift", "post hold:*:lifted:*")
    lifted = ask(drill, "#ops", "/unfreeze bi/staging")
    settled(lifted)
    drill.until(lambda: not drill.left(), "not every order was carried out")
    # The asker's own channel is told too, and may be told first.
    drill.until(lambda: len(_of_holds(drill)) == 2, "not all was told")
    assert _of_holds(drill) == {"active": 1, "lifted": 1}
    assert (frozen.parts(), lifted.parts()) == (TOLD, TOLD)


def _of_holds(drill: Drill) -> dict[str, int]:
    posted = drill.all_keys("#bi-platform")
    return {key.split(":")[2]: times for key, times in posted.items() if key.startswith("hold:")}


def test_an_export_of_two_log_groups_begins_a_task_for_each_once(drill: Drill) -> None:
    drill.order_twice("export /aws/*", "export /ecs/*", "post op:*:outcome")
    asked = ask(drill, CHANNELS[ARBOR], f"/logs {place(ARBOR)} export last 3h")
    settled(asked)
    assert counts.exports(asked) == {ARBOR.log_group: "COMPLETED", DATABASE_LOG: "COMPLETED"}
    assert len(drill.calls("logs:CreateExportTask", asked.since)) == 2
    assert asked.parts() == TOLD


def test_a_silence_that_holds_everywhere_begins_and_ends_once(drill: Drill) -> None:
    name = "bi-staging-api-error-rate"
    drill.order_twice("mute", "silence", "post silence:*:begun:*", "post op:*:outcome")
    silenced = ask(drill, "#ops", "/silence bi/api staging 1h everywhere a drill")
    settled(silenced)
    drill.until(lambda: not drill.left(), "not every order was carried out")
    assert _mutes(drill, name) == [f"runbook-bot-{silenced.id}"]
    cloudwatch = drill.stage.aws("cloudwatch", TOKYO)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    drill.order_twice("unsilence", "unmute", "post silence:*:over:*", "post inc:*:headline")
    lifted = ask(drill, "#ops", "/unsilence bi/api staging")
    settled(lifted)
    drill.until(lambda: not drill.left(), "not every order was carried out")
    # The asker's own channel is told too, and may be told first.
    drill.until(lambda: len(_of_silences(drill)) == 2, "not all was told")
    assert _of_silences(drill) == {"begun": 1, "over": 1}
    assert _mutes(drill, name) == []
    headlines = [key for key in drill.all_keys("#bi-platform") if key.endswith(":headline")]
    assert len(headlines) == 1
    assert (silenced.parts(), lifted.parts()) == (TOLD, TOLD)


def _mutes(drill: Drill, alarm: str) -> list[str]:
    found = drill.stage.aws("cloudwatch", TOKYO).list_alarm_mute_rules(AlarmName=alarm)["AlarmMuteRuleSummaries"]
    return [rule["AlarmMuteRuleArn"].rpartition(":")[2] for rule in found]


def _of_silences(drill: Drill) -> dict[str, int]:
    posted = drill.all_keys("#bi-platform")
    return {key.split(":")[2]: times for key, times in posted.items() if key.startswith("silence:")}


def test_without_the_look_ups_by_key_a_build_is_started_twice(drill: Drill) -> None:
    with drill.blind():
        drill.order("after", "start_build")
        asked = ask(drill, CHANNELS[PHOTO], f"/deploy {place(PHOTO)} v9.1.0")
        asked.agree()
        drill.until(asked.ended, "it did not end")
    assert counts.runs(asked) == 2


def test_without_the_look_ups_by_key_a_lambda_deployment_is_lost(drill: Drill) -> None:
    with drill.blind():
        drill.order("after", "update_code")
        asked = ask(drill, CHANNELS[PHOTO], "/deploy photo/image-processor production v1.0.0")
        asked.agree()
        assert drill.until(asked.ended, "it did not end") == "failed"
