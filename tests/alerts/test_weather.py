"""Bad weather around an incident: steps that hang, hostile words everywhere, secrets, Slack that says "not so fast"."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.auditor import complaints
from alerts.intake import accept_all
from bot.cloud import LogLine
from bot.domain import AlarmMetric
from bot.errors import UpstreamError
from bot.incident import Incident, Phase
from bot.intake.delivery import Delivery
from bot.parallel import Parallel
from bot.rows import Signal
from tests.bot.views.limits import check
from tests.fakes import texts
from tests.scene import ALICE, BOB, Scene

SECRET = "hunter2" * 2
HOSTILE = (
    "<!channel> <!here> <@U0VICTIM> <!subteam^S0ONCALL> `` ``` ```` *bold* ~gone~ \x1b[31mred\x1b[0m \u202e "
    f"&lt;!channel&gt; <https://evil.example.com|click> password={SECRET} \x00 " + "x" * 3000
)
OURS = frozenset({ALICE, BOB})


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Scene, threading.Event]]:
    """A scene whose steps run in real threads, and what ends those that hang."""
    gather, go_on = Parallel(threads=8), threading.Event()
    made = Scene(tmp_path, {"timings": {"findings_deadline": "2s"}}, gather=gather)
    yield made, go_on
    go_on.set()
    gather.close()
    made.close()


def in_storage(folder: Path, word: str) -> list[str]:
    """Where in the store a word stands: kinds of rows, and signals by name."""
    look = sqlite3.connect(folder / "bot.db")
    rows = look.execute("SELECT kind FROM rows WHERE instr(body, ?) OR instr(key, ?)", (word, word)).fetchall()
    told = look.execute("SELECT name FROM signals WHERE instr(payload, ?)", (word,)).fetchall()
    look.close()
    return [f"row {kind}" for (kind,) in rows] + [f"signal {name}" for (name,) in told]


def everything_said(scene: Scene) -> list[Any]:
    shown = [each for post in scene.chat.posts for each in (post.message, *post.before)]
    return [*shown, *(whisper.message for whisper in scene.chat.whispers)]


# steps


def test_a_step_that_hangs_holds_up_no_other_and_its_late_answer_changes_nothing(
    slow: tuple[Scene, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, go_on = slow
    monkeypatch.setattr(scene.ecs, "stopped_tasks", lambda *given, **more: go_on.wait(30) and ())
    scene.alarm("ALARM", "m1", name="api-down")
    scene.run(3)
    (row,) = scene.incidents()
    said = texts(scene.chat.by_key(f"inc:{row.id}:findings").message)
    assert "*Stopped tasks* could not be looked at: no answer within" in said
    assert "2 of 2 tasks run" in said
    assert [action for action, _ in scene.pager.heard] == ["trigger"]
    scene.press_incident("acknowledge", ALICE)
    scene.run(3)
    go_on.set()
    scene.run(5)
    assert texts(scene.chat.by_key(f"inc:{row.id}:findings").message) == said
    assert f"<@{ALICE}> has it" in texts(scene.headline().message)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), RecursionError("x"), MemoryError(), UnicodeDecodeError("a", b"", 0, 1, "x")]
)
def test_whatever_a_step_raises_the_thread_has_the_others(scene: Scene, error: Exception) -> None:
    scene.ecs.failures.add("stopped_tasks", error)
    scene.alarm("ALARM", "m1", name="api-down")
    scene.run(3)
    said = texts(scene.thread()[0])
    assert "the step itself failed; it is in the bot's log" in said
    assert "2 of 2 tasks run" in said


def test_a_step_that_returns_megabytes_keeps_row_and_thread_small(scene: Scene) -> None:
    now = scene.clock.now()
    scene.logs.lines["/ecs/api"] = [
        LogLine(at=now - number / 100, message=f"ERROR {number} " + HOSTILE * 3, stream=f"s{number}")
        for number in range(500)
    ]
    scene.alarm("ALARM", "m1", name="api-down")
    scene.run(5)
    (row,) = scene.incidents()
    assert len(str(row.body)) < 60_000
    for message in everything_said(scene):
        check(message, mentions=OURS)
    assert in_storage(scene.folder, SECRET) == []


# words


def hostile_life(scene: Scene) -> None:
    """An incident in which everybody writes the worst, from its opening to its end."""
    scene.logs.lines["/ecs/api"] = [LogLine(at=scene.clock.now() - 5, message=f"ERROR {HOSTILE}", stream=HOSTILE[:50])]
    metric = AlarmMetric(namespace=HOSTILE[:200], name=HOSTILE[:200], dimensions={"ServiceName": HOSTILE[:200]})
    worst: dict[str, Any] = {
        "reason": HOSTILE,
        "description": HOSTILE,
        "topic": HOSTILE[:200],
        "contributor": HOSTILE[:300],
    }
    scene.alarm("ALARM", "m1", name="api-down", metric=metric, **worst)
    scene.run(5)
    scene.alarm(
        "ALARM", "m2", name=HOSTILE[:255], arn="arn:aws:cloudwatch:eu-west-1:1:alarm:api-errors", reason=HOSTILE
    )
    scene.run(5)
    (row,) = [each for each in scene.incidents() if each.body["target"]]

    def say(name: str, **payload: Any) -> None:
        scene.engine.signal(row.id, Signal(name, payload, key=f"{name}:{payload}"))
        scene.run(3)

    agent = {"who": HOSTILE[:300], "by": "user", "at": scene.clock.now(), "to": [HOSTILE[:300]], "level": 1, "note": ""}
    say("pagerduty", event="acknowledged", **agent)
    say("pagerduty", event="reassigned", **agent)
    say("acknowledge", user=BOB)
    say("pagerduty", event="unacknowledged", **agent)
    for name, value in (("hand_over", "to"), ("split", "alarm"), ("merge", "into"), ("note", "text")):
        say(name, user=ALICE, **{value: HOSTILE})
    say("escalate", user=ALICE)
    say("acknowledge", user=HOSTILE)
    scene.clock.advance(3600)
    scene.run(3)
    scene.pager.failures.add("acknowledge", UpstreamError(HOSTILE))
    say("take_over", user=BOB)
    say("pagerduty", event="resolved", **agent)
    assert scene.store.get(row.id).state == Phase.RESOLVED  # type: ignore[union-attr]


def test_hostile_words_ping_nobody_and_break_nothing_from_the_opening_to_the_end(scene: Scene) -> None:
    hostile_life(scene)
    said = everything_said(scene)
    assert len(said) > 20
    for message in said:
        check(message, mentions=OURS)


def test_a_mention_in_the_thread_with_hostile_words_is_answered_without_a_ping(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-down")
    scene.run(5)
    for text in (f"note {HOSTILE}", f"split {HOSTILE}", f"merge {HOSTILE}"):
        scene.say(text)
    scene.run(3)
    assert len(scene.chat.whispers) == 3
    for message in everything_said(scene):
        check(message, mentions=OURS)


def test_no_secret_of_an_alarm_a_log_a_note_or_a_text_is_stored(scene: Scene) -> None:
    bad = f"login failed with password={SECRET} again"
    scene.logs.lines["/ecs/api"] = [LogLine(at=scene.clock.now() - 5, message=f"ERROR {bad}", stream="s")]
    scene.alarm("ALARM", "m1", name="api-down", reason=bad, description=bad)
    scene.run(5)
    for word in ("note", "split", "merge"):
        scene.say(f"{word} {bad}")
    prose = Delivery(text=bad, subject=bad, topic="arn:t", message_id="q", received_at=scene.clock.now(), via="sqs")
    accept_all(scene.store, [prose], "#ops", scene.clock.now())
    scene.run(3)
    (row,) = scene.incidents()
    assert "[redacted]" in Incident.model_validate(row.body).alarm.reason
    assert in_storage(scene.folder, SECRET) == []
    assert in_storage(scene.folder, "[redacted]")
    scene.press_incident("resolve", ALICE)
    scene.run(3)
    assert in_storage(scene.folder, SECRET) == []


# Slack says "not so fast"


def limited(scene: Scene, seconds: float) -> Callable[..., Any]:
    """chat.postMessage and chat.update answer 429 with Retry-After until then, and count what comes all the same."""
    over, post, update = scene.clock.now() + seconds, scene.chat.post, scene.chat.update
    counted: Counter[str] = Counter()

    def refusing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def answered(*args: Any, **kwargs: Any) -> Any:
            if scene.clock.now() < over:
                counted[name] += 1
                raise UpstreamError("Slack: ratelimited", retryable=True, retry_after=10.0, code="ratelimited")
            return call(*args, **kwargs)

        return answered

    scene.chat.post = refusing("post", post)  # type: ignore[method-assign]
    scene.chat.update = refusing("update", update)  # type: ignore[method-assign]
    return counted.total


def test_a_minute_of_429_in_a_storm_loses_and_doubles_nothing_and_pages_all_the_same(scene: Scene) -> None:
    names = [f"nobodys-{number}" for number in range(12)]

    def fire(chosen: list[str]) -> None:
        for name in chosen:
            region = f"r-{name}"
            scene.alarm("ALARM", name, name=name, arn=f"arn:aws:cloudwatch:{region}:1:alarm:{name}", region=region)

    fire(names[:6])
    scene.alarm("ALARM", "m1", name="api-down")
    scene.run(1)
    asked = limited(scene, 60)
    fire(names[6:])
    scene.alarm("ALARM", "m2", name="jobs-errors")
    scene.run(30)
    # Whoever is on call has been called, though Slack took nothing.
    assert [action for action, _ in scene.pager.heard] == ["trigger"]
    (row,) = [each for each in scene.incidents() if each.body["alarm"]["name"] == "api-down"]
    scene.engine.signal(row.id, Signal("acknowledge", {"user": BOB}, key="mine"))
    scene.run(120)
    assert scene.store.rows("post", states=("owed", "given_up"), limit=1000) == []
    posted = Counter(shown.key for shown in scene.chat.posts)
    assert {key: times for key, times in posted.items() if times > 1} == {}
    headlines = [key for key in posted if key.endswith(":headline")]
    assert len(headlines) == len(scene.incidents()) == 13
    assert all(f"{key.removesuffix('headline')}findings" in posted for key in headlines)
    assert scene.chat.finds == []
    # Nothing hammers at a door that has said when it opens.
    assert asked() < 150
    assert complaints(scene.store, scene.clock.now()) == []
