"""What a person reads of a plan: troubles first, what passed in small print."""

from __future__ import annotations

from bot.command import Change, Check, CheckStatus, Choice, Override, Plan
from bot.views import plan as plans
from tests.bot.views.limits import texts

IMAGE = Check(name="image", status=CheckStatus.PASSED, detail="v2 exists")
ROLES = Check(name="roles", status=CheckStatus.PASSED, detail="2 exist")
WINDOW = Check(name="window", status=CheckStatus.WARNED, detail="not on a Sunday")
FREEZE = Check(name="freeze", status=CheckStatus.BLOCKING, detail="frozen", override=Override.EMERGENCY)
NUMBER = Check(name="bounds", status=CheckStatus.BLOCKING, detail="above 10", override=Override.NEVER)
ALARMS = Check(name="alarms", status=CheckStatus.UNKNOWN, detail="not read")
CHANGE = Change(what="Version", before="v1", after="v2")
PLAN = Plan(title="Deploy", changes=(CHANGE,), checks=(IMAGE, ALARMS, WINDOW, ROLES, FREEZE), warnings=("beware",))
SHIP = Choice(label="Deploy", text="deploy api production v2")


def test_troubles_come_first_the_worst_on_top_and_what_passed_is_one_line_of_small_print() -> None:
    troubles, passed = plans.checks(PLAN, decided=False)
    assert troubles["text"]["text"].split("\n") == [
        ":no_entry: *freeze*: frozen",
        ":warning: *window*: not on a Sunday",
        ":grey_question: *alarms*: not read",
        ":warning: beware",
    ]
    assert passed["type"] == "context"
    assert list(texts(passed)) == [":white_check_mark: image: v2 exists · roles: 2 exist"]


def test_once_it_was_decided_on_only_what_spoke_against_it_is_left() -> None:
    (left,) = plans.checks(PLAN, decided=True)
    assert left["text"]["text"].split("\n") == [
        ":no_entry: *freeze*: frozen",
        ":warning: *window*: not on a Sunday",
        ":warning: beware",
    ]


def test_a_plan_that_was_looked_at_in_no_way_shows_no_checks() -> None:
    assert plans.checks(Plan(title="Freeze", changes=(CHANGE,)), decided=False) == []


def test_what_forbids_it_is_named_and_what_to_do_where_nobody_may_go_on() -> None:
    assert plans.forbidden(PLAN, (FREEZE,)) == ":no_entry: Forbidden by *freeze*."
    assert plans.forbidden(PLAN, (FREEZE, NUMBER)).startswith(":no_entry: Forbidden by *freeze* and *bounds*. Mend")
    offered = PLAN.model_copy(update={"choices": (SHIP,)})
    assert plans.forbidden(offered, (NUMBER,)) == ":no_entry: Forbidden by *bounds*."
