"""``kill -9`` in the lives of incidents, before and after each effect: it happens once, a mail at most twice.

Headlines, findings, acknowledgements and recoveries are in ``test_kill_in_incidents``.
"""

from __future__ import annotations

import pytest

from sandbox.scenarios.stage import ALICE
from tests.chaos.drill import Drill
from tests.chaos.incidents import Matter, headlines
from tests.chaos.labels import CALM_SECONDS
from tests.chaos.people import BOB

pytestmark = pytest.mark.story

THE_MOST_MAILS = 2
"""SES takes no key: a mail whose sending was interrupted is sent once more, and never a third time."""


def carried_out(drill: Drill) -> None:
    drill.until(lambda: not drill.left(), "not every order was carried out")


def once(matter: Matter) -> None:
    """Nothing of it was posted twice."""
    assert {part: times for part, times in matter.parts().items() if times != 1} == {}


def opened(drill: Drill, number: int, severity: str = "critical") -> Matter:
    """An incident whose first look is over."""
    matter = Matter(drill, number, severity)
    drill.until(lambda: matter.replies("findings") == [1], "nothing was found")
    return matter


def test_the_graph_and_what_was_found_reach_thread_and_pagerduty_once(drill: Drill) -> None:
    drill.order_twice("upload *", "page trigger * with findings", "page trigger runbook-bot:*")
    matter = opened(drill, 10)
    carried_out(drill)
    drill.until(lambda: matter.files() == 1, "no graph appeared")
    drill.until(lambda: matter.pages() == {1: ["triggered"]}, "nobody was paged")
    once(matter)
    assert matter.files() == 1


def test_what_nobody_takes_goes_up_every_level_once(drill: Drill) -> None:
    drill.order_twice("post inc:*:level:1:1:*", "page trigger runbook-bot:*:1*", "post inc:*:reminder:*")
    drill.order("after", "mail *")
    matter = opened(drill, 11, "high")
    carried_out(drill)
    drill.until(lambda: matter.pages() == {1: ["triggered"], 2: ["triggered"]}, "not every level was called")
    drill.order_twice("page acknowledge runbook-bot:*:1")
    drill.until(lambda: matter.press("Acknowledge"), "it could not be acknowledged")
    carried_out(drill)
    drill.until(lambda: matter.pages() == {1: ["acknowledged"], 2: ["acknowledged"]}, "a level does not know")
    levels, reminders = matter.replies("level", "reminder")
    assert (levels, bool(reminders)) == (2, True)
    once(matter)
    mails = drill.mails(matter.alarm)
    assert 1 <= len(mails) <= THE_MOST_MAILS
    drill.order_twice("page resolve runbook-bot:*:1")
    matter.say("resolve")
    carried_out(drill)
    drill.until(lambda: matter.pages() == {1: ["resolved"], 2: ["resolved"]}, "a level does not know that it is over")
    drill.until(lambda: "resolved by" in matter.text(), "the headline does not say that it is over")
    once(matter)


def test_an_alarm_that_comes_and_goes_and_comes_again_is_told_once(drill: Drill) -> None:
    matter = opened(drill, 12)
    drill.until(lambda: matter.pages() == {1: ["triggered"]}, "nobody was paged")
    matter.turn("OK")
    drill.until(lambda: matter.replies("ok") == [1], "it did not recover")
    drill.order_twice("post inc:*:flaps:*")
    matter.turn("ALARM")
    carried_out(drill)
    drill.until(lambda: matter.replies("flaps") == [1], "nobody heard of it")
    matter.turn("OK")
    drill.until(lambda: matter.pages()[1][-1] == "resolved", "PagerDuty does not know that it is over")
    calm = drill.stage.now() + 1.2 * CALM_SECONDS
    drill.until(lambda: drill.stage.now() > calm, "the clock stands still")
    drill.order_twice("post inc:*:again:*", "page trigger *")
    matter.turn("ALARM")
    carried_out(drill)
    drill.until(lambda: matter.pages()[1][-1] == "triggered", "nobody was called out again")
    drill.until(lambda: matter.replies("again", "headline") == [1, 1], "nobody was told")
    once(matter)


