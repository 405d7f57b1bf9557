"""Fakes of every port, written once: they hold what the test put in and record what they were told.

Those of AWS are in ``tests.fake_aws`` and ``tests.fake_cloudwatch``, who calls people in ``tests.fake_paging``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.advice_ports import Advice
from bot.chat_ports import Said
from bot.cloud import HealthAnswer
from bot.domain import Alarm, Health, Person, Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.ports import Message, Past
from bot.silence import Held, LiveIncident, Silence, covering

T = TypeVar("T")

NOON = 1_750_000_000.0
"""When every test begins."""


class FakeClock:
    """Time that moves only when told to."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def set(self, at: float) -> None:
        self.at = at

    def advance(self, seconds: float) -> None:
        self.at += seconds


class Failures:
    """Errors to raise, by the name of the call: each once, in order."""

    def __init__(self) -> None:
        self._next: dict[str, list[BaseException]] = {}

    def add(self, call: str, *errors: BaseException) -> None:
        self._next.setdefault(call, []).extend(errors)

    def take(self, call: str) -> None:
        waiting = self._next.get(call)
        if waiting:
            raise waiting.pop(0)


@dataclass
class Shown:
    """A message as Slack would show it now, with all it showed before."""

    channel: str
    ts: str
    key: str
    thread_ts: str
    message: Message
    before: list[Message] = field(default_factory=list)
    broadcast: bool = False


@dataclass(frozen=True)
class Uploaded:
    """A file that was shared in a thread."""

    channel: str
    thread_ts: str
    name: str
    title: str
    content: bytes
    alt: str
    comment: str
    snippet_type: str


@dataclass(frozen=True)
class Whisper:
    """A message that one person sees: to a user in a channel, or through a response_url."""

    channel: str
    user: str
    message: Message
    thread_ts: str = ""
    response_url: str = ""


class FakeChat:
    """A workspace: posts get a ts, everything is recorded.

    ``failures`` fails a call before anything happened, ``lost_answers`` after it happened.
    """

    def __init__(self) -> None:
        self.posts: list[Shown] = []
        self.whispers: list[Whisper] = []
        self.files: list[Uploaded] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.homes: dict[str, list[dict[str, Any]]] = {}
        """All that was published in each person's home tab, oldest first."""
        self.said: dict[tuple[str, str], Said] = {}
        """Messages that can be read, by channel and ts."""
        self.reads = 0
        self.finds: list[str] = []
        self.updates = 0
        self.people: dict[str, Person] = {}
        self.channels: dict[str, str] = {}
        self.archived: set[str] = set()
        self.failures = Failures()
        self.lost_answers = Failures()
        self._posting = threading.Lock()

    def post(self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False) -> str:
        self._take("post", channel)
        with self._posting:
            ts = f"{len(self.posts) + 1}.000100"
            self.posts.append(Shown(self.channel_id(channel), ts, key, thread_ts, message, broadcast=broadcast))
        self.lost_answers.take("post")
        return ts

    def _take(self, call: str, channel: str) -> None:
        self.failures.take(call)
        if self.channel_id(channel) in self.archived:
            raise UpstreamError(f"Slack refused it ({call}): the channel is archived.", code="is_archived")

    def find(self, channel: str, key: str, *, since: float, thread_ts: str = "") -> str | None:
        self.failures.take("find")
        self.finds.append(key)
        place = (self.channel_id(channel), key, thread_ts)
        return next((shown.ts for shown in self.posts if (shown.channel, shown.key, shown.thread_ts) == place), None)

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._take("update", channel)
        self.updates += 1
        shown = next(shown for shown in self.posts if (shown.channel, shown.ts) == (self.channel_id(channel), ts))
        shown.before.append(shown.message)
        shown.message = message
        self.lost_answers.take("update")

    def whisper(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        self._take("whisper", channel)
        self.whispers.append(Whisper(self.channel_id(channel), user, message, thread_ts))

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        self.failures.take("open_view")
        self.views[f"V{len(self.views) + 1}"] = dict(view)
        return f"V{len(self.views)}"

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> bool:
        self.failures.take("update_view")
        if view_id not in self.views:
            return False
        self.views[view_id] = dict(view)
        return True

    def respond(self, response_url: str, message: Message) -> None:
        self.failures.take("respond")
        self.whispers.append(Whisper("", "", message, response_url=response_url))

    def upload(
        self,
        channel: str,
        thread_ts: str,
        name: str,
        title: str,
        content: bytes,
        alt: str,
        comment: str = "",
        *,
        snippet_type: str = "",
    ) -> str:
        self.failures.take("upload")
        place = (self.channel_id(channel), thread_ts)
        self.files.append(Uploaded(*place, name, title, content, alt, comment, snippet_type))
        self.lost_answers.take("upload")
        return f"F{len(self.files)}"

    def find_file(self, channel: str, thread_ts: str, name: str) -> str | None:
        self.failures.take("find_file")
        self.finds.append(name)
        place = (self.channel_id(channel), thread_ts, name)
        known = [(file.channel, file.thread_ts, file.name) for file in self.files]
        return f"F{known.index(place) + 1}" if place in known else None

    def message(self, channel: str, ts: str) -> Said | None:
        self.failures.take("message")
        self.reads += 1
        return self.said.get((self.channel_id(channel), ts))

    def group_members(self, group: str) -> tuple[str, ...]:
        self.failures.take("group_members")
        return tuple(sorted(user for user, person in self.people.items() if group in person.groups))

    def publish_home(self, user: str, view: Mapping[str, Any], *, seen: str = "") -> str:
        self.failures.take("publish_home")
        before = self.homes.get(user, [])
        if seen and seen != f"hash{len(before)}":
            raise ConflictError("Something newer is shown there already.")
        self.homes[user] = [*before, dict(view)]
        self.lost_answers.take("publish_home")
        return f"hash{len(before) + 1}"

    def permalink(self, channel: str, ts: str) -> str:
        self.failures.take("permalink")
        return f"https://slack.example.com/{self.channel_id(channel)}/p{ts}"

    def channel_id(self, channel: str) -> str:
        if channel.startswith("U"):
            return f"D{channel[1:]}"
        if not channel.startswith("#"):
            return channel
        if channel not in self.channels:
            raise NotFoundError(f"Slack has no channel {channel} that the bot can see.", hint="Invite the bot to it.")
        return self.channels[channel]

    def person(self, user: str) -> Person:
        self.failures.take("person")
        return self.people.get(user) or Person(user=user, name=user.lower())

    def by_key(self, key: str) -> Shown:
        """The one message that was posted with this key."""
        found = [shown for shown in self.posts if shown.key == key]
        assert len(found) == 1, f"{len(found)} messages with the key {key}"
        return found[0]

    def thread(self, key: str) -> list[Shown]:
        """The replies to the message with this key."""
        return [shown for shown in self.posts if shown.thread_ts == self.by_key(key).ts]


def texts(message: Message) -> str:
    """All a message says, blocks included."""
    return "\n".join([message.text, *_texts(list(message.blocks))])


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def buttons(message: Message) -> dict[str, str]:
    """The buttons of a message: action ids and what they carry."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return {each["action_id"]: each["value"] for row in rows for each in row["elements"] if each["type"] == "button"}


def button_labels(message: Message) -> dict[str, tuple[str, str]]:
    """The buttons of a message: what they read, their action ids and what they carry."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    each = [each for row in rows for each in row["elements"] if each["type"] == "button"]
    return {one["text"]["text"]: (one["action_id"], one["value"]) for one in each}


class FakeWeb:
    """Health addresses; those not listed are well."""

    def __init__(self) -> None:
        self.answers: dict[str, HealthAnswer] = {}
        self.asked: list[str] = []
        self.got: list[tuple[Health, bool]] = []

    def check(self, health: Health, deployed: str = "") -> HealthAnswer:
        self.asked.append(deployed)
        return self.answers.get(health.url, HealthAnswer(ok=True, code=health.code, detail="", version=deployed))

    def get(self, health: Health, *, seconds: float, direct: bool = False) -> HealthAnswer:
        self.got.append((health, direct))
        return self.answers.get(health.url, HealthAnswer(ok=True, code=health.code, detail=f"HTTP {health.code}"))


class FakeRecent:
    """A ledger that a test writes, newest first."""

    def __init__(self, *past: Past) -> None:
        self.past = list(past)
        self.incidents: dict[str, str] = {}

    def lately(self, user: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.target for each in self.past if each.actor == user))

    def operations(self, target_key: str, *, since: float, limit: int = 5) -> tuple[Past, ...]:
        return tuple(each for each in self.past if each.target == target_key and each.asked_at >= since)[:limit]

    def every(self, target_key: str = "", *, since: float, limit: int = 20) -> tuple[Past, ...]:
        return tuple(each for each in self.past if target_key in ("", each.target) and each.asked_at >= since)[:limit]

    def operation(self, operation_id: str) -> Past | None:
        return next((each for each in self.past if each.id == operation_id), None)

    def followers(self) -> tuple[str, ...]:
        return ()

    def incident(self, target_key: str) -> str | None:
        return self.incidents.get(target_key)

    def live_incidents(self) -> tuple[LiveIncident, ...]:
        return ()

    def opened(self, target_key: str, *, since: float) -> tuple[LiveIncident, ...]:
        return ()

    def heard(self, alarm_name: str) -> tuple[Alarm, ...]:
        return ()


