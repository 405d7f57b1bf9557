"""Block Kit's elements: https://docs.slack.dev/reference/block-kit/block-elements"""

from __future__ import annotations

from sandbox.slack.rules import (
    Rule,
    address,
    all_of,
    anything,
    array,
    boolean,
    choice,
    exactly_one,
    initially_offered,
    matching,
    one_of,
    record,
    string,
    whole,
)


def plain(longest: int) -> Rule:
    """A plain_text object."""
    return one_of({"plain_text": record({"text": string(longest)}, {"emoji": boolean})})


def words(longest: int) -> Rule:
    """A plain_text or mrkdwn object."""
    return one_of(
        {
            "plain_text": record({"text": string(longest)}, {"emoji": boolean}),
            "mrkdwn": record({"text": string(longest)}, {"verbatim": boolean}),
        }
    )


CONFIRM = record(
    {"title": plain(100), "text": words(300), "confirm": plain(30), "deny": plain(30)},
    {"style": choice("primary", "danger")},
)
ACTION_ID = string(255)
_DATE = matching(r"\d{4}-\d\d-\d\d")
_FILTER = record({}, dict.fromkeys(("include", "exclude_bot_users", "exclude_external_shared_channels"), anything))
_DISPATCH = record({}, {"trigger_actions_on": array(choice("on_enter_pressed", "on_character_entered"), 2)})
_COMMON: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean}
_FIELD: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": _DISPATCH,
}


def _option(text: Rule, url: bool = False) -> Rule:
    more: dict[str, Rule] = {"url": address()} if url else {}
    return record({"text": text, "value": string(150)}, {"description": words(75), **more})


_CHOICE = _option(plain(75))
_BOX = _option(words(75))
_GROUP = record({"label": plain(75), "options": array(_CHOICE, 100)})
_SELECT: dict[str, Rule] = {**_COMMON, "placeholder": plain(150)}
_MANY: dict[str, Rule] = {**_SELECT, "max_selected_items": whole(1, 100)}
_OFFERED: dict[str, Rule] = {"options": array(_CHOICE, 100), "option_groups": array(_GROUP, 100)}
_ASKED: dict[str, Rule] = {"response_url_enabled": boolean, "default_to_current_conversation": boolean}

SLACK_FILE = all_of(record({}, {"id": string(255), "url": address()}), exactly_one(("id", "url")))
IMAGE = all_of(
    record({"alt_text": string(2000)}, {"image_url": address(), "slack_file": SLACK_FILE}),
    exactly_one(("image_url", "slack_file")),
)

BUTTON = record(
    {"text": plain(75)},
    {
        "action_id": ACTION_ID,
        "url": address(),
        "value": string(2000),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)

SELECTS: dict[str, Rule] = {
    "static_select": all_of(
        record({}, {**_SELECT, **_OFFERED, "initial_option": _CHOICE}),
        exactly_one(("options", "option_groups")),
        initially_offered,
    ),
    "multi_static_select": all_of(
        record({}, {**_MANY, **_OFFERED, "initial_options": array(_CHOICE, 100)}),
        exactly_one(("options", "option_groups")),
        initially_offered,
    ),
    "external_select": record({}, {**_SELECT, "initial_option": _CHOICE, "min_query_length": whole(0, 1000)}),
    "users_select": record({}, {**_SELECT, "initial_user": string(255)}),
    "multi_users_select": record({}, {**_MANY, "initial_users": array(string(255), 100)}),
    "channels_select": record({}, {**_SELECT, **_ASKED, "initial_channel": string(255)}),
    "conversations_select": record({}, {**_SELECT, **_ASKED, "initial_conversation": string(255), "filter": _FILTER}),
}

PICKS: dict[str, Rule] = {
    "checkboxes": all_of(
        record({"options": array(_BOX, 10)}, {**_COMMON, "initial_options": array(_BOX, 10)}), initially_offered
    ),
    "radio_buttons": all_of(
        record({"options": array(_BOX, 10)}, {**_COMMON, "initial_option": _BOX}), initially_offered
    ),
    "datepicker": record({}, {**_SELECT, "initial_date": _DATE}),
    "timepicker": record({}, {**_SELECT, "initial_time": matching(r"\d\d:\d\d"), "timezone": string(255)}),
    "datetimepicker": record({}, {**_COMMON, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}),
}

FIELDS: dict[str, Rule] = {
    "plain_text_input": record(
        {},
        {
            **_FIELD,
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": record({}, {**_FIELD, "initial_value": string(3000)}),
    "url_text_input": record({}, {**_FIELD, "initial_value": string(3000)}),
    "number_input": record(
        {"is_decimal_allowed": boolean},
        {**_FIELD, "initial_value": string(100), "min_value": string(100), "max_value": string(100)},
    ),
}

OVERFLOW = record({"options": array(_option(plain(75), url=True), 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM})

INTERACTIVE: dict[str, Rule] = {"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **PICKS}
ACCESSORIES: dict[str, Rule] = {**INTERACTIVE, "image": IMAGE}
INPUTS: dict[str, Rule] = {**SELECTS, **PICKS, **FIELDS}
