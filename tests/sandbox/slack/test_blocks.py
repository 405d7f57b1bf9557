"""Block Kit's limits, each one character or item beyond what Slack takes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blocks import check_attachments, check_blocks, check_view
from sandbox.slack.errors import SlackError


def text(value: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": kind, "text": value}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "go", "text": text("Go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def option(label: str = "One", value: str = "1", **more: Any) -> dict[str, Any]:
    return {"text": text(label), "value": value, **more}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


def confirm(**more: Any) -> dict[str, Any]:
    return {"title": text("t"), "text": text("t"), "confirm": text("y"), "deny": text("n"), **more}


SECTION = {"type": "section", "text": text("x", "mrkdwn")}
TOO_MUCH: dict[str, tuple[list[dict[str, Any]], str]] = {
    "51 blocks": ([SECTION] * 51, "/blocks"),
    "an empty text": ([{"type": "section", "text": text("")}], "/blocks/0/text/text"),
    "section text 3001": ([{"type": "section", "text": text("x" * 3001)}], "/blocks/0/text/text"),
    "a section of nothing": ([{"type": "section"}], "/blocks/0"),
    "11 fields": ([{"type": "section", "fields": [text("x")] * 11}], "/blocks/0/fields"),
    "field 2001": ([{"type": "section", "fields": [text("x" * 2001)]}], "/blocks/0/fields/0/text"),
    "header 151": ([{"type": "header", "text": text("x" * 151)}], "/blocks/0/text/text"),
    "a header in mrkdwn": ([{"type": "header", "text": text("x", "mrkdwn")}], "/blocks/0/text/type"),
    "markdown 12001": ([{"type": "markdown", "text": "x" * 12_001}], "/blocks/0/text"),
    "no actions": ([actions()], "/blocks/0/elements"),
    "26 actions": ([actions(*(button(action_id=str(n)) for n in range(26)))], "/blocks/0/elements"),
    "11 in a context": ([{"type": "context", "elements": [text("x")] * 11}], "/blocks/0/elements"),
    "button text 76": ([actions(button(text=text("x" * 76)))], "/blocks/0/elements/0/text/text"),
    "a button in mrkdwn": ([actions(button(text=text("x", "mrkdwn")))], "/blocks/0/elements/0/text/type"),
    "button value 2001": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "button url 3001": ([actions(button(url="https://a/" + "x" * 2991))], "/blocks/0/elements/0/url"),
    "an url that runs": ([actions(button(url="javascript:alert(1)"))], "/blocks/0/elements/0/url"),
    "a blue button": ([actions(button(style="blue"))], "/blocks/0/elements/0/style"),
    "action_id 256": ([actions(button(action_id="x" * 256))], "/blocks/0/elements/0/action_id"),
    "block_id 256": ([{"type": "divider", "block_id": "x" * 256}], "/blocks/0/block_id"),
    "an action_id twice": ([actions(button(), button())], "/blocks"),
    "a block_id twice": ([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}], "/blocks"),
    "confirm title 101": (
        [actions(button(confirm=confirm(title=text("x" * 101))))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "confirm text 301": (
        [actions(button(confirm=confirm(text=text("x" * 301))))],
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "confirm button 31": (
        [actions(button(confirm=confirm(deny=text("x" * 31))))],
        "/blocks/0/elements/0/confirm/deny/text",
    ),
    "option text 76": ([actions(select(options=[option("x" * 76)]))], "/blocks/0/elements/0/options/0/text/text"),
    "option value 151": ([actions(select(options=[option(value="x" * 151)]))], "/blocks/0/elements/0/options/0/value"),
    "option description 76": (
        [actions(select(options=[option(description=text("x" * 76))]))],
        "/blocks/0/elements/0/options/0/description/text",
    ),
    "101 options": ([actions(select(options=[option()] * 101))], "/blocks/0/elements/0/options"),
    "placeholder 151": ([actions(select(placeholder=text("x" * 151)))], "/blocks/0/elements/0/placeholder/text"),
    "6 in an overflow": (
        [{**SECTION, "accessory": {"type": "overflow", "options": [option()] * 6}}],
        "/blocks/0/accessory/options",
    ),
    "11 checkboxes": (
        [actions({"type": "checkboxes", "options": [option()] * 11})],
        "/blocks/0/elements/0/options",
    ),
    "alt text 2001": (
        [{"type": "image", "image_url": "https://a/b", "alt_text": "x" * 2001}],
        "/blocks/0/alt_text",
    ),
    "an image without alt text": ([{"type": "image", "image_url": "https://a/b"}], "/blocks/0"),
    "input label 2001": (
        [{"type": "input", "label": text("x" * 2001), "element": {"type": "plain_text_input"}}],
        "/blocks/0/label/text",
    ),
    "max_length 3001": (
        [{"type": "input", "label": text("x"), "element": {"type": "plain_text_input", "max_length": 3001}}],
        "/blocks/0/element/max_length",
    ),
    "101 rows": ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}], "/blocks/0/rows"),
    "21 columns": ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "/blocks/0/rows/0"),
    "an unknown property": ([{"type": "divider", "colour": "red"}], "/blocks/0"),
    "an unknown block": ([{"type": "marquee"}], "/blocks/0/type"),
    "no type": ([{"text": text("x")}], "/blocks/0"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_slack_refuses_is_refused_with_its_place(name: str) -> None:
    blocks, pointer = TOO_MUCH[name]
    with pytest.raises(SlackError) as caught:
        check_blocks(blocks)
    body = caught.value.body()
    assert body["error"] == "invalid_blocks"
    assert [one for one in body["errors"] if one.endswith(f"[json-pointer:{pointer}]")]
    assert body["response_metadata"]["messages"] == [f"[ERROR] {one}" for one in body["errors"]]


def test_what_slack_takes_is_taken() -> None:
    check_blocks(
        [
            *[{"type": "divider"}] * 40,
            {"type": "header", "text": text("x" * 150)},
            {"type": "section", "text": text("x" * 3000, "mrkdwn"), "accessory": button(value="x" * 2000)},
            {"type": "section", "fields": [text("x" * 200, "mrkdwn")] * 10},
            actions(*(button(action_id=str(n), confirm=confirm()) for n in range(24)), select()),
            {"type": "context", "elements": [text("x")] * 10},
            {"type": "image", "image_url": "https://a/b.png", "alt_text": "a", "title": text("b")},
            {"type": "input", "label": text("x"), "element": {"type": "plain_text_input", "max_length": 3000}},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
        ]
    )


def test_the_wording_is_slacks() -> None:
    with pytest.raises(SlackError) as caught:
        check_blocks([SECTION, SECTION, {**SECTION, "accessory": {"type": "overflow", "options": [option()] * 6}}])
    assert caught.value.problems == ["no more than 5 items allowed [json-pointer:/blocks/2/accessory/options]"]


@pytest.mark.parametrize("blocks", ["text", {"type": "divider"}, ["divider"], 7])
def test_what_is_no_list_of_objects_has_its_own_word(blocks: Any) -> None:
    with pytest.raises(SlackError, match="invalid_blocks_format"):
        check_blocks(blocks)


def test_too_many_characters_over_all_blocks_are_too_long() -> None:
    long = {"type": "section", "text": text("x" * 2700)}
    check_blocks([long] * 4)
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_blocks([long] * 5)


def test_blocks_of_attachments_are_checked_too() -> None:
    with pytest.raises(SlackError, match="invalid_blocks"):
        check_attachments([{"blocks": [{"type": "marquee"}]}])
    with pytest.raises(SlackError, match="too_many_attachments"):
        check_attachments([{"text": "x"}] * 101)


def modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": text("Title"), "blocks": [SECTION], **more}


@pytest.mark.parametrize(
    ("view", "pointer"),
    [
        (modal(title=text("x" * 25)), "/view/title/text"),
        (modal(submit=text("x" * 25)), "/view/submit/text"),
        (modal(private_metadata="x" * 3001), "/view/private_metadata"),
        (modal(callback_id="x" * 256), "/view/callback_id"),
        (modal(blocks=[SECTION] * 101), "/view/blocks"),
        ({"type": "modal", "blocks": [SECTION]}, "/view"),
        (modal(blocks=[{"type": "input", "label": text("x"), "element": {"type": "plain_text_input"}}]), "/view"),
    ],
)
def test_a_view_beyond_the_limits_is_refused(view: dict[str, Any], pointer: str) -> None:
    check_view(modal(blocks=[SECTION] * 100))
    with pytest.raises(SlackError) as caught:
        check_view(view)
    assert caught.value.word == "invalid_arguments"
    assert [one for one in caught.value.problems if one.endswith(f"[json-pointer:{pointer}]")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["section", "actions", "button"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "elements", "element", "accessory", "options"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_sent_is_taken_or_refused_in_slacks_form(value: Any) -> None:
    for check in (check_blocks, check_attachments, check_view):
        with contextlib.suppress(SlackError):
            check(value)
