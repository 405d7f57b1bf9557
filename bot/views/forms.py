"""Modals: values in, views out, and what people entered back.

Slack keeps what was entered in a block of an updated view when it knows the block's id, and then ignores what the new
view offers at first (bolt-python#572). So the id of a block says what it offers: where that changes the block is a new
one, and where it does not, whatever was entered meanwhile stays. Limits: https://docs.slack.dev/reference/views and
https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.command import Suggestion
from bot.form import Blank, Group
from bot.redact import clean
from bot.views import blocks as b

View = dict[str, Any]

FORM, PROMPT = "form", "prompt"
"""Callback ids: what the two kinds of view are submitted as."""
FIELD = "field:"
"""Beginning of the action id of each input; the rest is the name of the field."""
TITLE = 24
METADATA = 3000
OPTION_TEXT, OPTION_VALUE, OPTIONS, GROUPS, GROUP_LABEL = 75, 150, 100, 100, 75
LABEL, PLACEHOLDER = 2000, 150
INPUT_TEXT = 500
ERROR_TEXT = 300


@dataclass(frozen=True)
class Entry:
    """What was entered in one field, and the block it stands in."""

    block_id: str
    value: str


def form(title: str, summary: str, blanks: Iterable[Blank], metadata: Mapping[str, str], *, submit: str) -> View:
    """The form of a command."""
    shown = [b.section(b.esc(summary))]
    for blank in blanks:
        shown += _blank(blank)
    return _modal(FORM, title, submit, shown, metadata) | {"notify_on_close": True}


def prompt(
    title: str, lines: Iterable[str], name: str, label: str, metadata: Mapping[str, str], *, submit: str, long: bool
) -> View:
    """A small view that asks for one text; ``lines`` are mrkdwn above it."""
    element = {"type": "plain_text_input", "action_id": FIELD + name, "multiline": long, "focus_on_load": True}
    asked = _input(name, label, element | {"max_length": INPUT_TEXT})
    return _modal(PROMPT, title, submit, [*b.sections(lines), asked], metadata)


def question(
    callback: str,
    title: str,
    lines: Iterable[str],
    name: str,
    label: str,
    element: b.Block,
    metadata: Mapping[str, str],
    *,
    submit: str,
) -> View:
    """A small view with one element of any kind; ``lines`` are mrkdwn above it."""
    asked = _input(name, label, {**element, "action_id": FIELD + name})
    return _modal(callback, title, submit, [*b.sections(lines), asked], metadata)


def _modal(callback: str, title: str, submit: str, blocks: list[b.Block], metadata: Mapping[str, str]) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _plain(title, TITLE),
        "submit": _plain(submit, TITLE),
        "close": _plain("Not now", TITLE),
        "private_metadata": pack(metadata),
        "blocks": blocks,
    }


def pack(metadata: Mapping[str, str]) -> str:
    """What a view carries unseen, at most 3,000 characters; a response URL is left out first, for it can be missed."""
    text = json.dumps(dict(metadata), ensure_ascii=False)
    if len(text) <= METADATA:
        return text
    return json.dumps({name: value for name, value in metadata.items() if name != "url"}, ensure_ascii=False)


def carried(view: Mapping[str, Any]) -> dict[str, str]:
    """What the view carries; empty when it is none of ours."""
    try:
        found = json.loads(str(view.get("private_metadata") or "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def entered(view: Mapping[str, Any]) -> dict[str, Entry]:
    """What was entered so far, by field; the empty text where nothing was."""
    found: dict[str, Entry] = {}
    for block_id, actions in view.get("state", {}).get("values", {}).items():
        for action_id, held in actions.items():
            if action_id.startswith(FIELD):
                picked = held.get("selected_option") or {}
                found[action_id.removeprefix(FIELD)] = Entry(
                    block_id, str(picked.get("value") or held.get("value") or held.get("selected_user") or "")
                )
    return found


def errors(view: Mapping[str, Any], wrong: Mapping[str, str]) -> dict[str, str]:
    """Sentences by the id of the block they are shown at; those without a block of their own go to the last input."""
    inputs = entered(view)
    last = [block["block_id"] for block in view.get("blocks", ()) if block["type"] == "input"][-1:]
    shown: dict[str, str] = {}
    for name, sentence in wrong.items():
        for block_id in [inputs[name].block_id] if name in inputs else last:
            before = f"{shown[block_id]} " if block_id in shown else ""
            shown[block_id] = b.cut(clean(before + sentence), ERROR_TEXT)
    return shown


def _blank(blank: Blank) -> list[b.Block]:
    said = [b.context(b.esc(blank.note))] if blank.note else []
    if blank.waits:
        return said
    element: b.Block = {"action_id": FIELD + blank.name}
    groups = [group for group in map(_offered, blank.groups) if group.choices]
    if groups:
        element |= {"type": "static_select", "placeholder": _plain("Choose", PLACEHOLDER), **_options(groups)}
        chosen = [option for group in groups for option in group.choices if option.word == blank.chosen]
        element |= {"initial_option": option(chosen[0])} if chosen else {}
    else:
        element |= {"type": "plain_text_input", "max_length": INPUT_TEXT}
    return [*said, _input(blank.name, blank.name, element, blank)]


def _input(name: str, label: str, element: b.Block, blank: Blank | None = None) -> b.Block:
    words = label.replace("_", " ")
    mark = json.dumps([element, blank.mark if blank else ""], sort_keys=True)
    made: b.Block = {
        "type": "input",
        "block_id": f"{name}:{hashlib.sha256(mark.encode()).hexdigest()[:16]}",
        "label": _plain(words[:1].upper() + words[1:], LABEL),
        "element": element,
    }
    if blank is None:
        return made
    made |= {"optional": blank.optional, "dispatch_action": blank.tells}
    # Hints tell how a word is typed; from a menu it is picked.
    return made | ({"hint": _plain(blank.hint, LABEL)} if blank.hint and "placeholder" not in element else {})


def _offered(group: Group) -> Group:
    """What Slack can show of it: words that are neither empty nor too long, each once."""
    fits = {choice.word: choice for choice in group.choices if 0 < len(choice.word) <= OPTION_VALUE}
    return Group(group.label, tuple(fits.values()))


def _options(groups: list[Group]) -> b.Block:
    """A plain list where it is short and has no headings; else groups, of which a long one becomes several."""
    if len(groups) == 1 and len(groups[0].choices) <= OPTIONS:
        return {"options": [option(choice) for choice in groups[0].choices]}
    parts = [(group, at) for group in groups for at in range(0, len(group.choices), OPTIONS)]
    return {
        "option_groups": [
            {"label": _heading(group, at), "options": [option(choice) for choice in group.choices[at : at + OPTIONS]]}
            for group, at in parts[:GROUPS]
        ]
    }


def _heading(group: Group, at: int) -> b.Block:
    part = f" ({at // OPTIONS + 1})" if len(group.choices) > OPTIONS else ""
    return _plain(b.cut(clean(group.label) or "All", GROUP_LABEL - len(part)) + part, GROUP_LABEL)


def option(choice: Suggestion) -> b.Block:
    """One line of a menu."""
    return {"text": _plain(choice.label, OPTION_TEXT), "value": choice.word}


def _plain(text: str, limit: int) -> b.Block:
    """Plain text: neither mentions nor formatting nor emoji are read in it."""
    return {"type": "plain_text", "text": b.cut(clean(text).replace("\n", " ").strip() or "-", limit), "emoji": False}
