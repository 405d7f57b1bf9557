"""The scene of tests of ``/logs``: a service that logs to one group, of a system in another zone."""

from __future__ import annotations

from pathlib import Path

from bot.catalog import Catalog
from bot.domain import System
from bot.log_settings import LogSettings, NamedQuery
from bot.search.file import make_logs
from bot.search.shown import MAKER
from bot.settings.models import AccessConfig, Rule
from tests.scene import ACCESS, Scene, the_systems

RULES = tuple(Rule(action=action, roles=("on-call", "chiefs")) for action in ("logs", "insights"))
SETTINGS = LogSettings(queries={"slow": NamedQuery(query="filter duration > 1000")})


def logs_scene(folder: Path, *, zone: str = "Asia/Tokyo") -> Scene:
    """A scene whose people may search and ask queries of their own; whoever makes it closes it."""
    (system,) = the_systems()
    searched = System.model_validate({**system.model_dump(), "logs": SETTINGS.model_dump(), "zone": zone})
    access = AccessConfig(roles=ACCESS.roles, allow=(*ACCESS.allow, *RULES))
    scene = Scene(folder, access=access, catalog=Catalog((searched,)), more_makers={MAKER: make_logs})
    group = scene.world.ecs.task_definition(scene.api.account, scene.world.ecs.service(scene.api).task_definition)
    scene.logs.lines = {each.log_group: [] for each in group.containers}
    return scene
