"""Task definitions: describe, look one up by its tag, register a copy with another image."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.aws.calls import Calls, seconds
from bot.aws.errors import BUSY_FAMILY, ask
from bot.aws.raw import raw_task_definition, unknown_fields, without_nulls
from bot.aws.remembered import Remembered
from bot.aws.session import Sessions
from bot.cloud import Container, TaskDefinition
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError

REMEMBERED = 500
"""Task definitions kept in memory; each is some kilobytes."""
NEWEST = 20
"""Revisions searched for a tag."""


class TaskDefinitions(Calls):
    """Fills the task definition part of ``bot.ports.Ecs``."""

    def __init__(self, sessions: Sessions, *, pause: Callable[[float], None] = time.sleep) -> None:
        super().__init__(sessions, pause=pause)
        self._known: Remembered[tuple[Account, str], TaskDefinition] = Remembered(REMEMBERED)

    def task_definition(self, account: Account, arn: str, *, fresh: bool = False) -> TaskDefinition:
        """DescribeTaskDefinition with tags; a family name means its newest revision.

        It is kept, since what a revision runs never changes. Its status and tags may: ``fresh`` asks AWS again.
        """
        known = None if fresh else self._known.get((account, arn))
        if known is not None:
            return known
        found = self._describe(account, arn)
        self._known.keep((account, found.arn), found)
        return found

    def find_registered(self, account: Account, family: str, tag: str, value: str) -> str | None:
        """ARN of the newest revision of a family that carries this tag, or None; the newest twenty are read."""
        arns = [arn for status in ("ACTIVE", "INACTIVE") for arn in self._revisions(account, family, status)]
        newest = sorted(arns, key=_revision, reverse=True)[:NEWEST]
        tagged = self._each(lambda arn: self._tags(account, arn).get(tag) == value, newest)
        return next((arn for arn, carries in zip(newest, tagged, strict=True) if carries), None)

    def register(
        self, account: Account, base: TaskDefinition, images: Mapping[str, str], tags: Mapping[str, str]
    ) -> str:
        """Register a copy of a task definition with the images of these containers changed; returns the ARN.

        The copy keeps the tags of ``base``, except AWS's own, and gets ``tags``. Raises UpstreamError naming any field
        this botocore would silently drop, and NotFoundError for a container it does not have.
        """
        client = self._client(account, "ecs", repeat=False)
        parameters = _copy(client, base)
        definitions = {each["name"]: each for each in parameters["containerDefinitions"]}
        for name, image in images.items():
            if name not in definitions:
                listed = ", ".join(definitions)
                raise NotFoundError(f"{base.family} has no container {name}.", hint=f"It has: {listed}.")
            definitions[name]["image"] = image
        kept = {key: text for key, text in base.tags.items() if not key.lower().startswith("aws:")}
        parameters["tags"] = [{"key": key, "value": text} for key, text in (kept | dict(tags)).items()]
        # Of a busy family AWS says in so many words that it made nothing; every other error leaves that open.
        answer = self._insist(
            lambda: ask(client, "register_task_definition", **parameters), lambda error: BUSY_FAMILY in error.message
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def _describe(self, account: Account, arn: str) -> TaskDefinition:
        client = self._client(account, "ecs")
        try:
            answer = ask(client, "describe_task_definition", taskDefinition=arn, include=["TAGS"])
        except UpstreamError as error:
            if not _is_gone(error):
                raise
            raise NotFoundError(f"ECS has no task definition {arn}.") from error
        found = answer["taskDefinition"]
        return TaskDefinition(
            arn=found["taskDefinitionArn"],
            family=found["family"],
            revision=found["revision"],
            containers=tuple(_read_container(each) for each in found["containerDefinitions"]),
            registered_at=seconds(found.get("registeredAt")),
            architecture=_architecture(found),
            tags=_read_tags(answer),
            raw=raw_task_definition(answer),
            status=found.get("status", "ACTIVE"),
            registered_by=found.get("registeredBy", ""),
        )

    def _revisions(self, account: Account, family: str, status: str) -> list[str]:
        client = self._client(account, "ecs")
        answer = ask(
            client, "list_task_definitions", familyPrefix=family, status=status, sort="DESC", maxResults=NEWEST
        )
        # AWS takes familyPrefix for the whole name; what imitates AWS often takes it for a beginning.
        return [arn for arn in answer["taskDefinitionArns"] if _family(arn) == family]

    def _tags(self, account: Account, arn: str) -> dict[str, str]:
        client = self._client(account, "ecs")
        try:
            return _read_tags(ask(client, "describe_task_definition", taskDefinition=arn, include=["TAGS"]))
        except UpstreamError as error:
            # An inactive revision can be listed and yet not described once nothing refers to it.
            if _is_gone(error):
                return {}
            raise


def _is_gone(error: UpstreamError) -> bool:
    return error.code == "ClientException" and "Unable to describe task definition" in error.message


def _family(arn: str) -> str:
    return arn.rpartition("/")[2].rpartition(":")[0]


def _revision(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def _copy(client: Any, base: TaskDefinition) -> dict[str, Any]:
    """What RegisterTaskDefinition takes of a described task definition; the rest AWS fills in by itself."""
    model = client.meta.service_model
    described = model.operation_model("DescribeTaskDefinition").output_shape.members["taskDefinition"]
    lost = sorted(unknown_fields(base.raw, described))
    if lost:
        raise UpstreamError(
            f"{base.family}:{base.revision} has settings this version of the bot cannot copy: {', '.join(lost)}.",
            hint="Update the bot's botocore; a copy without them would change the service.",
            code="UnknownFields",
        )
    accepted = model.operation_model("RegisterTaskDefinition").input_shape.members
    parameters: dict[str, Any] = without_nulls({key: value for key, value in base.raw.items() if key in accepted})
    return parameters


def _read_tags(answer: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in answer.get("tags", [])}


def _architecture(found: dict[str, Any]) -> str:
    stated = str(found.get("runtimePlatform", {}).get("cpuArchitecture", ""))
    # Fargate runs X86_64 unless told otherwise; on EC2 it is whatever the instance is.
    return stated or ("X86_64" if "FARGATE" in found.get("requiresCompatibilities", []) else "")


def _read_container(definition: dict[str, Any]) -> Container:
    log = definition.get("logConfiguration", {})
    options = log.get("options", {}) if log.get("logDriver") == "awslogs" else {}
    return Container(
        name=definition["name"],
        image=definition.get("image", ""),
        essential=definition.get("essential", True),
        log_group=options.get("awslogs-group", ""),
        log_stream_prefix=options.get("awslogs-stream-prefix", ""),
        log_region=options.get("awslogs-region", ""),
    )
