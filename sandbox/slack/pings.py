"""Who a message calls: hostile text must not be able to, and tests can prove it by this."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

# Slack reads only a real "<" as the start of a mention; "&lt;" is the letter.
_MENTION = re.compile(r"<(?:@([UW][A-Z0-9]+)|!subteam\^(S[A-Z0-9]+)|!(channel|here|everyone))(?:\|[^<>]*)?>")
_BARE = re.compile(r"(?<![\w<!])@(channel|here|everyone)\b")
_RICH = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range"}
_ATTACHMENT_TEXTS = ("text", "pretext", "fallback", "footer")


def pings(text: str, blocks: Any, attachments: Any, *, link_names: bool = False) -> list[str]:
    """Users, groups and "channel", "here", "everyone" that are called, each once, in order.

    ``link_names``: Slack then also reads a bare "@channel" as a mention (arguments link_names and parse=full).
    """
    called: dict[str, None] = {}
    for said in (text, *_mrkdwn(blocks), *_attachment_texts(attachments)):
        for found in _MENTION.finditer(said):
            called[found[1] or found[2] or found[3]] = None
        if link_names:
            called |= dict.fromkeys(_BARE.findall(said))
    for part in _parts((blocks, attachments)):
        named = part.get(_RICH.get(str(part.get("type")), ""))
        if isinstance(named, str):
            called[named] = None
    return list(called)


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _parts(inner)


def _mrkdwn(blocks: Any) -> Iterator[str]:
    """Texts in which Slack reads markup; never plain_text."""
    for part in _parts(blocks):
        if part.get("type") in ("mrkdwn", "markdown") and isinstance(part.get("text"), str):
            yield part["text"]


def _attachment_texts(attachments: Any) -> Iterable[str]:
    for attachment in attachments if isinstance(attachments, list) else []:
        if not isinstance(attachment, dict):
            continue
        yield from (attachment[key] for key in _ATTACHMENT_TEXTS if isinstance(attachment.get(key), str))
        yield from _mrkdwn(attachment.get("blocks"))
        for field in attachment.get("fields") or []:
            if isinstance(field, dict) and isinstance(field.get("value"), str):
                yield field["value"]
