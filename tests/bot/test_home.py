"""The app's home tab: what each person sees of incidents, operations, holds and who is on call, and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.domain import Actor, Alarm, AlarmState, Person, as_json
from bot.errors import UpstreamError
from bot.holds import Hold, HoldKind
from bot.home import EVERY, FOR, opened
from bot.incident import Incident, Phase
from bot.rows import NewRow, Row
from bot.settings.models import AccessConfig, Role, Rule
from bot.views.home import OPENS_FORM
from tests.fakes import NOON
from tests.scene import ACCESS, ALICE, BOB, DAVE, EVE, GUS, ROBOT, Scene, the_systems

AWAY = UpstreamError("Slack cannot be reached.", retryable=True)
WHEN = "<!date^1750000000^{date_short_pretty} {time}|2025-06-15 15:06 UTC>"


class Killed(BaseException):
    """The process ends here."""


def look(scene: Scene, user: str = ALICE, event: str = "Ev1", seen: str = "") -> None:
    """Open the tab."""
    scene.engine.add(opened(user, scene.clock.now(), seen=seen, key=event))
    scene.run(2)


def words(scene: Scene, user: str = ALICE) -> str:
    """All that somebody's tab says now."""
    return said(scene.chat.homes[user][-1])


def said(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


def row(scene: Scene, user: str = ALICE) -> Row:
    found = scene.store.by_key("home", user)
    assert found is not None
    return found


def test_an_open_incident_is_shown_with_its_thread_and_who_has_it(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    look(scene)
    address = f"https://slack.example.com/C0BI/p{scene.headline().ts}"
    line = f":red_circle: *<{address}|api-errors>* · bi/api production · nobody has it · since {WHEN}"
    assert line in words(scene)


def test_an_operation_that_runs_is_shown_with_its_card_and_one_that_is_over_is_not(scene: Scene) -> None:
    scene.deploy()
    look(scene)
    assert f"settling · *<https://slack.example.com/C0BI/p{scene.card().ts}|Deploy bi/api production → v2>*" in words(
        scene
    )
    assert "<@U0ALICE>" in words(scene)
    scene.ecs.settle(scene.api)
    scene.run(800)
    look(scene, event="Ev2")
    assert "nothing runs, nothing waits" in words(scene)


def test_an_operation_that_only_reads_is_none(scene: Scene) -> None:
    scene.type("services", "")
    look(scene)
    assert "nothing runs, nothing waits" in words(scene)


def test_freezes_and_locks_are_shown_once_and_windows_are_not(scene: Scene) -> None:
    scene.freeze("Frozen for the audit.")
    lock = {"id": "l", "kind": HoldKind.LOCK, "place": "bi/production/api", "reason": "Rolled back.", "since": NOON}
    scene.holds.add(Hold.model_validate(lock))
    scene.holds.add(Hold.model_validate({**lock, "id": "w", "kind": HoldKind.WINDOW, "reason": "Only at night."}))
    look(scene)
    assert words(scene).count("Frozen for the audit.") == 1
    assert ":lock: *bi/api production* · Rolled back." in words(scene)
    assert "Only at night." not in words(scene)


def test_who_is_on_call_is_shown_by_group_and_by_name(tmp_path: Any) -> None:
    system = the_systems()[0].model_copy(update={"on_call": ("S0ONCALL", DAVE)})
    scene = Scene(tmp_path, catalog=Catalog((system,)))
    scene.chat.people = {user: scene.chat.people[user] for user in (ALICE, BOB, DAVE)}
    look(scene)
    assert "<!subteam^S0ONCALL> <@U0DAVE> (<@U0ALICE>, <@U0BOB>): BI platform" in words(scene)
    scene.chat.failures.add("group_members", AWAY)
    look(scene, event="Ev2")
    assert "<!subteam^S0ONCALL> <@U0DAVE>: BI platform" in words(scene)
    scene.close()


def test_systems_with_the_same_people_on_call_share_a_line(tmp_path: Any) -> None:
    bi = the_systems()[0].model_copy(update={"on_call": (ALICE,)})
    others = [bi.model_copy(update={"system": name, "title": ""}) for name in ("hr", "it")]
    scene = Scene(tmp_path, catalog=Catalog((bi, others[0], others[1].model_copy(update={"on_call": (BOB,)}))))
    look(scene)
    assert "<@U0ALICE>: BI platform, hr\\n<@U0BOB>: it" in words(scene)
    scene.close()


def test_buttons_open_the_forms_of_what_the_person_may_do(scene: Scene) -> None:
    look(scene)
    assert f"{OPENS_FORM}deploy" in words(scene)
    assert f"{OPENS_FORM}services" in words(scene), "it may be filled in, though it need not"
    assert f"{OPENS_FORM}help" not in words(scene), "who wants help is helped at once"
    look(scene, DAVE)
    assert f"{OPENS_FORM}deploy" not in words(scene, DAVE)


def test_a_button_opens_the_form(scene: Scene) -> None:
    look(scene)
    actor = Actor(user=ALICE, channel=ALICE)
    assert scene.flow.receive("ops", "deploy", actor, key="k", trigger_id="T", asks=True) is None
    scene.run(2)
    assert scene.chat.views["V1"]["title"]["text"] == "Deploy"


@pytest.mark.parametrize("user", [EVE, GUS, ROBOT])
def test_strangers_guests_and_bots_see_nothing(scene: Scene, user: str) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.freeze("Frozen for the audit.")
    scene.run(3)
    look(scene, user)
    (view,) = scene.chat.homes[user]
    assert [block["text"]["text"] for block in view["blocks"]] == ["There is nothing here that you may see."]


def test_a_stranger_whom_a_rule_lets_read_sees_nothing_either(tmp_path: Any) -> None:
    access = AccessConfig(roles={"all": Role(users=(EVE,))}, allow=(Rule(action="read", roles=("all",)), *ACCESS.allow))
    scene = Scene(tmp_path, access=access)
    look(scene, EVE)
    assert "nothing here that you may see" in words(scene, EVE)
    scene.close()


def test_only_systems_that_one_may_read_are_shown(tmp_path: Any) -> None:
    other = the_systems()[0].model_copy(update={"system": "hr", "title": "HR", "on_call": (BOB,)})
    bi = the_systems()[0].model_copy(update={"on_call": (ALICE,)})
    rules = (Rule(action="read", roles=("anyone",), systems=("bi",)), Rule(action="incident", roles=("anyone",)))
    scene = Scene(tmp_path, access=AccessConfig(roles={}, allow=rules), catalog=Catalog((bi, other)))
    scene.store.add(incident_of("hr/production/api", "salaries-wrong"), NOON)
    look(scene, DAVE)
    assert "BI platform" in words(scene, DAVE)
    assert "HR" not in words(scene, DAVE)
    assert "salaries-wrong" not in words(scene, DAVE)
    scene.close()


def incident_of(target: str, name: str) -> NewRow:
    alarm = Alarm(arn="a", name=name, state=AlarmState.ALARM, at=NOON)
    incident = Incident(alarm=alarm, target=target, channel="#hr", opened_at=NOON, next_at=NOON + 9e5)
    return NewRow(kind="incident", key=name, state=Phase.OPEN, body=as_json(incident), due_at=NOON + 9e5)


def test_hostile_names_neither_ping_nor_format(scene: Scene) -> None:
    scene.store.add(incident_of("", "<!channel> *x* `y`"), NOON)
    look(scene)
    assert "<!channel>" not in words(scene)
    assert "&lt;!channel&gt;" in words(scene)


def test_however_much_there_is_slack_takes_it(scene: Scene) -> None:
    for number in range(150):
        scene.store.add(incident_of("", f"alarm-{number}-" + "x" * 200), NOON)
    for number in range(60):
        scene.freeze(f"Frozen {number} " + "y" * 500)
    look(scene)
    view = scene.chat.homes[ALICE][-1]
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view)) < 250_000
    assert all(len(block["text"]["text"]) <= 3000 for block in view["blocks"] if block["type"] == "section")
    assert "… and 120 more" in words(scene)


