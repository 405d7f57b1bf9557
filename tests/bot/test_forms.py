"""A form: opened at once, filled in with what can be read, and sent down the same road as what is typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.command import Suggestion
from bot.domain import Actor, Environment, Service, System
from bot.errors import ConflictError, UpstreamError
from bot.form import OTHER, FormState
from bot.forms import TRIGGER_SECONDS
from sandbox.slack.blocks import check_view
from tests.bot.form_room import URL, FormRoom
from tests.scene import ALICE, DAVE, Scene

HOSTILE = ("<!channel>", "```rm -rf```", "v" * 300, "", OTHER, "v1.0\n*bold*", "&lt;", "v1")


@pytest.fixture
def room(scene: Scene) -> Iterator[FormRoom]:
    made = FormRoom(scene)
    yield made
    made.close()


def was_not_called(room: FormRoom, call: str) -> bool:
    """True when the failure set for a call of Slack's still waits for it."""
    try:
        room.chat.failures.take(call)
    except AssertionError:
        return True
    return False


def die(room: FormRoom) -> None:
    """The process is killed and another one begins: what was claimed is due again."""
    room.scene.store.release()


@pytest.mark.parametrize(("slash", "text"), [("deploy", ""), ("ops", "deploy"), ("ops", "/deploy")])
def test_a_command_without_its_arguments_opens_a_form_with_all_that_is_configured(
    room: FormRoom, slash: str, text: str
) -> None:
    view = room.open(slash, text)
    check_view(view)
    assert view["title"]["text"] == "Deploy"
    assert view["submit"]["text"] == "Show the plan"
    assert room.offered("service") == ["bi/api", "bi/jobs", "bi/web"]
    assert room.offered("environment") == ["production", "staging"]
    assert "Choose the service and where" in room.said
    assert room.operations() == []


@pytest.mark.parametrize(("slash", "text"), [("services", ""), ("ops", ""), ("ops", "help"), ("ops", "services")])
def test_a_command_that_needs_nothing_runs_at_once(room: FormRoom, slash: str, text: str) -> None:
    assert room.type(slash, text) is None
    assert len(room.operations()) == 1
    assert room.chat.views == {}


def test_half_a_command_is_answered_as_ever(room: FormRoom) -> None:
    said = room.type("deploy", "api")
    assert said is not None
    assert "Please say which environment and which version." in said.text
    assert room.scene.store.rows("form") == []


def test_without_a_trigger_the_usage_is_told(room: FormRoom) -> None:
    said = room.flow.receive("deploy", "", Actor(user=ALICE, channel="C0BI"))
    assert said is not None
    assert "Usage:" in said.text


def test_nothing_waits_for_slack_before_the_acknowledgement(room: FormRoom) -> None:
    for call in ("person", "open_view", "update_view"):
        room.chat.failures.add(call, AssertionError("called before the acknowledgement"))
    assert room.type() is None


def test_a_choice_narrows_the_next_and_the_only_one_left_is_chosen(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/jobs")
    assert room.offered("environment") == ["production"]
    assert room.block("environment")["element"]["initial_option"]["value"] == "production"


def test_once_a_target_is_chosen_the_registrys_versions_are_offered_with_their_age(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    assert "Choose the service and where" in room.said
    room.choose("environment", "staging")
    assert room.offered("version") == ["v1", "v2", OTHER]
    labels = [option["text"]["text"] for option in room.block("version")["element"]["options"]]
    assert labels[0] == "v1 · 1 h ago"
    assert room.block("environment")["element"]["initial_option"]["value"] == "staging"
    assert room.said == ""


def test_while_versions_are_read_the_form_says_so(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.chat.failures.add("person", UpstreamError("Slack cannot be reached.", retryable=True))
    room.choose("environment", "staging")
    assert "Looking up which version there is" in room.said
    room.scene.clock.advance(2)
    room.run()
    assert room.offered("version") == ["v1", "v2", OTHER]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UpstreamError("AWS refused ecr:DescribeImages."), "AWS refused ecr:DescribeImages. Type it."),
        (TimeoutError("late"), "AWS did not answer in time. Type it."),
        (ZeroDivisionError("a bug"), "Looking went wrong inside the bot; it is in the log. Type it."),
    ],
)
def test_versions_that_cannot_be_read_are_typed_and_the_reason_is_told(
    room: FormRoom, error: Exception, said: str
) -> None:
    room.scene.ecs.failures.add("newest_images", error)
    room.open()
    room.choose("service", "bi/jobs")
    assert room.said == said
    assert room.block("version")["element"]["type"] == "plain_text_input"


