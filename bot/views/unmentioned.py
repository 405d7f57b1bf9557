"""A message that names people and calls nobody: a mention rings somebody's phone, whatever it is said for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.ports import Message
from bot.views import blocks as b

_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})>")


def unmentioned(message: Message, name: Callable[[str], str]) -> Message:
    """The message with ``@name`` in the place of each mention of a person; ``name`` tells it by their id."""

    def said(found: re.Match[str]) -> str:
        return b.esc(f"@{name(found[1])}", 80)

    def of(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: of(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [of(each) for each in value]
        return _PERSON.sub(said, value) if isinstance(value, str) else value

    return Message(text=_PERSON.sub(said, message.text), blocks=tuple(of(message.blocks)))
