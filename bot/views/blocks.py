"""The small set of Block Kit pieces the bot uses, cut to Slack's limits.

Text from logs, alarms and people goes through ``esc`` (or ``code``): it can then neither ping anybody nor
break formatting. Limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.ports import Message
from bot.redact import clean

Block = dict[str, Any]

SECTION_TEXT = 3000
HEADER_TEXT = 150
FIELD_TEXT = 2000
FIELDS = 10
CHECKBOXES = 10
CONTEXT_TEXT = 2000
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
ALL_TEXT = 12_000
"""All blocks of a message together; above about 13,200 Slack answers msg_blocks_too_long (bolt-js#2509)."""
FALLBACK_TEXT = 3900
ADDRESS = 1500
"""A link among other words."""
BLOCKS = 50

_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_FORMATTING = re.compile(r"(?:(?<=[\s(\[{\"'*_~`])|^)([*_~])(?=\S)|`")
"""Where mrkdwn could begin to format; inside words, names and addresses it does not, and they stay as they are."""


_ADDRESS = re.compile(r"https?://[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut_escaped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    kept = text[: limit - len("```…")].rstrip("`")
    entity = kept.rfind("&", len(kept) - 5)
    if entity >= 0 and ";" not in kept[entity:]:
        kept = kept[:entity]
    return kept + ("```…" if kept.count("```") % 2 else "…")


def esc(text: str, limit: int = 500) -> str:
    """Foreign text inside mrkdwn: no mention, no link, no formatting, no secret, no control character."""
    plain = cut(clean(text).replace("\n", " "), limit).translate(_SPECIAL)
    return _FORMATTING.sub("\\g<0>\u200b", plain)


def code(text: str, limit: int = 200) -> str:
    """Foreign text as inline code."""
    plain = cut(clean(text).replace("\n", " "), limit).replace("`", "\u02cb").strip()
    return f"`{plain.translate(_SPECIAL)}`" if plain else ""


def with_code(text: str) -> str:
    """Text in which what stands between backticks is inline code, and all else is escaped."""
    return "".join(code(part) if number % 2 else esc(part) for number, part in enumerate(text.split("`")))


def pre(lines: Iterable[str], limit: int = 1400) -> str:
    """Foreign lines as a preformatted block."""
    text = clean("\n".join(lines)).replace("`", "\u02cb")
    return f"```{cut(text, limit).translate(_SPECIAL)}```"


def user(user_id: str) -> str:
    """A mention, for ids that Slack itself gave us."""
    return f"<@{user_id}>" if re.fullmatch(r"[UW][A-Z0-9]{2,20}", user_id) else esc(user_id)


def mentions(ids: Iterable[str]) -> str:
    """User groups (S...) and people (U...) that the configuration names, as Slack pings them."""
    shown = [f"<!subteam^{each}>" if re.fullmatch(r"S[A-Z0-9]{2,20}", each) else user(each) for each in ids]
    return " ".join(shown)


def link(address: str, label: str, limit: int = ADDRESS) -> str:
    """A word to click on; the label alone where the address is none that Slack would open, or makes it too long."""
    linked = f"<{address.translate(_SPECIAL)}|{esc(label)}>"
    if len(linked) > limit or not _ADDRESS.fullmatch(address) or clean(address) != address:
        return esc(label)
    return linked


def when(at: float) -> str:
    """A time in the reader's own zone; in UTC where a client cannot say it so."""
    return f"<!date^{int(at)}^{{date_short_pretty}} {{time}}|{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC>"


def ago(seconds: float) -> str:
    """A rough age: ``40 s``, ``5 min``, ``3 h``, ``12 days``."""
    seconds = max(0, int(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


def header(text: str) -> Block:
    """A heading of plain text."""
    plain = cut(clean(text).replace("\n", " "), HEADER_TEXT)
    return {"type": "header", "text": {"type": "plain_text", "text": plain or "-", "emoji": True}}


def section(text: str) -> Block:
    """A paragraph of mrkdwn."""
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "verbatim": True, "text": _cut_escaped(text, SECTION_TEXT) or " "},
    }


def sections(lines: Iterable[str]) -> list[Block]:
    """Lines of mrkdwn as few paragraphs as they fit in; no line is torn."""
    paragraphs: list[str] = []
    for line in lines:
        if paragraphs and len(paragraphs[-1]) + 1 + len(line) <= SECTION_TEXT:
            paragraphs[-1] += f"\n{line}"
        else:
            paragraphs.append(line)
    return [section(paragraph) for paragraph in paragraphs]


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Titles and values side by side."""
    texts = [f"*{title}*\n{value}" for title, value in pairs[:FIELDS]]
    return {
        "type": "section",
        "fields": [{"type": "mrkdwn", "verbatim": True, "text": _cut_escaped(text, FIELD_TEXT)} for text in texts],
    }


def paragraph(text: str) -> Message:
    """A message of one paragraph, which is its fallback too."""
    return Message(text=_cut_escaped(text, FALLBACK_TEXT), blocks=(section(text),))


def context(*texts: str) -> Block:
    """Small print."""
    shown = [
        {"type": "mrkdwn", "verbatim": True, "text": _cut_escaped(text, CONTEXT_TEXT)} for text in texts[:10] if text
    ]
    return {"type": "context", "elements": shown or [{"type": "mrkdwn", "verbatim": True, "text": " "}]}


def button(
    label: str, action_id: str, value: str, *, style: str = "", confirm: tuple[str, str, str] | None = None
) -> Block:
    """A button; ``confirm`` is title, text and the word on the confirming button."""
    element: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(label, BUTTON_TEXT), "emoji": True},
        "action_id": action_id,
        "value": value[:BUTTON_VALUE],
    }
    if style:
        element["style"] = style
    if confirm:
        title, text, yes = confirm
        element["confirm"] = {
            "title": {"type": "plain_text", "text": cut(title, 100)},
            "text": {"type": "mrkdwn", "verbatim": True, "text": _cut_escaped(text, 300)},
            "confirm": {"type": "plain_text", "text": cut(yes, 30)},
            "deny": {"type": "plain_text", "text": "Not now"},
        }
    return element


def can_carry(text: str) -> bool:
    """Whether a button takes all of a command line with it: cut off, it would be another command."""
    return len(text) <= BUTTON_VALUE


def choices(action: str, texts: Iterable[tuple[str, str]], most: int = 5) -> list[Block]:
    """Buttons by their labels for command lines, without those that no button can carry."""
    carried = [(label, text) for label, text in texts if can_carry(text)]
    return [button(label, f"{action}{number}", text) for number, (label, text) in enumerate(carried[:most])]


def overflow(action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """The three dots: at most five labels, each with what it carries (150 characters)."""
    shown = [
        {"text": {"type": "plain_text", "text": cut(label, BUTTON_TEXT)}, "value": value[:150]}
        for label, value in options[:5]
    ]
    return {"type": "overflow", "action_id": action_id, "options": shown}


def menu(action_id: str, placeholder: str, options: Sequence[tuple[str, str]]) -> Block:
    """A menu: at most a hundred labels, each with what it carries (150 characters)."""
    shown = [
        {"text": {"type": "plain_text", "text": cut(label, BUTTON_TEXT)}, "value": value[:150]}
        for label, value in options[:100]
    ]
    words = {"type": "plain_text", "text": cut(placeholder, 150)}
    return {"type": "static_select", "action_id": action_id, "placeholder": words, "options": shown}


def actions(block_id: str, *elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements[:25])}


def counted(number: int, what: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def bar(done: int, total: int, width: int = 20) -> str:
    """A progress bar of characters."""
    filled = 0 if total <= 0 else max(0, min(width, round(width * done / total)))
    return "▓" * filled + "░" * (width - filled)


def _length(block: Block) -> int:
    return sum(len(text) for text in _texts(block))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def fit(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """As many blocks as one message takes, with a note when some had to go; buttons always stay."""
    kept: list[Block] = []
    room, dropped = ALL_TEXT, 0
    reserve = sum(1 for block in blocks if block["type"] == "actions") + 1
    for block in blocks:
        length = _length(block)
        if block["type"] != "actions" and (length > room or len(kept) >= BLOCKS - reserve):
            dropped += 1
            continue
        room -= length
        kept.append(block)
    if dropped:
        kept.insert(len(kept) - (reserve - 1), context(f"… and {dropped} more that did not fit."))
    return tuple(kept[:BLOCKS])
