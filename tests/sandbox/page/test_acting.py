"""Commands, buttons, modals and the drawer, in a real browser against the pretend Slack."""

from __future__ import annotations

import json
from typing import Any

from sandbox.proxy import Request
from sandbox.slack.seed import DEFAULT_COMMANDS
from tests.browser import DEADLINE, Browser
from tests.sandbox.page.steps import OPS, buttons, open_page, sees, write
from tests.sandbox.page.workspace import Workspace
from tests.waiting import until

CONFIRM = {
    "title": {"type": "plain_text", "text": "Deploy to production?"},
    "text": {"type": "mrkdwn", "text": "*api* goes to `v2`"},
    "confirm": {"type": "plain_text", "text": "Deploy"},
    "deny": {"type": "plain_text", "text": "Not now"},
}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Change the plan"},
    "submit": {"type": "plain_text", "text": "Plan it"},
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": {"type": "plain_text", "text": "Version"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


def test_a_slash_offers_the_commands_and_tab_completes_one(browser: Browser, slack: Workspace) -> None:
    slack.app.answer = lambda told: {"text": f"you said {told['text']}"}
    open_page(browser, slack)
    write(browser, "/")
    offered = "document.querySelectorAll('[data-testid=completion-option]').length"
    browser.wait_for(f"{offered} === {len(DEFAULT_COMMANDS)}")
    assert "<service> <environment> <version>" in browser.text("[data-testid=completion]")
    browser.press("ArrowDown")
    browser.press("Tab")
    browser.wait_for("document.querySelector('[data-testid=composer]').value === '/logs '")
    assert browser.text("[data-testid=usage-hint]") == "/logs <service> <environment> [words]"
    browser.write("bi/api staging error")
    browser.press("Enter")
    sees(browser, "you said bi/api staging error")
    assert slack.app.told("command")[0]["command"] == "/logs"