def test_where_nothing_is_found_it_is_typed(scene: Scene) -> None:
    room = FormRoom(scene, lambda target, world: ())
    room.open()
    room.choose("service", "bi/jobs")
    assert room.said == "I found nothing to choose from. Type it."
    room.close()


def test_nothing_is_read_for_somebody_who_may_not(room: FormRoom) -> None:
    room.scene.ecs.failures.add("newest_images", AssertionError("read for somebody who may not"))
    room.open(user=DAVE)
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    assert "You may not deploy in bi production." in room.said


def test_a_version_that_is_not_offered_can_be_typed(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.choose("version", OTHER)
    assert room.block("version")["element"]["type"] == "plain_text_input"
    room.enter(version="v2")
    assert room.submit() is None
    assert room.operations()[0].args["version"] == "v2"


def test_a_choice_that_changes_nothing_is_no_call_to_slack(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.chat.failures.add("update_view", AssertionError("updated for nothing"))
    room.choose("version", "v2")
    assert was_not_called(room, "update_view")
    assert room.submit() is None


def test_what_is_chosen_while_versions_are_read_is_not_undone(scene: Scene) -> None:
    rooms: list[FormRoom] = []
    asked: list[str] = []

    def slow(target: object, world: object) -> tuple[Suggestion, ...]:
        asked.append(getattr(target, "environment", ""))
        if len(asked) == 1:
            rooms[0].choose("environment", "staging", run=False)
        return (Suggestion(asked[-1], f"v-{asked[-1]}"),)

    room = FormRoom(scene, slow)
    rooms.append(room)
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    assert asked == ["production", "staging"]
    assert room.offered("version") == ["v-staging", OTHER]
    assert room.block("environment")["element"]["initial_option"]["value"] == "staging"
    room.close()


def test_a_form_takes_the_road_as_if_it_had_been_typed(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.enter(version="v2")
    assert room.submit() is None
    (operation,) = room.operations()
    assert operation.args == {"service": "bi/api", "environment": "production", "version": "v2"}
    assert (operation.actor.user, operation.actor.channel, operation.response_url) == (ALICE, "C0BI", URL)
    assert operation.target == "bi/production/api"
    assert room.row().state == FormState.DONE


def test_a_form_that_arrives_twice_is_one_operation(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.enter(version="v2")
    assert room.submit() is None
    assert room.submit() is None
    assert len(room.operations()) == 1


def test_a_mistake_is_shown_at_its_field_and_the_form_stays(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.choose("version", OTHER)
    room.enter(version="v2;rm")
    wrong = room.submit()
    assert wrong is not None
    assert list(wrong) == ["version"]
    assert "“v2;rm” is no version: an image tag has letters" in wrong["version"]
    assert room.operations() == []
    room.enter(version="v2")
    assert room.submit() is None


def test_what_is_missing_is_said_where_there_is_a_field(room: FormRoom) -> None:
    room.open()
    assert room.submit() == {
        "service": "Please say which service.",
        "environment": "Please say which environment. Please say which version.",
    }


def test_choosing_another_one_is_no_version_yet(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.choose("version", OTHER, run=False)
    assert room.submissions.submit(room.shown(), Actor(user=ALICE)) == {
        room.block("version")["block_id"]: "Please say which version."
    }


def test_what_phones_write_is_read_as_it_was_meant(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.choose("version", OTHER)
    room.enter(version="\u200b v2\u00a0")
    assert room.submit() is None
    assert room.operations()[0].args["version"] == "v2"


def test_a_target_that_is_refused_is_told_at_the_service(room: FormRoom) -> None:
    room.open()
    room.choose("service", "bi/jobs")
    room.enter(version="v1")
    wrong = room.submit()
    assert wrong is not None
    assert "bi/jobs production is a Lambda function" in wrong["service"]


def test_a_form_that_is_closed_is_over(room: FormRoom) -> None:
    room.open()
    room.submissions.close(room.shown())
    room.run()
    assert room.row().state == FormState.DONE
    room.chat.failures.add("update_view", AssertionError("updated after it was closed"))
    room.choose("service", "bi/api")
    assert was_not_called(room, "update_view")
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
    die(room)
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
    die(room)
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
