"""A silence whose alarms CloudWatch mutes takes its mute rule back when it ends."""

from __future__ import annotations

from alerts.standing import UNMUTING
from bot.domain import Account
from bot.errors import UpstreamError
from bot.silence import Silence
from tests.alerts.silenced_scene import AWAY, HOUR, hush, posted, row, wait
from tests.scene import BOB, Scene


def muted(scene: Scene) -> Silence:
    scene.mutes.rules["runbook-bot-s1"] = (("api-down",), 0.0, 0.0)
    return hush(scene, account=Account("eu-west-1"), muted=("api-down",))


def test_its_mute_rule_goes_when_it_ends(scene: Scene) -> None:
    muted(scene)
    wait(scene, HOUR)
    assert scene.mutes.rules == {}
    assert row(scene).state == "over"


def test_a_mute_rule_is_deleted_when_cloudwatch_is_back(scene: Scene) -> None:
    muted(scene)
    scene.mutes.failures.add("delete", AWAY, AWAY)
    scene.silences.end("s1", BOB)
    scene.run()
    assert row(scene).state == UNMUTING
    assert posted(scene, "over")
    scene.run(10)
    assert scene.mutes.rules == {}
    assert row(scene).state == "over"


def test_a_mute_rule_that_cannot_be_deleted_is_told(scene: Scene) -> None:
    muted(scene)
    scene.mutes.refusal = UpstreamError("AWS denied cloudwatch:DeleteAlarmMuteRule.")
    scene.silences.end("s1", BOB)
    scene.run(3)
    assert row(scene).state == "over"
    assert "The mute rule `runbook-bot-s1` could not be deleted: AWS denied" in posted(scene, "muted")["C0BI"]
