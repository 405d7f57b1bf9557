"""What is left out in the thread of an incident and in the channel of a system, among systems that share names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.domain import Actor, Environment, Service, ServiceAlarm, System
from bot.operation import Operation
from tests.fakes import texts
from tests.scene import ALICE, Scene, the_systems


def ecs(*alarms: str) -> Service:
    listed = tuple(ServiceAlarm.model_validate({"name": name, "severity": "high"}) for name in alarms)
    return Service.model_validate({"kind": "ecs", "cluster": "c", "alarms": listed})


def system(name: str, environment: str, **services: Service) -> System:
    return System(
        system=name,
        channel=f"#{name}",
        region="eu-west-1",
        environments={environment: Environment(services=services)},
    )


ARBOR = system("arbor", "production", backend=ecs("arbor-5xx"), frontend=ecs())
PHOTO = system("photo", "production", backend=ecs(), frontend=ecs())
LAB = system("lab", "staging", storefront=ecs())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, catalog=Catalog((*the_systems(), ARBOR, PHOTO, LAB)))
    made.chat.channels |= {"#arbor": "C0ARBOR", "#photo": "C0PHOTO", "#lab": "C0LAB"}
    yield made
    made.close()


@pytest.fixture
def thread(scene: Scene) -> str:
    """The thread of an incident of arbor/backend."""
    scene.alarm("ALARM", "m1", name="arbor-5xx")
    scene.run(3)
    return scene.headline().ts


def mention(scene: Scene, words: str, thread_ts: str, channel: str = "C0ARBOR") -> str:
    """Mention the bot; what it says at once, nothing when the command is on its way."""
    before = len(scene.said_to(ALICE))
    key = f"e{len(scene.operations())}"
    scene.desk.mentioned(f"<@UBOT> {words}", "UBOT", Actor(user=ALICE, channel=channel), thread_ts=thread_ts, key=key)
    scene.engine.run_due(limit=1)
    told = scene.said_to(ALICE)[before:]
    return texts(told[0]) if told else ""


def understood(scene: Scene) -> list[str]:
    """The newest command as it was understood: its name, what it names and all that follows."""
    operation: Operation = scene.operation()[1]
    return [operation.command, *(str(value) for value in operation.args.values() if value not in ("", None))]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("logs bi/api staging timeout last 15m", ["logs", "bi/api", "staging", "timeout last 15m"]),
        ("logs bi/api stag timeout", ["logs", "bi/api", "stag", "timeout"]),
        ("logs bi/api STAGING timeout", ["logs", "bi/api", "STAGING", "timeout"]),
        ("logs bi/api prod timeout", ["logs", "bi/api", "prod", "timeout"]),
        ("logs api staging timeout", ["logs", "api", "staging", "timeout"]),
        ("logs lab/storefront staging timeout", ["logs", "lab/storefront", "staging", "timeout"]),
        ("restart bi/api staging", ["restart", "bi/api", "staging"]),
        ("scale bi/api staging 3", ["scale", "bi/api", "staging", "3", "2h"]),
        ("deploy bi/api staging v1.5.7", ["deploy", "bi/api", "staging", "v1.5.7"]),
        ("rollback bi/api stag", ["rollback", "bi/api", "stag"]),
        ("metrics bi/api staging", ["metrics", "bi/api", "staging"]),
        ("services bi/api staging", ["services", "bi/api", "staging"]),
        ("cancel bi/api staging", ["cancel", "bi/api", "staging"]),
    ],
)
def test_in_an_incidents_thread_another_systems_service_has_the_environment_that_is_said(
    scene: Scene, thread: str, words: str, meant: list[str]
) -> None:
    mention(scene, words, thread)
    assert understood(scene) == meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("logs bi/api timeout last 15m", ["logs", "bi/api", "production", "timeout last 15m"]),
        ("scale bi/api 3", ["scale", "bi/api", "production", "3", "2h"]),
        ("restart bi/api", ["restart", "bi/api", "production"]),
        ("metrics lab/storefront", ["metrics", "lab/storefront"]),
    ],
)
def test_without_one_it_has_the_incidents_environment_if_it_runs_there(
    scene: Scene, thread: str, words: str, meant: list[str]
) -> None:
    mention(scene, words, thread)
    assert understood(scene) == meant


def test_a_service_that_does_not_run_in_the_incidents_environment_says_where_it_does(scene: Scene, thread: str) -> None:
    said = mention(scene, "logs lab/storefront timeout", thread)
    assert "lab/storefront does not run in 'timeout'." in said and "Known here: staging." in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("logs bi/apl staging timeout", "There is no service 'bi/apl'. Did you mean bi/api"),
        ("logs nosuch/api production timeout", "There is no service 'nosuch/api'. There are bi/api, "),
        ("logs arbor/bakend timeout", "There is no service 'arbor/bakend'. Did you mean arbor/backend"),
        ("restart bi/apl", "There is no service 'bi/apl'."),
    ],
)
def test_what_is_called_as_a_service_and_is_none_is_not_searched_for(
    scene: Scene, thread: str, words: str, said: str
) -> None:
    assert said in mention(scene, words, thread)
    assert scene.operations() == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ('logs "api" last 15m', ["logs", "arbor/backend", "production", '"api" last 15m']),
        ("logs 'frontend' timeout", ["logs", "arbor/backend", "production", "'frontend' timeout"]),
        ('logs "production"', ["logs", "arbor/backend", "production", '"production"']),
        ('logs "bi/api" staging', ["logs", "arbor/backend", "production", '"bi/api" staging']),
        ('logs "bi/api staging"', ["logs", "arbor/backend", "production", '"bi/api staging"']),
        ("logs /frontend/", ["logs", "arbor/backend", "production", "/frontend/"]),
        ('logs -"api" timeout', ["logs", "arbor/backend", "production", '-"api" timeout']),
        ('logs frontend "production" timeout', ["logs", "arbor/frontend", "production", '"production" timeout']),
        ('logs bi/api "staging" timeout', ["logs", "bi/api", "production", '"staging" timeout']),
        ('metrics "api"', ["metrics", "arbor/backend", "production", '"api"']),
        ('restart "frontend"', ["restart", "arbor/frontend", "production"]),
    ],
)
def test_what_is_quoted_in_a_text_is_no_name_of_a_service_or_an_environment(
    scene: Scene, thread: str, words: str, meant: list[str]
) -> None:
    mention(scene, words, thread)
    assert understood(scene) == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("logs bi/api produktion timeout", "bi/api does not run in 'produktion'. Did you mean production?"),
        ("logs frontend prodcution timeout", "arbor/frontend does not run in 'prodcution'. Did you mean production?"),
    ],
)
def test_an_environment_misspelt_after_a_service_is_not_searched_for(
    scene: Scene, thread: str, words: str, said: str
) -> None:
    assert said in mention(scene, words, thread)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "logs prodution error",
            "arbor has no environment 'prodution'. Did you mean production? In quotes “prodution”",
        ),
        ("logs Prodcution", "arbor has no environment 'Prodcution'. Did you mean production? In quotes “Prodcution”"),
        ("metrics prodution cpu", "arbor has no environment 'prodution'. Did you mean production?"),
        ("scale prodution 3", "arbor has no environment 'prodution'. Did you mean production?"),
    ],
)
def test_an_environment_misspelt_alone_is_not_searched_for(scene: Scene, thread: str, words: str, said: str) -> None:
    told = mention(scene, words, thread)
    assert said in told and ("In quotes" in told) == (not words.startswith("scale"))
    assert scene.operations() == []


@pytest.mark.parametrize(
    "text", ['"prodution" error', "-production error", "/prodution/", "error prodution", "staging", "products"]
)
def test_what_is_no_slip_of_an_environment_or_stands_elsewhere_is_text(scene: Scene, thread: str, text: str) -> None:
    mention(scene, f"logs {text}", thread)
    assert understood(scene) == ["logs", "arbor/backend", "production", text]


@pytest.mark.parametrize("text", ["text/html timeout", '"bi/apl" production', "GET /bi/api", "/bi/ production"])
def test_other_words_with_a_slash_are_text_to_look_for(scene: Scene, thread: str, text: str) -> None:
    mention(scene, f"logs {text}", thread)
    assert understood(scene) == ["logs", "arbor/backend", "production", text]


def test_a_metric_whose_namespace_is_called_as_a_system_is_no_service(scene: Scene, thread: str) -> None:
    mention(scene, "metrics Arbor/QueueDepth", thread)
    assert understood(scene) == ["metrics", "arbor/backend", "production", "Arbor/QueueDepth"]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("logs backend production timeout", ["logs", "arbor/backend", "production", "timeout"]),
        ("logs backend timeout", ["logs", "arbor/backend", "production", "timeout"]),
        ("logs frontend production timeout", ["logs", "arbor/frontend", "production", "timeout"]),
        ("logs photo/backend production timeout", ["logs", "photo/backend", "production", "timeout"]),
        ("restart frontend", ["restart", "arbor/frontend", "production"]),
        ("services backend", ["services", "arbor/backend", "production"]),
    ],
)
def test_in_an_incidents_thread_a_name_of_several_services_is_that_of_its_system(
    scene: Scene, thread: str, words: str, meant: list[str]
) -> None:
    mention(scene, words, thread)
    assert understood(scene) == meant


def test_an_incidents_system_goes_before_the_channels(scene: Scene, thread: str) -> None:
    headline = scene.headline()
    scene.chat.channels |= {"#arbor": "C0ELSEWHERE", "#photo": headline.channel}
    mention(scene, "restart backend", thread)
    assert understood(scene) == ["restart", "arbor/backend", "production"]


@pytest.mark.parametrize(
    ("channel", "words", "meant"),
    [
        ("C0ARBOR", "logs backend production level error last 1h", "arbor/backend"),
        ("C0ARBOR", "metrics backend production", "arbor/backend"),
        ("C0ARBOR", "metrics backend", "arbor/backend"),
        ("C0ARBOR", "restart backend production", "arbor/backend"),
        ("C0PHOTO", "restart backend production", "photo/backend"),
        ("C0ARBOR", "restart photo/backend production", "photo/backend"),
        ("C0ARBOR", "restart api production", "api"),
        ("C0ARBOR", "services backend", "backend"),
    ],
)
def test_in_a_systems_channel_a_name_of_several_services_is_that_of_the_system(
    scene: Scene, channel: str, words: str, meant: str
) -> None:
    assert scene.flow.receive("ops", words, Actor(user=ALICE, channel=channel)) is None
    assert scene.operation()[1].args["service"] == meant


def test_in_a_channel_of_neither_system_or_of_both_somebody_has_to_say_which(scene: Scene) -> None:
    both = Actor(user=ALICE, channel="C0BOTH")
    for channels in ({}, {"#arbor": "C0BOTH", "#photo": "C0BOTH"}):
        scene.chat.channels |= channels
        said = scene.flow.receive("ops", "logs backend production timeout", both)
        assert said is not None and "'backend' could be arbor/backend or photo/backend. Say which one." in said.text


@pytest.mark.parametrize(
    "words", ["logs arbor", "logs Arbor", "logs arbor production timeout", "restart arbor", "metrics arbor"]
)
def test_of_a_system_alone_it_is_said_which_services_it_has(scene: Scene, words: str) -> None:
    said = scene.flow.receive("ops", words, Actor(user=ALICE, channel="C0ELSEWHERE"))
    assert said is not None
    assert "arbor is a system; its services are backend and frontend. Say which one, as arbor/backend." in said.text


def test_a_systems_name_that_is_its_only_services_too_is_enough(scene: Scene) -> None:
    said = scene.flow.receive("ops", "logs lab staging", Actor(user=ALICE, channel="C0ELSEWHERE"))
    assert said is None and understood(scene) == ["logs", "lab", "staging"]