def test_escape_closes_the_list_and_shift_enter_makes_a_line(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    write(browser, "/de")
    browser.wait_for("document.querySelector('[data-testid=completion-option]')")
    browser.press("Escape")
    browser.wait_for("document.querySelector('[data-testid=completion]').hidden")
    browser.press("Enter", shift=True)
    browser.write("second line")
    assert browser.evaluate("document.querySelector('[data-testid=composer]').value") == "/de\nsecond line"
    assert slack.app.received == []


def test_an_unknown_command_is_refused_where_only_its_writer_sees_it(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    write(browser, "/frobnicate now")
    browser.press("Enter")
    sees(browser, "/frobnicate is not a valid command")
    assert browser.text("[data-testid=only-you]").strip() == "Only visible to you"


def test_a_button_with_a_confirm_asks_first_and_is_busy_until_answered(browser: Browser, slack: Workspace) -> None:
    slack.api("chat.postMessage", channel=OPS, text="plan", blocks=buttons("go", confirm=CONFIRM))
    open_page(browser, slack)
    browser.click("[data-action-id=go]")
    assert "api goes to v2" in browser.text("[data-testid=confirm-dialog]")
    browser.click("[data-testid=confirm-deny]")
    browser.wait_for("!document.querySelector('[data-testid=confirm-dialog]')")
    browser.click("[data-action-id=go]")
    browser.wait_for("document.querySelector('[data-testid=confirm-dialog]')")
    browser.press("Escape")
    browser.wait_for("!document.querySelector('[data-testid=confirm-dialog]')")
    assert slack.app.received == []

    slack.app.released.clear()
    browser.click("[data-action-id=go]")
    browser.click("[data-testid=confirm-yes]")
    browser.wait_for("document.querySelector('[data-action-id=go]').disabled")
    until(lambda: slack.app.told("block_actions"), DEADLINE, otherwise=lambda: "no the press")
    slack.app.released.set()
    browser.wait_for("!document.querySelector('[data-action-id=go]').disabled")
    assert slack.app.told("block_actions")[0]["actions"][0]["value"] == "go"
    assert slack.app.told("block_actions")[0]["user"]["id"] == "U0ALICE"


def test_a_modal_shows_the_apps_errors_under_the_field_and_closes_when_it_agrees(
    browser: Browser, slack: Workspace
) -> None:
    def answer(told: dict[str, Any]) -> dict[str, Any] | None:
        if told["type"] == "block_actions":
            slack.api("views.open", trigger_id=told["trigger_id"], view=MODAL)
        elif told["view"]["state"]["values"]["version"]["value"]["value"] == "v9":
            return {"response_action": "errors", "errors": {"version": "There is no v9."}}
        return None

    slack.app.answer = answer
    slack.api("chat.postMessage", channel=OPS, text="plan", blocks=buttons("change"))
    open_page(browser, slack)
    browser.click("[data-action-id=change]")
    browser.click("[data-testid=modal-submit]")
    assert browser.text("[data-testid=input-error]") == "Please complete this required field."
    assert slack.app.told("view_submission") == []
    browser.click("[data-testid=modal] input")
    browser.write("v9")
    browser.press("Enter")
    browser.wait_for("document.querySelector('[data-testid=input-error]')?.innerText === 'There is no v9.'")
    browser.press("Backspace")
    browser.write("1")
    browser.press("Enter")
    browser.wait_for("!document.querySelector('[data-testid=modal]').open")


def test_escape_closes_a_modal_and_the_app_hears_of_it(browser: Browser, slack: Workspace) -> None:
    def answer(told: dict[str, Any]) -> None:
        if told["type"] == "block_actions":
            slack.api("views.open", trigger_id=told["trigger_id"], view=MODAL | {"notify_on_close": True})

    slack.app.answer = answer
    slack.api("chat.postMessage", channel=OPS, text="plan", blocks=buttons("change"))
    open_page(browser, slack)
    browser.click("[data-action-id=change]")
    browser.wait_for("document.querySelector('[data-testid=modal]').open")
    browser.press("Escape")
    until(lambda: slack.app.told("view_closed"), DEADLINE, otherwise=lambda: "no view_closed")
    browser.wait_for("!document.querySelector('[data-testid=modal]').open")


def test_a_modal_that_is_updated_keeps_what_was_entered_and_offers_what_is_new(
    browser: Browser, slack: Workspace
) -> None:
    def menu(block_id: str, name: str, **more: Any) -> dict[str, Any]:
        options = [{"text": {"type": "plain_text", "text": word}, "value": word} for word in ("one", "two")]
        groups = [{"label": {"type": "plain_text", "text": "All"}, "options": options}]
        element: dict[str, Any] = {"type": "static_select", "action_id": name, "option_groups": groups}
        element |= {"initial_option": options[1]} if more.pop("begins", False) else {}
        label = {"type": "plain_text", "text": name}
        return {"type": "input", "block_id": block_id, "label": label, "element": element, "dispatch_action": True}

    def answer(told: dict[str, Any]) -> None:
        if told["type"] == "block_actions" and "view" not in told:
            blocks = [*MODAL["blocks"], menu("first", "service")]
            slack.api("views.open", trigger_id=told["trigger_id"], view=MODAL | {"blocks": blocks})
        elif told["type"] == "block_actions":
            blocks = [*MODAL["blocks"], menu("first", "service"), menu("second", "environment", begins=True)]
            slack.api("views.update", view_id=told["view"]["id"], view=MODAL | {"blocks": blocks})

    slack.app.answer = answer
    slack.api("chat.postMessage", channel=OPS, text="plan", blocks=buttons("change"))
    open_page(browser, slack)
    browser.click("[data-action-id=change]")
    browser.click("[data-testid=modal] input")
    browser.write("v7")
    browser.evaluate(
        "(() => { const e = document.querySelector('[data-action-id=service]'); e.value = 'one';"
        " e.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    browser.wait_for("document.querySelector('[data-action-id=environment]')?.value === 'two'")
    assert browser.evaluate("document.querySelector('[data-action-id=service]').value") == "one"
    assert browser.evaluate("document.querySelector('[data-action-id=service] optgroup').label") == "All"
    browser.wait_for("!document.querySelector('[data-action-id=service]').disabled")
    browser.click("[data-testid=modal-submit]")
    until(lambda: slack.app.told("view_submission"), DEADLINE, otherwise=lambda: "no view_submission")
    values = slack.app.told("view_submission")[0]["view"]["state"]["values"]
    assert values["version"]["value"]["value"] == "v7"
    assert values["first"]["service"]["selected_option"]["value"] == "one"
    assert values["second"]["environment"]["selected_option"]["value"] == "two"


def test_a_menu_a_select_and_boxes_report_what_was_picked(browser: Browser, slack: Workspace) -> None:
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("one", "two")]
    kinds = ("overflow", "checkboxes", "radio_buttons")
    elements: list[dict[str, Any]] = [{"type": kind, "action_id": kind, "options": options} for kind in kinds]
    choose = {"type": "plain_text", "text": "Choose"}
    elements.append({"type": "static_select", "action_id": "select", "placeholder": choose, "options": options})
    slack.api("chat.postMessage", channel=OPS, text="x", blocks=[{"type": "actions", "elements": elements}])
    open_page(browser, slack)
    browser.click("[data-action-id=overflow]")
    browser.press("ArrowDown")
    browser.click("[data-testid=menu] [data-value=two]")
    for press in ("[data-action-id=checkboxes] [value=one]", "[data-action-id=radio_buttons] [value=two]"):
        browser.wait_for("!document.querySelector('[data-action-id]:disabled, [data-action-id] :disabled:not(option)')")
        browser.click(press)
    browser.wait_for("!document.querySelector('[data-action-id=select]').disabled")
    browser.evaluate(
        "(() => { const e = document.querySelector('[data-action-id=select]'); e.value = 'two';"
        " e.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    until(lambda: len(slack.app.told("block_actions")) == 4, DEADLINE, otherwise=lambda: "no four reports")
    picked = {told["actions"][0]["action_id"]: told["actions"][0] for told in slack.app.told("block_actions")}
    assert picked["overflow"]["selected_option"]["value"] == "two"
    assert [one["value"] for one in picked["checkboxes"]["selected_options"]] == ["one"]
    assert picked["radio_buttons"]["selected_option"]["value"] == "two"
    assert picked["select"]["selected_option"]["value"] == "two"


def test_the_drawer_sets_a_fault_shows_it_after_a_reload_and_clears_it(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    browser.click("[data-testid=panel-toggle]")
    browser.click("[data-testid=fault]:nth-of-type(3)")
    browser.wait_for("document.querySelectorAll('[data-testid=fault][aria-pressed=true]').length === 1")
    fault = slack.faults.take("aws", "ecs:UpdateService")
    assert fault is not None
    assert fault.error == "AccessDenied"
    open_page(browser, slack)
    browser.wait_for("document.querySelectorAll('[data-testid=fault][aria-pressed=true]').length === 1")
    browser.click("[data-testid=panel-toggle]")
    browser.click("[data-testid=fault-clear]")
    browser.wait_for("document.querySelectorAll('[data-testid=fault][aria-pressed=true]').length === 0")
    assert slack.faults.take("aws", "ecs:UpdateService") is None


def test_a_hint_goes_into_the_composer_of_its_channel(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack, route="#/C0GENERAL")
    browser.click("[data-testid=panel-toggle]")
    browser.click("[data-testid=panel-hints] [data-testid=hint]:last-of-type")
    browser.wait_for("document.querySelector('[data-testid=composer]').value === '/ops help'")
    assert browser.text("[data-testid=channel-title]") == "ops"


def test_what_pagerduty_got_is_counted_and_listed(browser: Browser, slack: Workspace) -> None:
    event = {
        "routing_key": "0" * 32,
        "event_action": "trigger",
        "dedup_key": "api-5xx",
        "payload": {"summary": "<b>api</b> is down", "source": "api", "severity": "critical"},
        "links": [{"href": "https://example.com/", "text": "<i>Thread</i>"}],
    }
    body = json.dumps(event).encode()
    taken = slack.pagerduty.answer(Request("POST", "https", "events.pagerduty.com", "/v2/enqueue", body=body))
    assert taken.status == 202
    open_page(browser, slack)
    browser.wait_for("document.querySelector('[data-testid=pagerduty-count]')?.innerText === '1'")
    browser.click("[data-testid=panel-toggle]")
    assert "<b>api</b> is down" in browser.text("[data-testid=pagerduty-event]")
    links = "[...document.querySelectorAll('[data-testid=pagerduty-event] a')].map((one) => one.href)"
    assert browser.evaluate(links) == ["https://example.com/"]
