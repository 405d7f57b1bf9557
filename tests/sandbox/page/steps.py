"""What the tests in the browser do over and over."""

from __future__ import annotations

import json
from typing import Any

from tests.browser import Browser
from tests.sandbox.page.workspace import Workspace

OPS = "C0OPS"


def buttons(*names: str, confirm: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """An actions block with these buttons; the name is action_id, value and text."""
    extra = {"confirm": confirm} if confirm else {}
    elements = [
        {"type": "button", "action_id": name, "value": name, "text": {"type": "plain_text", "text": name}, **extra}
        for name in names
    ]
    return [{"type": "actions", "block_id": "row", "elements": elements}]


def open_page(browser: Browser, slack: Workspace, user: str = "U0ALICE", route: str = f"#/{OPS}") -> None:
    """Open the page as somebody and wait until it is there."""
    browser.goto("about:blank")
    browser.problems.clear()
    browser.goto(f"{slack.url}/?user={user}{route}")
    browser.wait_for(f"document.querySelector('[data-testid=act-as]')?.dataset.user === '{user}'")
    browser.wait_for(f"document.querySelector('[data-channel={OPS}]')")


def messages(browser: Browser, where: str = "message-list") -> list[str]:
    """The words of every message that is shown."""
    shown: list[str] = browser.evaluate(
        f"[...document.querySelectorAll('[data-testid={where}] [data-testid=message] .content')]"
        ".map((one) => one.innerText)"
    )
    return shown


def sees(browser: Browser, text: str, where: str = "message-list") -> None:
    """Wait until the list shows a text."""
    browser.wait_for(f"document.querySelector('[data-testid={where}]')?.innerText.includes({json.dumps(text)})")


def write(browser: Browser, text: str, field: str = "composer") -> None:
    """Put the caret into a field and write."""
    browser.click(f"[data-testid={field}]")
    browser.write(text)
