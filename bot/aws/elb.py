"""Targets behind a load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.aws.calls import Calls
from bot.aws.errors import ask
from bot.cloud import TargetHealth
from bot.domain import Target


class TargetGroups(Calls):
    """Fills the load balancer part of ``bot.ports.Ecs``."""

    def target_health(self, target: Target, target_groups: Sequence[str]) -> tuple[TargetHealth, ...]:
        """DescribeTargetHealth of each group, in parallel; the order of the groups is kept."""
        client = self._client(target.account, "elbv2")
        answers = self._each(lambda arn: ask(client, "describe_target_health", TargetGroupArn=arn), target_groups)
        return tuple(
            _read(arn, each)
            for arn, answer in zip(target_groups, answers, strict=True)
            for each in answer["TargetHealthDescriptions"]
        )


def _read(target_group: str, found: dict[str, Any]) -> TargetHealth:
    health = found.get("TargetHealth", {})
    return TargetHealth(
        target_group=target_group,
        target=found["Target"]["Id"],
        port=found["Target"].get("Port", 0),
        state=health.get("State", ""),
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )
