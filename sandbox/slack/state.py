"""What people entered or picked, in the form in which Slack tells it to the app."""

from __future__ import annotations

import contextlib
from typing import Any

from sandbox.slack.blocks import interactive
from sandbox.slack.errors import SlackError

_SINGLE = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "multi_users_select": ("selected_users", "initial_users"),
}
_OPTION = ("static_select", "radio_buttons", "overflow")
_OPTIONS = ("multi_static_select", "checkboxes")


def entered(element: dict[str, Any], value: Any) -> dict[str, Any]:
    """One element with what it holds; ``value`` is what a page sends, None for what the app offered at first.

    Raises SlackError invalid_value for an option that is not offered.
    """
    kind = element["type"]
    if isinstance(value, dict) and "type" in value:
        return value
    if kind == "button":
        return {"type": kind, "text": element["text"], **_given("value", element.get("value"))}
    if kind in _OPTION:
        chosen = element.get("initial_option") if value is None else _option(element, str(value))
        return {"type": kind, "selected_option": chosen}
    if kind in _OPTIONS:
        if value is None:
            return {"type": kind, "selected_options": element.get("initial_options", [])}
        wanted = value if isinstance(value, list) else [value]
        return {"type": kind, "selected_options": [_option(element, str(one)) for one in wanted]}
    if kind not in _SINGLE:
        return {"type": kind, "value": value}
    selected, initial = _SINGLE[kind]
    return {"type": kind, selected: element.get(initial) if value is None else value}


def _given(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}


def _option(element: dict[str, Any], value: str) -> dict[str, Any]:
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    for group in groups:
        for option in group["options"]:
            if option["value"] == value:
                return dict(option)
    raise SlackError("invalid_value")


def find(blocks: list[Any], action_id: str, block_id: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The element with that action_id and its block. Raises SlackError action_not_found."""
    for block, element in interactive(blocks):
        if element.get("action_id") == action_id and block_id in (None, "", block.get("block_id")):
            return block, element
    raise SlackError("action_not_found")


def state_of(blocks: list[Any], values: dict[str, Any]) -> dict[str, Any]:
    """``state`` of all elements that hold something; ``values`` is {block_id: {action_id: value}}."""
    state: dict[str, dict[str, Any]] = {}
    for block, element in interactive(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        given = values.get(block["block_id"])
        value = given.get(element["action_id"]) if isinstance(given, dict) else None
        state.setdefault(block["block_id"], {})[element["action_id"]] = entered(element, value)
    return {"values": state}


def missing(blocks: list[Any], state: dict[str, Any]) -> dict[str, str]:
    """What Slack's client says of inputs before it sends anything, by block_id."""
    wrong: dict[str, str] = {}
    for block, element in interactive(blocks):
        if block["type"] != "input":
            continue
        held = state["values"][block["block_id"]][element["action_id"]]
        value = next((inner for name, inner in held.items() if name != "type"), None)
        if value in (None, "", []):
            if not block.get("optional"):
                wrong[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str):
            with contextlib.suppress(KeyError):
                if len(value) < element["min_length"]:
                    wrong[block["block_id"]] = f"Please enter at least {element['min_length']} characters."
            if len(value) > element.get("max_length", 3000):
                wrong[block["block_id"]] = f"Please enter at most {element.get('max_length', 3000)} characters."
    return wrong
