"""The real bot, ``python -m bot serve``, in a process that kills itself at an effect when it is told to.

``CHAOS_ORDERS`` names a directory. Each file ``*.order`` in it holds one order, "before EFFECT" or "after EFFECT",
where EFFECT is a pattern for the labels of ``tests.chaos.labels``: "post op:*:card", "register", "page trigger *". An
order is renamed before it is carried out, so that the next life does not die of it again. "after" is the hard one: the
world has changed, and nothing in the bot's store says so. A file called ``blind`` switches every look-up by key off.
Whoever lives writes its process id into the file ``alive``.

With ``--fork`` each life is a fork of a process that has imported everything: it spares a life the second that Python's
imports take. What dies is a whole process all the same, with its memory, its threads, its sockets and its file lock.

The bot lives by the sandbox's clock, as it would by AWS's: on a faster one every record of AWS's would seem to be of
the future, and an earlier operation's deployment would pass for a later one's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from alerts import pages
from bot import engine
from bot.beginning import Beginning
from bot.clock import SystemClock
from bot.command import Effect, Strategy
from bot.intake import sqs
from bot.rows import NewRow
from bot.serve import serve
from bot.slack.chat import SlackChat
from commands import COMMANDS
from tests.chaos.labels import LABELS, Label

ORDERS = Path(os.environ["CHAOS_ORDERS"])
BLIND = ORDERS / "blind"
ALIVE = ORDERS / "alive"
LATER_SECONDS = 10.0
"""Of the sandbox's, until what the bot does by itself some time later; a command takes a minute or more."""


ONE_AT_A_TIME = threading.Lock()
"""A death must not cut short another effect that has an order of its own waiting after it."""


def obey(moment: str, label: str) -> None:
    """Die here and now when there is an order to."""
    for order in sorted(ORDERS.glob("*.order")):
        when, _, pattern = order.read_text().partition(" ")
        if when == moment and fnmatchcase(label, pattern):
            # Whoever sends it something now must know that it will not hear it.
            order.rename(order.with_suffix(".dying"))
            os.kill(os.getpid(), signal.SIGKILL)


def mortal(act: Callable[..., Any], label: Label) -> Callable[..., Any]:
    """The same act, which may be the last."""

    def acted(self: object, *args: Any, **kwargs: Any) -> Any:
        name = label(*args, **kwargs)
        with ONE_AT_A_TIME if any(ORDERS.glob("*.order")) else contextlib.nullcontext():
            obey("before", name)
            result = act(self, *args, **kwargs)
            obey("after", name)
            return result

    return acted


def may_be_blind(find: Callable[..., Any]) -> Callable[..., Any]:
    """The same look-up, which finds nothing while ``blind`` is there."""
    return lambda *args, **kwargs: None if BLIND.exists() else find(*args, **kwargs)


def blindable(effect: Effect) -> Effect:
    """The same effect, whose look-up can be switched off."""
    return dataclasses.replace(effect, find=may_be_blind(effect.find))


def blind(strategy: Strategy) -> Strategy:
    """The same strategy, none of whose effects sees earlier ones while the look-ups are switched off."""
    effects = strategy.effects
    return dataclasses.replace(strategy, effects=lambda plan: tuple(map(blindable, effects(plan))))


def _sooner(new: NewRow, due_at: float) -> NewRow:
    """The same, begun at another moment and asked for as people do, who need not wait until its time is over."""
    args = {**new.body["args"], "way": ""}
    return dataclasses.replace(new, due_at=due_at, body={**new.body, "args": args})


def soon(follow_up: Callable[..., list[NewRow]]) -> Callable[..., list[NewRow]]:
    """What is to happen in a minute or an hour happens in a moment."""

    def owed(self: Beginning, at: Any, *given: Any) -> list[NewRow]:
        return [_sooner(new, at.now + LATER_SECONDS) for new in follow_up(self, at, *given)]

    return owed


def keep_time() -> None:
    """Live by the sandbox's clock; a lease still lasts as long in truth as it always does."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(os.environ["SLACK_API_URL"].replace("/api/", "/client/clock"), timeout=10) as answer:
        told = json.load(answer)
    began, now, speed = time.monotonic(), float(told["now"]), float(told["speed"])
    SystemClock.now = lambda self: now + (time.monotonic() - began) * speed  # type: ignore[method-assign]
    engine.LEASE_SECONDS *= speed
    engine.EFFECT_SECONDS *= speed
    pages.LATE_SECONDS *= speed


def arm() -> None:
    """Make everything mortal."""
    for owner, method, label in LABELS:
        setattr(owner, method, mortal(getattr(owner, method), label))
    SlackChat.find = may_be_blind(SlackChat.find)  # type: ignore[method-assign]
    for name, command in COMMANDS.items():
        strategies = {word: blind(strategy) for word, strategy in command.strategies.items()}
        COMMANDS[name] = dataclasses.replace(command, strategies=strategies)
    Beginning._follow_up = soon(Beginning._follow_up)  # type: ignore[method-assign]
    # The last long poll of a dead bot may outlive it and swallow a message until that is visible again.
    sqs.WAIT_SECONDS = 1


def live() -> int:
    """Serve, and let it be known who does."""
    for order in ORDERS.glob("*.dying"):
        order.rename(order.with_suffix(".done"))
    part = ALIVE.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(ALIVE)
    return serve()


def lives() -> int:
    """Serve in one fork after the other, until one is not killed."""
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            return live()
        signal.signal(signal.SIGTERM, partial(_pass_on, child))
        _, status = os.waitpid(child, 0)
        if status != signal.SIGKILL:
            return os.waitstatus_to_exitcode(status)


def _pass_on(child: int, number: int, frame: object) -> None:
    os.kill(child, number)


if __name__ == "__main__":
    keep_time()
    arm()
    sys.exit(lives() if "--fork" in sys.argv else live())
