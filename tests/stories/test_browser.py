"""The same in a real browser: what somebody sees who opens the page, types, confirms and waits."""

from __future__ import annotations

import pytest

from tests.browser import Browser
from tests.stories.town import ALICE, Town

pytestmark = pytest.mark.story

CARD = "[...document.querySelectorAll('[data-testid=message-list] [data-testid=message]')].at(-1)"


def test_alice_types_deploy_confirms_and_reads_that_it_settled(town: Town, browser: Browser) -> None:
    _open(browser, town, "C0BIPLATFORM")
    town.speed(8)
    _write(browser, "/deploy bi/api staging v1.6.0")
    _read(browser, "Deploy bi/api staging → v1.6.0")
    _read(browser, "waiting for confirmation")
    browser.click("[data-action-id='operation:confirm']")
    _read(browser, "/api/health answers 200 v1.6.0")
    assert "settled" in str(browser.evaluate(f"{CARD}.innerText"))
    browser.wait_for("!document.querySelector(\"[data-action-id='operation:confirm']\")")
    # The card is the newest message; older ones of the channel may have threads, too.
    browser.wait_for(f"{CARD}.querySelector('[data-testid=replies]')")
    browser.evaluate(f"{CARD}.querySelector('[data-testid=replies]').click()")
    browser.wait_for("document.querySelector('[data-testid=thread-pane]').innerText.includes('settled: Deploy bi/api')")
    assert "@alice" in browser.text("[data-testid=thread-pane]")
    assert browser.problems == []


def test_production_asks_twice(town: Town, browser: Browser) -> None:
    mark = town.mark()
    _open(browser, town, "C0ARBORENERGY")
    _write(browser, "/deploy arbor/backend production v1.5.0")
    _read(browser, "Deploy arbor/backend production → v1.5.0")
    browser.click("[data-action-id='operation:confirm']")
    assert "This changes production" in browser.text("[data-testid=confirm-dialog]")
    browser.click("[data-testid=confirm-deny]")
    browser.wait_for("!document.querySelector('[data-testid=confirm-dialog]')")
    assert town.calls("ecs:RegisterTaskDefinition", mark) == []
    town.speed(8)
    browser.click("[data-action-id='operation:confirm']")
    browser.click("[data-testid=confirm-yes]")
    _read(browser, "Settled: 2 of 2 tasks")
    assert len(town.calls("ecs:UpdateService", mark)) == 1
    assert browser.problems == []


def test_a_mistake_is_answered_where_only_its_writer_sees_it(town: Town, browser: Browser) -> None:
    _open(browser, town, "C0OPS")
    _write(browser, "/deploy bi/api stging v1.6.0")
    _read(browser, "Did you mean staging?")
    assert browser.text("[data-testid=only-you]").strip() == "Only visible to you"
    assert browser.problems == []


def _open(browser: Browser, town: Town, channel: str) -> None:
    browser.goto("about:blank")
    browser.problems.clear()
    browser.goto(f"{town.sandbox.slack.url}/?user={ALICE}#/{channel}")
    browser.wait_for(f"document.querySelector('[data-testid=act-as]')?.dataset.user === '{ALICE}'")
    browser.wait_for(f"document.querySelector('[data-channel={channel}]')")


def _write(browser: Browser, text: str) -> None:
    browser.click("[data-testid=composer]")
    browser.write(text)
    browser.press("Enter")


def _read(browser: Browser, text: str) -> None:
    """Wait until the newest message says it."""
    browser.wait_for(f"{CARD}?.innerText.includes('{text}')", seconds=40)
