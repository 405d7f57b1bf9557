"""Teaches moto's SQS that nobody waits at the other end of a connection that is closed, and to be quick.

moto looks at every message of a queue for every request, and asks for the time twice for each: with a thousand messages
that are seconds.
"""

from __future__ import annotations

import socket
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from moto.sqs.models import Message, Queue, SQSBackend

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

CALLER: ContextVar[socket.socket | None] = ContextVar("CALLER", default=None)
"""The connection whose request this thread answers."""

_LOOK_SECONDS = 1
_moto_receive_message = SQSBackend.receive_message


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(SQSBackend, "receive_message", receive_message)  # noqa: B010
    setattr(Queue, "messages", property(messages))  # noqa: B010
    setattr(Message, "visible", property(visible))  # noqa: B010
    setattr(Message, "delayed", property(delayed))  # noqa: B010


def messages(self: Queue) -> list[Message]:
    """Those that can be received now."""
    now = time.time() * 1000
    return [each for each in self._messages if each.visible_at < now and each.delayed_until <= now]


def visible(self: Message) -> bool:
    """Whether nobody has it in hand."""
    return bool(time.time() * 1000 > self.visible_at)


def delayed(self: Message) -> bool:
    """Whether its time has not come."""
    return bool(time.time() * 1000 < self.delayed_until)


def receive_message(
    self: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    """ReceiveMessage: a long poll ends with its caller, so that it takes no message away from the living."""
    caller = CALLER.get()
    ends = time.monotonic() + wait_seconds_timeout
    while caller is None or not is_gone(caller):
        found: list[Message] = _moto_receive_message(
            self, queue_name, count, 0, visibility_timeout, message_attribute_names
        )
        if found or time.monotonic() >= ends:
            return found
        self.get_queue(queue_name).wait_for_messages(_LOOK_SECONDS)
    return []


def is_gone(caller: socket.socket) -> bool:
    """Whether the other end hung up; one that sent more, or is silent, did not."""
    try:
        return caller.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
