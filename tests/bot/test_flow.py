"""The entrance of the road: what was typed is understood, stored and taken; or told at once what is wrong."""

from __future__ import annotations

import pytest

from bot.domain import Actor
from bot.operation import Operation
from tests.fakes import texts
from tests.scene import ALICE, Scene

ME = Actor(user=ALICE, channel="C0BI")


def stored(scene: Scene) -> list[tuple[str, dict[str, object]]]:
    found = [Operation.model_validate(row.body) for row in scene.store.rows("operation")]
    return [(operation.command, dict(operation.args)) for operation in found]


@pytest.mark.parametrize(
    ("slash", "text"),
    [
        ("deploy", "api production v2"),
        ("ops", "deploy api production v2"),
        ("ops", "/deploy api production v2"),
        ("ops", "DEPLOY api production v2"),
        ("deploy", "bi/api prod v2"),
    ],
)
def test_a_command_is_stored_before_it_is_acknowledged(scene: Scene, slash: str, text: str) -> None:
    assert scene.flow.receive(slash, text, ME) is None
    ((command, args),) = stored(scene)
    assert (command, args["version"]) == ("deploy", "v2")
    assert scene.store.rows("operation", group="bi/production/api")


def test_nothing_waits_for_slack_or_aws_before_the_acknowledgement(scene: Scene) -> None:
    for call in ("person", "post", "respond"):
        scene.chat.failures.add(call, AssertionError("called before the acknowledgement"))
    scene.ecs.failures.add("service", AssertionError("called before the acknowledgement"))
    assert scene.flow.receive("deploy", "api production v2", ME) is None


@pytest.mark.parametrize("text", ["", "help", "/help"])
def test_the_umbrella_alone_explains_what_can_be_typed(scene: Scene, text: str) -> None:
    assert scene.flow.receive("ops", text, ME) is None
    assert stored(scene)[0][0] == "help"


@pytest.mark.parametrize(
    ("slash", "text", "said"),
    [
        ("deploy", "", "Please say which service and which environment and which version."),
        ("deploy", "api", "Please say which environment and which version."),
        ("deploy", "api production v2 now please", "I do not know what to do with “now please”."),
        ("deploy", "api production v2;rm", "“v2;rm” is no version: a version has letters"),
        ("deploy", "apl production v2", "There is no service 'apl'. Did you mean api"),
        ("deploy", "api qa v2", "does not run in 'qa'."),
        ("ops", "scale jobs production 2", "bi/jobs production is a Lambda function: AWS runs as many as are called."),
        ("ops", "restart web production", "bi/web production is a static site: nothing runs that could be restarted."),
        ("ops", "deplyo api production v2", "There is no command “deplyo”. Did you mean deploy?"),
        ("ops", "ops", "There is no command “ops”."),
    ],
)
def test_what_cannot_be_meant_is_answered_at_once_and_not_stored(
    scene: Scene, slash: str, text: str, said: str
) -> None:
    answer = scene.flow.receive(slash, text, ME)
    assert answer is not None
    assert said in answer.text
    assert stored(scene) == []


def test_a_wrong_argument_gets_the_usage_line_and_an_example_as_they_must_be_typed(scene: Scene) -> None:
    direct = scene.flow.receive("deploy", "api", ME)
    umbrella = scene.flow.receive("ops", "deploy api", ME)
    assert direct is not None
    assert umbrella is not None
    assert "Usage: /deploy &lt;service&gt; &lt;environment&gt; &lt;version&gt;" in direct.text
    assert "Example: /deploy bi/api production &lt;version&gt;" in direct.text
    assert "Usage: /ops deploy &lt;service&gt;" in umbrella.text


def test_hostile_words_come_back_as_plain_text(scene: Scene) -> None:
    answer = scene.flow.receive("ops", "<!channel> `x` *bold*", ME)
    assert answer is not None
    assert "<!" not in texts(answer)
