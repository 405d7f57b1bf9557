"""Files still owed to a thread: rows, so that none is lost and none is shared twice.

A row says how its file is made, not what is in it: a graph is drawn when its turn comes. The name of the file is
derived from the row's key, so that after an attempt whose outcome is unknown the thread tells whether it is there.
Slack shows a file some seconds after it took it, once it was scanned
(https://github.com/slackapi/node-slack-sdk/issues/2040): what is not there is looked for again before it is repeated.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from bot.domain import Actor, as_json
from bot.engine import BACKOFF_SECONDS, Lease, Machine
from bot.errors import BotError, UpstreamError
from bot.ports import World
from bot.posts import KIND as POST
from bot.posts import LONGEST_POLL, PARENT_POLL, PATIENCE, RATE_LIMITED, post, whisper
from bot.posts import OWED as NOT_POSTED
from bot.redact import clean
from bot.rows import NewRow, Received, Row, Step, Store
from bot.views.operation import sentence

log = logging.getLogger("bot.files")

KIND = "file"
OWED, SHARED, NOT_NEEDED, GIVEN_UP = "owed", "shared", "not_needed", "given_up"
GRAPH, METRICS, TEXT = "graph", "metrics", "text"
"""Names of makers."""
LARGEST_TEXT = 200_000
"""Bytes of a text that is kept in its row."""
INSTEAD = "Ask again, or about a shorter time."
CUT = "\n\n… the rest is longer than a file may be here.\n"
LOOK_AGAIN, LONGEST_LOOK = 12.0, 60.0
"""Seconds after which a file that Slack took is in its thread; and between attempts that fail, at most."""
MOST_LOOKS = 300
"""Attempts whose outcome had to be looked up: about five hours in which Slack took every call but the upload."""
MAKING_PATIENCE = 8
"""Times a file's maker is asked while what it reads is away: about two minutes, then nobody waits any more."""
AT_ONCE = 2
"""Files being made and sent at a time: everything else that is due matters more."""
TURN = 0.5
"""Seconds until a file that found no room looks again, a tenth of the wait so far when that is more."""

Maker = Callable[[World, Mapping[str, Any]], bytes | None]
"""Makes a file from what its row says; None when nothing is owed any more."""


def file(
    key: str,
    channel: str,
    make: str,
    parameters: Mapping[str, Any],
    *,
    name: str,
    title: str,
    alt: str = "",
    thread_key: str = "",
    comment: str = "",
    snippet_type: str = "",
    asker: Actor | None = None,
) -> NewRow:
    """A file owed to the thread of the post ``thread_key``; a known key changes nothing.

    Where an ``asker`` waits for it, it is said why it does not come: in that thread, or to them where they asked.
    ``name`` is what people see when they save it ("cpu.png"); it is made unique. ``parameters`` must be plain JSON.
    """
    body = {
        "channel": channel,
        "thread_key": thread_key,
        "make": make,
        "parameters": dict(parameters),
        "name": _name(name, key),
        "title": clean(title),
        "alt": clean(alt),
        "comment": clean(comment),
        "snippet_type": snippet_type,
        "asker": as_json(asker) if asker is not None else None,
    }
    return NewRow(kind=KIND, key=key, state=OWED, body=body, group=channel)


def text(key: str, channel: str, content: str, *, name: str, title: str, thread_key: str = "") -> NewRow:
    """A text as a file, Markdown when its name ends with ``.md``; redacted, and cut at 200 KB."""
    kept = clean(content)
    if len(kept.encode()) > LARGEST_TEXT:
        kept = kept.encode()[: LARGEST_TEXT - len(CUT.encode())].decode(errors="ignore") + CUT
    kind = "markdown" if name.endswith(".md") else "text"
    parameters = {"text": kept}
    return file(key, channel, TEXT, parameters, name=name, title=title, thread_key=thread_key, snippet_type=kind)


def make_text(world: World, parameters: Mapping[str, Any]) -> bytes | None:
    """The maker of texts."""
    return str(parameters["text"]).encode() or None


def _name(name: str, key: str) -> str:
    plain = PurePosixPath(name.replace("/", "-"))
    mark = hashlib.sha256(key.encode()).hexdigest()[:10]
    return f"{plain.stem[:60]}-{mark}{plain.suffix[:10]}"


