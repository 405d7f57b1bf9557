"""What tests of silences do: begin one, let time pass, and see what was said of it."""

from __future__ import annotations

from typing import Any

from bot.errors import UpstreamError
from bot.incident import Incident
from bot.rows import Row
from bot.silence import Silence
from tests.fakes import texts
from tests.scene import ALICE, Scene

HOUR = 3600.0
API, JOBS = "bi/production/api", "bi/production/jobs"
ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:"
AWAY = UpstreamError("AWS did not answer.", retryable=True)


def hush(scene: Scene, name: str = "s1", place: str = API, seconds: float = HOUR, **changes: Any) -> Silence:
    now = scene.clock.now()
    values: dict[str, Any] = {"name": "bi/api production", "places": (place,) if place else (), "reason": "load test"}
    values |= {"since": now, "until": now + seconds, "by": ALICE, "channel": "C0OPS"}
    silence = Silence.model_validate({"id": name, **values, **changes})
    scene.silences.add(silence)
    scene.run()
    return silence


def row(scene: Scene, name: str = "s1") -> Row:
    found = scene.store.by_key("silence", name)
    assert found is not None
    return found


def wait(scene: Scene, seconds: float) -> None:
    """Let a long time pass at once."""
    scene.clock.advance(seconds)
    scene.run(3)


def posted(scene: Scene, mark: str, name: str = "s1") -> dict[str, str]:
    """What was said in which channel, by the mark of its key."""
    found = [shown for shown in scene.chat.posts if shown.key.startswith(f"silence:{name}:{mark}:")]
    return {shown.channel: texts(shown.message) for shown in found}


def only(scene: Scene) -> Incident:
    (found,) = scene.incidents()
    return Incident.model_validate(found.body)
