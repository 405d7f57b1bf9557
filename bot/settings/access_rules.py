"""What must fit together in ``config/access.yaml``, and with the systems."""

from __future__ import annotations

from collections.abc import Collection

from bot.settings.models import ACTIONS, ANY, ANYONE
from bot.settings.rules import refuse_unknown
from bot.settings.shapes import check_names, check_shapes, duration_look, group_look, one_of, user_look
from bot.settings.source import Source

_SHAPES = {
    "roles.*.groups.*": group_look,
    "roles.*.users.*": user_look,
    "allow.*.action": one_of((*ACTIONS, ANY)),
    "approvals.*.action": one_of((*ACTIONS, ANY)),
    "approvals.*.expires": duration_look("1m"),
}


def check_access(source: Source, systems: Collection[str], environments: Collection[str]) -> None:
    """The rules of the file; ``systems`` and ``environments`` are those of all files under ``systems/``."""
    check_shapes(source, _SHAPES)
    check_names(source, "roles")
    roles = {str(path[-1]) for path, _ in source.at("roles.*")}
    if ANYONE in roles:
        source.report(("roles", ANYONE), "is the built-in word for every full member; choose another name")
    for path, role in source.at("roles.*"):
        if isinstance(role, dict) and not role.get("groups") and not role.get("users"):
            source.report(path, "has nobody in it; list groups or users")
    for rules in ("allow", "approvals"):
        refuse_unknown(source, f"{rules}.*.roles.*", roles | {ANYONE}, "role")
        if systems:
            refuse_unknown(source, f"{rules}.*.systems.*", {*systems, ANY}, "system")
        if environments:
            refuse_unknown(source, f"{rules}.*.environments.*", {*environments, ANY}, "environment of any system")
    for path, rule in source.at("approvals.*"):
        if isinstance(rule, dict) and rule.get("action") == "read":
            source.report((*path, "action"), "needs no approval: what only reads runs at once")
        people, named = (rule.get("people", 1), rule.get("roles")) if isinstance(rule, dict) else (1, None)
        alone = _only_users(source, named if isinstance(named, list) else [])
        if isinstance(people, int) and alone is not None and alone < people:
            source.report((*path, "people"), f"can never be reached: the roles have {alone} people")


def _only_users(source: Source, roles: list[object]) -> int | None:
    """How many people these roles have, where they name single people only; None where groups are among them."""
    found: set[str] = set()
    for name in roles:
        role = (source.value.get("roles") or {}).get(name)
        if not isinstance(role, dict) or role.get("groups"):
            return None
        found |= {str(user) for user in role.get("users") or ()}
    return len(found) if roles else None
