"""What ``/health`` says of error lines: as many as ``/logs`` of the service finds, or where they were counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.cloud import LogLine
from bot.domain import Environment, Service
from bot.errors import UpstreamError
from commands.logs import LogsArgs
from commands.logs import plan as logs
from tests.commands.health_room import AMBER, answer, first, room, the_system
from tests.fake_aws import a_definition
from tests.fakes import NOON
from tests.scene import ALICE, REPOSITORY, Scene

REQUESTS = "/bi/api/requests"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Everything is well."""
    with room(tmp_path) as made:
        yield made


def with_groups(scene: Scene, *groups: str) -> None:
    system = the_system()
    production = system.environments["production"]
    services = dict(production.services)
    services["api"] = services["api"].model_copy(update={"log_groups": groups})
    environments = system.environments | {"production": production.model_copy(update={"services": services})}
    scene.world = replace(scene.world, catalog=Catalog((system.model_copy(update={"environments": environments}),)))


def lines(*messages: str) -> list[LogLine]:
    return [LogLine(NOON - 60 - number, message, "s") for number, message in enumerate(messages)]


def test_configured_groups_count_as_those_of_the_containers_do(scene: Scene) -> None:
    with_groups(scene, REQUESTS)
    scene.logs.lines[REQUESTS] = lines(*['{"level": "error", "message": "no"}'] * 858)
    scene.logs.lines["/ecs/api"] = lines("ERROR x", "INFO 0 errors")
    assert " · 859 error lines in 30 min · " in answer(scene)
    args = LogsArgs(service="bi/api", environment="production", search="level error last 30m")
    assert logs(args, scene.world, scene.chat.people[ALICE]).title.startswith("859 lines of bi/api production")


def test_a_line_is_one_of_errors_by_its_level_as_in_a_search(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = lines("INFO 0 error lines", "WARNING slow", "FATAL out", "ERROR x")
    assert " · 2 error lines in 30 min · " in answer(scene)


def test_of_logs_that_are_longer_than_can_be_read_is_said_so(scene: Scene) -> None:
    scene.logs.lines["/ecs/api"] = lines(*["ERROR x"] * 200)
    scene.logs.endless.add("/ecs/api")
    assert " · at least 200 error lines in 30 min · " in answer(scene)


def test_no_error_in_what_could_be_read_of_more_is_said_so_and_colours_nothing(scene: Scene) -> None:
    scene.logs.endless.add("/ecs/api")
    said = answer(scene)
    assert "no error line so far, but `/ecs/api` could not be read to the end in time" in said
    assert AMBER not in said


def test_a_group_that_only_insights_reads_is_named_and_the_others_are_counted(scene: Scene) -> None:
    with_groups(scene, REQUESTS)
    refused = "This operation is not supported for log groups of this Log Class."
    scene.logs.failures.add(f"search {REQUESTS}", UpstreamError(refused))
    said = answer(scene)
    assert f" · 0 error lines in 30 min in `/ecs/api` (`{REQUESTS}` is read by Logs Insights only) · " in said
    assert said.startswith("3 services: 3 green")


def test_a_group_that_does_not_answer_is_amber_and_the_others_are_counted(scene: Scene) -> None:
    with_groups(scene, REQUESTS)
    scene.logs.failures.add(f"search {REQUESTS}", TimeoutError())
    assert first(scene) == f"{AMBER}*api*: logs in `{REQUESTS}`: no answer in 2.5 s"
    assert " · 0 error lines in 30 min in `/ecs/api` · " in answer(scene)


def test_where_the_containers_are_not_known_the_configured_groups_are_counted(scene: Scene) -> None:
    with_groups(scene, REQUESTS)
    scene.logs.lines[REQUESTS] = lines("ERROR x")
    for _ in range(5):
        scene.ecs.failures.add("task_definition", UpstreamError("AWS cannot be reached."))
    said = answer(scene)
    assert "*api*: log groups: AWS cannot be reached" in said
    assert f" · 1 error line in 30 min in `{REQUESTS}` · " in said


def test_no_more_than_four_groups_of_an_account_are_read_and_the_others_named(scene: Scene) -> None:
    groups = [f"/bi/{number}" for number in range(4)]
    with_groups(scene, *groups)
    scene.logs.lines |= {group: lines("ERROR x") for group in groups}
    shown = ", ".join(f"`{group}`" for group in groups)
    assert f" · 4 error lines in 30 min in {shown} (not counted in `/ecs/api`) · " in answer(scene)
    assert len(scene.logs.patterns) == 4


@pytest.mark.parametrize(("services", "read"), [(4, 4), (5, 0)])
def test_services_of_an_account_share_the_groups_that_are_read(scene: Scene, services: int, read: int) -> None:
    (system,) = scene.catalog.systems
    many = {f"s{number}": Service.model_validate({"kind": "ecs", "cluster": "c"}) for number in range(services)}
    production = Environment(production=True, services=many)
    catalog = Catalog([system.model_copy(update={"environments": {"production": production}})])
    for each in catalog.targets:
        scene.ecs.add(each, a_definition(each.name, 1, f"{REPOSITORY}:v1"))
        scene.logs.lines[f"/ecs/{each.name}"] = []
    scene.world = replace(scene.world, catalog=catalog)
    answer(scene)
    assert len(scene.logs.patterns) == read
