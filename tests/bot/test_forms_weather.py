"""Forms that come too late, that are closed or killed, and that have more to offer than Slack takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.command import Suggestion
from bot.domain import Actor, Environment, Service, System
from bot.errors import ConflictError, UpstreamError
from bot.form import OTHER, FormState
from bot.forms import TRIGGER_SECONDS
from sandbox.slack.blocks import check_view
from tests.bot.form_room import FormRoom
from tests.scene import ALICE, Scene

HOSTILE = ("<!channel>", "```rm -rf```", "v" * 300, "", OTHER, "v1.0\n*bold*", "&lt;", "v1")


@pytest.fixture
def room(scene: Scene) -> Iterator[FormRoom]:
    made = FormRoom(scene)
    yield made
    made.close()


def test_a_form_that_is_closed_is_over(room: FormRoom) -> None:
    room.open()
    room.submissions.close(room.shown())
    room.run()
    assert room.row().state == FormState.DONE
    room.chat.failures.add("update_view", AssertionError("updated after it was closed"))
    room.choose("service", "bi/api")
    assert room.was_not_called("update_view")
    assert room.row().state == FormState.DONE


def test_a_form_that_slack_no_longer_has_is_over(room: FormRoom) -> None:
    room.open()
    shown = room.shown()
    del room.chat.views["V1"]
    room.submissions.act(shown, Actor(user=ALICE), key="a1")
    room.chat.views.clear()
    values = {"environment:x": {"field:environment": {"selected_option": {"value": "staging"}}}}
    room.submissions.act(shown | {"state": {"values": values}}, Actor(user=ALICE), key="a2")
    room.run()
    assert room.row().state == FormState.DONE


@pytest.mark.parametrize("seconds", [TRIGGER_SECONDS + 1, 0.0])
def test_a_form_that_is_too_late_becomes_the_usage_line(room: FormRoom, seconds: float) -> None:
    assert room.type() is None
    room.scene.clock.advance(seconds)
    if not seconds:
        room.chat.failures.add("open_view", ConflictError("Slack gives three seconds to open a form."))
    room.run()
    (said,) = room.scene.said_to(ALICE)
    assert "Slack gives three seconds" in said.text
    assert "Usage: /deploy &lt;service&gt; &lt;environment&gt; &lt;version&gt;" in said.text
    assert room.row().state == FormState.DONE


def test_a_form_that_slack_refuses_becomes_the_usage_line(room: FormRoom) -> None:
    assert room.type("ops", "deploy") is None
    room.chat.failures.add("open_view", UpstreamError("Slack refused views.open: missing_scope."))
    room.run()
    (said,) = room.scene.said_to(ALICE)
    assert "Slack refused views.open: missing" in said.text
    assert "Usage: /ops deploy &lt;service&gt;" in said.text


def test_a_form_that_was_opened_before_the_bot_died_goes_on(room: FormRoom) -> None:
    """Killed between the opening and its record: the trigger is used up, and the form tells its id by itself."""
    assert room.type() is None
    (row,) = room.scene.store.claim(["form"], owner="dead", lease=60, limit=1, now=room.scene.clock.now())
    room.chat.open_view("t1", {"type": "modal", "blocks": [], "private_metadata": "{}"})
    room.scene.store.release()
    room.chat.failures.add("open_view", ConflictError("This form was opened before."))
    room.run()
    assert room.row().state == FormState.OPEN
    (said,) = room.scene.said_to(ALICE)
    assert "If no form is in front of you" in said.text
    values = {"service:x": {"field:service": {"selected_option": {"value": "bi/jobs"}}}}
    shown = {"id": "V1", "private_metadata": f'{{"form": "{row.id}"}}', "state": {"values": values}}
    room.submissions.act(shown, Actor(user=ALICE), key="a1")
    room.run()
    assert room.offered("version") == ["v1", "v2", OTHER]


def test_a_form_killed_while_it_reads_reads_again(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/jobs", run=False)
    room.scene.store.claim(["form"], owner="dead", lease=60, limit=1, now=room.scene.clock.now())
    room.scene.store.release()
    room.run()
    assert room.offered("version") == ["v1", "v2", OTHER]


def test_a_form_whose_row_is_gone_still_submits(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.enter(version="v2")
    shown = room.shown()
    room.scene.store.forget(room.scene.clock.now() + 1e9)
    assert room.scene.store.rows("form") == []
    assert room.submissions.submit(shown, Actor(user=ALICE)) is None
    assert room.operations()[0].actor.channel == "C0BI"


def test_an_update_that_slack_refuses_is_told_and_the_next_choice_tries_again(room: FormRoom) -> None:
    room.open()
    room.chat.failures.add("update_view", UpstreamError("Slack refused views.update: view_too_large."))
    room.choose("service", "bi/jobs")
    (said,) = room.scene.said_to(ALICE)
    assert "Usage: /deploy" in said.text
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    assert room.offered("version") == ["v1", "v2", OTHER]


def test_a_form_of_another_version_of_the_bot_says_so(room: FormRoom) -> None:
    room.open()
    block = room.block("environment")["block_id"]
    for metadata in ("", "{", "[]", '{"command": "gone"}'):
        wrong = room.submissions.submit(room.shown() | {"private_metadata": metadata}, Actor(user=ALICE))
        assert wrong == {block: "This form is of another version of the bot. Close it and ask again."}


def test_two_hundred_services_and_hostile_tags_fit(scene: Scene) -> None:
    ecs = {f"service-{number:03}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for number in range(200)}
    system = {"system": "big", "title": "<!channel> `Big` " + "x" * 300, "channel": "#bi", "region": "eu-west-1"}
    environments = {"production": Environment(production=True, services=ecs), "staging": Environment(services=ecs)}
    systems = (System.model_validate(system | {"environments": environments}),)
    room = FormRoom(scene, lambda target, world: tuple(Suggestion(f"{tag} · now", tag) for tag in HOSTILE), systems)
    check_view(room.open())
    assert len(room.offered("service")) == 200
    groups = room.block("service")["element"]["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100]
    room.choose("service", "big/service-150")
    room.choose("environment", "production")
    check_view(room.view)
    offered = room.offered("version")
    assert [word for word in HOSTILE if word not in offered] == ["v" * 300, ""]
    assert offered.count(OTHER) == 1
    room.enter(version="v1")
    assert room.submit() is None
    assert room.operations()[0].target == "big/production/service-150"
    room.close()


@pytest.mark.parametrize(("systems", "services"), [(1, 501), (96, 1)])
def test_more_services_than_a_menu_takes_are_typed(scene: Scene, systems: int, services: int) -> None:
    many = {f"service-{number}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for number in range(services)}
    places = {"production": Environment(production=True, services=many), "staging": Environment(services=many)}
    all_of_them = tuple(
        System(system=f"big-{number}", channel="#bi", region="eu-west-1", environments=places)
        for number in range(systems)
    )
    room = FormRoom(scene, systems=all_of_them)
    check_view(room.open())
    assert "There are more services than a menu takes; type which." in room.said
    assert room.block("service")["element"]["type"] == "plain_text_input"
    room.choose("service", "big-0/service-0")
    room.choose("environment", "staging")
    assert room.offered("version") == ["v1", "v2", OTHER]
    room.close()


def test_a_service_that_is_typed_wrong_is_told_with_what_was_meant(scene: Scene) -> None:
    many = {f"service-{number}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for number in range(501)}
    system = System(
        system="big", channel="#bi", region="eu-west-1", environments={"staging": Environment(services=many)}
    )
    room = FormRoom(scene, systems=(system,))
    room.open()
    room.choose("service", "servce-77")
    assert "Choose the service and where" in room.said
    room.choose("service", "service-77")
    room.enter(version="v1", service="servce-77")
    wrong = room.submit()
    assert wrong is not None
    assert "There is no service 'servce-77'. Did you mean service-77" in wrong["service"]
    room.close()
