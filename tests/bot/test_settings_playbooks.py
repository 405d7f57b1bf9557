"""A playbook with a mistake in it is refused with the line and the nearest right spelling."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.playbook import Playbook
from bot.errors import ConfigError
from bot.settings import load
from bot.settings.step_facts import STEP_FACTS
from bot.steps import Step
from tests.bot.config_files import write

DEFAULT = "title: Default\nsteps:\n  - do: target_health\n  - do: recent_changes\n"
HEAD = "title: Errors\nalarms: ['*5xx*']\nextends: default\n"
COMMANDS = ("rollback", "scale", "restart")


def problems(folder: Path, text: str, **more: str) -> list[str]:
    """What loading says of ``errors.yaml``, and of more files by name."""
    books = {"default": DEFAULT, "errors": text} | more
    config = write(folder, {f"playbooks/{name}.yaml": body for name, body in books.items()})
    with pytest.raises(ConfigError) as caught:
        load(config, Playbook, COMMANDS)
    return [str(problem).removeprefix("config/playbooks/") for problem in caught.value.problems]


def test_a_good_one_is_loaded(tmp_path: Path) -> None:
    remedy = (
        "remedies:\n  - run: rollback {system}/{service} {environment}\n    because: 'deployed {changes.age} ago'\n"
        "    when:\n      - {fact: changes.age, below: 3600}\n"
        "      - any: [{fact: targets.unhealthy, above: 0}, {fact: tasks.missing, above: 0}]\n"
        "  - advise: Ask somebody\n    when: {fact: targets.healthy, equals: 0}\n"
    )
    books = {"playbooks/default.yaml": DEFAULT, "playbooks/errors.yaml": HEAD + remedy}
    loaded = load(write(tmp_path, books), Playbook, COMMANDS).playbooks
    assert [remedy.run or remedy.advise for remedy in loaded["errors"].remedies] == [
        "rollback {system}/{service} {environment}",
        "Ask somebody",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            HEAD + "systems: [by]\n",
            ["errors.yaml:4: systems[0]: 'by' is no system; there are bi"],
        ),
        (
            "title: Errors\nalarms: [x]\nextends: defalt\n",
            [
                "errors.yaml:1: steps: is missing; say what is looked at, or which playbook this one extends",
                "errors.yaml:3: extends: 'defalt' is no playbook; did you mean 'default'?",
            ],
        ),
        (
            "title: Errors\nalarms: [x]\n",
            ["errors.yaml:1: steps: is missing; say what is looked at, or which playbook this one extends"],
        ),
        (
            "title: Errors\nextends: default\n",
            [
                "errors.yaml:1: (file): is never used: it names no alarms, metrics or systems, "
                "and no playbook extends it"
            ],
        ),
        (
            HEAD + "remedies:\n  - run: rolback {service}\n    when: {fact: changes.age, below: 1}\n",
            ["errors.yaml:5: remedies[0].run: 'rolback' is no command; did you mean 'rollback'?"],
        ),
        (
            HEAD + "remedies:\n  - run: rollback {servic}\n",
            ["errors.yaml:5: remedies[0].run: {servic} stands for nothing; did you mean 'service'?"],
        ),
        (
            HEAD + "remedies:\n  - advise: x\n    when:\n      - {fact: target.unhealthy, above: 1}\n",
            [
                "errors.yaml:7: remedies[0].when[0].fact: 'target.unhealthy' is established by no step of this "
                "playbook; did you mean 'targets.unhealthy'?"
            ],
        ),
        (
            HEAD + "remedies:\n  - advise: x\n    when: {above: 1}\n",
            ["errors.yaml:6: remedies[0].when: needs either fact, with what it must be, or any, a list of conditions"],
        ),
        (
            HEAD + "remedies:\n  - advise: x\n    when: {fact: changes.age}\n",
            ["errors.yaml:6: remedies[0].when: must say what the fact is: above, below, equals or one_of"],
        ),
        (
            HEAD
            + "remedies:\n  - advise: x\n    when:\n      - any: [{fact: changes.age, abov: 1}]\n        above: 3\n",
            [
                "errors.yaml:7: remedies[0].when[0].any[0]: must say what the fact is: above, below, equals or one_of",
                "errors.yaml:7: remedies[0].when[0].any[0].abov: is not known here; did you mean 'above'?",
                "errors.yaml:8: remedies[0].when[0].above: is used only with a fact beside it",
            ],
        ),
        (
            HEAD + "remedies:\n  - advise: x\n    when: {fact: changes.age, above: '80'}\n",
            ["errors.yaml:6: remedies[0].when.above: must be a number"],
        ),
        (
            HEAD + "remedies:\n  - run: ' '\n",
            ["errors.yaml:5: remedies[0]: needs either run, a command line, or advise, what a person has to do"],
        ),
        (
            HEAD + "remedies:\n  - label: x\n",
            ["errors.yaml:5: remedies[0]: needs either run, a command line, or advise, what a person has to do"],
        ),
        (
            HEAD + "remedies:\n  - advise: x\n    label: y\n    because: z\n",
            [
                "errors.yaml:6: remedies[0].label: is used only with run: advice has no button",
                "errors.yaml:7: remedies[0].because: is used only with when: it says why something is offered",
            ],
        ),
        (
            HEAD + "steps:\n  - do: log_errors\n    pattern: 'x {sevice}'\n  - do: log_errors\n",
            [
                "errors.yaml:6: steps[0].pattern: {sevice} stands for nothing; did you mean 'service'?",
                "errors.yaml:7: steps[1]: 'log_errors' already stands at line 5; give it a name of its own",
            ],
        ),
        (
            HEAD + "kinds: [esc]\n",
            ["errors.yaml:4: kinds[0]: must be ecs, lambda or static_site, not 'esc'; did you mean 'ecs'?"],
        ),
        (HEAD.replace("*5xx*", ""), ["errors.yaml:2: alarms[0]: must not be empty"]),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert sorted(problems(tmp_path, text)) == sorted(expected)


VALUES = st.recursive(
    st.sampled_from(
        ["null", "true", "1", ".nan", "x", "''", "' '", "[]", "{}", "default", "errors", "*a", "{do: sql}"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    max_leaves=3,
)
WHOLE = (
    HEAD + "systems: [bi]\nkinds: [ecs]\nmetrics: [x]\nsteps:\n  - do: log_errors\n    pattern: x\nremedies:\n"
    "  - run: scale {service}\n    label: x\n    because: y\n    when:\n      - any: [{fact: logs.errors, above: 1}]\n"
)


@given(edits=st.lists(st.tuples(st.integers(0, len(WHOLE)), VALUES), min_size=1, max_size=3))
def test_a_playbook_broken_anywhere_is_only_ever_refused_in_lines(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str]]
) -> None:
    text = WHOLE
    for position, value in edits:
        end = text.find("\n", position)
        text = f"{text[:position]}{value}{text[end if len(value) > 2 else position :]}"
    config = write(tmp_path_factory.mktemp("any"), {"playbooks/default.yaml": DEFAULT, "playbooks/errors.yaml": text})
    try:
        load(config, Playbook, COMMANDS)
    except ConfigError as error:
        assert error.problems and all(len(str(problem).splitlines()) == 1 for problem in error.problems)


def test_playbooks_that_extend_one_another_are_refused(tmp_path: Path) -> None:
    one, two = (HEAD.replace("default", name) for name in ("other", "errors"))
    assert problems(tmp_path, one, other=two.replace("5xx", "4xx")) == [
        "errors.yaml:3: extends: goes round in a circle: errors extends other extends errors",
        "other.yaml:3: extends: goes round in a circle: other extends errors extends other",
    ]


def test_a_pattern_that_stands_twice_in_the_same_place_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD, other=HEAD.replace("xx", "XX")) == [
        "other.yaml:2: alarms[0]: '*5XX*' already stands at config/playbooks/errors.yaml:2; one would never be used"
    ]


def test_the_same_pattern_for_another_kind_or_system_is_another_matter(tmp_path: Path) -> None:
    books = {
        "default": DEFAULT,
        "errors": HEAD,
        "own": HEAD + "systems: [bi]\n",
        "functions": HEAD + "kinds: [lambda]\n",
    }
    config = write(tmp_path, {f"playbooks/{name}.yaml": body for name, body in books.items()})
    assert set(load(config, Playbook, COMMANDS).playbooks) == set(books)


def test_a_shared_remedy_may_wait_for_a_fact_of_the_systems_own_step(tmp_path: Path) -> None:
    shared = HEAD + "remedies:\n  - advise: x\n    when: {fact: logs.errors, above: 1}\n"
    own = "title: Own\nsystems: [bi]\nextends: errors\nsteps:\n  - do: log_errors\n"
    books = {"default": DEFAULT, "errors": shared, "own": own}
    config = write(tmp_path, {f"playbooks/{name}.yaml": body for name, body in books.items()})
    assert set(load(config, Playbook, COMMANDS).playbooks) == set(books)
    assert len(problems(tmp_path / "without", shared)) == 1


def test_the_facts_of_every_kind_of_step_are_known() -> None:
    """The table of facts is what the steps say: each file names the last part of each of its facts."""
    union = get_args(Step)[0]
    kinds = {get_args(get_type_hints(step)["do"])[0] for step in get_args(union)}
    assert "stopped_tasks" in kinds and kinds <= set(STEP_FACTS)
    for do in kinds:
        text = (Path(__file__).parents[2] / "bot" / "steps" / f"{do}.py").read_text(encoding="utf-8")
        missing = {fact for fact in STEP_FACTS[do].facts if fact.rsplit(".", 1)[-1] not in text}
        assert not missing, do
