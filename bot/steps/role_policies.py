"""Whether a service's own role may do what the service does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.domain import Finding, Target
from bot.errors import BotError
from bot.ports import World
from bot.reach_ports import Refusal
from bot.steps.base import ReadingStep, Scene
from bot.steps.naming import Heading, Prefix, facts
from bot.steps.places import applies, fill

Action = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[A-Za-z0-9*]+$")]


class RolePoliciesStep(ReadingStep):
    """IAM's simulator on the task role of an ECS service, or the execution role of a Lambda function."""

    do: Literal["role_policies"]
    actions: tuple[Action, ...] = Field(min_length=1, max_length=30, description="IAM actions: dynamodb:GetItem.")
    resources: tuple[str, ...] = Field(
        default=("*",),
        min_length=1,
        max_length=10,
        description="ARNs they are done to; placeholders may stand in them.",
    )
    name: Prefix = "role"
    title: Heading = "Permissions"

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when the service runs on neither ECS nor Lambda."""
        target = scene.target
        if target is None or not applies(scene, *self.resources):
            return None
        role = _role(target, world)
        if role is None:
            return None
        if not role:
            summary = f"{target.label} runs without a role of its own, so it may do nothing in AWS."
            found = facts(self.name, denied=len(self.actions), role="none")
            return Finding(step=self.do, title=self.title, summary=summary, facts=found, weight=70)
        resources = [fill(each, scene, world) for each in self.resources]
        refused = world.roles.refused(target.account, role, self.actions, resources)
        found = facts(self.name, denied=len({each.action for each in refused}), role=role.rpartition("/")[2])
        if not refused:
            summary = f"The role {role.rpartition('/')[2]} may do all of {', '.join(self.actions)[:200]}."
            return Finding(step=self.do, title=self.title, summary=summary, facts=found, weight=5)
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"The role {role.rpartition('/')[2]} is denied {_said(refused[0])}",
            lines=(*(_said(each) for each in refused[1:5]), _attached(target, role, world)),
            facts=found,
            weight=80,
        )


def _role(target: Target, world: World) -> str | None:
    """The ARN of the service's own role; empty when it has none, None when its kind knows no roles."""
    if target.service.cluster:
        service = world.ecs.service(target)
        raw = world.ecs.task_definition(target.account, service.task_definition).raw
        return str(raw.get("taskRoleArn") or "")
    if target.service.function:
        return world.functions.function(target).role
    return None


def _said(refusal: Refusal) -> str:
    by = f" by {refusal.because}" if refusal.because else ""
    how = f"explicitly denied{by}" if refusal.decision == "explicitDeny" else f"denied{by}" if by else "not allowed"
    return f"{refusal.action} on {refusal.resource} ({how})."


def _attached(target: Target, role: str, world: World) -> str:
    """What an engineer would look at next; not knowing it takes nothing from what is known."""
    try:
        names = world.roles.policies(target.account, role)
    except BotError as error:
        return f"its attached policies could not be listed: {error}"
    return f"attached policies: {', '.join(names) or 'none'}"
