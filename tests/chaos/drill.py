"""A sandbox whose bot dies on order or at once, and what people can see of it in Slack."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

from sandbox.app import Sandbox
from sandbox.app_environment import read_env_file
from sandbox.scenarios.stage import Stage
from tests import waiting

PATIENCE = 40.0
"""Real seconds anything may take; generous, since several suites may share the machine's cores."""
LOOK_EVERY = 0.05
"""Seconds between two looks: the sandbox lives in this very process and needs the core more than we do."""
NOT_THE_BOT = ("cloudwatch:SetAlarmState", "cloudwatch:PutMetricAlarm", "deliver:", "sqs:", "ecs:ListTaskDefinitions")

Found = TypeVar("Found")
Message = dict[str, Any]
Call = dict[str, Any]


class Drill:
    """One sandbox, and orders to die."""

    def __init__(self, sandbox: Sandbox, orders: Path) -> None:
        self.sandbox = sandbox
        self.stage = Stage(read_env_file(sandbox.env_file), say=lambda sentence: None)
        self._orders = orders
        self._numbers = count()

    # killing

    def order(self, moment: str, *effects: str) -> None:
        """Let the bot die ``before`` or ``after`` the next effect of each of these labels."""
        for effect in effects:
            part = self._orders / f"{next(self._numbers):03d}"
            part.write_text(f"{moment} {effect}")
            part.rename(part.with_suffix(".order"))

    def order_twice(self, *effects: str) -> None:
        """Let it die right before each of these, and when it has come back to it, right after it."""
        for effect in effects:
            self.order("before", effect)
            self.order("after", effect)

    def left(self) -> list[str]:
        """Orders that were not carried out, or whose life has not been followed by the next."""
        found = []
        for order in sorted(each for kind in ("order", "dying") for each in self._orders.glob(f"*.{kind}")):
            # The bot may be taking it at this very moment.
            with suppress(FileNotFoundError):
                found.append(order.read_text())
        return found

    def drop_orders(self) -> None:
        """Let the bot live."""
        for order in self._orders.glob("*.order"):
            order.unlink(missing_ok=True)

    @contextmanager
    def blind(self) -> Iterator[None]:
        """Without the look-ups by key."""
        switch = self._orders / "blind"
        switch.touch()
        yield
        switch.unlink()

    def alive(self) -> int:
        """The process id of the bot's newest life."""
        return int((self._orders / "alive").read_text())

    def kill(self) -> None:
        """SIGKILL from outside, and wait until the next life has begun."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM, and wait until the next life has begun."""
        self._end(signal.SIGTERM)

    @contextmanager
    def dead(self) -> Iterator[None]:
        """SIGKILL from outside; where each life is a fork, the next one begins only after the block."""
        assert self.sandbox.bot is not None
        parent, before = self.sandbox.bot.pid, self.alive()
        if parent == before:
            self.kill()
            yield
            return
        os.kill(parent, signal.SIGSTOP)
        try:
            os.kill(before, signal.SIGKILL)
            yield
        finally:
            os.kill(parent, signal.SIGCONT)
        self.until(lambda: self.alive() != before, "the bot did not come back")

    def _end(self, how: signal.Signals) -> None:
        before = self.alive()
        os.kill(before, how)
        self.until(lambda: self.alive() != before, "the bot did not come back")

    def log(self) -> str:
        """All that the bot has logged in all its lives."""
        return (self.sandbox.state_dir / "bot.log").read_text()

    def until_connected(self) -> None:
        """Wait until the bot hears what people say: the newest process, not one that is about to die."""
        assert self.sandbox.bot is not None
        self.sandbox.bot.wait_ready(PATIENCE)
        self.until(lambda: self._state()["sockets"], "the bot did not connect to Slack")

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.stage._http.get("/client/state").json()
        return state

    def until(self, look: Callable[[], Found], otherwise: str | Callable[[], str]) -> Found:
        """Look until there is something; fails with a sentence and the end of the bot's log."""

        def failed() -> str:
            assert self.sandbox.bot is not None
            said = otherwise if isinstance(otherwise, str) else otherwise()
            return f"{said}; orders left: {self.left()}\n{self.sandbox.bot.last_lines()}"

        return waiting.until(look, PATIENCE, otherwise=failed, every=LOOK_EVERY)

    # what stands in Slack

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """What Alice sees."""
        return self.stage.messages(channel, thread_ts=thread_ts)

    def message(self, channel: str, key: str) -> Message | None:
        """The newest top-level message that was posted with a key."""
        return next((each for each in reversed(self.messages(channel)) if key_of(each) == key), None)

    def keys(self, channel: str, *, thread_of: str = "") -> list[str]:
        """Keys of a channel's top-level messages, or of one thread."""
        parent = self.message(channel, thread_of) if thread_of else None
        return [key_of(each) for each in self.messages(channel, parent["ts"] if parent else None) if key_of(each)]

    def all_keys(self, channel: str) -> Counter[str]:
        """How often each key was posted in a channel and all its threads."""
        found: Counter[str] = Counter()
        for message in self.messages(channel):
            if (message.get("thread_ts") or message["ts"]) != message["ts"]:
                # A reply that the channel sees too is counted in its thread.
                continue
            thread = self.messages(channel, message["ts"]) if message.get("reply_count") else [message]
            found.update(key for each in thread if (key := key_of(each)))
        return found

    def mails(self, word: str) -> list[dict[str, Any]]:
        """The mails that were sent with a word in their subject."""
        sent: list[dict[str, Any]] = self.stage._http.get("/client/mails").json()["mails"]
        return [mail for mail in sent if word in mail["subject"]]

    # what the sandbox was asked

    def seen(self) -> int:
        """The number of the newest call the sandbox received."""
        calls = self.sandbox.calls.list()
        return int(calls[-1]["seq"]) if calls else 0

    def calls(self, operation: str, since: int) -> list[Call]:
        """The calls of one operation ("ecs:UpdateService") after a mark that did what they asked for."""
        found = self.sandbox.calls.list(operation=operation)
        return [call for call in found if call["seq"] > since and call["status"] == "ok"]

    def of_the_bot(self, since: int) -> list[Call]:
        """Calls the bot made since then, without the endless polling."""
        fresh = takewhile(lambda call: call["seq"] > since, reversed(self.sandbox.calls.list()))
        return [call for call in fresh if not call["operation"].startswith(NOT_THE_BOT)][::-1]


def key_of(message: Message) -> str:
    """The key a message of the bot's carries in its metadata; nothing for others."""
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("key", ""))
