"""What a person reads and writes on the page, in a real browser against the pretend Slack."""

from __future__ import annotations

import pytest

from tests.browser import DEADLINE, Browser
from tests.sandbox.page.steps import OPS, buttons, messages, open_page, sees, write
from tests.sandbox.page.workspace import Workspace
from tests.waiting import until


def test_what_is_written_appears_once_and_hostile_text_stays_text(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    hostile = "<script>document.title = 1</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) <@U0BOB>"
    write(browser, hostile)
    browser.press("Enter")
    sees(browser, hostile)
    slack.api("chat.postMessage", channel=OPS, text="<javascript:alert(1)|press me> <https://example.com|fine>")
    sees(browser, "press me (javascript:alert(1)) fine")
    assert browser.evaluate("document.querySelectorAll('.message-list :is(script, img, iframe)').length") == 0
    assert browser.evaluate("[...document.querySelectorAll('.message-list a')].map((one) => one.href)") == [
        "https://example.com/"
    ]
    assert len(messages(browser)) == 2
    assert browser.problems == []


def test_a_mention_reaches_the_app_as_an_id(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    write(browser, "@runbook-bot status & <b>")
    browser.press("Enter")
    until(lambda: slack.app.told("event_callback"), DEADLINE, otherwise=lambda: "no the mention")
    assert slack.app.told("event_callback")[0]["event"]["text"] == "<@U0RUNBOOK> status &amp; &lt;b&gt;"
    sees(browser, "@runbook-bot status & <b>")


def test_an_ephemeral_is_shown_to_one_person_only(browser: Browser, slack: Workspace) -> None:
    slack.api("chat.postEphemeral", channel=OPS, user="U0ALICE", text="for alice alone")
    slack.api("chat.postMessage", channel=OPS, text="for everybody")
    open_page(browser, slack)
    sees(browser, "for alice alone")
    assert browser.evaluate("document.querySelectorAll('[data-ephemeral]').length") == 1
    browser.click("[data-testid=act-as]")
    browser.click("[data-testid=menu] [data-value=U0BOB]")
    browser.wait_for("document.querySelector('[data-testid=act-as]').dataset.user === 'U0BOB'")
    sees(browser, "for everybody")
    assert messages(browser)[-1].endswith("for everybody")
    assert "for alice alone" not in browser.text("body")


def test_a_message_is_changed_in_place_without_losing_the_focus(browser: Browser, slack: Workspace) -> None:
    posted = slack.api("chat.postMessage", channel=OPS, text="plan", blocks=buttons("stop", "go"))
    open_page(browser, slack)
    browser.wait_for("document.querySelector('[data-action-id=go]')")
    browser.evaluate("window.before = document.querySelector('[data-action-id=go]'); before.focus()")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "3 of 4 tasks"}}
    slack.api("chat.update", channel=OPS, ts=posted["ts"], text="x", blocks=[*buttons("stop", "go"), section])
    sees(browser, "3 of 4 tasks")
    sees(browser, "(edited)")
    assert browser.evaluate("document.activeElement === before && before.isConnected")


def test_a_reader_who_scrolled_up_stays_there_and_one_at_the_bottom_follows(browser: Browser, slack: Workspace) -> None:
    for number in range(60):
        slack.client("message", user="U0BOB", channel=OPS, text=f"line {number}")
    open_page(browser, slack)
    sees(browser, "line 59")
    scroller = "document.querySelector('.scroller')"
    distance = f"{scroller}.scrollHeight - {scroller}.scrollTop - {scroller}.clientHeight"
    browser.wait_for(f"{distance} < 2")
    slack.client("message", user="U0BOB", channel=OPS, text="one more")
    sees(browser, "one more")
    browser.wait_for(f"{distance} < 2")
    # A drawing that is still due may scroll to the bottom once more.
    browser.wait_for(
        f"(async () => {{ {scroller}.scrollTop = 100;"
        " await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));"
        f" return {scroller}.scrollTop === 100; }})()"
    )
    slack.client("message", user="U0BOB", channel=OPS, text="the last one")
    sees(browser, "the last one")
    assert browser.evaluate("document.querySelector('.scroller').scrollTop") == 100
    browser.click(".jump")
    browser.wait_for(f"{distance} < 2")


