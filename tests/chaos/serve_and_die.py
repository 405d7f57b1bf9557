"""The real bot, ``python -m bot serve``, in a process that kills itself at an effect when it is told to.

``CHAOS_ORDERS`` names a directory. Each file ``*.order`` in it holds one order, "before EFFECT" or "after EFFECT",
where EFFECT is a pattern for the labels below: "post op:*:card", "register", "page trigger *". An order is renamed
before it is carried out, so that the next life does not die of it again. "after" is the hard one: the world has
changed, and nothing in the bot's store says so. A file called ``blind`` switches every look-up by key off.

With ``--fork`` each life is a fork of a process that has imported everything: it spares a life the second that Python's
imports take. What dies is a whole process all the same, with its memory, its threads, its sockets and its file lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from bot.app import Bot, Desk
from bot.aws.ecs import Ecs
from bot.command import Effect, Strategy
from bot.intake import sqs
from bot.pagerduty import EventsPager
from bot.serve import serve
from bot.slack.chat import SlackChat
from commands import COMMANDS

ORDERS = Path(os.environ["CHAOS_ORDERS"])
BLIND = ORDERS / "blind"

ONE_AT_A_TIME = threading.Lock()
"""A death must not cut short another effect that has an order of its own waiting after it."""

Label = Callable[..., str]

LABELS: tuple[tuple[type, str, Label], ...] = (
    (SlackChat, "post", lambda channel, message, *, key, thread_ts="": f"post {key}"),
    (SlackChat, "update", lambda channel, ts, message: f"update {message.text}"),
    (Ecs, "register", lambda *given: "register"),
    (Ecs, "update_service", lambda *given: "update_service"),
    (EventsPager, "trigger", lambda variable, key, *given: f"page trigger {key}"),
    (EventsPager, "acknowledge", lambda variable, key, at: f"page acknowledge {key}"),
    (EventsPager, "resolve", lambda variable, key, at: f"page resolve {key}"),
    (Bot, "accept", lambda delivery: "accept"),
    (Desk, "receive", lambda slash, text, actor, **given: f"receive {slash} {text}"),
    (Desk, "press", lambda action_id, value, actor, **given: f"press {action_id}"),
)
"""Every effect on the world that must not happen twice, and the doors that alarms and people come in by."""


def obey(moment: str, label: str) -> None:
    """Die here and now when there is an order to."""
    for order in sorted(ORDERS.glob("*.order")):
        when, _, pattern = order.read_text().partition(" ")
        if when == moment and fnmatchcase(label, pattern):
            order.rename(order.with_suffix(".done"))
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


def arm() -> None:
    """Make everything mortal."""
    for owner, method, label in LABELS:
        setattr(owner, method, mortal(getattr(owner, method), label))
    SlackChat.find = may_be_blind(SlackChat.find)  # type: ignore[method-assign]
    for name, command in COMMANDS.items():
        strategies = {word: blind(strategy) for word, strategy in command.strategies.items()}
        COMMANDS[name] = dataclasses.replace(command, strategies=strategies)
    # The last long poll of a dead bot may outlive it and swallow a message until that is visible again.
    sqs.WAIT_SECONDS = 1


def lives() -> int:
    """Serve in one fork after the other, until one ends by itself or SIGTERM comes."""
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            return serve()
        signal.signal(signal.SIGTERM, partial(_pass_on, child))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)


def _pass_on(child: int, number: int, frame: object) -> None:
    os.kill(child, number)


if __name__ == "__main__":
    arm()
    sys.exit(lives() if "--fork" in sys.argv else serve())
