"""Block Kit, as strict as Slack: https://docs.slack.dev/reference/block-kit/blocks"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.slack.elements import ACCESSORIES, IMAGE, INPUTS, INTERACTIVE, SLACK_FILE, plain, words
from sandbox.slack.errors import SlackError
from sandbox.slack.rules import (
    Rule,
    address,
    all_of,
    anything,
    array,
    boolean,
    choice,
    exactly_one,
    one_of,
    problem,
    record,
    some_of,
    string,
)

MOST_IN_MESSAGE = 50
MOST_IN_VIEW = 100
MOST_ATTACHMENTS = 100
MOST_CHARACTERS = 13_200
"""Over all blocks of a message; not documented, see https://github.com/slackapi/bolt-js/issues/2509"""

_ID: dict[str, Rule] = {"block_id": string(255)}
_CONTEXT = one_of({"image": IMAGE, "plain_text": words(2000), "mrkdwn": words(2000)})
_RICH = one_of(
    dict.fromkeys(
        ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"),
        record(
            {"elements": array(anything, 1000, 0)},
            {"style": choice("bullet", "ordered"), "indent": anything, "offset": anything, "border": anything},
        ),
    )
)
_CELL = one_of(
    {
        "raw_text": record({"text": string(3000, 0)}),
        "raw_number": record({"value": anything}, {"text": anything}),
        "rich_text": record({"elements": array(_RICH, 100, 0)}, _ID),
    }
)

_BLOCKS: dict[str, Rule] = {
    "section": all_of(
        record(
            {},
            {
                **_ID,
                "text": words(3000),
                "fields": array(words(2000), 10),
                "accessory": one_of(ACCESSORIES),
                "expand": boolean,
            },
        ),
        some_of("text", "fields"),
    ),
    "header": record({"text": plain(150)}, _ID),
    "divider": record({}, _ID),
    "image": all_of(
        record(
            {"alt_text": string(2000)}, {**_ID, "image_url": address(), "slack_file": SLACK_FILE, "title": plain(2000)}
        ),
        exactly_one(("image_url", "slack_file")),
    ),
    "actions": record({"elements": array(one_of(INTERACTIVE), 25)}, _ID),
    "context": record({"elements": array(_CONTEXT, 10)}, _ID),
    "input": record(
        {"label": plain(2000), "element": one_of(INPUTS)},
        {**_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": record({"text": string(12_000)}, _ID),
    "rich_text": record({"elements": array(_RICH, 100, 0)}, _ID),
    "table": record({"rows": array(array(_CELL, 20), 100)}, {**_ID, "column_settings": array(anything, 20, 0)}),
    "video": record(
        {"alt_text": string(2000), "title": plain(200), "thumbnail_url": address(), "video_url": address()},
        {**_ID, "author_name": string(50), "description": plain(200), "title_url": address()}
        | {"provider_name": string(50), "provider_icon_url": address()},
    ),
    "file": record({"external_id": string(255), "source": choice("remote")}, _ID),
}

_VIEW = record(
    {"type": choice("modal", "home"), "blocks": array(one_of(_BLOCKS), MOST_IN_VIEW)},
    {
        "title": plain(24),
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(3000, 0),
        "callback_id": string(255, 0),
        "external_id": string(255, 0),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def check_blocks(blocks: Any) -> None:
    """Refuse a message's blocks as Slack does.

    Raises SlackError invalid_blocks_format (no list of objects), invalid_blocks (with every problem and its place) or
    msg_blocks_too_long.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    problems: list[str] = []
    array(one_of(_BLOCKS), MOST_IN_MESSAGE, 0)(blocks, "/blocks", problems)
    problems += _twice(blocks, "/blocks")
    if problems:
        raise SlackError("invalid_blocks", problems)
    if sum(map(len, _texts(blocks))) > MOST_CHARACTERS:
        raise SlackError("msg_blocks_too_long")


def check_attachments(attachments: Any) -> None:
    """Refuse attachments as Slack does. Raises SlackError."""
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for number, attachment in enumerate(attachments):
        fields = attachment.get("fields") or []
        if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
            raise SlackError("invalid_attachments")
        if "blocks" in attachment:
            problems: list[str] = []
            pointer = f"/attachments/{number}/blocks"
            array(one_of(_BLOCKS), MOST_IN_MESSAGE, 0)(attachment["blocks"], pointer, problems)
            if problems:
                raise SlackError("invalid_blocks", problems)


def check_view(view: Any) -> None:
    """Refuse a modal or a home tab as Slack does. Raises SlackError invalid_arguments or view_too_large."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ["must provide an object [json-pointer:/view]"])
    problems: list[str] = []
    _VIEW(view, "/view", problems)
    if view.get("type") == "modal" and not view.get("title"):
        problems.append(problem("missing required field: title", "/view"))
    blocks = view.get("blocks")
    if isinstance(blocks, list) and not problems:
        problems += _twice(blocks, "/view/blocks")
        if view.get("type") == "modal" and not view.get("submit") and any(one["type"] == "input" for one in blocks):
            problems.append(problem("missing required field: submit", "/view"))
    if problems:
        raise SlackError("invalid_arguments", problems)
    if len(str(view)) > 250_000:
        raise SlackError("view_too_large")


def interactive(blocks: list[Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every element that can be pressed, picked or filled in, with its block."""
    for block in blocks:
        if not isinstance(block, dict):
            continue
        held = block.get("elements") if block.get("type") == "actions" else None
        for element in (*(held if isinstance(held, list) else ()), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and element.get("type") != "image":
                yield block, element


def with_block_ids(blocks: list[Any], number: Callable[[], int]) -> list[Any]:
    """A copy in which every block and every interactive element has an id, as Slack gives them."""
    own = copy.deepcopy(blocks)
    for block in own:
        block["block_id"] = block.get("block_id") or f"b{number():04d}"
    for _, element in interactive(own):
        element["action_id"] = element.get("action_id") or f"a{number():04d}"
    return own


def with_attachment_ids(attachments: list[Any], number: Callable[[], int]) -> list[Any]:
    """A copy of attachments in which their blocks have ids."""
    return [
        {**one, "blocks": with_block_ids(one["blocks"], number)} if one.get("blocks") else dict(one)
        for one in attachments
    ]


def _twice(blocks: list[Any], pointer: str) -> list[str]:
    """Ids that are used more than once."""
    seen: set[tuple[str, str]] = set()
    problems = []
    ids = [("block_id", block.get("block_id")) for block in blocks if isinstance(block, dict)]
    ids += [("action_id", element.get("action_id")) for _, element in interactive(blocks)]
    for kind, value in ids:
        if isinstance(value, str) and value:
            if (kind, value) in seen:
                problems.append(problem(f"{kind} {value} already exists", pointer))
            seen.add((kind, value))
    return problems


def _texts(value: Any) -> Iterator[str]:
    """Everything that people read in blocks."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
