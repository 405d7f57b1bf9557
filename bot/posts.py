"""Messages still owed to Slack: rows, so that none is lost and none is posted twice.

A post is made once and from then on only updated; updates that wait are folded into the latest. The key of a
post travels in the message's metadata: when an earlier attempt's outcome is unknown it is looked up first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.budget import Turns
from bot.engine import Lease, Machine
from bot.errors import BotError, UpstreamError
from bot.ports import Chat, Clock, Message
from bot.post_moves import asked, can_move, is_gone, move, moved
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.views import blocks as b
from bot.views.unmentioned import unmentioned
from bot.whispering import tell

log = logging.getLogger("bot.posts")

KIND = "post"
THREAD = "thread"
"""The kind of rows that know whose thread begins with a message."""
OWED, SHOWN, GIVEN_UP = "owed", "shown", "given_up"
SHOW = "show"
POST_EVERY, POST_BURST = 1.0, 5
"""chat.postMessage takes one message a second for each channel, with some bursts."""
UPDATES_EVERY, UPDATES_BURST = 1.1, 20
"""chat.update takes about fifty a minute for the whole workspace (tier 3)."""
FIRST, REPLY, LAST = 0, 1, 2
"""Who goes first where a channel is full: what begins a thread and what nobody should miss; then replies."""
UPDATE_EVERY = 1.5
"""Seconds between two updates of one message: Slack allows about one message a second per channel."""
PARENT_POLL, LONGEST_POLL = 0.1, 5.0
"""Seconds between two looks whether the parent of a reply is posted: a tenth of the wait so far, within these."""
PATIENCE = 1500
"""Attempts while Slack cannot be reached: about a day. Nothing that is owed is dropped because Slack is away."""
RATE_LIMITED = "ratelimited"


def _stored(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def post(
    key: str,
    channel: str,
    message: Message,
    *,
    thread_key: str = "",
    broadcast: bool = False,
    thread_of: str = "",
    can_wait: bool = False,
    thread_ts: str = "",
    quiet: bool = False,
) -> NewRow:
    """A message in a channel, or in the thread of the post ``thread_key``; a known key is updated instead.

    ``thread_ts`` is the first message of a thread that somebody else began. ``broadcast`` shows a reply in the channel
    too. ``thread_of`` is the row whose thread this message begins: it is found again by ``thread_row``. What
    ``can_wait`` lets all others go first. A ``quiet`` one names people and mentions nobody.
    """
    body: dict[str, Any] = {"channel": channel, "message": _stored(message), "thread_key": thread_key}
    body |= {"broadcast": True} if broadcast else {}
    body |= {"thread_of": thread_of} if thread_of else {}
    body |= {"can_wait": True} if can_wait else {}
    body |= {"thread_ts": thread_ts} if thread_ts else {}
    body |= {"quiet": True} if quiet else {}
    return NewRow(kind=KIND, key=key, state=OWED, body=body, group=channel, else_signal=Signal(SHOW, _stored(message)))


def whisper(
    key: str,
    channel: str,
    user: str,
    message: Message,
    *,
    response_url: str = "",
    thread_key: str = "",
    thread_ts: str = "",
    link: str = "",
) -> NewRow:
    """A message only one person sees; ``link`` is the key of a post whose address it ends with.

    It is shown in the thread of the post ``thread_key``, or in that of ``thread_ts``, whoever began it.
    """
    body = {
        "channel": channel,
        "message": _stored(message),
        "user": user,
        "response_url": response_url,
        "thread_key": thread_key,
        "thread_ts": thread_ts,
        "link": link,
    }
    return NewRow(kind=KIND, key=key, state=OWED, body=body, group=channel)


def thread_row(store: Store, channel_id: str, ts: str) -> str:
    """The id of the row whose thread begins with that message; empty when it is none of ours."""
    known = store.by_key(THREAD, f"{channel_id}:{ts}")
    return str(known.body["of"]) if known is not None else ""


def posted(store: Store, key: str) -> Row | None:
    """The post of that key, once it stands in Slack."""
    shown = store.by_key(KIND, key) if key else None
    return shown if shown is not None and shown.body.get("ts") else None


def address(chat: Chat, shown: Row | None) -> str:
    """Where a post is read; empty before it is posted and when Slack does not tell: what links to it matters more."""
    if shown is None:
        return ""
    try:
        return chat.permalink(str(shown.body["channel"]), str(shown.body["ts"]))
    except BotError:
        return ""


def _rank(body: Mapping[str, Any]) -> int:
    if body.get("can_wait"):
        return LAST
    return REPLY if body.get("thread_key") and not body.get("broadcast") else FIRST


class Posts(Machine):
    """The machine of posts."""

    kind = KIND
    is_urgent = True

    def __init__(self, store: Store, clock: Clock, chat: Chat, default_channel: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._chat = chat
        self._default_channel = default_channel
        self._posting = Turns(POST_EVERY, POST_BURST)
        self._updating = Turns(UPDATES_EVERY, UPDATES_BURST)

    def patience(self, row: Row) -> int:
        """Long: whoever waits for a message would rather have it late than not at all."""
        return PATIENCE

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Post what is owed, or bring what is shown up to date."""
        if row.state == GIVEN_UP:
            return Step(GIVEN_UP, None, dict(row.body), consumed=tuple(signal.number for signal in signals))
        try:
            return self._show(row, signals, lease)
        except UpstreamError as error:
            if error.code != RATE_LIMITED or row.attempts > 1:
                raise
            # Slack did not take it, so the next attempt is a first one with nothing to look up. It would take no other
            # one either.
            again = self._clock.now() + (error.retry_after or 1.0)
            if row.state == SHOWN:
                self._updating.hold("", row.id, FIRST, again)
            elif not row.body.get("user"):
                self._posting.hold(str(row.body["channel"]), row.id, _rank(row.body), again)
            return Step(row.state, again, dict(row.body))

    def _show(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        body = dict(row.body)
        shows = [signal for signal in signals if signal.name == SHOW]
        if shows:
            body["message"] = dict(shows[-1].payload)
        consumed = tuple(signal.number for signal in signals)
        if row.state == OWED:
            return self._first(row, body, consumed, lease)
        why = asked(signals)
        if why and can_move(row, self._default_channel()):
            return Step(OWED, 0.0, moved(body, self._default_channel(), why), consumed=consumed)
        if not shows or body["message"] == body.get("shown"):
            return Step(SHOWN, None, body, consumed=consumed)
        ready = float(body.get("shown_at", 0.0)) + UPDATE_EVERY
        if ready - UPDATE_EVERY <= self._clock.now() < ready:
            return Step(SHOWN, ready, dict(row.body))
        wait = self._turn(row, self._updating, "", FIRST)
        if wait is not None:
            return wait
        lease.before_effect()
        self._chat.update(body["channel"], body["ts"], self._message(body))
        return self._shown(body, consumed)

    def _elsewhere(self, row: Row, signals: list[Received], error: BotError) -> Step | None:
        """The step that moves a thread whose channel is gone: its first message by itself, a reply waits for that."""
        to, body = self._default_channel(), dict(row.body)
        first = row if row.state == SHOWN else self._parent(str(body.get("thread_key") or ""))
        if first is None or not is_gone(error) or not can_move(first, to) or body.get("waited"):
            return None
        if row.state == OWED:
            again = self._clock.now() + LONGEST_POLL
            return Step(OWED, again, {**body, "waited": True}, signals=(move(first, row, error),))
        newest = [body["message"], *(dict(signal.payload) for signal in signals if signal.name == SHOW)][-1]
        consumed = tuple(signal.number for signal in signals)
        return Step(OWED, 0.0, moved({**body, "message": newest}, to, error.message), consumed=consumed)

    def _first(self, row: Row, body: dict[str, Any], consumed: tuple[int, ...], lease: Lease) -> Step:
        parent = self._parent(str(body.get("thread_key") or body.get("link") or ""))
        if parent is not None and parent.state == OWED:
            now = self._clock.now()
            pause = min(LONGEST_POLL, max(PARENT_POLL, (now - row.created_at) / 10))
            # A parent that waits for its own turn says when that is.
            return Step(OWED, max(now + pause, parent.due_at or 0.0), dict(row.body))
        thread_ts = str(body.get("thread_ts") or "")
        if parent is not None and body.get("thread_key"):
            thread_ts = str(parent.body.get("ts", ""))
            body["channel"] = parent.body["channel"]
        if body.get("user"):
            lease.before_effect()
            self._whisper(body, parent, thread_ts)
            return self._shown(body, consumed)
        found = self._posted_before(row, body, thread_ts)
        if found is not None:
            # An older text may be what was posted then; the update that follows shows the newest.
            known = {**row.body, "channel": body["channel"], "ts": found, "shown": None}
            return Step(SHOWN, 0.0, known, new=self._begun(known))
        wait = self._turn(row, self._posting, str(body["channel"]), _rank(body))
        if wait is not None:
            return wait
        lease.before_effect()
        channel, broadcast = str(body["channel"]), bool(body.get("broadcast"))
        body["ts"] = self._chat.post(
            channel, self._message(body), key=row.key, thread_ts=thread_ts, broadcast=broadcast
        )
        return replace(self._shown(body, consumed), new=self._begun(body))

    def _begun(self, body: dict[str, Any]) -> tuple[NewRow, ...]:
        """What makes the thread of this message known."""
        if not body.get("thread_of"):
            return ()
        key = f"{self._chat.channel_id(str(body['channel']))}:{body['ts']}"
        return (NewRow(kind=THREAD, key=key, state="known", body={"of": body["thread_of"]}, due_at=None),)

    def _turn(self, row: Row, turns: Turns, key: str, rank: int) -> Step | None:
        """None when it may go now; else the step that waits for its turn."""
        now = self._clock.now()
        again = turns.ask(key, row.id, rank, now)
        return None if again <= now else Step(row.state, again, dict(row.body))

    def _shown(self, body: dict[str, Any], consumed: tuple[int, ...]) -> Step:
        body["shown"], body["shown_at"] = body["message"], self._clock.now()
        return Step(SHOWN, None, body, consumed=consumed)

    def _posted_before(self, row: Row, body: dict[str, Any], thread_ts: str) -> str | None:
        """The message, when an earlier attempt whose outcome is unknown did post it."""
        if row.attempts == 1:
            return None
        return self._chat.find(str(body["channel"]), row.key, since=row.created_at - 60, thread_ts=thread_ts)

    def _whisper(self, body: dict[str, Any], parent: Row | None, thread_ts: str) -> None:
        message = self._message(body)
        if body.get("link") and parent is not None and parent.body.get("ts"):
            link = self._chat.permalink(str(parent.body["channel"]), str(parent.body["ts"]))
            message = Message(text=f"{message.text} {link}", blocks=())
        channel, user, url = str(body["channel"]), str(body["user"]), str(body.get("response_url") or "")
        tell(self._chat, channel, user, message, response_url=url, thread_ts=thread_ts)

    def _parent(self, key: str) -> Row | None:
        return self._store.by_key(KIND, key) if key else None

    def _message(self, body: dict[str, Any]) -> Message:
        text, blocks = str(body["message"]["text"]), tuple(body["message"]["blocks"])
        if "meant_for" in body:
            # Where there are blocks Slack shows nothing else.
            shown = blocks[: b.BLOCKS - 1] or (b.section(text),)
            blocks = (*shown, b.context(f"Meant for {b.esc(body['meant_for'])}"))
        message = Message(text=text, blocks=blocks)
        return unmentioned(message, self._name) if body.get("quiet") else message

    def _name(self, user: str) -> str:
        try:
            return self._chat.person(user).name
        except BotError:  # the message matters more than what somebody is called
            return user

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """A message its channel will not take goes to the default channel; then it is given up, with a log line."""
        body, consumed = dict(row.body), tuple(signal.number for signal in signals)
        fallback = self._default_channel()
        if (step := self._elsewhere(row, signals, error)) is not None:
            return step
        if row.state == OWED and not body.get("user") and body["channel"] != fallback:
            body |= {"channel": fallback, "thread_key": "", "meant_for": f"{body['channel']}: {error.message}"}
            log.warning("to the default channel", extra={"row": row.id, "error": error.message})
            return Step(OWED, 0.0, body, consumed=consumed)
        log.error("message given up", extra={"row": row.id, "key": row.key, "error": error.message})
        return Step(GIVEN_UP if row.state == OWED else SHOWN, None, body, consumed=consumed)