def test_an_address_opens_a_thread_and_a_reply_goes_into_it(browser: Browser, slack: Workspace) -> None:
    parent = slack.api("chat.postMessage", channel=OPS, text="alarm")["ts"]
    slack.api("chat.postMessage", channel=OPS, text="first finding", thread_ts=parent)
    open_page(browser, slack, route=f"#/{OPS}/{parent}")
    sees(browser, "first finding", "thread-list")
    write(browser, "thanks", "thread-composer")
    browser.press("Enter")
    sees(browser, "thanks", "thread-list")
    browser.wait_for("document.querySelector('[data-testid=replies]').innerText.includes('2 replies')")
    assert "thanks" not in browser.text("[data-testid=message-list]")
    write(browser, "/services", "thread-composer")
    browser.press("Enter")
    browser.press("Enter")
    sees(browser, "is not supported in threads", "thread-list")
    browser.click("[data-testid=close-thread]")
    browser.wait_for("document.querySelector('[data-testid=thread-pane]').hidden")


def test_a_permalink_opens_its_message_inside_the_page_and_from_outside(browser: Browser, slack: Workspace) -> None:
    parent = slack.api("chat.postMessage", channel="C0ALERTS", text="elsewhere")["ts"]
    slack.api("chat.postMessage", channel="C0ALERTS", text="a reply", thread_ts=parent)
    link = slack.api("chat.getPermalink", channel="C0ALERTS", message_ts=parent)["permalink"]
    slack.api("chat.postMessage", channel=OPS, text=f"see <{link}|there>")
    open_page(browser, slack)
    browser.click("[data-testid=message] a.link")
    sees(browser, "a reply", "thread-list")
    assert browser.text("[data-testid=channel-title]") == "alerts"
    browser.goto("about:blank")
    browser.goto(link)
    sees(browser, "a reply", "thread-list")


def test_unread_messages_are_counted_in_the_sidebar_and_in_the_title(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    slack.api("chat.postMessage", channel="C0ALERTS", text="one")
    slack.api("chat.postMessage", channel="C0ALERTS", text="<@U0ALICE> two")
    browser.wait_for("document.querySelector('[data-channel=C0ALERTS] .count')?.innerText === '2'")
    assert browser.evaluate("document.querySelector('[data-channel=C0ALERTS] .count').matches('.count-mention')")
    assert browser.evaluate("document.title").startswith("(2) #ops")
    assert "mentioned you in #alerts" in browser.text("[data-testid=toasts]")
    browser.click("[data-channel=C0ALERTS]")
    browser.wait_for("!document.querySelector('[data-channel=C0ALERTS] .count')")
    browser.wait_for("document.title.startsWith('#alerts')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chosen_theme_is_remembered_and_the_phone_shows_no_sideways_scroll(
    browser: Browser, slack: Workspace, scheme: str
) -> None:
    slack.api("chat.postMessage", channel=OPS, text="a" * 300, blocks=buttons("one", "two", "three", "four", "five"))
    browser.prefer(scheme)
    browser.resize(390, 844, phone=True)
    try:
        open_page(browser, slack)
        sees(browser, "five")
        assert browser.evaluate("document.documentElement.scrollWidth") == 390
        background = "getComputedStyle(document.querySelector('main')).backgroundColor"
        before = browser.evaluate(background)
        browser.click("[data-testid=theme-toggle]")
        browser.wait_for(f"{background} !== '{before}'")
        browser.goto(f"{slack.url}/#/C0ALERTS")
        browser.evaluate("window.isOld = true")
        browser.call("Page.reload")
        browser.wait_for(f"!window.isOld && document.readyState === 'complete' && {background} !== '{before}'")
    finally:
        browser.resize(1440, 900)
        browser.evaluate("localStorage.clear()")
        browser.prefer("light")


def test_the_page_catches_up_after_the_connection_was_lost(browser: Browser, slack: Workspace) -> None:
    open_page(browser, slack)
    write(browser, "before")
    browser.press("Enter")
    sees(browser, "before")
    browser.call("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.call("Network.emulateNetworkConditions", offline=True, **offline)
    slack.api("chat.postMessage", channel=OPS, text="meanwhile")
    browser.call("Network.emulateNetworkConditions", offline=False, **offline)
    sees(browser, "meanwhile")
    assert [one.splitlines()[-1] for one in messages(browser)] == ["before", "meanwhile"]
