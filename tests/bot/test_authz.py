"""Who may do what: whatever no rule allows is refused, and the refusal says who may."""

from __future__ import annotations

import pytest

from bot import authz
from bot.domain import Account, Person, Service, Target
from bot.errors import DeniedError
from bot.settings.models import AccessConfig, Role, Rule

ACCESS = AccessConfig(
    roles={"on-call": Role(groups=("S1",)), "chiefs": Role(users=("U0CHIEF",))},
    allow=(
        Rule(action="read", roles=("anyone",)),
        Rule(action="deploy", environments=("staging",), roles=("anyone",)),
        Rule(action="deploy", environments=("production",), roles=("on-call",)),
        Rule(action="*", roles=("chiefs",)),
        Rule(action="incident", roles=("nobody-defined-this",)),
    ),
)


def place(environment: str, system: str = "bi") -> Target | None:
    """A service in an environment; nothing for no environment."""
    service = Service.model_validate({"kind": "ecs", "cluster": "c"})
    return Target(system, environment, "api", service, Account("r"), "#bi", production=True) if environment else None


MEMBER = Person(user="U0MEMBER", name="member")
ON_CALL = Person(user="U0ONCALL", name="on call", groups=frozenset({"S1", "S9"}))
CHIEF = Person(user="U0CHIEF", name="chief")


@pytest.mark.parametrize(
    ("person", "action", "environment", "may"),
    [
        (MEMBER, "read", "production", True),
        (MEMBER, "deploy", "staging", True),
        (MEMBER, "deploy", "production", False),
        (ON_CALL, "deploy", "production", True),
        (ON_CALL, "incident", "production", False),
        (CHIEF, "deploy", "production", True),
        (CHIEF, "incident", "anywhere", True),
        (CHIEF, "an action nobody named", "production", True),
        (MEMBER, "an action nobody named", "production", False),
        (MEMBER, "deploy", "qa", False),
        (MEMBER, "deploy", "", True),  # what belongs to no environment: a rule of any is enough
        (MEMBER, "incident", "", False),
    ],
)
def test_a_rule_that_fits_is_enough_and_none_is_a_refusal(
    person: Person, action: str, environment: str, may: bool
) -> None:
    assert authz.allowed(ACCESS, person, action, place(environment)) is may


@pytest.mark.parametrize("flag", ["is_stranger", "is_guest", "is_bot"])
@pytest.mark.parametrize("user", ["U0CHIEF", "U0ONCALL"])
def test_strangers_guests_and_bots_may_change_nothing_whatever_the_rules_say(flag: str, user: str) -> None:
    person = Person(**{"user": user, "name": "x", "groups": frozenset({"S1"}), flag: True})  # type: ignore[arg-type]
    assert not authz.allowed(ACCESS, person, "deploy", place("production"))
    assert not authz.allowed(ACCESS, person, "deploy", place("staging"))
    assert not authz.allowed(ACCESS, person, "incident", place("staging"))
    with pytest.raises(DeniedError, match=r"you are (a bot|a guest|from another company) here") as caught:
        authz.require(ACCESS, person, "deploy", place("production"))
    assert caught.value.hint == "Only full members of this workspace may."


def test_anyone_means_full_members_only() -> None:
    guest = Person(user="U0GUEST", name="guest", is_guest=True)
    assert not authz.allowed(ACCESS, guest, "read", place("production"))


def test_a_guest_who_is_named_may_read() -> None:
    guest = Person(user="U0CHIEF", name="guest", is_guest=True)
    assert authz.allowed(ACCESS, guest, "read", place("production"))


def test_a_refusal_says_what_where_and_who_may() -> None:
    with pytest.raises(DeniedError) as caught:
        authz.require(ACCESS, MEMBER, "deploy", place("production"))
    assert str(caught.value) == ("You may not deploy in production. Who may: on-call, chiefs (config/access.yaml).")
    with pytest.raises(DeniedError) as caught:
        authz.require(ACCESS, MEMBER, "incident", place("production"))
    assert caught.value.message == "You may not work on incidents or silence alarms in production."


def test_where_nobody_may_the_refusal_says_so() -> None:
    with pytest.raises(DeniedError) as caught:
        authz.require(AccessConfig(allow=()), MEMBER, "read", None)
    assert str(caught.value) == "You may not look at anything. Who may: nobody (config/access.yaml)."


def test_somewhere_is_enough_to_be_shown_a_command() -> None:
    assert authz.allowed(ACCESS, MEMBER, "deploy", None)
    assert not authz.allowed(ACCESS, MEMBER, "incident", None)
    assert authz.allowed(ACCESS, CHIEF, "incident", None)
