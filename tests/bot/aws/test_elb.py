from __future__ import annotations

from typing import Any

from bot.aws.ecs import Ecs
from bot.aws.session import Sessions
from bot.domain import Target
from tests.bot.aws.scripted_aws import ScriptedAws


def answer(asked: dict[str, Any]) -> str:
    group = asked["TargetGroupArn"]
    return f"""<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
      <DescribeTargetHealthResult><TargetHealthDescriptions><member>
        <Target><Id>10.0.0.{group[-1]}</Id><Port>8080</Port></Target>
        <TargetHealth><State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>
          <Description>Health checks failed with these codes: [502]</Description></TargetHealth>
      </member></TargetHealthDescriptions></DescribeTargetHealthResult>
    </DescribeTargetHealthResponse>"""


def test_target_health_is_read_group_by_group(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    aws.on("DescribeTargetHealth", answer)
    found = Ecs(sessions).target_health(target, ["arn:group/1", "arn:group/2"])
    assert [(each.target_group, each.target) for each in found] == [
        ("arn:group/1", "10.0.0.1"),
        ("arn:group/2", "10.0.0.2"),
    ]
    assert (found[0].port, found[0].state, found[0].reason) == (8080, "unhealthy", "Target.ResponseCodeMismatch")
    assert found[0].description == "Health checks failed with these codes: [502]"


def test_a_service_without_load_balancer_needs_no_call(aws: ScriptedAws, sessions: Sessions, target: Target) -> None:
    assert Ecs(sessions).target_health(target, []) == ()
    assert aws.calls == []
