"""What people wrote in Slack, as plain text: https://docs.slack.dev/messaging/formatting-message-text"""

from __future__ import annotations

import re
from collections.abc import Callable

_MARKUP = re.compile(r"<((?:[@#!]\w|[a-z][a-z0-9+.-]{0,20}:)[^<>\n]{0,3000})>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def plain(written: str, name: Callable[[str], str]) -> str:
    """A message's text without Slack's markup; ``name`` says what a user's id is called.

    Nothing in it is markup any more: it has to be escaped again wherever it is shown.
    """
    text = _MARKUP.sub(lambda found: _words(found[1], name), written)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _words(inside: str, name: Callable[[str], str]) -> str:
    what, _, label = inside.partition("|")
    if what.startswith("@"):
        return name(what[1:])
    if what.startswith("#"):
        return f"#{label or what[1:]}"
    if what.startswith("!"):
        return label or what[1:].partition("^")[0]
    address = what.removeprefix("mailto:")
    return f"{label} ({address})" if label and label not in (address, what) else address
