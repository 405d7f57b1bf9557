"""What the bot's own ledger says of revisions."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ports import Past
from bot.shipping import ecs_ledger
from tests.fakes import NOON, a_past

KEY = "bi/production/api"


def shipped(arn: str, **changes: Any) -> Past:
    return a_past(KEY, results={"register": {"task_definition": arn}, "update": {}}, **changes)


def test_a_quiet_soak_is_good_and_a_red_one_is_not() -> None:
    known = ecs_ledger.known((shipped("a", good=True), shipped("b", good=False), shipped("c")))
    assert (known.good, known.red, known.bad) == (frozenset({"a"}), frozenset({"b"}), {})


def test_what_people_went_back_from_and_what_failed_is_bad() -> None:
    went_back = a_past(KEY, command="rollback", facts={"from_definition": "b", "to_definition": "a"})
    known = ecs_ledger.known((went_back, shipped("c", state="failed")))
    assert known.bad == {"b": "somebody rolled back from it", "c": "its deployment failed"}


@pytest.mark.parametrize("state", ["failed", "cancelled", "running"])
def test_a_rollback_that_did_not_happen_says_nothing_of_what_it_left(state: str) -> None:
    assert (
        "b" not in ecs_ledger.known((a_past(KEY, command="rollback", state=state, facts={"from_definition": "b"}),)).bad
    )


def test_the_newer_of_two_judgements_holds() -> None:
    back = a_past(KEY, command="rollback", facts={"from_definition": "b", "to_definition": "a"}, good=True)
    assert ecs_ledger.known((back, shipped("a", good=False))).good == {"a"}
    assert ecs_ledger.known((shipped("b", good=True), back)).good == {"a", "b"}


def test_a_failure_says_nothing_against_what_once_proved_good() -> None:
    known = ecs_ledger.known((shipped("a", state="failed"), shipped("a", good=True)))
    assert known.good == {"a"}
    assert known.bad == {}


def test_revisions_ecs_does_not_tell_of_are_candidates() -> None:
    past = (shipped("d", state="failed"), shipped("c"), shipped("b", good=True), shipped("a", good=False))
    found = ecs_ledger.candidates(past, seen={"c"})
    assert [(each.revision.task_definition, each.is_good, each.at) for each in found] == [
        ("b", True, NOON - 3600),
        ("a", False, NOON - 3600),
    ]


def test_a_definition_is_kept_by_what_made_it_and_by_what_replaced_it() -> None:
    made = a_past(KEY, results={"register": {"task_definition": "x/api:1", "definition": {"a": 1}, "tags": {"t": "1"}}})
    left = a_past(KEY, facts={"from_definition": "x/api:2", "from_raw": {"b": 2}, "from_version": "v2"})
    assert ecs_ledger.saved((made, left), "x/api:1") == {"definition": {"a": 1}, "tags": {"t": "1"}}
    assert ecs_ledger.saved((made, left), "x/api:2") == {
        "definition": {"b": 2},
        "tags": {"runbook-bot:version": "v2"},
    }
    assert ecs_ledger.saved((made, left), "x/api:3") is None


def test_a_copy_of_a_copy_is_the_first_ones_and_a_restart_judges_nothing() -> None:
    again = shipped("c", command="restart", facts={"copy_of": "b"}, good=False)
    once = shipped("b", command="restart", facts={"copy_of": "a"}, state="failed")
    known = ecs_ledger.known((again, once))
    assert known.copies == {"c": "a", "b": "a"}
    assert (known.bad, known.red) == ({}, frozenset())
