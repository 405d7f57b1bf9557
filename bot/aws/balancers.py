"""Load balancers in front of target groups."""

from __future__ import annotations

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError


class Balancers:
    """Fills ``bot.telemetry_ports.Balancers``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def of(self, account: Account, target_group: str) -> tuple[str, ...]:
        client = self._sessions.client(account, "elbv2")
        try:
            answer = ask(client, "describe_target_groups", TargetGroupArns=[target_group])
        except UpstreamError as error:
            if error.code == "TargetGroupNotFound":
                raise NotFoundError(f"There is no target group {target_group}.") from error
            raise
        return tuple(arn for group in answer["TargetGroups"] for arn in group.get("LoadBalancerArns", ()))