def test_what_people_do_in_the_thread_happens_once(drill: Drill) -> None:
    matter = opened(drill, 13)
    # Slack tells a bot that did not answer again, up to minutes later; it was stored before the bot died.
    drill.order("after", "mention *hand*")
    matter.say(f"hand over <@{BOB}>")
    carried_out(drill)
    drill.until(lambda: matter.pages() == {1: ["acknowledged"]}, "PagerDuty does not know who has it")
    drill.order_twice("post inc:*:snooze:*")
    matter.say("snooze 1h", BOB)
    carried_out(drill)
    drill.until(lambda: matter.replies("ack", "snooze") == [1, 1], "not all was told")
    matter.say("escalate", BOB)
    drill.until(lambda: matter.pages().get(2) == ["triggered"], "the next level was not called")
    drill.order_twice("press incident:resolve")
    drill.until(lambda: matter.press("Resolve"), "it could not be resolved")
    carried_out(drill)
    drill.until(lambda: set(map(tuple, matter.pages().values())) == {("resolved",)}, "PagerDuty does not know")
    once(matter)


def test_a_merge_and_a_split_happen_once_and_lose_no_alarm(drill: Drill) -> None:
    since = len(drill.sandbox.pagerduty.snapshot()["incidents"])
    first, second = opened(drill, 14), opened(drill, 15)
    drill.until(lambda: first.pages() == second.pages() == {1: ["triggered"]}, "nobody was paged")
    drill.order_twice("post inc:*:merge:*", "post inc:*:absorbed:*", "post inc:*:alarms")
    first.say(f"merge {second.id}")
    carried_out(drill)
    drill.until(lambda: first.pages() == {1: ["resolved"]}, "PagerDuty does not know that it went elsewhere")
    drill.until(lambda: second.replies("absorbed", "alarms") == [1, 1], "the other does not tell of it")
    assert headlines(drill)[second.alarm] == headlines(drill)[first.alarm] == 1
    drill.order_twice("post inc:*:split:*")
    drill.order("after", "post inc:*:headline")
    second.say(f"split {first.alarm}")
    carried_out(drill)
    drill.until(lambda: headlines(drill)[first.alarm] == 2, "what was split off has no thread")
    drill.until(lambda: second.replies("split") == [1], "nobody was told of the split")
    once(first)
    once(second)
    for matter in (first, second):
        matter.turn("OK")
    drill.until(lambda: not called_out(drill, since), "something is still called out")


def called_out(drill: Drill, since: int) -> list[str]:
    """What PagerDuty calls people out for, of its incidents after the first so many."""
    found = drill.sandbox.pagerduty.snapshot()["incidents"][since:]
    return [each["dedup_key"] for each in found if each["status"] != "resolved"]


def test_what_is_done_in_pagerduty_while_the_bot_dies_is_told_once(drill: Drill) -> None:
    matter = opened(drill, 16)
    drill.until(lambda: matter.pages() == {1: ["triggered"]}, "nobody was paged")
    # What PagerDuty is told of an alert after somebody resolved it there opens a new one, whoever may help it.
    drill.until(matter.is_explained, "PagerDuty was not told what was found")
    drill.order_twice("hear acknowledged", "post inc:*:ack:*")
    matter.act("acknowledge", BOB)
    carried_out(drill)
    drill.until(lambda: "Bob Ito (PagerDuty) has it" in matter.text(), "Slack does not know who has it")
    drill.order_twice("hear resolved")
    matter.act("resolve", ALICE)
    carried_out(drill)
    drill.until(lambda: "resolved by Alice Novak (PagerDuty)" in matter.text(), "Slack does not know that it is over")
    assert matter.replies("ack") == [1]
    assert matter.pages() == {1: ["resolved"]}
    once(matter)
