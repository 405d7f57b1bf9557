"""The shape of ``config/bot.yaml`` and ``config/access.yaml``; ``bot.domain.System`` is that of the systems."""

from __future__ import annotations

from pydantic import Field

from bot.domain import Frozen, Severity, System, Target
from bot.duration import Duration, DurationOrNever
from bot.responses import Response, Responses
from bot.settings.digest import DigestOrNever

ACTIONS = (
    *("read", "logs", "insights", "unmask", "export"),
    *("deploy", "rollback", "scale", "restart", "cancel", "freeze", "override", "incident"),
)
"""What ``config/access.yaml`` can allow; every command carries one of these words."""

ANY = "*"
"""Every action, or every environment."""

ANYONE = "anyone"
"""The role of every full member of the workspace; never of strangers, guests and bots."""


class Timings(Frozen):
    """The bot's clocks, in seconds."""

    plan_expires: Duration = Field(
        default="15m", validate_default=True, description="A plan not confirmed in this time must be asked again."
    )
    settle_poll: Duration = Field(
        default="1s",
        validate_default=True,
        description="How late a rollout may be known to have ended; it is looked at that often.",
    )
    soak: Duration = Field(
        default="10m", validate_default=True, description="How long a deployment must stay quiet to count as good."
    )
    overdue: Duration = Field(
        default="30m", validate_default=True, description="When a rollout is said to take long; it is watched on."
    )
    findings_deadline: Duration = Field(
        default="5s", validate_default=True, description="When an incident shows what was found so far."
    )
    playbook_deadline: Duration = Field(
        default="10s",
        validate_default=True,
        description="The same for what a playbook looks at besides; the thread is brought up to date with it.",
    )
    flap: Duration = Field(
        default="5m",
        validate_default=True,
        description="An incident that comes back this soon after its OK flaps; PagerDuty hears of the OK after it.",
    )
    remind: Duration = Field(
        default="4h",
        validate_default=True,
        description="How long somebody may have an incident that stays open before they are asked about it, and "
        "how long alarms may stay red after it was resolved.",
    )


class Correlation(Frozen):
    """When an alarm joins an incident that is open instead of opening one of its own; tried in this order."""

    composite: bool = Field(default=True, description="A composite alarm and its children are one incident.")
    after_deployment: DurationOrNever = Field(
        default="30m",
        validate_default=True,
        description="Alarms of an environment this long after one deployment began are one incident.",
    )
    same_service: DurationOrNever = Field(
        default="30m",
        validate_default=True,
        description="Alarms of one service within this time of the last are one incident.",
    )
    same_system: DurationOrNever = Field(
        default="5m",
        validate_default=True,
        description="Alarms of one environment of a system within this time of the last are one incident.",
    )


class BotConfig(Frozen):
    """``config/bot.yaml``: how the bot itself behaves."""

    default_channel: str = Field(description="Slack channel for whatever belongs to no system.")
    commands: dict[str, str] = Field(
        default_factory=dict, description="Slash command under which each command is registered, without the slash."
    )
    timings: Timings = Field(default_factory=Timings, description="Waits and deadlines.")
    severities: Responses = Field(default_factory=Responses, description="How each severity is answered.")
    correlation: Correlation = Field(default_factory=Correlation, description="Which alarms belong to one incident.")
    digest: DigestOrNever = Field(
        default={"day": "monday", "hour": "09:00"},
        validate_default=True,
        description="When each system is told of its week: day and hour, or never.",
    )
    retention: Duration = Field(
        default="90d", validate_default=True, description="How long finished operations and incidents are kept."
    )

    def response(self, severity: Severity, system: System | None) -> Response:
        """How a severity is answered in a system; None is for what belongs to none."""
        own = system.severities.get(severity) if system is not None else None
        return own or self.severities.to(severity)

    def registered_name(self, command: str) -> str:
        """The slash command, without the slash, that Slack knows this command by."""
        return self.commands.get(command, command)


class Role(Frozen):
    """People, by Slack user group or one by one."""

    groups: tuple[str, ...] = Field(default=(), description="Ids of Slack user groups (S...).")
    users: tuple[str, ...] = Field(default=(), description="Ids of single people (U...).")


class Place(Frozen):
    """These systems and environments."""

    systems: tuple[str, ...] = Field(default=(ANY,), description="Systems by name; * for all.")
    environments: tuple[str, ...] = Field(default=(ANY,), description="Environments by name; * for all.")

    def covers(self, target: Target) -> bool:
        """True when the target lies in one of the systems and one of the environments."""
        in_system = ANY in self.systems or target.system in self.systems
        return in_system and (ANY in self.environments or target.environment in self.environments)


class Scope(Place):
    """An action in these systems and environments."""

    action: str = Field(description="One of the actions, or * for every one.")

    def fits(self, action: str, target: Target | None) -> bool:
        """True for this action and target; with no target the place does not count."""
        if self.action not in (action, ANY):
            return False
        return target is None or self.covers(target)


class Rule(Scope):
    """One permission: an action, in these systems and environments, for these roles."""

    roles: tuple[str, ...] = Field(description="Roles named above; anyone stands for every full member.")


class Approvals(Scope):
    """How many people besides the asker must say yes to a plan before it runs."""

    people: int = Field(default=1, ge=0, le=5, description="How many, other than the asker.")
    roles: tuple[str, ...] = Field(default=(), description="Who may approve; whoever may do it when left out.")
    expires: Duration = Field(
        default="30m", validate_default=True, description="How long the approvals may take, from the confirmation on."
    )


class AccessConfig(Frozen):
    """``config/access.yaml``: who may do what. Whatever no rule allows is refused."""

    roles: dict[str, Role] = Field(default_factory=dict, description="Roles by name.")
    allow: tuple[Rule, ...] = Field(description="Rules; one that fits is enough.")
    approvals: tuple[Approvals, ...] = Field(default=(), description="Plans that need more than their asker.")

    def allowed_roles(self, action: str, target: Target | None) -> tuple[str, ...]:
        """Names of the roles which some rule allows this action on this target, in the order of the rules."""
        names = [role for rule in self.allow if rule.fits(action, target) for role in rule.roles]
        return tuple(dict.fromkeys(names))
