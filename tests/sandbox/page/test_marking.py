"""Emoji, pins, edits, files and shortcuts of messages, in a real browser against the pretend Slack."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx

from tests.browser import DEADLINE, Browser
from tests.sandbox.page.steps import OPS, open_page, sees, write
from tests.sandbox.page.workspace import Workspace
from tests.waiting import until

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def heard(slack: Workspace, kind: str) -> dict[str, Any]:
    """Wait for an event of that type, or of a message's subtype."""

    def look() -> dict[str, Any] | None:
        events: list[dict[str, Any]] = [one["event"] for one in slack.app.told("event_callback")]
        return next((one for one in events if kind in (one["type"], one.get("subtype"))), None)

    return until(look, DEADLINE, otherwise=lambda: f"no {kind}")


def pick(browser: Browser, tool: str, value: str) -> None:
    """Open a message's menu and pick an entry."""
    browser.wait_for(f"document.querySelector('[data-testid={tool}]')")
    browser.click(f"[data-testid={tool}]")
    browser.click(f"[data-testid=menu] [data-value='{value}']")


def said(slack: Workspace, text: str, **more: Any) -> str:
    return str(slack.client("message", user="U0ALICE", channel=OPS, text=text, **more)["ts"])


def test_an_emoji_is_put_on_a_message_joined_and_taken_away(browser: Browser, slack: Workspace) -> None:
    ts = said(slack, "restarted db-2 by hand")
    open_page(browser, slack)
    pick(browser, "add-reaction", "pushpin")
    browser.wait_for("document.querySelector('[data-testid=reaction]')?.innerText.endsWith('1')")
    assert heard(slack, "reaction_added")["item"]["ts"] == ts
    slack.client("reaction", user="U0BOB", channel=OPS, ts=ts, name="pushpin")
    browser.wait_for("document.querySelector('[data-testid=reaction]').innerText.endsWith('2')")
    assert browser.evaluate("document.querySelector('[data-testid=reaction]').ariaPressed") == "true"
    browser.click("[data-testid=reaction]")
    browser.wait_for("document.querySelector('[data-testid=reaction]').ariaPressed === 'false'")
    assert heard(slack, "reaction_removed")["user"] == "U0ALICE"
    assert browser.problems == []


def test_a_reply_is_pinned_in_its_thread_edited_and_deleted(browser: Browser, slack: Workspace) -> None:
    parent = slack.api("chat.postMessage", channel=OPS, text="an incident")["ts"]
    reply = said(slack, "it is teh &lt;database&gt; of <@U0BOB>", thread_ts=parent)
    open_page(browser, slack, route=f"#/{OPS}/{parent}")
    sees(browser, "it is teh <database> of @bob", "thread-list")
    tools = f"[data-testid=thread-list] [data-ts='{reply}'] [data-testid=message-menu]"

    def choose(value: str) -> None:
        browser.click(tools)
        browser.click(f"[data-testid=menu] [data-value={value}]")

    choose("pin")
    browser.wait_for("document.querySelector('[data-testid=pinned]')?.innerText.includes('Alice')")
    assert heard(slack, "pin_added")["item"]["message"]["ts"] == reply
    choose("edit")
    field = "document.querySelector('[data-testid=edit-field]')"
    browser.wait_for(f"{field}?.value === 'it is teh <database> of @bob'")
    browser.evaluate(f"{field}.select()")
    browser.write("it is the <database> of @bob")
    browser.press("Enter")
    sees(browser, "it is the <database> of @bob", "thread-list")
    changed = heard(slack, "message_changed")
    assert changed["message"]["text"] == "it is the &lt;database&gt; of <@U0BOB>"
    choose("delete")
    browser.wait_for(f"!document.querySelector(\"[data-testid=thread-list] [data-ts='{reply}']\")")
    assert heard(slack, "message_deleted")["deleted_ts"] == reply
    assert browser.problems == []


def test_a_message_of_another_offers_no_edit(browser: Browser, slack: Workspace) -> None:
    slack.client("message", user="U0BOB", channel=OPS, text="not yours")
    open_page(browser, slack)
    browser.wait_for("document.querySelector('[data-testid=message-menu]')")
    browser.click("[data-testid=message-menu]")
    offered = "[...document.querySelectorAll('[data-testid=menu] button')].map((b) => b.dataset.value)"
    browser.wait_for(f"{offered}.length")
    shown = browser.evaluate(offered)
    assert shown == ["pin", "incident:note"]


def test_a_shortcut_is_picked_in_a_messages_menu_and_may_open_a_modal(browser: Browser, slack: Workspace) -> None:
    def answer(told: dict[str, Any]) -> None:
        if told.get("type") == "message_action":
            title = {"type": "plain_text", "text": "Keep this?"}
            blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": told["message"]["text"]}}]
            view = {"type": "modal", "title": title, "blocks": blocks}
            slack.api("views.open", trigger_id=told["trigger_id"], view=view)

    slack.app.answer = answer
    ts = said(slack, "restarted db-2 by hand")
    open_page(browser, slack)
    pick(browser, "message-menu", "incident:note")
    browser.wait_for("document.querySelector('[data-testid=modal]').innerText.includes('restarted db-2')")
    assert slack.app.told("message_action")[0]["message_ts"] == ts


def test_a_file_is_attached_in_a_thread_and_seen_as_a_picture(
    browser: Browser, slack: Workspace, tmp_path: Path
) -> None:
    graph = tmp_path / "cpu.png"
    graph.write_bytes(PICTURE)
    parent = slack.api("chat.postMessage", channel=OPS, text="an incident")["ts"]
    open_page(browser, slack, route=f"#/{OPS}/{parent}")
    write(browser, "look at 14:05", "thread-composer")
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    chooser = browser.call("DOM.querySelector", nodeId=root, selector="[data-testid=thread-composer-file]")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=chooser, files=[str(graph)])
    sees(browser, "look at 14:05", "thread-list")
    browser.wait_for("document.querySelector('[data-testid=thread-list] [data-testid=file] img')?.naturalWidth === 1")
    message = heard(slack, "file_share")
    assert (message["thread_ts"], message["files"][0]["name"]) == (parent, "cpu.png")
    assert browser.problems == []


def test_a_picture_out_of_an_uploaded_file_is_shown_in_a_message(browser: Browser, slack: Workspace) -> None:
    begun = slack.api("files.getUploadURLExternal", filename="cpu.png", length=str(len(PICTURE)))
    httpx.post(begun["upload_url"], content=PICTURE, trust_env=False)
    slack.api("files.completeUploadExternal", files=[{"id": begun["file_id"]}])
    slack.clock.advance(2)
    blocks = [{"type": "image", "alt_text": "CPU", "slack_file": {"id": begun["file_id"]}}]
    slack.api("chat.postMessage", channel=OPS, text="CPU", blocks=blocks)
    open_page(browser, slack)
    browser.wait_for("document.querySelector('[data-testid=message-list] img')?.naturalWidth === 1")
    assert browser.problems == []