# when it is published


def test_it_is_published_again_only_when_it_says_something_else(scene: Scene) -> None:
    look(scene)
    scene.run(60)
    assert len(scene.chat.homes[ALICE]) == 1
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(EVERY + 3)
    assert len(scene.chat.homes[ALICE]) == 2
    assert "api-errors" in words(scene)


def test_after_a_while_nobody_looks_any_more_and_it_rests(scene: Scene) -> None:
    look(scene)
    scene.clock.advance(FOR + 1)
    scene.run(EVERY + 2)
    assert row(scene).due_at is None
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(EVERY + 3)
    assert len(scene.chat.homes[ALICE]) == 1
    look(scene, event="Ev2", seen="hash1")
    assert "api-errors" in words(scene)


def test_opening_it_again_publishes_nothing_that_is_shown_already(scene: Scene) -> None:
    look(scene)
    look(scene, event="Ev2", seen="hash1")
    look(scene, event="Ev2", seen="hash1")
    assert len(scene.chat.homes[ALICE]) == 1


def test_what_another_process_published_is_replaced(scene: Scene) -> None:
    look(scene)
    scene.chat.homes[ALICE].append({"type": "home", "blocks": []})
    scene.freeze("Frozen for the audit.")
    scene.run(EVERY + 3)
    assert len(scene.chat.homes[ALICE]) == 3
    assert "Frozen for the audit." in words(scene)


def test_a_tab_that_shows_what_the_bot_does_not_remember_is_published_anew(scene: Scene) -> None:
    scene.chat.homes[ALICE] = [{"type": "home", "blocks": []}]
    look(scene, seen="hash1")
    assert len(scene.chat.homes[ALICE]) == 2


def test_slack_being_away_delays_it(scene: Scene) -> None:
    scene.chat.failures.add("publish_home", AWAY)
    look(scene)
    assert "Open incidents" in words(scene)


def test_a_home_tab_that_cannot_be_published_is_given_up_until_it_is_opened_again(scene: Scene) -> None:
    scene.chat.failures.add("publish_home", UpstreamError("Slack refused views.publish: not_enabled."))
    look(scene)
    assert (scene.chat.homes.get(ALICE), row(scene).due_at) == (None, None)
    look(scene, event="Ev2")
    assert "Open incidents" in words(scene)


def test_whenever_the_bot_dies_it_is_published_in_the_end(scene: Scene) -> None:
    scene.chat.lost_answers.add("publish_home", Killed())
    with pytest.raises(Killed):
        look(scene)
    scene.store.release()
    scene.run(3)
    assert "Open incidents" in words(scene)


def test_addresses_are_asked_for_once(scene: Scene) -> None:
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(3)
    look(scene)
    scene.chat.failures.add("permalink", AWAY)
    scene.freeze("Frozen for the audit.")
    scene.run(EVERY + 3)
    assert "slack.example.com" in words(scene)
    assert len(scene.chat.homes[ALICE]) == 2


def test_a_person_unknown_to_slack_is_no_reason_to_stop(scene: Scene) -> None:
    scene.chat.people["U0NEW"] = Person(user="U0NEW", name="new")
    look(scene, "U0NEW")
    assert "Open incidents" in words(scene, "U0NEW")