class Files(Machine):
    """The machine of files; ``makers`` are by the name that rows carry."""

    kind = KIND

    def __init__(self, store: Store, world: World, makers: Mapping[str, Maker] = MappingProxyType({})) -> None:
        self._store = store
        self._world = world
        self._makers = {TEXT: make_text, **makers}
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def patience(self, row: Row) -> int:
        """As long as a message's."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Share what is owed."""
        if row.state != OWED:
            return Step(row.state, None, dict(row.body), consumed=_numbers(signals))
        if not self._room.acquire(blocking=False):
            return self._later(row, self._pause(row, TURN))
        try:
            return self._share(row, _numbers(signals), lease)
        except UpstreamError as error:
            if error.code != RATE_LIMITED:
                raise
            return self._later(row, error.retry_after or 1.0)
        finally:
            self._room.release()

    def _share(self, row: Row, consumed: tuple[int, ...], lease: Lease) -> Step:
        body = dict(row.body)
        parent = self._store.by_key(POST, str(body["thread_key"])) if body["thread_key"] else None
        if parent is not None and parent.state == NOT_POSTED:
            return self._later(row, self._pause(row, PARENT_POLL))
        thread_ts = ""
        if parent is not None:
            # The thread is where its first message found a place, which may be the default channel.
            body["channel"] = parent.body["channel"]
            thread_ts = str(parent.body.get("thread_ts") or parent.body.get("ts", ""))
        channel, name = str(body["channel"]), str(body["name"])
        if _is_unsure(row):
            found = self._world.chat.find_file(channel, thread_ts, name)
            if found is not None:
                return Step(SHARED, None, {**body, "file": found}, consumed=consumed)
            if row.attempts > 1:
                return self._look_again(row)
        try:
            content = self._made(row)
        except UpstreamError as error:
            return self._make_again(row, error)
        if content is None:
            return Step(NOT_NEEDED, None, body, consumed=consumed, new=_told(row, "nothing of it is there any more."))
        lease.before_effect()
        body["file"] = self._world.chat.upload(
            *(channel, thread_ts, name, str(body["title"]), content, str(body["alt"]), str(body["comment"])),
            snippet_type=str(body["snippet_type"]),
        )
        return Step(SHARED, None, body, consumed=consumed)

    def _made(self, row: Row) -> bytes | None:
        make = self._makers.get(str(row.body["make"]))
        if make is None:
            raise BotError(f"Nothing makes a file of the kind {row.body['make']} any more.")
        try:
            return make(self._world, row.body["parameters"])
        except BotError:
            raise
        except Exception as error:
            # A bug draws no better the second time, and the thread has it all in words.
            log.exception("bug", extra={"row": row.id, "kind": row.kind, "make": row.body["make"]})
            raise BotError("The file could not be made; the reason is in the log.") from error

    def _make_again(self, row: Row, error: UpstreamError) -> Step:
        """A file that was not made was not shared either: the next attempt knows as much as this one."""
        times = int(row.body.get("made", 0)) + 1
        if not error.retryable or times >= MAKING_PATIENCE:
            raise BotError(error.message) from error
        pause = error.retry_after or BACKOFF_SECONDS[min(times, len(BACKOFF_SECONDS)) - 1]
        return self._later(row, pause, made=times)

    def _look_again(self, row: Row) -> Step:
        looks = int(row.body.get("looks", 0)) + 1
        if looks > MOST_LOOKS:
            raise BotError("Slack took no file in many attempts.")
        return self._later(row, min(LONGEST_LOOK, LOOK_AGAIN * looks), looks=looks)

    def _pause(self, row: Row, least: float) -> float:
        return min(LONGEST_POLL, max(least, (self._world.clock.now() - row.created_at) / 10))

    def _later(self, row: Row, seconds: float, **more: int) -> Step:
        """Another time, knowing whether an attempt may have shared it."""
        body = {**row.body, "unsure": _is_unsure(row), **more}
        return Step(OWED, self._world.clock.now() + seconds, body)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """What a file says mostly stands in its thread in words too: one line in the log is all, but for who waits."""
        log.warning("file given up", extra={"row": row.id, "key": row.key, "error": error.message})
        if row.state != OWED:
            return Step(row.state, None, dict(row.body), consumed=_numbers(signals))
        return Step(
            GIVEN_UP, None, dict(row.body), consumed=_numbers(signals), new=_told(row, error.message, error.hint)
        )


def _told(row: Row, why: str, hint: str = "") -> tuple[NewRow, ...]:
    """For whoever waits for the file, where it was promised."""
    if not row.body.get("asker"):
        return ()
    said = sentence(f"I could not send the file “{row.body['title']}”: {why}", hint or INSTEAD)
    key, thread_key = f"{row.key}:not-sent", str(row.body["thread_key"])
    if thread_key:
        return (post(key, str(row.body["channel"]), said, thread_key=thread_key, quiet=True),)
    asker = Actor.model_validate(row.body["asker"])
    return (whisper(key, asker.channel, asker.user, said, thread_ts=asker.thread_ts),)


def _is_unsure(row: Row) -> bool:
    return row.attempts > 1 or bool(row.body.get("unsure"))


def _numbers(signals: Sequence[Received]) -> tuple[int, ...]:
    return tuple(signal.number for signal in signals)
