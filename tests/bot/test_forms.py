"""A form: opened at once, filled in with what can be read, and sent down the same road as what is typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot import arguments
from bot.command import Suggestion
from bot.domain import Actor, Environment, Service, System
from bot.errors import UpstreamError
from bot.form import OTHER, FormState
from commands import COMMANDS
from sandbox.slack.blocks import check_view
from tests.bot.form_room import URL, FormRoom
from tests.scene import ALICE, DAVE, Scene


@pytest.fixture
def room(scene: Scene) -> Iterator[FormRoom]:
    made = FormRoom(scene)
    yield made
    made.close()


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


def test_a_form_for_a_question_speaks_of_no_plan(room: FormRoom) -> None:
    view = room.open("ops", "logs")
    assert view["submit"]["text"] == "Go ahead"
    assert "confirm" not in str(view["blocks"])


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
    assert room.was_not_called("update_view")
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
    assert "“v2;rm” is no version: a version has letters" in wrong["version"]
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
    room.open("ops", "scale")
    room.choose("service", "bi/jobs")
    room.enter(count="3")
    wrong = room.submit()
    assert wrong is not None
    assert "bi/jobs production is a Lambda function" in wrong["service"]


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if arguments.lacking(command, [])])
def test_every_command_that_needs_arguments_has_a_form_that_fits(room: FormRoom, name: str) -> None:
    check_view(room.open("ops", name))
    known = COMMANDS[name].args.model_fields
    inputs = {block["element"]["action_id"].removeprefix("field:"): block for block in room.inputs()}
    asked = [field for field in known if field not in room.commands[name].suggest]
    assert [field for field in inputs if field in known] == asked
    assert [inputs[field]["optional"] for field in asked] == [not known[field].is_required() for field in asked]


def test_a_button_that_lacks_a_word_asks_for_it_with_what_is_known(room: FormRoom) -> None:
    assert room.press("scale bi/api production") is None
    begins = {name: room.block(name)["element"].get("initial_option", {}) for name in ("service", "environment")}
    assert {name: option["value"] for name, option in begins.items()} == {
        "service": "bi/api",
        "environment": "production",
    }
    room.enter(count="4")
    assert room.submit() is None
    ((_, operation),) = room.scene.operations()
    assert operation.args["count"] == "4"
    assert operation.target == "bi/production/api"


def test_a_button_that_names_the_target_reads_at_once_what_it_offers(room: FormRoom) -> None:
    assert room.press("deploy bi/api production") is None
    assert "v2" in room.offered("version")


def test_a_button_that_says_all_asks_nothing(room: FormRoom) -> None:
    assert room.press("scale bi/api production 4") is None
    assert room.chat.views == {}
    assert len(room.scene.operations()) == 1


def test_a_field_may_offer_words_and_still_be_typed(room: FormRoom) -> None:
    room.open("ops", "silence")
    assert room.offered("duration") == ["30m", "1h", "2h", "8h", "24h", OTHER]
    room.choose("duration", OTHER)
    assert room.block("duration")["element"]["type"] == "plain_text_input"
    room.enter(what="bi/api production", duration="18:00", reason="load test")
    assert room.submit() is None
    assert room.operations()[0].args["duration"] == "18:00"


def test_a_field_that_takes_only_some_words_is_a_menu_of_them(room: FormRoom) -> None:
    room.open("ops", "restart")
    assert room.offered("only") == ["task"]


def test_ones_own_latest_services_come_first_and_then_the_channels_system(scene: Scene) -> None:
    def system(name: str, channel: str, *names: str) -> System:
        services = {each: Service.model_validate({"kind": "ecs", "cluster": "c"}) for each in names}
        return System(system=name, channel=channel, region="r", environments={"live": Environment(services=services)})

    bank, bi = system("bank", "#bank", "ledger", "vault"), system("bi", "C0BI", "api", "web")
    room = FormRoom(scene, systems=(bank, bi))
    room.flow.receive("ops", "cancel bank/vault", Actor(user=DAVE, channel="C0BI"))
    room.flow.receive("ops", "cancel bi/web live", Actor(user=ALICE, channel="C0BI"))
    room.flow.receive("ops", "services bank", Actor(user=ALICE, channel="C0BI"))
    try:
        view = room.open()
        check_view(view)
        groups = room.block("service")["element"]["option_groups"]
        found = [(one["label"]["text"], [each["value"] for each in one["options"]]) for one in groups]
        assert found == [("Yours lately", ["bi/web"]), ("bi", ["bi/api"]), ("bank", ["bank/ledger", "bank/vault"])]
        room.choose("service", "bank/vault")
        assert room.block("service")["element"]["option_groups"] == groups
    finally:
        room.close()


def test_while_slack_does_not_tell_whose_channel_it_is_the_form_opens_all_the_same(room: FormRoom) -> None:
    room.chat.channels.clear()
    room.open()
    assert room.offered("service") == ["bi/api", "bi/jobs", "bi/web"]


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if arguments.has_form(command)])
def test_every_command_that_takes_anything_can_be_filled_in(room: FormRoom, name: str) -> None:
    actor = Actor(user=ALICE, channel="C0BI")
    assert room.flow.fill_in(name, actor, response_url=URL, key="t1", trigger_id="t1") is None
    room.run()
    check_view(room.view)
    assert room.view["blocks"]


@pytest.mark.parametrize("name", ["nothing", ""])
def test_a_button_for_a_command_that_there_is_no_more_says_so(room: FormRoom, name: str) -> None:
    said = room.flow.fill_in(name, Actor(user=ALICE), response_url=URL, key="t1", trigger_id="t1")
    assert said is not None
    assert "another version" in said.text


def test_what_was_typed_wrong_is_answered_with_an_example_of_ones_own(room: FormRoom) -> None:
    said = room.type("deploy", "api")
    assert said is not None
    assert "Example: /deploy bi/api production &lt;version&gt;" in said.text
    room.flow.receive("ops", "cancel bi/api staging", Actor(user=ALICE, channel="C0BI"))
    said = room.type("deploy", "api")
    assert said is not None
    assert "Example: /deploy bi/api staging &lt;version&gt;" in said.text


def test_a_text_is_asked_for_in_parts_that_are_put_together_as_they_would_be_typed(room: FormRoom) -> None:
    room.open("ops", "logs")
    fields = [block["element"]["action_id"].removeprefix("field:") for block in room.inputs()]
    assert fields == ["service", "environment", "search", "level", "time", "how"]
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.choose("time", OTHER)
    room.enter(search='"out of memory"', level="level error", time="14:00-14:20 Europe/Berlin")
    assert room.submit() is None
    (operation,) = room.operations()
    assert operation.args["search"] == '"out of memory" level error 14:00-14:20 Europe/Berlin'


def test_parts_that_nobody_fills_in_leave_the_text_as_it_is(room: FormRoom) -> None:
    room.open("ops", "logs")
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    assert room.submit() is None
    assert room.operations()[0].args["search"] == ""


def test_metrics_are_asked_for_with_their_time_by_itself(room: FormRoom) -> None:
    room.open("ops", "metrics")
    room.choose("service", "bi/api")
    room.choose("environment", "production")
    room.enter(what="latency p99", time="last 24h", beside="vs yesterday")
    assert room.submit() is None
    assert room.operations()[0].args["what"] == "latency p99 last 24h vs yesterday"
