"""A bot whose api logs into two groups and exports them into a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.catalog import Catalog
from bot.command import Plan
from bot.domain import Person
from bot.log_settings import LogSettings
from bot.settings.models import AccessConfig, Rule
from bot.telemetry import ExportTask
from commands.logs import LogsArgs, plan
from tests.scene import ACCESS, ALICE, Scene, the_systems

APP, DATABASE = "/ecs/api", "/rds/api"
BUCKET = "bi-log-exports"
SETTINGS = LogSettings(export=f"s3://{BUCKET}/logs/", masked=("customer_id",))
RULES = ("logs", "export")


def a_scene(folder: Path, settings: LogSettings = SETTINGS, *, access: AccessConfig | None = None) -> Scene:
    """The api's logs lie in a group of ECS's and one of its database's."""
    (system,) = the_systems()
    production = system.environments["production"]
    api = production.services["api"].model_copy(update={"log_groups": (DATABASE,)})
    production = production.model_copy(update={"services": {**production.services, "api": api}})
    environments = {**system.environments, "production": production}
    system = system.model_copy(update={"logs": settings, "environments": environments})
    may = tuple(Rule(action=action, roles=("on-call",)) for action in RULES)
    access = access or ACCESS.model_copy(update={"allow": (*ACCESS.allow, *may)})
    made = Scene(folder, catalog=Catalog([system]), access=access)
    made.log_exports.regions[BUCKET] = "eu-west-1"
    for group in (APP, DATABASE):
        made.log_exports.add_group(group)
    return made


def planned(scene: Scene, search: str = "export yesterday", **about: Any) -> Plan:
    alice = Person(user=ALICE, name="alice", groups=frozenset({"S0ONCALL"}), **about)
    return plan(LogsArgs(service="api", environment="production", search=search), scene.world, alice)


def begun(scene: Scene, search: str = "export yesterday") -> str:
    """An export that was confirmed; the operation's id."""
    assert scene.type("ops", f"logs api production {search}") is None
    row_id = scene.operation()[0].id
    scene.press("confirm")
    scene.run(3)
    return row_id


def other_task(status: str = "RUNNING") -> ExportTask:
    return ExportTask("other", "nightly", "/somebody/else", status, "Started Successfully", "b", "p")
