"""Every kind of secret through ``/logs`` itself: none is shown, shared, kept in a file, stored or logged.

They are made here, at run time, so that the file itself holds none.
"""

from __future__ import annotations

import base64
import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cloud import LogLine
from bot.domain import Actor
from bot.ports import Message
from bot.secret_values import MASK
from bot.telemetry import QueryAnswer
from tests.fakes import button_labels
from tests.scene import ALICE, Scene
from tests.the_logs import logs_scene

STREAM = "ecs/app/0f3a91c2"
WORD = "hunter" + "2" * 3
CARD = "4111" + "1" * 12
SECRET_KEY = "aB3/" * 10
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', b'{"sub":"bob"}', b"s" * 9)
)
LOGIN = base64.b64encode(b"bob:pw").decode()
BEGIN, END = (f"-----{word} {'PRIVATE'} KEY-----" for word in ("BEGIN", "END"))
BODY = ("MIIEpAIBAAKCAQEAzz" + "Q0pX" * 10, "zz" + "Kd7h" * 15, "zzab==")
KINDS = (
    ("AKIA" + "Q7" * 8, "using %s now"),
    ("ASIA" + "Z3" * 8, "assumed a role with %s"),
    (SECRET_KEY, "aws secret access key is %s"),
    (JWT, "cookie jwt %s expired"),
    (f"{WORD}br", "Authorization: Bearer %s"),
    (LOGIN, "curl -H 'Authorization: Basic %s' x"),
    ("QUJDREVG" * 8, f"loaded {BEGIN}\n%s\n{END}"),
    (f"{WORD}db", "postgres://app:%s@db:5432/app"),
    (f"{WORD}xk", "x-api-key: %s"),
    (f"{WORD}pw", "password=%s host=db-1"),
    (f"{WORD}to", '{"level":"error","msg":"half kind","token":"%s"}'),
    ("bob.ito@example.co.uk", "sent to %s today"),
    (CARD, "card %s refused"),
    (f"{WORD}mq", "BROKER_URL=amqp://app:%s@mq:5671"),
    *((f"{each}-" + "1234-abcd-5678", "posting as %s") for each in ("xoxa", "xoxb", "xoxp", "xoxr")),
    *(
        (f"{WORD}{number}v", f"{each}=%s was set")
        for number, each in enumerate(("STRIPE_KEY", "API_TOKEN", "APP_SECRET", "DB_PASS", "SENTRY_DSN", "DSN"))
    ),
)
"""Each secret, and a line that has it."""
HALVES = ("onehalf", "otherhalf")
"""Words of which each stands in half of the lines, few enough to be shown as they are."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = logs_scene(tmp_path, zone="UTC")
    made.clock.advance(2 * 86_400.0)
    yield made
    made.close()


def names(half: str) -> list[str]:
    """A word for each kind of this half."""
    middle = len(KINDS) // 2
    numbers = range(middle) if half == HALVES[0] else range(middle, len(KINDS))
    return [f"kind{number:02}" for number in numbers]


def texts(half: str) -> list[str]:
    """Its lines."""
    lines = []
    for name in names(half):
        secret, line = KINDS[int(name.removeprefix("kind"))]
        said = line.replace("half kind", f"{half} {name}") if line.startswith("{") else f"ERROR {half} {name} {line}"
        lines.append(said % secret)
    return lines


def write(scene: Scene, *lines: str) -> None:
    (group,) = scene.logs.lines
    now = scene.clock.now()
    known = scene.logs.lines[group]
    first = now - 0.001 * len(lines)
    known += [
        LogLine(first + number / 1000, each, STREAM, f"e{len(known) + number}") for number, each in enumerate(lines)
    ]


def ask(scene: Scene, words: str) -> Message:
    scene.type("ops", f"logs bi/api production {words}")
    scene.run(3)
    return scene.said_to(ALICE)[-1]


def press(scene: Scene, message: Message, label: str, channel: str = "C0BI") -> None:
    pressed = button_labels(message)[label]
    scene.desk.press(*pressed, Actor(user=ALICE, channel=channel), key=f"{label} {scene.clock.now()}")
    scene.run(4)


def everywhere(scene: Scene, records: list[logging.LogRecord]) -> str:
    """All that Slack was given, all that is stored, and all that was logged."""
    chat = scene.chat
    with sqlite3.connect(scene.folder / "bot.db") as database:
        stored = "\n".join(database.iterdump())
    files = [(each, each.content.decode()) for each in chat.files]
    posted = [(each.message, each.before) for each in chat.posts]
    return f"{posted} {chat.whispers} {files} {chat.views} {stored} {[each.__dict__ for each in records]}"


def has_all(half: str, shown: object) -> bool:
    return all(name in f"{shown}" for name in names(half))


def assert_hidden(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    told = everywhere(scene, caplog.records)
    assert MASK in told and [each for each in (*(secret for secret, _ in KINDS), *BODY) if each in told] == []


def test_every_kind_is_shown_shared_and_kept_in_files_without_its_secret(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write(scene, *texts(HALVES[0]), *texts(HALVES[1]))
    for half in HALVES:
        message = ask(scene, half)
        assert has_all(half, message.blocks) and " kinds" not in f"{message.blocks}"
        press(scene, message, "Whole as a file")
        press(scene, message, "Share")
        assert has_all(half, scene.chat.posts[-1].message.blocks)
        assert [has_all(half, file.content) for file in scene.chat.files[-2:]] == [True, True]
    grouped = ask(scene, "group")
    assert " kinds" in f"{grouped.blocks}"
    press(scene, grouped, "Share")
    assert_hidden(scene, caplog)


def test_every_kind_is_followed_without_its_secret(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    scene.type("ops", "logs bi/api production follow")
    scene.run(3)
    (shown,) = scene.chat.posts
    for half in HALVES:
        write(scene, *texts(half))
        scene.run(4)
        assert has_all(half, shown.message.blocks)
    write(scene, BEGIN)
    scene.run(4)
    write(scene, *BODY, END, "INFO all ok")
    scene.run(4)
    assert "INFO all ok" in f"{shown.message.blocks}"
    press(scene, shown.message, "Stop", shown.channel)
    press(scene, shown.message, "Share", shown.channel)
    assert all(has_all(half, scene.chat.files[-1].content) for half in HALVES)
    assert_hidden(scene, caplog)


@pytest.mark.parametrize("words", ["kind", "query slow"])
def test_every_kind_that_insights_finds_is_shown_without_its_secret(
    scene: Scene, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    caplog.set_level(logging.DEBUG)
    at = f"{datetime.fromtimestamp(scene.clock.now() - 60, UTC):%Y-%m-%d %H:%M:%S}.000"
    place = {"@timestamp": at, "@logStream": STREAM, "@log": "123456789012:/ecs/api"}
    for half in HALVES:
        rows = tuple(place | {"@message": each} for each in texts(half))
        scene.insights.answer = QueryAnswer(rows, len(rows), 9, 100)
        message = ask(scene, f"{words} last 2d")
        assert has_all(half, message.blocks) and "Logs Insights" in f"{message.blocks}"
        press(scene, message, "Whole as a file")
        press(scene, message, "Share")
        assert [has_all(half, file.content) for file in scene.chat.files[-2:]] == [True, True]
    assert_hidden(scene, caplog)


def test_what_is_not_hidden_would_be_found(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    write(scene, "ERROR onehalf as it is")
    message = ask(scene, "onehalf")
    press(scene, message, "Whole as a file")
    told = everywhere(scene, caplog.records)
    assert told.count("as it is") >= 3, "in a whisper, in a file and in the store"
