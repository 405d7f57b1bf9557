"""How an incident is answered, by severity: who is told first, and who comes next when nobody takes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from bot.duration import DurationOrNever

Route: TypeAlias = Literal["pagerduty", "slack", "email"]


class Frozen(BaseModel):
    """A value that never changes and knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """How bad an alarm is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Response(Frozen):
    """How one severity is answered.

    ``within`` is how long each level has to acknowledge before the next is called, in seconds; None is for ever.
    """

    label: str = Field(default="", max_length=20, description="What the team calls it, as P1.")
    route: Route = Field(
        description="Who hears first: pagerduty calls at once, slack mentions who is on call in the channel, "
        "email writes on the next business day."
    )
    within: DurationOrNever = Field(description="Unacknowledged this long, the next level is called; or never.")


def _response(route: Route, within: str) -> Response:
    return Response.model_validate({"route": route, "within": within})


class Responses(Frozen):
    """The response to each severity."""

    critical: Response = Field(default=_response("pagerduty", "15m"), description="For critical alarms.")
    high: Response = Field(default=_response("slack", "15m"), description="For high alarms.")
    medium: Response = Field(default=_response("slack", "1h"), description="For medium alarms.")
    low: Response = Field(default=_response("email", "never"), description="For low alarms.")

    def to(self, severity: Severity) -> Response:
        """The response to one severity."""
        found: Response = getattr(self, severity.value)
        return found


class Level(Frozen):
    """One level of escalation: whom it calls, and how. Empty everywhere but for its name, it calls nobody."""

    name: str = Field(description="What it is called, as L1.", min_length=1, max_length=40)
    who: str = Field(default="", max_length=120, description="Who that is, in words.")
    mention: tuple[str, ...] = Field(default=(), description="Slack user groups (S...) and people (U...) to mention.")
    pagerduty: bool = Field(default=False, description="Whether PagerDuty is called with the system's routing key.")
    pagerduty_routing_key_env: str = Field(
        default="", description="Environment variable with a routing key of this level's own, for PagerDuty."
    )
    email: tuple[str, ...] = Field(default=(), description="Addresses that are written to as well.")

    @property
    def calls_pagerduty(self) -> bool:
        """True when PagerDuty is called."""
        return self.pagerduty or bool(self.pagerduty_routing_key_env)
