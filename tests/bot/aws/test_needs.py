from __future__ import annotations

from typing import Any

import pytest

from bot import shipping_ports
from bot.aws.needs import Needs
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bi/database-AbCdEf"
PARAMETERS = "arn:aws:ssm:us-east-1:123456789012:parameter"
ROLE = """<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>
    <Path>/</Path><RoleName>bi</RoleName><RoleId>A</RoleId><Arn>a</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>
    </Role></GetRoleResult></GetRoleResponse>"""
NO_ROLE = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>"


def test_it_fills_the_port(sessions: Sessions) -> None:
    port: shipping_ports.Needs = Needs(sessions)
    assert port


@pytest.mark.parametrize(
    ("suffix", "there"),
    [
        ("", True),
        (":password::", True),
        (":password:AWSCURRENT:", True),
        ("::AWSPREVIOUS:", False),
        (":password::v-1", True),
        ("::AWSCURRENT:v-9", False),
    ],
)
def test_a_secret_is_described_and_never_read(
    aws: ScriptedAws, sessions: Sessions, account: Account, suffix: str, there: bool
) -> None:
    aws.on("DescribeSecret", {"ARN": SECRET, "VersionIdsToStages": {"v-1": ["AWSCURRENT"]}})
    assert Needs(sessions).secret(account, SECRET + suffix) is there
    assert aws.calls == [("DescribeSecret", {"SecretId": SECRET})]


@pytest.mark.parametrize(
    "answer", [Refusal("ResourceNotFoundException"), {"ARN": SECRET, "DeletedDate": 1000.0, "VersionIdsToStages": {}}]
)
def test_a_secret_that_is_missing_or_being_deleted_is_not_there(
    aws: ScriptedAws, sessions: Sessions, account: Account, answer: Any
) -> None:
    aws.on("DescribeSecret", answer)
    assert Needs(sessions).secret(account, SECRET) is False


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("/bi/production/url", ["/bi/production/url"]),
        ("BI_URL", ["BI_URL"]),
        ("BI_URL:3", ["BI_URL"]),
        (f"{PARAMETERS}/bi/production/url", ["/bi/production/url"]),
        (f"{PARAMETERS}/BI_URL", ["BI_URL", "/BI_URL"]),
    ],
)
def test_a_parameter_is_looked_up_by_name_and_never_read(
    aws: ScriptedAws, sessions: Sessions, account: Account, reference: str, names: list[str]
) -> None:
    aws.on("DescribeParameters", {"Parameters": [{"Name": names[-1]}]})
    assert Needs(sessions).secret(account, reference) is True
    wanted = {"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": names}]}
    assert aws.calls == [("DescribeParameters", wanted)]


def test_a_parameter_may_be_on_a_later_page_or_on_none(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    pages: dict[str | None, dict[str, Any]] = {
        None: {"Parameters": [], "NextToken": "more"},
        "more": {"Parameters": [{"Name": "/bi/url"}]},
    }
    aws.on("DescribeParameters", lambda asked: pages[asked.get("NextToken")])
    assert Needs(sessions).secret(account, "/bi/url") is True
    aws.on("DescribeParameters", {"Parameters": []})
    assert Needs(sessions).secret(account, "/bi/url") is False


def test_a_secret_that_may_not_be_looked_at_names_the_permission(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    for operation in ("DescribeSecret", "DescribeParameters"):
        aws.on(operation, Refusal("AccessDeniedException"))
    with pytest.raises(UpstreamError, match="secretsmanager:DescribeSecret"):
        Needs(sessions).secret(account, SECRET)
    with pytest.raises(UpstreamError, match="ssm:DescribeParameters"):
        Needs(sessions).secret(account, "/bi/url")


@pytest.mark.parametrize(("answer", "there"), [(ROLE, True), ((404, NO_ROLE), False)])
def test_a_role_is_looked_up_by_its_name(
    aws: ScriptedAws, sessions: Sessions, account: Account, answer: Any, there: bool
) -> None:
    aws.on("GetRole", answer)
    assert Needs(sessions).role(account, "arn:aws:iam::123456789012:role/team/bi") is there
    assert aws.asked("GetRole")[0]["RoleName"] == "bi"


def test_a_log_group_is_there_only_by_its_whole_name(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    groups = ["/ecs/bi", "/ecs/bi-old"]
    aws.on(
        "DescribeLogGroups",
        lambda asked: {
            "logGroups": [
                {"logGroupName": name} for name in sorted(groups) if name.startswith(asked["logGroupNamePrefix"])
            ][: asked["limit"]]
        },
    )
    assert Needs(sessions).log_group(account, "/ecs/bi") is True
    assert Needs(sessions).log_group(account, "/ecs/bi-") is False
    assert Needs(sessions).log_group(account, "/ecs/other") is False
