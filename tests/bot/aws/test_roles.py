from __future__ import annotations

from typing import Any

import pytest

from bot import reach_ports
from bot.aws.roles import Roles
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Refusal
from tests.bot.aws.scripted_aws import ScriptedAws

ROLE = "arn:aws:iam::123456789012:role/service/api-task"
NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
NO_ROLE = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>"


def result(action: str, decision: str, more: str = "") -> str:
    return (
        f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision>{more}</member>"
    )


def simulated(*results: str, marker: str = "") -> str:
    rest = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else "<IsTruncated>false</IsTruncated>"
    return (
        f'<SimulatePrincipalPolicyResponse xmlns="{NAMESPACE}"><SimulatePrincipalPolicyResult><EvaluationResults>'
        f"{''.join(results)}</EvaluationResults>{rest}</SimulatePrincipalPolicyResult>"
        "</SimulatePrincipalPolicyResponse>"
    )


BY_POLICY = "<MatchedStatements><member><SourcePolicyId>no-deletes</SourcePolicyId></member></MatchedStatements>"
BY_ORGANISATION = (
    "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
)
BY_BOUNDARY = (
    "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary>"
    "</PermissionsBoundaryDecisionDetail>"
)


def test_what_is_not_allowed_is_told_with_what_denies_it(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on(
        "SimulatePrincipalPolicy",
        simulated(
            result("dynamodb:GetItem", "allowed"),
            result("dynamodb:PutItem", "implicitDeny"),
            result("dynamodb:DeleteItem", "explicitDeny", BY_POLICY),
            result("s3:GetObject", "implicitDeny", BY_BOUNDARY),
            result("s3:PutObject", "explicitDeny", BY_ORGANISATION),
        ),
    )
    filled: reach_ports.Roles = Roles(sessions)
    assert filled.refused(account, ROLE, ["dynamodb:GetItem", "dynamodb:PutItem"], ["*"]) == (
        Refusal("dynamodb:PutItem", "*", "implicitDeny"),
        Refusal("dynamodb:DeleteItem", "*", "explicitDeny", "no-deletes"),
        Refusal("s3:GetObject", "*", "implicitDeny", "its permissions boundary"),
        Refusal("s3:PutObject", "*", "explicitDeny", "a policy of the organisation"),
    )
    (asked,) = aws.asked("SimulatePrincipalPolicy")
    assert (asked["PolicySourceArn"], asked["ActionNames.member.2"]) == (ROLE, "dynamodb:PutItem")
    assert asked["ResourceArns.member.1"] == "*"


def test_an_answer_in_pages_is_read_to_its_end(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    def answer(asked: dict[str, Any]) -> str:
        if "Marker" not in asked:
            return simulated(result("s3:GetObject", "implicitDeny"), marker="two")
        return simulated(result("s3:PutObject", "implicitDeny"))

    aws.on("SimulatePrincipalPolicy", answer)
    found = Roles(sessions).refused(account, ROLE, ["s3:GetObject", "s3:PutObject"], ["*"])
    assert [each.action for each in found] == ["s3:GetObject", "s3:PutObject"]


def test_attached_policies_come_by_name(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    members = "".join(f"<member><PolicyName>{name}</PolicyName></member>" for name in ("tables", "buckets"))
    aws.on(
        "ListAttachedRolePolicies",
        f'<ListAttachedRolePoliciesResponse xmlns="{NAMESPACE}"><ListAttachedRolePoliciesResult><AttachedPolicies>'
        f"{members}</AttachedPolicies><IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult>"
        "</ListAttachedRolePoliciesResponse>",
    )
    assert Roles(sessions).policies(account, ROLE) == ("buckets", "tables")
    assert aws.asked("ListAttachedRolePolicies")[0]["RoleName"] == "api-task"


def test_a_role_that_is_not_there_is_said(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    roles = Roles(sessions)
    for operation in ("SimulatePrincipalPolicy", "ListAttachedRolePolicies"):
        aws.on(operation, (404, NO_ROLE))
    with pytest.raises(NotFoundError, match=f"IAM has no role {ROLE}"):
        roles.refused(account, ROLE, ["s3:GetObject"], ["*"])
    with pytest.raises(NotFoundError, match=f"IAM has no role {ROLE}"):
        roles.policies(account, ROLE)


def test_a_refusal_names_the_permission(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    aws.on("SimulatePrincipalPolicy", (403, denied))
    with pytest.raises(UpstreamError, match="iam:SimulatePrincipalPolicy"):
        Roles(sessions).refused(account, ROLE, ["s3:GetObject"], ["*"])
