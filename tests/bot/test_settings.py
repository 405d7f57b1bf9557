"""A configuration is loaded whole or refused whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.catalog import Catalog
from bot.domain import Severity
from bot.errors import ConfigError
from bot.settings import BotConfig, Settings, load
from tests.bot.config_files import ACCESS, BOT, IN_API, OTHER, SYSTEM, problems, write


def test_a_whole_configuration_is_loaded(tmp_path: Path) -> None:
    settings = load(write(tmp_path, {"systems/zoo.yaml": OTHER, "playbooks/errors.yaml": "title: Errors\n"}))
    assert isinstance(settings, Settings)
    assert [system.system for system in settings.systems] == ["bi", "zoo"]
    here = Catalog(settings.systems).find("bi/api")
    assert settings.access.allowed_roles("deploy", here) == ("on-call",)
    assert settings.access.allowed_roles("deploy", replace(here, environment="staging")) == ()
    assert settings.playbooks == {"errors": {"title": "Errors"}}
    place = settings.sources["zoo"].problem(("environments", "production", "services", "api", "kind"), "x")
    assert (place.file, place.line) == ("config/systems/zoo.yaml", 8)


def test_durations_become_seconds(tmp_path: Path) -> None:
    timings = "timings: {plan_expires: 90s, soak: 2d, remind: 1h}\nretention: 30d\n"
    text = BOT + timings + "severities: {high: {route: email, within: never}}\n"
    bot = load(write(tmp_path, {"bot.yaml": text})).bot
    assert (bot.timings.plan_expires, bot.timings.soak, bot.timings.settle_poll) == (90.0, 172_800.0, 1.0)
    assert [bot.severities.to(severity).within for severity in Severity] == [900.0, None, 3600.0, None]
    assert bot.retention == 30 * 86_400.0


def test_a_command_keeps_its_own_name_unless_told_otherwise() -> None:
    bot = BotConfig(default_channel="#ops", commands={"deploy": "ship"})
    assert (bot.registered_name("deploy"), bot.registered_name("ops")) == ("ship", "ops")
    with pytest.raises(ValidationError):
        bot.default_channel = "#other"  # type: ignore[misc]


def test_the_problems_of_all_files_come_at_once_and_in_order(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        {
            "bot.yaml": "x: [\n",
            "access.yaml": "allow: []\nroles: 7\n",
            "systems/bi.yaml": SYSTEM.replace("ecs", "esc").replace('"#bi-platform"', "bi-platform"),
            "systems/zoo.yml": OTHER,
            "acess.yaml": ACCESS,
        },
    )
    assert [line.split(": ")[0] for line in found] == [
        "config/access.yaml:2",
        "config/acess.yaml:0",
        "config/bot.yaml:2",
        "config/systems/bi.yaml:2",
        "config/systems/bi.yaml:8",
        "config/systems/zoo.yml:0",
    ]
    assert "config/acess.yaml:0: (file): is not read; did you mean 'access.yaml'?" in found
    assert "config/systems/zoo.yml:0: (file): is not read; name it 'zoo.yaml'" in found


def test_missing_files_are_named_without_the_machines_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as nothing:
        load(tmp_path / "config")
    (tmp_path / "config").mkdir()
    with pytest.raises(ConfigError) as empty:
        load(tmp_path / "config")
    assert str(nothing.value) == "config:0: (file): is no directory; BOT_CONFIG_DIR names another one"
    assert str(empty.value).splitlines() == [
        "config/access.yaml:0: (file): could not be read: No such file or directory",
        "config/bot.yaml:0: (file): could not be read: No such file or directory",
        "config/systems:0: (file): has no file; describe at least one system",
    ]


def test_files_are_called_as_the_operator_wrote_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "team", {"bot.yaml": ""})
    monkeypatch.chdir(tmp_path)
    for given_dir in (Path("team/config"), tmp_path / "team" / "config"):
        with pytest.raises(ConfigError) as caught:
            load(given_dir)
        assert str(caught.value) == "team/config/bot.yaml:1: (file): is empty"


def test_a_secret_is_refused_and_never_repeated(tmp_path: Path) -> None:
    token = "xoxb-" + "1234567890-" * 2
    key = "0af3" * 8
    system = SYSTEM.replace("kind: ecs", f"kind: {token}") + f"# key: {key}\n"
    found = problems(tmp_path, {"systems/bi.yaml": system, "bot.yaml": f"{BOT}{token}: 1\n"})
    assert [line.split(": looks like a secret")[0] for line in found] == [
        "config/bot.yaml:2: (file)",
        IN_API.format(8, ".kind", "")[:-2],
        "config/systems/bi.yaml:12: (file)",
    ]
    assert token not in "".join(found) and key not in "".join(found)


def test_a_playbook_is_held_against_the_model_that_is_given(tmp_path: Path) -> None:
    class Tail(BaseModel):
        model_config = ConfigDict(extra="forbid")
        do: Literal["tail"]
        limit: int = 5

    class Playbook(BaseModel):
        model_config = ConfigDict(extra="forbid")
        steps: tuple[Tail, ...]
        alarms: tuple[str, ...] = ()

    book = "steps:\n  - do: tail\n"
    named = book + "alarms: [errors]\n"
    good = write(tmp_path, {"playbooks/default.yaml": book, "playbooks/errors.yaml": named})
    assert load(good, Playbook).playbooks["errors"] == Playbook(steps=(Tail(do="tail"),), alarms=("errors",))
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, {"playbooks/errors.yaml": "steps:\n  - do: tial\n    limt: 3\nalarms: [x]\n"}), Playbook)
    assert str(caught.value).splitlines() == [
        "config/playbooks/errors.yaml:2: steps[0].do: must be tail, not 'tial'; did you mean 'tail'?",
        "config/playbooks/errors.yaml:3: steps[0].limt: is not known here; did you mean 'limit'?",
    ]


def test_without_the_default_playbook_nobody_would_know_what_to_look_at(tmp_path: Path) -> None:
    class Duties(BaseModel):
        title: str

    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, {}), Duties)
    expected = "config/playbooks/default.yaml:0: (file): is missing; it says what is looked at when an alarm fires"
    assert str(caught.value) == expected


def test_anchors_and_merges_save_typing(tmp_path: Path) -> None:
    text = SYSTEM.replace("      api:", "      api: &api") + "      executor:\n        <<: *api\n        alarms: []\n"
    (system,) = load(write(tmp_path, {"systems/bi.yaml": text})).systems
    assert system.environments["production"].services["executor"].cluster == "bi-production"


@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200),
    file=st.sampled_from(["bot.yaml", "access.yaml", "systems/bi.yaml", "playbooks/p.yaml"]),
)
def test_whatever_a_file_contains_only_problems_come_of_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, file: str
) -> None:
    try:
        load(write(tmp_path_factory.mktemp("any"), {file: text}))
    except ConfigError as error:
        assert error.problems and all(len(str(problem).splitlines()) == 1 for problem in error.problems)


VALUES = st.recursive(
    st.one_of(
        st.sampled_from(["null", "true", "1", "1.5", ".nan", "x", "[]", "{}", "ecs", "*a", "&a y", "!t z", "12:30"]),
        st.text(alphabet="ab:#&*![]{},'\"-? \n\t0", max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    max_leaves=4,
)


@given(edits=st.lists(st.tuples(st.integers(0, len(SYSTEM)), VALUES), min_size=1, max_size=3))
def test_a_system_broken_anywhere_is_only_ever_refused_in_lines(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, str]]
) -> None:
    text = SYSTEM
    for position, value in edits:
        text = text[:position] + value + text[position:]
    try:
        load(write(tmp_path_factory.mktemp("any"), {"systems/bi.yaml": text}))
    except ConfigError as error:
        assert error.problems and all(len(str(problem).splitlines()) == 1 for problem in error.problems)
