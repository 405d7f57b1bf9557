"""May this person do this action in this environment? Pure; the groups come with the person."""

from __future__ import annotations

from bot.domain import Person
from bot.errors import DeniedError
from bot.settings.models import ANY, ANYONE, AccessConfig, Role

READ = "read"
IN_WORDS = {READ: "look at anything", "deploy": "deploy", "incident": "acknowledge or resolve incidents"}


def allowed(access: AccessConfig, person: Person, action: str, environment: str) -> bool:
    """True when a rule fits; strangers (Slack Connect), guests and bots may change nothing.

    ``environment`` is empty for what belongs to none, such as an incident of an unknown service: then a rule of any
    environment is enough.
    """
    if not environment:
        return allowed_anywhere(access, person, action)
    if person.is_bot or ((person.is_stranger or person.is_guest) and action != READ):
        return False
    roles = access.allowed_roles(action, environment)
    return any(_has(access.roles.get(name), name, person) for name in roles)


def allowed_anywhere(access: AccessConfig, person: Person, action: str) -> bool:
    """True when a rule fits in at least one environment."""
    environments = {environment or ANY for rule in access.allow for environment in rule.environments}
    return any(allowed(access, person, action, environment) for environment in environments)


def _has(role: Role | None, name: str, person: Person) -> bool:
    if name == ANYONE:
        return not (person.is_stranger or person.is_guest)
    return role is not None and (person.user in role.users or bool(person.groups & set(role.groups)))


def require(access: AccessConfig, person: Person, action: str, environment: str) -> None:
    """Raise DeniedError, saying who may, unless the person is allowed to."""
    if allowed(access, person, action, environment):
        return
    what = IN_WORDS.get(action, action) + (f" in {environment}" if environment else "")
    if person.is_stranger or person.is_guest or person.is_bot:
        kind = "a bot" if person.is_bot else "from another company" if person.is_stranger else "a guest"
        raise DeniedError(f"You may not {what}: you are {kind} here.", hint="Only full members of this workspace may.")
    roles = access.allowed_roles(action, environment)
    who = ", ".join(roles) if roles else "nobody"
    raise DeniedError(f"You may not {what}.", hint=f"Who may: {who} (config/access.yaml).")
