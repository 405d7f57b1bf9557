"""What was found decides what is offered first; what is merely possible stays possible."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.playbook import Playbook
from alerts.remedies import Offered, offered, others
from bot.catalog import Catalog
from bot.domain import Fact, Finding, Target
from commands import COMMANDS
from tests.scene import the_systems

CATALOG = Catalog(the_systems())
API, JOBS = CATALOG.find("bi/api", "production"), CATALOG.find("bi/jobs", "production")
SCALE = {
    "run": "scale {system}/{service} {environment} +1",
    "when": {"fact": "cpu.max", "above": 80},
    "because": "CPU is at {cpu.max} %",
}
BACK = {
    "run": "rollback {system}/{service} {environment}",
    "when": [{"fact": "targets.unhealthy", "above": 0}, {"fact": "changes.age", "below": 3600}],
    "because": "deployed {changes.age} ago",
}
MEMORY = {"advise": "Give the task more memory", "when": {"fact": "tasks.cause", "equals": "oom"}}


def found(weight: int, **facts: float | str) -> Finding:
    named = tuple(Fact(name=name.replace("_", ".", 1), value=value) for name, value in facts.items())
    return Finding(step="s", title="T", summary="s", weight=weight, facts=named)


def playbook(*remedies: dict[str, Any]) -> Playbook:
    return Playbook.model_validate({"title": "T", "remedies": remedies})


def offers(*findings: Finding, remedies: tuple[dict[str, Any], ...], target: Target | None = API) -> list[Offered]:
    return list(offered(playbook(*remedies), findings, target, COMMANDS))


def test_a_remedy_whose_facts_hold_comes_with_its_reason_and_its_facts() -> None:
    assert offers(found(60, cpu_max=91.25), remedies=(SCALE,)) == [
        Offered(
            label="Scale",
            command="scale bi/api production +1",
            because="CPU is at 91.2 %",
            facts=(Fact(name="cpu.max", value=91.25),),
        )
    ]


def test_a_remedy_whose_facts_do_not_hold_or_are_not_known_is_not_offered() -> None:
    assert offers(found(60, cpu_max=79.0), remedies=(SCALE,)) == []
    assert offers(found(60, memory_max=99.0), remedies=(SCALE,)) == []


def test_the_best_supported_comes_first_whatever_the_order_in_the_file() -> None:
    findings = (found(60, cpu_max=91.0), found(70, targets_unhealthy=2.0), found(65, changes_age=720.0))
    first, second = offers(*findings, remedies=(SCALE, BACK))
    assert (first.label, first.because, second.label) == ("Roll back", "deployed 12 min ago", "Scale")


def test_of_equally_supported_ones_the_order_in_the_file_decides() -> None:
    ways = tuple({**SCALE, "label": label, "run": f"{SCALE['run']}{n}"} for n, label in enumerate("ba"))
    assert [each.label for each in offers(found(60, cpu_max=91.0), remedies=ways)] == ["b", "a"]


def test_advice_has_no_command_and_says_which_facts_speak_for_it() -> None:
    (advice,) = offers(found(95, tasks_cause="oom"), remedies=(MEMORY,))
    assert (advice.label, advice.command, advice.because) == ("Give the task more memory", "", "tasks.cause is oom")


def test_advice_without_conditions_comes_last_and_a_command_without_them_is_only_among_the_others() -> None:
    always = ({"advise": "Ask the provider"}, {"run": "services {system}"})
    assert [each.label for each in offers(found(1, cpu_max=91.0), remedies=(*always, SCALE))] == [
        "Scale",
        "Ask the provider",
    ]
    assert "services bi" in [each.command for each in others(playbook(*always), (), API, COMMANDS)]


def test_the_same_command_is_offered_once_for_the_strongest_reason() -> None:
    again = {**SCALE, "when": {"fact": "connections.count", "above": 10}, "because": "many connections"}
    (one,) = offers(found(60, cpu_max=91.0), found(70, connections_count=50.0), remedies=(SCALE, again))
    assert one.because == "many connections"


@pytest.mark.parametrize("command", ["scale", "restart"])
def test_a_command_that_does_not_fit_the_kind_of_service_is_not_offered(command: str) -> None:
    remedy = {"run": f"{command} {{system}}/{{service}} {{environment}}", "when": {"fact": "a.b", "above": 0}}
    assert offers(found(60, a_b=1.0), remedies=(remedy,), target=JOBS) == []
    assert len(offers(found(60, a_b=1.0), remedies=(remedy,), target=API)) == 1


def test_a_command_about_another_service_is_not_judged_by_the_kind_of_this_one() -> None:
    remedy = {"run": "restart bi/api {environment}", "when": {"fact": "a.b", "above": 0}}
    (one,) = offers(found(60, a_b=1.0), remedies=(remedy,), target=JOBS)
    assert one.command == "restart bi/api production"


def test_a_command_that_the_bot_does_not_have_is_not_offered() -> None:
    remedy = {"run": "reboot {service}", "when": {"fact": "a.b", "above": 0}}
    assert offers(found(60, a_b=1.0), remedies=(remedy,)) == []


def test_without_a_service_there_is_advice_but_no_command() -> None:
    findings = (found(60, cpu_max=91.0, tasks_cause="oom"),)
    assert [each.command for each in offers(*findings, remedies=(SCALE, MEMORY), target=None)] == [""]
    assert others(playbook(SCALE), (), None, COMMANDS) == ()


def test_a_fact_may_stand_in_a_command_line_as_one_word_only() -> None:
    remedy = {
        "run": "rollback {system}/{service} {environment} {last.good}",
        "when": {"fact": "last.good", "one_of": ["41", "41 --force", "v1.2"]},
    }
    assert offers(found(60, last_good="v1.2"), remedies=(remedy,))[0].command == "rollback bi/api production v1.2"
    assert offers(found(60, last_good="41 --force"), remedies=(remedy,)) == []
    counted = {
        "run": "scale {system}/{service} {environment} {tasks.wanted}",
        "when": {"fact": "tasks.wanted", "above": 0},
    }
    assert offers(found(60, tasks_wanted=4.0), remedies=(counted,))[0].command == "scale bi/api production 4"


def test_a_reason_that_names_an_unknown_fact_falls_back_to_the_bare_facts() -> None:
    remedy = {**SCALE, "because": "CPU is at {cpu.max} % since {changes.age}"}
    assert offers(found(60, cpu_max=91.0), remedies=(remedy,))[0].because == "cpu.max is 91"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("changes_age", 720.0, "12 min"),
        ("cpu_max", 91.0, "91"),
        ("cpu_max", 0.123456, "0.123"),
        ("cpu_max", 123456.7, "123457"),
        ("cpu_max", float("inf"), "inf"),
        ("tasks_cause", "oom", "oom"),
    ],
)
def test_facts_are_said_as_people_read_them(name: str, value: float | str, words: str) -> None:
    fact = name.replace("_", ".", 1)
    any_value = {"any": [{"fact": fact, "above": -1}, {"fact": fact, "equals": "oom"}]}
    remedy = {"advise": "x", "when": any_value, "because": f"it is {{{fact}}}"}
    assert offers(found(60, **{name: value}), remedies=(remedy,))[0].because == f"it is {words}"


def test_rolling_back_restarting_and_scaling_are_always_among_the_others() -> None:
    assert [(each.label, each.command) for each in others(playbook(), (), API, COMMANDS)] == [
        ("Roll back", "rollback bi/api production"),
        ("Restart", "restart bi/api production"),
        ("Scale", "scale bi/api production"),
    ]
    assert [each.label for each in others(playbook(), (), JOBS, COMMANDS)] == ["Roll back"]
    assert others(playbook(), (), API, {}) == ()


def test_what_was_offered_is_not_among_the_others_and_what_was_not_supported_is() -> None:
    book = playbook(SCALE, BACK)
    findings = (found(60, cpu_max=91.0),)
    shown = offered(book, findings, API, COMMANDS)
    rest = [each.command for each in others(book, shown, API, COMMANDS)]
    assert rest == ["rollback bi/api production", "restart bi/api production", "scale bi/api production"]
    assert all(not each.because and not each.facts for each in others(book, shown, API, COMMANDS))