def a_past(target: str, **changes: Any) -> Past:
    """A deployment that settled an hour before noon; ``changes`` are its fields."""
    fields: dict[str, Any] = {
        "id": "op-1",
        "command": "deploy",
        "actor": "U0ALICE",
        "target": target,
        "state": "done",
        "title": "Deploy",
        "asked_at": NOON - 3700,
        "started_at": NOON - 3600,
        "ended_at": NOON - 3500,
        "good": None,
        "said": "Settled",
        "approved_by": (),
        "facts": {},
        "results": {},
    }
    return Past(**(fields | changes))


def serially(reads: Mapping[str, Callable[[], T]], *, seconds: float) -> dict[str, T | Exception]:
    """Fills ``Gather`` one read after the other; a read that hangs says so by raising TimeoutError."""
    found: dict[str, T | Exception] = {}
    for name, read in reads.items():
        try:
            found[name] = read()
        except Exception as error:
            found[name] = error
    return found


class FakeAdvisor:
    """A runbook with one playbook."""

    def about(self, alarm: Alarm, target: Target | None) -> Advice:
        return Advice("default", "Default", "", ("Stopped tasks",), ())


class FakeSilences:
    """Silences that a test sets; ``ended`` are those that were ended before their time."""

    def __init__(self, *silences: Silence) -> None:
        self.silences = list(silences)
        self.ended: list[str] = []

    def standing(self) -> tuple[Silence, ...]:
        return tuple(self.silences)

    def covering(self, alarm_name: str, arn: str, target_key: str) -> Silence | None:
        return covering(self.silences, alarm_name, arn, target_key)

    def held(self, silence_id: str) -> tuple[Held, ...]:
        return ()

    def add(self, silence: Silence) -> None:
        if all(known.id != silence.id for known in self.silences):
            self.silences.append(silence)

    def end(self, silence_id: str, by: str, *, channel: str = "") -> bool:
        before = len(self.silences)
        self.silences = [each for each in self.silences if each.id != silence_id]
        self.ended.append(silence_id)
        return len(self.silences) < before
