"""May this person do this action in this environment? Pure; the groups come with the person."""

from __future__ import annotations

from bot.domain import Person, Target
from bot.errors import DeniedError
from bot.holds import place_label
from bot.ports import World
from bot.settings.models import ANYONE, AccessConfig, Approvals, Role

READ = "read"
IN_WORDS = {
    READ: "look at anything",
    "logs": "read logs",
    "insights": "ask queries of your own",
    "unmask": "see masked fields",
    "export": "export logs",
    "deploy": "deploy",
    "rollback": "roll back",
    "scale": "scale",
    "restart": "restart",
    "cancel": "cancel operations",
    "freeze": "freeze or unfreeze anything",
    "override": "override checks",
    "incident": "work on incidents or silence alarms",
}


def allowed(access: AccessConfig, person: Person, action: str, target: Target | None) -> bool:
    """True when a rule fits; strangers (Slack Connect), guests and bots may change nothing.

    ``target`` is None for what belongs to no service, such as an incident nobody listed: then a rule of any system and
    environment is enough.
    """
    if person.is_bot or ((person.is_stranger or person.is_guest) and action != READ):
        return False
    return any(_has(access.roles.get(name), name, person) for name in access.allowed_roles(action, target))


def _has(role: Role | None, name: str, person: Person) -> bool:
    if name == ANYONE:
        return not (person.is_stranger or person.is_guest)
    return role is not None and (person.user in role.users or bool(person.groups & set(role.groups)))


def require(access: AccessConfig, person: Person, action: str, target: Target | None, *, other: str = "") -> None:
    """Raise DeniedError, saying who may, unless the person is allowed to.

    ``other`` is the person's name where somebody else is told about them.
    """
    if allowed(access, person, action, target):
        return
    what = IN_WORDS.get(action, action) + (f" in {target.environment}" if target else "")
    if person.is_stranger or person.is_guest or person.is_bot:
        kind = "a bot" if person.is_bot else "from another company" if person.is_stranger else "a guest"
        they_are = "they are" if other else "you are"
        raise DeniedError(
            f"{other or 'You'} may not {what}: {they_are} {kind} here.", hint="Only full members of this workspace may."
        )
    roles = access.allowed_roles(action, target)
    who = ", ".join(roles) if roles else "nobody"
    raise DeniedError(f"{other or 'You'} may not {what}.", hint=f"Who may: {who} (config/access.yaml).")


def require_everywhere(world: World, person: Person, action: str, place: str) -> None:
    """Raise DeniedError unless the person may do this to every service of a place."""
    refused = [target for target in world.catalog.inside(place) if not world.may(person, action, target)]
    if refused:
        what = IN_WORDS.get(action, action)
        some = ", ".join(target.label for target in refused[:3]) + (", …" if len(refused) > 3 else "")
        raise DeniedError(f"You may not {what} in all of {place_label(place)}.", hint=f"Not in {some}.")


def approval(access: AccessConfig, action: str, target: Target | None) -> Approvals:
    """What a plan needs besides its asker's confirmation: the strictest rule that fits."""
    fitting = [rule for rule in access.approvals if target is not None and rule.fits(action, target)]
    return max(fitting, key=lambda rule: (rule.people, bool(rule.roles)), default=Approvals(action=action, people=0))


def may_approve(access: AccessConfig, person: Person, action: str, target: Target, rule: Approvals) -> bool:
    """Whoever the rule names may approve; where it names nobody, whoever may do the thing itself."""
    if not rule.roles:
        return allowed(access, person, action, target)
    if person.is_bot or person.is_stranger or person.is_guest:
        return False
    return any(_has(access.roles.get(name), name, person) for name in rule.roles)
