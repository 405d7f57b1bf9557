"""Whatever comes in is stored before it is answered, as what it is, and nothing is dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import alerts.intake
from alerts.intake import accept_all
from bot.incident import Incident
from bot.intake.delivery import Delivery
from bot.intake.parse import MAX_RAW
from tests.fakes import texts
from tests.scene import Scene

SHAPES = Path(__file__).parents[1] / "bot" / "intake" / "shapes"
SERVICE = "arn:aws:ecs:eu-west-1:1:service/c/api"


def delivery(text: str, message_id: str, scene: Scene) -> Delivery:
    topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
    return Delivery(message_id, topic, scene.clock.now(), "subject", text, "sqs")


def take(scene: Scene, *texts_: str, first: int = 0) -> list[bool | Exception]:
    told = [delivery(text, f"m{number}", scene) for number, text in enumerate(texts_, start=first)]
    return accept_all(scene.store, told, "#ops", scene.clock.now())


def ecs(scene: Scene, kind: str, name: str, seconds: float = 0) -> str:
    at = datetime.fromtimestamp(scene.clock.now() + seconds, UTC).isoformat()
    detail = {"eventType": "ERROR" if name.endswith("FAILED") else "INFO", "eventName": name, "updatedAt": at}
    document = {"source": "aws.ecs", "detail-type": kind, "time": at, "resources": [SERVICE], "detail": detail}
    return json.dumps(document)


def test_alarms_prose_and_rubbish_come_in_together_each_as_what_it_is(scene: Scene) -> None:
    shapes = [path.read_text(encoding="utf-8") for path in sorted(SHAPES.iterdir())]
    everything = [*shapes, "", "\ud800", "{" * 5_000, "<!channel> *hello*"]
    assert take(scene, *everything) == [True] * len(everything)
    assert take(scene, *everything) == [False] * len(everything)
    notices = [row for row in scene.store.rows("post") if row.key.startswith("notice:")]
    told = [signal for row in scene.store.rows("alarm") for signal in scene.store.pending(row.id)]
    assert "api-cpu-high" in {signal.payload["alarm"]["name"] for signal in told}
    assert len(notices) + len(told) == len(everything)


def test_a_text_on_which_reading_fails_is_shown_as_it_came(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*told: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(alerts.intake, "alarms_from", broken)
    assert take(scene, "what it said <!here>") == [True]
    scene.run(3)
    (shown,) = scene.chat.posts
    assert "what it said &lt;!here&gt;" in texts(shown.message)


def test_a_store_that_is_down_loses_nothing(scene: Scene) -> None:
    text = (SHAPES / "metric.json").read_text(encoding="utf-8")
    scene.store.close()
    with pytest.raises(Exception, match="closed database"):
        take(scene, text)


def test_a_failed_deployment_opens_the_incident_of_its_service_and_steady_state_ends_it(scene: Scene) -> None:
    failed = ecs(scene, "ECS Deployment State Change", "SERVICE_DEPLOYMENT_FAILED")
    assert take(scene, failed) == [True]
    scene.run(3)
    (row,) = scene.incidents()
    incident = Incident.model_validate(row.body)
    assert (incident.target, incident.alarm.source) == ("bi/production/api", "ecs")
    assert "ECS deployment failed: api" in scene.headline().message.text
    scene.clock.advance(60)
    steady = ecs(scene, "ECS Service Action", "SERVICE_STEADY_STATE")
    assert take(scene, steady, first=1) == [True]
    assert take(scene, steady, first=1) == [False]
    scene.run(3)
    (row,) = scene.incidents()
    assert row.state == "recovered"


def test_a_service_that_was_well_all_the_time_opens_nothing(scene: Scene) -> None:
    assert take(scene, ecs(scene, "ECS Service Action", "SERVICE_STEADY_STATE")) == [True]
    scene.run(3)
    assert scene.incidents() == [] and scene.chat.posts == []


SECRET = "hunter" + "2" * 20
"""Whatever stands behind ``password=`` is one."""


def everything_stored(scene: Scene) -> str:
    """The bodies of all rows an alarm leads to, and what is told to them."""
    rows = [row.body for kind in ("alarm", "incident", "post", "triage", "page") for row in scene.store.rows(kind)]
    told = [signal.payload for row in scene.store.rows("alarm") for signal in scene.store.pending(row.id)]
    return json.dumps([rows, told])


def test_no_secret_of_an_alarm_is_stored_and_the_rest_of_its_words_is(scene: Scene) -> None:
    document = json.loads((SHAPES / "metric.json").read_text(encoding="utf-8"))
    document["NewStateReason"] = f"Threshold Crossed: password={SECRET} was seen"
    document["AlarmDescription"] = f"Call api?token={SECRET} first"
    assert take(scene, json.dumps(document)) == [True]
    assert SECRET not in everything_stored(scene)
    scene.run(3)
    stored = everything_stored(scene)
    assert SECRET not in stored
    assert "Threshold Crossed: password=[redacted] was seen" in stored and "Call api?token=[redacted] first" in stored


def test_no_secret_of_a_text_that_is_no_alarm_is_stored(scene: Scene) -> None:
    assert take(scene, f"password={SECRET}", f"first line\nsecret: {SECRET}\nlast line") == [True, True]
    stored = everything_stored(scene)
    assert SECRET not in stored
    assert "first line" in stored and "last line" in stored


def test_a_secret_on_which_a_text_is_cut_is_not_kept_in_part(scene: Scene) -> None:
    token = "xo" + "xb-" + "7" * 40
    assert take(scene, "." * (MAX_RAW - 6) + token) == [True]
    stored = everything_stored(scene)
    assert "xoxb" not in stored and "." * 100 in stored
