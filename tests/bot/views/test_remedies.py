"""What the runbook would try first fits into Slack, whatever the world wrote into its facts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Fact
from bot.remedy import Offered
from bot.views.incident import REMEDY
from bot.views.remedies import MOST_OFFERED, message, remedies
from tests.bot.views.limits import check, hostile
from tests.fakes import buttons, texts

facts = st.lists(st.builds(Fact, name=hostile, value=st.one_of(hostile, st.floats())), max_size=9).map(tuple)
offers = st.builds(
    Offered,
    label=hostile,
    command=st.one_of(hostile, st.sampled_from(["", "rollback bi/api production", "scale " + "x" * 3000])),
    because=hostile,
    facts=facts,
)
BACK = Offered(
    label="Roll back",
    command="rollback bi/api production",
    because="It was deployed 12 min ago.",
    facts=(Fact(name="changes.age", value=720.0), Fact(name="tasks.cause", value="crash")),
)
RESTART = Offered(label="Restart", command="restart bi/api production")


@given(offered=st.lists(offers, max_size=9), others=st.lists(offers, max_size=12))
def test_no_remedy_breaks_a_message(offered: list[Offered], others: list[Offered]) -> None:
    shown = message(offered, others)
    if shown is not None:
        check(shown)
        assert len(shown.blocks) <= 24
        assert all(len(value) < 2000 for value in buttons(shown).values())


def test_a_remedy_shows_why_its_facts_and_a_button_that_carries_the_command() -> None:
    shown = message([BACK], [RESTART])
    assert shown is not None
    said = texts(shown)
    assert "*What the runbook would try first*" in said
    assert "1. *Roll back*\nIt was deployed 12 min ago." in said
    assert "`changes.age = 720`, `tasks.cause = crash`" in said
    assert buttons(shown) == {
        f"{REMEDY}rollback:1": "rollback bi/api production",
        f"{REMEDY}restart": "restart bi/api production",
    }


def test_advice_has_no_button() -> None:
    shown = message([Offered(label="Raise the task's memory", facts=BACK.facts)])
    assert shown is not None
    assert "1. *Raise the task's memory*" in texts(shown) and buttons(shown) == {}


def test_advice_that_no_fact_speaks_for_is_told_apart() -> None:
    shown = message([BACK, Offered(label="Check the callback addresses")])
    assert shown is not None
    assert "*The runbook also says*\n• Check the callback addresses" in texts(shown)


def test_without_support_there_are_only_choices() -> None:
    shown = message([], [RESTART])
    assert shown is not None
    assert "What the runbook would try first" not in texts(shown)
    assert buttons(shown) == {f"{REMEDY}restart": "restart bi/api production"}


def test_nothing_to_offer_is_no_message() -> None:
    assert message([]) is None
    assert remedies([]) == ()


def test_two_ways_of_one_command_are_two_buttons() -> None:
    ways = [Offered(label=f"Scale {count}", command=f"scale bi/api production {count}") for count in ("+1", "+2")]
    shown = message([], ways)
    assert shown is not None
    assert list(buttons(shown).values()) == ["scale bi/api production +1", "scale bi/api production +2"]


def test_what_is_too_much_for_one_glance_becomes_another_choice() -> None:
    many = [BACK.model_copy(update={"command": f"rollback bi/api production {n}"}) for n in range(MOST_OFFERED + 1)]
    shown = message(many)
    assert shown is not None
    assert sum(block["type"] == "context" for block in shown.blocks) == MOST_OFFERED + 1
    assert f"rollback bi/api production {MOST_OFFERED}" in buttons(shown).values()


def test_a_command_too_long_for_a_button_is_not_cut_into_another() -> None:
    shown = message([BACK.model_copy(update={"command": "rollback " + "x" * 2000})])
    assert shown is not None
    assert buttons(shown) == {}
