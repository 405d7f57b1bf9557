"""What the intake hands over: one message, not yet read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

# JSON may spell a lone surrogate or a NUL; no UTF-8 file and no database takes them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Delivery:
    """One message of a topic or a queue.

    ``message_id`` is SNS's MessageId, the same for every copy, or ``sqs:`` and SQS's own for a body without an
    envelope. ``topic`` is the topic's ARN, empty when unknown. ``received_at`` is in seconds since the epoch.
    ``text`` is the inner message, as the sender wrote it.
    """

    message_id: str
    topic: str
    received_at: float
    subject: str
    text: str
    via: Literal["sqs", "https"]


Accept: TypeAlias = Callable[[Sequence[Delivery]], Sequence[bool | Exception]]
"""Stores deliveries, in order and durably, before anybody is answered.

Of each: True when it is new, False when it was known, or why this one could not be stored. An exception means that
none could be.
"""


def storable(text: str) -> str:
    """The text with what no database can store replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)
