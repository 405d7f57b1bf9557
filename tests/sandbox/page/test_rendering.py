"""Text becomes nodes, never markup: the page's own modules, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser import Browser

HOSTILE = [
    "<script>window.owned = 1</script>",
    "<img src=x onerror=window.owned=1>",
    "&lt;img src=x onerror=window.owned=1&gt;",
    "&amp;lt;script&amp;gt;window.owned=1&amp;lt;/script&amp;gt;",
    "<javascript:window.owned=1|click me>",
    "<JaVaScRiPt:window.owned=1>",
    "<java\tscript:window.owned=1|tab>",
    "<data:text/html,<script>window.owned=1</script>|data>",
    "<vbscript:msgbox(1)|vb> <file:///etc/passwd|file>",
    '<https://example.com/"onmouseover="window.owned=1|quoted>',
    "<https://example.com|<b onclick=window.owned=1>label</b>>",
    "*<svg onload=window.owned=1>* _<b>x</b>_ ~<i>~ `<u>` ```<iframe src=javascript:window.owned=1></iframe>```",
    '[click](javascript:window.owned=1) ![x](javascript:window.owned=1) [a](https://example.com"onclick=window.owned=1)',
    "<@U0ALICE|<img src=x onerror=window.owned=1>> <#C0OPS|<script>> <!subteam^S1|<b>>",
    "<!date^1^{date}^javascript:window.owned=1|<i>>",
    ":<script>: :__proto__: :constructor: <!date^x^{constructor}|fallback>",
    "</div></article><style>*{display:none}</style>",
    "https://example.com/<script>window.owned=1</script>",
    "\u202e\u0000\ufeff<script>window.owned=1</script>",
    "> " * 40 + "*_~`" * 200,
]

RENDER = """
(async () => {
  const [{ blocks }, { messageNode }, { Surface }] = await Promise.all(
    ["blocks.js", "message.js", "surface.js"].map((name) => import(`/${name}`)));
  const people = { me: "U0ALICE", usergroups: new Map(),
    users: new Map([["U0ALICE", { id: "U0ALICE", name: "alice" }]]),
    channels: new Map([["C0OPS", { id: "C0OPS", name: "ops" }]]) };
  const surface = new Surface("s", people, async () => {}, () => {});
  surface.openThread = () => {};
  const message = MESSAGE;
  const root = messageNode(message, surface);
  document.body.replaceChildren(root);
  const all = [...root.querySelectorAll("*")];
  return {
    text: root.textContent, owned: window.owned ?? null,
    tags: [...new Set(all.map((one) => one.localName))].sort(),
    handlers: all.flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith("on"))),
    addresses: all.filter((one) => one.localName !== "use")
      .flatMap((one) => ["href", "src"].map((name) => one.getAttribute(name))).filter((one) => one !== null),
    targets: [...root.querySelectorAll("a[target]")].every((one) => one.rel === "noopener noreferrer"),
  };
})()
"""
TAGS = set(
    "a article blockquote button code div em figcaption figure h3 hr img input label li ol option p pre s select span "  # noqa: SIM905
    "strong svg table tbody td textarea th thead time tr ul use".split()
)


def _render(browser: Browser, modules: str, message: dict[str, Any]) -> dict[str, Any]:
    if browser.evaluate("location.origin") != modules:
        browser.goto(f"{modules}/favicon.svg")
        browser.goto(f"{modules}/index.html?rendering")
    shown: dict[str, Any] = browser.evaluate(RENDER.replace("MESSAGE", json.dumps({"ts": "1.000001"} | message)))
    return shown


def _everywhere(text: str) -> dict[str, Any]:
    """A message that says ``text`` in every place that a person or an app can write into."""
    plain, mrkdwn = {"type": "plain_text", "text": text}, {"type": "mrkdwn", "text": text}
    option = {"text": plain, "value": text, "description": plain}
    button = {"type": "button", "action_id": text, "text": plain, "value": text, "url": text, "style": text}
    elements = [
        button,
        {"type": "static_select", "action_id": text, "placeholder": plain, "options": [option]},
        {"type": "overflow", "action_id": text, "options": [option]},
        {"type": "checkboxes", "action_id": text, "options": [option]},
        {"type": "radio_buttons", "action_id": text, "options": [option]},
        {"type": "datepicker", "action_id": text, "initial_date": text},
        {"type": text, "action_id": text},
    ]
    leaf = {"type": "text", "text": text, "style": {"bold": True, "code": True}}
    rich = [
        leaf,
        {"type": "link", "url": text, "text": text},
        {"type": "emoji", "name": text},
        {"type": "user", "user_id": text},
    ]
    parts = [{"type": f"rich_text_{kind}", "elements": rich} for kind in ("section", "quote", "preformatted")]
    field = {"type": "plain_text_input", "action_id": text, "placeholder": plain, "initial_value": text}
    blocks = [
        {"type": "header", "text": plain},
        {"type": "section", "text": mrkdwn, "fields": [mrkdwn, plain], "accessory": button, "block_id": text},
        {"type": "context", "elements": [mrkdwn, {"type": "image", "image_url": text, "alt_text": text}]},
        {"type": "actions", "elements": elements, "block_id": text},
        {"type": "image", "title": plain, "image_url": text, "alt_text": text},
        {"type": "markdown", "text": text},
        {"type": "rich_text", "elements": [*parts, {"type": "rich_text_list", "style": text, "elements": [parts[0]]}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": text}], [{"type": "rich_text", "elements": parts}]]},
        {"type": "input", "label": plain, "hint": plain, "block_id": text, "element": field},
        {"type": text},
    ]
    attachment = {
        "color": text, "title": text, "title_link": text, "pretext": text, "text": text, "footer": text,
        "author_name": text,
        "fields": [{"title": text, "value": text}],
    }  # fmt: skip
    file = {"name": text, "title": text, "url": text, "mimetype": "image/png", "alt_txt": text}
    return {
        "user": text, "username": text, "text": text, "blocks": blocks, "attachments": [attachment, {"blocks": blocks}],
        "files": [file, file | {"mimetype": text}],
    }  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_never_becomes_markup_wherever_it_is_written(browser: Browser, modules: str, text: str) -> None:
    for message in (_everywhere(text), {"user": "U0ALICE", "text": text}):
        shown = _render(browser, modules, message)
        assert set(shown["tags"]) <= TAGS
        assert shown["handlers"] == []
        assert shown["owned"] is None
        assert shown["targets"]
        assert [one for one in shown["addresses"] if not one.startswith(("https://", "http://", "#/C0OPS"))] == []


def test_mrkdwn_is_read_as_slack_reads_it(browser: Browser, modules: str) -> None:
    text = (
        "*bold* _it_ ~no~ `c*o*de` 2*3*4 snake_case_name &lt;3 &amp;amp;\n&gt; quoted\n```\n*not bold*\n```\n"
        "<https://example.com|docs> https://example.com/a_b_c. <@U0ALICE> <#C0OPS> <!here> "
        ":rocket: :no_such_thing: 12:30:45"
    )
    shown = _render(browser, modules, {"user": "U0ALICE", "text": text})
    found = browser.evaluate(
        "Object.fromEntries(['strong', 'em', 's', 'code', 'blockquote', 'pre', 'a.link', '.chip', '.emoji']"
        ".map((one) => [one, [...document.querySelectorAll('article ' + one)].map((node) => node.textContent)]))"
    )
    assert found == {
        "strong": ["bold"],
        "em": ["it"],
        "s": ["no"],
        "code": ["c*o*de"],
        "blockquote": ["quoted"],
        "pre": ["*not bold*"],
        "a.link": ["docs", "https://example.com/a_b_c"],
        ".chip": ["@alice", "#ops", "@here"],
        ".emoji": [":rocket:"],
    }
    for kept in ("2*3*4 snake_case_name <3 &amp;", ":no_such_thing:", "12:30:45"):
        assert kept in shown["text"]


def test_a_date_is_written_in_the_readers_words_and_a_bad_one_as_its_fallback(browser: Browser, modules: str) -> None:
    text = "<!date^1700000000^on {date_num}|x> <!date^later^{date}|some day>"
    shown = _render(browser, modules, {"user": "U0ALICE", "text": text})
    assert "on 2023-11-1" in shown["text"]
    assert "some day" in shown["text"]
