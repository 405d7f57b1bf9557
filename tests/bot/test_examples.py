"""Examples that work on the reader's own configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot import arguments
from bot.catalog import Catalog
from bot.command import Command
from bot.domain import Environment, Service, ServiceAlarm, System, Target
from bot.examples import examples, likely, sample
from bot.signals import functions, sites
from bot.signals.choosing import chosen
from bot.signals.ecs import of_tasks
from bot.window import find_window
from commands import COMMANDS

FILES = (Path(__file__).parents[2] / "config" / "systems").glob("*.yaml")
SHIPPED = {str(yaml.safe_load(path.read_text(encoding="utf-8"))["system"]) for path in FILES}
"""The systems whose names an example could have been written with."""


def service(kind: str, *alarms: str) -> Service:
    listed = tuple(ServiceAlarm(name=name) for name in alarms)
    return Service.model_validate({"kind": kind, "cluster": "c", "bucket": "b", "function": "f", "alarms": listed})


def system(name: str, channel: str, **services: Service) -> System:
    live = Environment(production=True, services=services)
    return System(system=name, channel=channel, region="eu-west-1", environments={"live": live})


SHOP = system("shop", "C0SHOP", site=service("static_site"), basket=service("ecs", "basket-slow"))
BANK = system("bank", "C0BANK", basket=service("ecs"), ledger=service("lambda"))
CDN = service("static_site").model_copy(update={"distribution": "E1"})
WEB = system("web", "C0WEB", basket=service("ecs"), ledger=service("lambda"), cdn=CDN)
CATALOG = Catalog((SHOP, BANK))


def target(key: str) -> Target:
    found = CATALOG.target(key)
    assert found is not None
    return found


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_example_names_anything_that_the_reader_does_not_have(command: Command) -> None:
    shown = examples(command, target("bank/live/ledger"), CATALOG)
    assert shown
    for example in shown:
        words = example.replace("/", " ").split()
        assert not {*SHIPPED, "api", "production", "prod", "staging"} & set(words), example
        assert "bi-" not in example
        assert not {"v1.4.2", "v2.0.0", "41", "0f3a91c2"} & set(words), example
        filled = example.replace("<version>", "v1").replace("<task id>", "0f")
        arguments.parse(command, command.name, arguments.words(filled))


def test_what_only_the_reader_can_know_is_a_placeholder() -> None:
    assert examples(COMMANDS["deploy"], target("shop/live/basket"), CATALOG)[0] == "shop/basket live <version>"
    assert "shop/basket live to <version>" in examples(COMMANDS["rollback"], target("shop/live/basket"), CATALOG)
    assert "shop/basket live task <task id>" in examples(COMMANDS["restart"], target("shop/live/basket"), CATALOG)


KNOWN = {"basket": of_tasks, "ledger": functions.signals, "cdn": sites.signals}


@pytest.mark.parametrize("name", KNOWN)
def test_metrics_are_shown_by_signals_that_every_service_of_the_kind_has(name: str) -> None:
    (where,) = [each for each in Catalog((WEB,)).targets if each.name == name]
    known = KNOWN[name](where)
    spaces = {line.metrics[0].namespace for signal in known for line in signal.lines}
    shown = [example for example in examples(COMMANDS["metrics"], where, Catalog((WEB,))) if example != "dashboards"]
    assert len(shown) == 4
    for example in shown:
        _, left = find_window(
            example.partition(" live")[2].replace("vs yesterday", ""), now=9e8, zone="UTC", default=1.0
        )
        custom = [word for word in left.split() if "/" in word]
        # Raises for a word that is none of the signals.
        chosen(where, [word for word in left.split() if word not in custom], known)
        assert {word.rpartition("/")[0] for word in custom} <= spaces


def test_metrics_are_not_those_of_a_site_without_a_distribution() -> None:
    assert sample(COMMANDS["metrics"], [target("shop/live/site")]) is None
    assert sample(COMMANDS["metrics"], Catalog((WEB,)).targets) is not None


def test_an_example_is_said_of_the_service_its_environment_and_an_alarm_that_is_listed() -> None:
    silence = examples(COMMANDS["silence"], target("shop/live/basket"), CATALOG)
    assert silence[0] == "shop/basket live 2h the new schema is rolled out"
    assert silence[1] == "basket-slow until 18:00 load test"
    assert examples(COMMANDS["unsilence"], target("bank/live/ledger"), Catalog((BANK,))) == ("bank/ledger live",)


def test_a_name_that_two_systems_have_is_said_whole() -> None:
    assert examples(COMMANDS["services"], target("shop/live/basket"), CATALOG)[1] == "shop/basket live"
    assert examples(COMMANDS["services"], target("bank/live/ledger"), CATALOG)[1] == "ledger live"


def test_the_service_is_one_that_the_command_is_for() -> None:
    picked = sample(COMMANDS["scale"], CATALOG.targets)
    assert picked is not None
    assert picked.key == "shop/live/basket"
    assert sample(replace(COMMANDS["scale"], kinds=()), CATALOG.targets) == target("shop/live/site")
    assert sample(COMMANDS["scale"], [target("bank/live/ledger")]) is None


def test_logs_are_those_of_a_service_that_can_have_some() -> None:
    picked = sample(COMMANDS["logs"], CATALOG.targets)
    assert picked is not None
    assert picked.key == "shop/live/basket"
    assert sample(COMMANDS["logs"], [target("shop/live/site"), target("bank/live/ledger")]) == target(
        "bank/live/ledger"
    )
    named = service("static_site").model_copy(update={"log_groups": ("/cdn",)})
    (site,) = Catalog((system("shop", "C0SHOP", site=named),)).targets
    assert sample(COMMANDS["logs"], [site]) == site


def test_ones_own_latest_come_before_the_channels_and_those_before_the_rest() -> None:
    def is_here(each: Target) -> bool:
        return each.channel == "C0BANK"

    order = likely(CATALOG, ["shop/live/basket", "gone/live/x"], is_here)
    keys = ["shop/live/basket", "bank/live/basket", "bank/live/ledger", "shop/live/site"]
    assert [each.key for each in order] == keys


def test_without_a_service_examples_are_as_they_are_written() -> None:
    assert examples(COMMANDS["deploy"], None, CATALOG) == COMMANDS["deploy"].examples
