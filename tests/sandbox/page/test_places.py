"""The app's home tab, PagerDuty and the mail, in a real browser; and the pickers that forms there are made of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.proxy import Request
from tests.browser import DEADLINE, Browser
from tests.sandbox.page.steps import OPS, buttons, open_page
from tests.sandbox.page.workspace import Workspace
from tests.waiting import until

BOT = "U0RUNBOOK"


def publish(slack: Workspace, words: str, user: str = "U0ALICE", **more: Any) -> dict[str, Any]:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": words}}
    view = {"type": "home", "blocks": [section, *buttons("ack")]}
    published: dict[str, Any] = slack.api("views.publish", user_id=user, view=view, **more)["view"]
    return published


def change(browser: Browser, action: str, value: str) -> None:
    """Pick a value in a field, as a person does with the browser's own picker."""
    browser.evaluate(
        f"(() => {{ const e = document.querySelector('[data-action-id={action}]'); e.value = {json.dumps(value)};"
        " e.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )


def page(slack: Workspace, key: str = "bi/api", **more: Any) -> str:
    """Page somebody; the incident's id."""
    details = {"environment": "production", "<b>p99</b>": "4.1 s"}
    payload = {"summary": "<b>api</b> is down", "source": "api", "severity": "critical", "custom_details": details}
    event = {"routing_key": "0" * 32, "event_action": "trigger", "dedup_key": key, "payload": payload} | more
    body = json.dumps(event).encode()
    taken = slack.pagerduty.answer(Request("POST", "https", "events.pagerduty.com", "/v2/enqueue", body=body))
    assert taken.status == 202
    return str(slack.pagerduty.snapshot()["incidents"][-1]["id"])


def test_opening_the_app_shows_its_home_tab_and_tells_it(browser: Browser, slack: Workspace) -> None:
    def answer(told: dict[str, Any]) -> None:
        if told.get("event", {}).get("type") == "app_home_opened":
            publish(slack, f"hello <@{told['event']['user']}>", told["event"]["user"])

    slack.app.answer = answer
    open_page(browser, slack)
    browser.click(f"[data-place={BOT}]")
    browser.wait_for("document.querySelector('[data-testid=home]')?.innerText.includes('hello @alice')")
    browser.click("[data-testid=act-as]")
    browser.click("[data-testid=menu] [data-value=U0BOB]")
    browser.wait_for("document.querySelector('[data-testid=home]')?.innerText.includes('hello @bob')")
    assert browser.evaluate("document.title").startswith("Runbook Bot")
    assert browser.problems == []


def test_a_button_of_the_home_tab_works_and_a_new_view_takes_its_place(browser: Browser, slack: Workspace) -> None:
    view = publish(slack, "one incident")

    def answer(told: dict[str, Any]) -> None:
        if told.get("type") == "block_actions":
            publish(slack, "acknowledged", hash=told["view"]["hash"])

    slack.app.answer = answer
    open_page(browser, slack, route=f"#/{BOT}")
    browser.wait_for("document.querySelector('[data-testid=home]')?.innerText.includes('one incident')")
    browser.click("[data-testid=home] [data-action-id=ack]")
    browser.wait_for("document.querySelector('[data-testid=home]')?.innerText.includes('acknowledged')")
    (told,) = slack.app.told("block_actions")
    assert (told["view"]["id"], told["actions"][0]["value"]) == (view["id"], "ack")
    assert browser.problems == []


@pytest.mark.parametrize("width", [390, 1440])
def test_an_incident_shows_its_details_and_is_acknowledged_and_resolved(
    browser: Browser, slack: Workspace, width: int
) -> None:
    link = {"href": "https://example.com/thread", "text": "Thread"}
    image = {"src": "https://127.0.0.1:1/cpu.png", "alt": "CPU"}
    page(slack, links=[link], images=[image], client="runbook-bot", client_url="https://example.com/")
    browser.resize(width, 900, phone=width < 900)
    try:
        open_page(browser, slack, route="#/PAGERDUTY")
        browser.wait_for("document.querySelector('[data-testid=incident]')")
        shown = browser.text("[data-testid=incident]")
        for words in ("<b>api</b> is down", "<b>p99</b>", "4.1 s", "Thread", "Open in runbook-bot", "Alice Novak"):
            assert words in shown
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        browser.click("[data-testid=incident-acknowledge]")
        browser.wait_for("document.querySelector('[data-testid=incident]')?.dataset.status === 'acknowledged'")
        browser.click("[data-testid=incident-reassign]")
        browser.click("[data-testid=menu] [data-value=PBOB001]")
        browser.wait_for("document.querySelector('[data-testid=incident]').innerText.includes('assigned to Bob Ito')")
        browser.click("[data-testid=incident-resolve]")
        browser.wait_for("document.querySelector('[data-testid=incident]')?.dataset.status === 'resolved'")
    finally:
        browser.resize(1440, 900)
    (incident,) = slack.pagerduty.snapshot()["incidents"]
    assert [one["who"] for one in incident["log"]] == ["runbook-bot", "Alice Novak", "Alice Novak", "Alice Novak"]


def test_who_is_unknown_to_pagerduty_is_told_so(browser: Browser, slack: Workspace) -> None:
    page(slack)
    open_page(browser, slack, user="U0GUEST", route="#/PAGERDUTY")
    browser.wait_for("document.querySelector('[data-place=PAGERDUTY] .count')?.innerText === '1'")
    browser.click("[data-testid=incident-acknowledge]")
    browser.wait_for("document.querySelector('[role=alert]')?.innerText.includes('PagerDuty knows nobody')")


def test_the_mail_shows_what_was_sent(browser: Browser, slack: Workspace) -> None:
    letter = {"id": "1", "region": "us-east-1", "source": "a@example.com", "to": ["b@example.com"]}
    slack.mails.append(letter | {"subject": "INC-7 <update>", "text": "Next at 15:00"})
    open_page(browser, slack, route="#/MAIL")
    browser.wait_for("document.querySelector('[data-testid=mail]')")
    shown = browser.text("[data-testid=mail]")
    for words in ("INC-7 <update>", "a@example.com → b@example.com", "Next at 15:00"):
        assert words in shown


def test_people_channels_and_moments_are_picked_in_a_message(browser: Browser, slack: Workspace) -> None:
    kinds = ("users_select", "conversations_select", "datepicker", "datetimepicker")
    elements = [{"type": kind, "action_id": kind} for kind in kinds]
    slack.api("chat.postMessage", channel=OPS, text="x", blocks=[{"type": "actions", "elements": elements}])
    open_page(browser, slack)
    browser.wait_for("document.querySelector('[data-action-id=users_select]')")
    picks = dict(zip(kinds, ("U0BOB", "C0ALERTS", "2026-11-25", "2026-11-25T14:05"), strict=True))
    for number, (kind, value) in enumerate(picks.items(), start=1):
        change(browser, kind, value)
        until(lambda n=number: len(slack.app.told("block_actions")) == n, DEADLINE)  # type: ignore[misc]
    told = {one["actions"][0]["action_id"]: one["actions"][0] for one in slack.app.told("block_actions")}
    assert told["users_select"]["selected_user"] == "U0BOB"
    assert told["conversations_select"]["selected_conversation"] == "C0ALERTS"
    assert told["datepicker"]["selected_date"] == "2026-11-25"
    moment = browser.evaluate("new Date('2026-11-25T14:05').getTime() / 1000")
    assert told["datetimepicker"]["selected_date_time"] == moment
