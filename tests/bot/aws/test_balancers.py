from __future__ import annotations

import pytest

from bot import telemetry_ports as ports
from bot.aws.balancers import Balancers
from bot.aws.errors import NotPermittedError
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError
from tests.bot.aws.scripted_aws import ScriptedAws

GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/api/0123456789abcdef"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/front/50dc6c495c0c9188"


def groups(balancers: str) -> str:
    return f"""<DescribeTargetGroupsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
        <DescribeTargetGroupsResult><TargetGroups><member><TargetGroupArn>{GROUP}</TargetGroupArn>
        <LoadBalancerArns>{balancers}</LoadBalancerArns></member></TargetGroups></DescribeTargetGroupsResult>
        </DescribeTargetGroupsResponse>"""


def refusal(code: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


def test_the_balancers_of_a_target_group_are_named(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    port: ports.Balancers = Balancers(sessions)
    aws.on("DescribeTargetGroups", groups(f"<member>{BALANCER}</member>"))
    assert port.of(account, GROUP) == (BALANCER,)
    aws.on("DescribeTargetGroups", groups(""))
    assert port.of(account, GROUP) == ()


def test_a_missing_group_and_a_missing_permission_are_told_apart(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("DescribeTargetGroups", (400, refusal("TargetGroupNotFound")))
    with pytest.raises(NotFoundError, match="no target group"):
        Balancers(sessions).of(account, GROUP)
    aws.on("DescribeTargetGroups", (403, refusal("AccessDenied")))
    with pytest.raises(NotPermittedError, match="elasticloadbalancing:DescribeTargetGroups"):
        Balancers(sessions).of(account, GROUP)
