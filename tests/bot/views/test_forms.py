"""Every modal fits into Slack, whatever the configuration, a registry or a plan wrote into it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.command import Check, CheckStatus, Plan, Suggestion
from bot.domain import Actor
from bot.form import Blank, Group
from bot.prompts import Asks, Prompt, shown
from bot.views import forms as view
from sandbox.slack.blocks import check_view
from tests.bot.views.limits import check_markup, hostile, mrkdwn

names = st.text("abcdefgh_", min_size=1, max_size=30)
short = st.text(max_size=100)
suggestions = st.builds(Suggestion, label=hostile, word=hostile)
groups = st.builds(Group, label=hostile, choices=st.lists(suggestions, max_size=5).map(tuple))
blanks = st.builds(
    Blank,
    name=names,
    hint=hostile,
    optional=st.booleans(),
    groups=st.lists(groups, max_size=3).map(tuple),
    chosen=hostile,
    tells=st.booleans(),
    note=hostile,
    waits=st.booleans(),
    mark=hostile,
)
several = st.lists(blanks, min_size=1, max_size=4, unique_by=lambda blank: blank.name)
plans = st.builds(
    Plan,
    title=hostile,
    phrase=short,
    checks=st.lists(st.builds(Check, name=short, status=st.just(CheckStatus.BLOCKING), detail=hostile), max_size=3).map(
        tuple
    ),
    facts=st.just({}),
    basis=st.just({}),
)


def form(*blanks: Blank, **metadata: str) -> view.View:
    return view.form("Deploy", "Ship it.", blanks, metadata, submit="Show the plan")


def plain(label: str, **more: Any) -> Blank:
    return Blank("version", label, False, **more)


def menu(*words: str, chosen: str = "", mark: str = "") -> Blank:
    choices = tuple(Suggestion(word, word) for word in words)
    return Blank("version", "", False, (Group("", choices),), chosen, mark=mark)


def block_id(made: view.View) -> str:
    return str(made["blocks"][1]["block_id"])


@given(hostile, hostile, several, st.dictionaries(names, short, max_size=4))
@settings(deadline=None, max_examples=150)
def test_any_form_fits(title: str, summary: str, fields: list[Blank], metadata: dict[str, str]) -> None:
    made = view.form(title, summary, fields, metadata, submit=title)
    check_view(made)
    for text in mrkdwn(made["blocks"]):
        check_markup(text, frozenset())


@given(st.sampled_from(Asks), plans, short)
@settings(deadline=None, max_examples=150)
def test_any_prompt_fits(asked: Asks, plan: Plan, check: str) -> None:
    name = plan.checks[0].name if plan.checks else check
    prompt = Prompt(asks=asked, operation="o", plan="p", check=name, actor=Actor(user="U0ALICE"), trigger_id="t")
    made = shown(prompt, plan)
    check_view(made)
    for text in mrkdwn(made["blocks"]):
        check_markup(text, frozenset())


@pytest.mark.parametrize(("count", "sizes"), [(1, []), (100, []), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_long_menu_is_cut_into_groups_of_a_hundred(count: int, sizes: list[int]) -> None:
    made = form(menu(*map(str, range(count))))
    check_view(made)
    element = made["blocks"][1]["element"]
    assert [len(group["options"]) for group in element.get("option_groups", [])] == sizes
    assert len(element.get("options", [])) == (0 if sizes else count)


def test_a_hundred_groups_are_shown_at_most() -> None:
    several = tuple(Group(f"s{number}", (Suggestion("a", f"s{number}/a"),)) for number in range(130))
    made = form(Blank("service", "", False, several))
    check_view(made)
    assert len(made["blocks"][1]["element"]["option_groups"]) == 100


def test_a_block_is_a_new_one_exactly_when_it_offers_something_else() -> None:
    first = block_id(form(menu("v1", "v2")))
    assert block_id(form(menu("v1", "v2"), channel="C0OTHER")) == first
    assert block_id(form(plain("a"))) == block_id(form(plain("b")))
    others = (menu("v1", "v3"), menu("v1", "v2", chosen="v2"), menu("v1", "v2", mark="staging"), plain(""))
    assert len({first, *(block_id(form(other)) for other in others)}) == 5


def test_a_choice_that_is_not_offered_is_not_where_a_menu_begins() -> None:
    assert "initial_option" not in form(menu("v1", chosen="v9"))["blocks"][1]["element"]
    assert form(menu("v1", chosen="v1"))["blocks"][1]["element"]["initial_option"]["value"] == "v1"


def test_a_menu_with_nothing_that_slack_could_show_is_free_text() -> None:
    element = form(menu("", "x" * 151))["blocks"][1]["element"]
    assert element["type"] == "plain_text_input"


def test_a_blank_that_waits_is_a_note_alone() -> None:
    made = form(Blank("version", "", False, note="Looking …", waits=True), plain("x"))
    assert [block["type"] for block in made["blocks"]] == ["section", "context", "input"]


def test_what_a_view_carries_comes_back_and_its_address_goes_first_when_it_is_too_much() -> None:
    assert view.carried(form(plain(""), form="r1", url="https://x")) == {"form": "r1", "url": "https://x"}
    packed = view.pack({"form": "r1", "url": "https://" + "x" * 3000})
    assert json.loads(packed) == {"form": "r1"}


def test_errors_stand_at_their_fields_and_what_has_none_at_the_last() -> None:
    made = form(menu("v1"), Blank("reason", "", True))
    ids = {block["block_id"].split(":")[0]: block["block_id"] for block in made["blocks"] if block["type"] == "input"}
    values = {ids["version"]: {"field:version": {"type": "static_select", "selected_option": None}}}
    wrong = view.errors(made | {"state": {"values": values}}, {"version": "no", "": "too late", "count": "x" * 400})
    assert wrong[ids["version"]] == "no"
    assert wrong[ids["reason"]].startswith("too late xxx")
    assert len(wrong[ids["reason"]]) == view.ERROR_TEXT
