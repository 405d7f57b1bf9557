from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from bot import probes as questions
from bot.aws.ecs import Ecs
from bot.aws.errors import NotPermittedError, ask
from bot.aws.probes import AwsProbes
from bot.aws.session import Sessions
from bot.dependencies import Database, Dependencies
from bot.domain import Account, Service, Target
from bot.errors import NotFoundError, UpstreamError
from tests.bot.aws.scripted_aws import Refusal, ScriptedAws, a_target

NOW = 1_790_000_000.0
ARNS = "arn:aws:ecs:us-east-1:123456789012"
NO_ROLE = (404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")


class Standing:
    """A clock that stands."""

    def now(self) -> float:
        return NOW


@pytest.fixture
def probes(sessions: Sessions, target: Target) -> AwsProbes:
    return AwsProbes(sessions, Ecs(sessions), Standing(), [target])


@pytest.fixture
def moto() -> Iterator[None]:
    with mock_aws():
        yield


def test_it_fills_the_aws_part_of_the_protocol(probes: AwsProbes) -> None:
    class Whole(AwsProbes):
        def intake(self) -> Iterable[tuple[str, str]]:
            return ()

        def workflows(self, repository: str) -> Collection[str]:
            return ()

        def channels(self) -> Mapping[str, questions.Channel]:
            return {}

        def user_groups(self) -> Mapping[str, str]:
            return {}

        def socket_mode(self) -> None:
            return None

        def missing_scopes(self) -> Collection[str]:
            return ()

        def is_set(self, variable: str) -> bool:
            return bool(variable)

    whole: type[questions.Probes] = Whole
    assert whole


def test_names_of_ecs_are_listed(moto: None, probes: AwsProbes, sessions: Sessions, account: Account) -> None:
    client = sessions.client(account, "ecs")
    options = {"awslogs-group": "/ecs/bi", "awslogs-region": "us-east-1"}
    containers = [
        {"name": "api", "image": "i", "memory": 1, "logConfiguration": {"logDriver": "awslogs", "options": options}},
        {"name": "router", "image": "i", "memory": 1},
    ]
    client.register_task_definition(family="bi-api", containerDefinitions=containers)
    client.create_cluster(clusterName="bi-production")
    for number in range(12):
        name = "api" if number == 0 else f"s{number}"
        client.create_service(cluster="bi-production", serviceName=name, taskDefinition="bi-api", desiredCount=0)
    assert probes.clusters(account) == ["bi-production"]
    assert len(probes.services(account, "bi-production")) == 12
    assert probes.families(account) == ["bi-api"]
    assert probes.running(a_target()) == questions.RunningTask("bi-api", ("api", "router"), ("/ecs/bi",))


def test_a_service_that_is_missing_runs_nothing(moto: None, probes: AwsProbes, sessions: Sessions) -> None:
    sessions.client(Account("us-east-1"), "ecs").create_cluster(clusterName="bi-production")
    with pytest.raises(NotFoundError):
        probes.running(a_target())


def test_names_of_everything_else_are_listed(
    moto: None, probes: AwsProbes, sessions: Sessions, account: Account
) -> None:
    sessions.client(account, "logs").create_log_group(logGroupName="/ecs/bi")
    sessions.client(account, "logs").create_log_group(logGroupName="other")
    assert probes.log_groups(account, "/ecs/") == ["/ecs/bi"]
    assert sorted(probes.log_groups(account, "")) == ["/ecs/bi", "other"]
    sessions.client(account, "s3").create_bucket(Bucket="site")
    assert probes.buckets(account) == ["site"]
    assert probes.distributions(account) == []
    assert probes.build_projects(account) == []


def test_functions_and_their_aliases_are_listed(
    moto: None, probes: AwsProbes, sessions: Sessions, account: Account
) -> None:
    role = sessions.client(account, "iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client = sessions.client(account, "lambda")
    client.create_function(
        FunctionName="caption", Role=role, Handler="a.b", Runtime="python3.12", Code={"ZipFile": an_archive()}
    )
    client.create_alias(FunctionName="caption", Name="live", FunctionVersion="$LATEST")
    assert probes.functions(account) == ["caption"]
    assert probes.aliases(account, "caption") == ["live"]


def an_archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.py", "")
    return archive.getvalue()


def test_alarms_of_both_kinds_are_listed_from_every_page(aws: ScriptedAws, probes: AwsProbes, account: Account) -> None:
    pages: dict[str | None, dict[str, Any]] = {
        None: {"MetricAlarms": [{"AlarmName": "a"}], "CompositeAlarms": [{"AlarmName": "c"}], "NextToken": "more"},
        "more": {"MetricAlarms": [{"AlarmName": "b"}]},
    }
    aws.on("DescribeAlarms", lambda asked: pages[asked.get("NextToken")])
    assert probes.alarms(account) == ["a", "c", "b"]


def test_a_denied_list_of_buckets_is_called_as_iam_calls_it(sessions: Sessions, account: Account) -> None:
    client = sessions.client(account, "s3")
    with Stubber(client) as stub:
        stub.add_client_error("list_buckets", "AccessDenied", "Access Denied", 403)
        with pytest.raises(NotPermittedError) as caught:
            ask(client, "list_buckets")
    assert caught.value.action == "s3:ListAllMyBuckets"


def test_a_list_that_is_denied_says_which(aws: ScriptedAws, probes: AwsProbes, account: Account) -> None:
    aws.on("ListClusters", Refusal("AccessDeniedException"))
    with pytest.raises(UpstreamError, match="ecs:ListClusters"):
        probes.clusters(account)


def allow_everything(aws: ScriptedAws) -> None:
    """A service that runs, in an account where the bot may do all it needs."""
    group = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/bi"}}
    secrets = [
        {"name": "DATABASE", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:bi-AbCdEf:url::"}
    ]
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/bi:1"
    found = {
        "taskDefinitionArn": f"{ARNS}:task-definition/bi-api:7",
        "family": "bi-api",
        "revision": 7,
        "taskRoleArn": "arn:aws:iam::123456789012:role/bi-task",
        "containerDefinitions": [{"name": "api", "image": image, "logConfiguration": group, "secrets": secrets}],
    }
    service = {
        "serviceArn": f"{ARNS}:service/bi-production/api",
        "serviceName": "api",
        "status": "ACTIVE",
        "desiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
        "taskDefinition": found["taskDefinitionArn"],
    }
    aws.on("DescribeAlarms", {"MetricAlarms": []})
    aws.on("GetMetricData", {"MetricDataResults": []})
    aws.on("ListMetrics", {"Metrics": []})
    aws.on("ListDashboards", {"DashboardEntries": []})
    aws.on("DescribeServices", {"services": [service], "failures": []})
    aws.on("ListServiceDeployments", {"serviceDeployments": []})
    aws.on("ListTasks", {"taskArns": []})
    aws.on("DescribeScalableTargets", {"ScalableTargets": []})
    aws.on("DescribeScalingPolicies", {"ScalingPolicies": []})
    aws.on("DescribeScheduledActions", {"ScheduledActions": []})
    aws.on("DescribeScalingActivities", {"ScalingActivities": []})
    aws.on("DescribeTaskDefinition", {"taskDefinition": found})
    aws.on("ListTaskDefinitions", {"taskDefinitionArns": []})
    aws.on("DescribeImages", {"imageDetails": [{"imageDigest": "sha256:" + "ab" * 32}]})
    aws.on("BatchGetImage", {"images": []})
    aws.on("FilterLogEvents", {"events": []})
    aws.on("GetLogEvents", {"events": []})
    aws.on("DescribeLogGroups", {"logGroups": []})
    aws.on("DescribeSecret", {})
    aws.on("DescribeParameters", {"Parameters": []})
    aws.on("GetRole", NO_ROLE)
    aws.on("GetCallerIdentity", caller("arn:aws:sts::123456789012:assumed-role/bot/session"))
    aws.on("SimulatePrincipalPolicy", lambda asked: decision(asked, "allowed"))


def caller(arn: str) -> str:
    return f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"""


def decision(asked: dict[str, Any], word: str) -> str:
    return f"""<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
        <EvalActionName>{asked["ActionNames.member.1"]}</EvalActionName><EvalDecision>{word}</EvalDecision>
      </member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""


def test_an_account_that_allows_everything_denies_nothing(
    aws: ScriptedAws, probes: AwsProbes, account: Account
) -> None:
    allow_everything(aws)
    assert probes.denied(account) == {}
    simulated = {each["ActionNames.member.1"]: each for each in aws.asked("SimulatePrincipalPolicy")}
    assert simulated["ecs:UpdateService"]["ResourceArns.member.1"] == f"{ARNS}:service/bi-production/api"
    assert simulated["ecs:UpdateService"]["PolicySourceArn"] == "arn:aws:iam::123456789012:role/bot"
    assert simulated["iam:PassRole"]["ResourceArns.member.1"].endswith("role/bi-task")
    assert simulated["iam:PassRole"]["ContextEntries.member.1.ContextKeyValues.member.1"] == "ecs-tasks.amazonaws.com"


def test_nothing_is_changed_to_find_out(aws: ScriptedAws, probes: AwsProbes, account: Account) -> None:
    allow_everything(aws)
    probes.denied(account)
    verbs = ("Describe", "List", "Get", "BatchGet", "Filter", "Simulate")
    assert [name for name, _ in aws.calls if not name.startswith(verbs)] == []


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("DescribeServices", "ecs:DescribeServices"),
        ("ListServiceDeployments", "ecs:ListServiceDeployments"),
        ("DescribeTaskDefinition", "ecs:DescribeTaskDefinition"),
        ("DescribeImages", "ecr:DescribeImages"),
        ("BatchGetImage", "ecr:BatchGetImage"),
        ("FilterLogEvents", "logs:FilterLogEvents"),
        ("GetMetricData", "cloudwatch:GetMetricData"),
        ("ListMetrics", "cloudwatch:ListMetrics"),
        ("ListDashboards", "cloudwatch:ListDashboards"),
        ("DescribeScheduledActions", "application-autoscaling:DescribeScheduledActions"),
        ("DescribeScalingActivities", "application-autoscaling:DescribeScalingActivities"),
        ("DescribeSecret", "secretsmanager:DescribeSecret"),
        ("DescribeParameters", "ssm:DescribeParameters"),
        ("DescribeLogGroups", "logs:DescribeLogGroups"),
    ],
)
def test_a_read_that_is_denied_is_named(
    aws: ScriptedAws, probes: AwsProbes, account: Account, operation: str, action: str
) -> None:
    allow_everything(aws)
    aws.on(operation, Refusal("AccessDeniedException"))
    assert probes.denied(account) == {action: f"AWS denied {action}; give the bot's role this permission."}


def test_a_change_the_simulator_denies_is_named(aws: ScriptedAws, probes: AwsProbes, account: Account) -> None:
    allow_everything(aws)

    def simulate(asked: dict[str, Any]) -> str:
        return decision(asked, "implicitDeny" if asked["ActionNames.member.1"] == "ecs:UpdateService" else "allowed")

    aws.on("SimulatePrincipalPolicy", simulate)
    expected = f"IAM answers implicitDeny for {ARNS}:service/bi-production/api"
    assert probes.denied(account) == {"ecs:UpdateService": expected}


def test_a_simulator_that_may_not_be_asked_is_named(aws: ScriptedAws, probes: AwsProbes, account: Account) -> None:
    allow_everything(aws)
    aws.on("SimulatePrincipalPolicy", (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"))
    assert list(probes.denied(account)) == ["iam:SimulatePrincipalPolicy"]


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ({"kind": "lambda", "function": "f"}, "lambda:UpdateAlias", "arn:aws:lambda:us-east-1:123456789012:function:f"),
        ({"kind": "static_site", "bucket": "b", "distribution": "E1"}, "s3:PutObject", "arn:aws:s3:::b/*"),
        (
            {"kind": "static_site", "bucket": "b", "distribution": "E1"},
            "cloudfront:CreateInvalidation",
            "arn:aws:cloudfront::123456789012:distribution/E1",
        ),
        ({"kind": "lambda", "artifact": "s3://builds/{version}.zip"}, "s3:GetObject", "arn:aws:s3:::builds/*"),
        (
            {"kind": "lambda", "build": {"codebuild": "make"}},
            "codebuild:StartBuild",
            "arn:aws:codebuild:us-east-1:123456789012:project/make",
        ),
    ],
)
def test_what_other_kinds_of_service_need_is_simulated(
    aws: ScriptedAws, sessions: Sessions, account: Account, service: dict[str, Any], action: str, resource: str
) -> None:
    allow_everything(aws)
    aws.on(
        "SimulatePrincipalPolicy",
        lambda asked: decision(asked, "explicitDeny" if asked["ActionNames.member.1"] == action else "allowed"),
    )
    target = replace(a_target(), service=Service.model_validate(service))
    probes = AwsProbes(sessions, Ecs(sessions), Standing(), [target])
    assert probes.denied(account) == {action: f"IAM answers explicitDeny for {resource}"}


def test_secrets_that_playbooks_name_are_simulated(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    allow_everything(aws)
    action = "secretsmanager:GetSecretValue"
    aws.on(
        "SimulatePrincipalPolicy",
        lambda asked: decision(asked, "implicitDeny" if asked["ActionNames.member.1"] == action else "allowed"),
    )
    probes = AwsProbes(
        sessions, Ecs(sessions), Standing(), [a_target()], secrets=["{system}/{environment}/db", "{function}"]
    )
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bi/production/db-AbCdEf"
    assert probes.denied(account) == {action: f"IAM answers implicitDeny for {secret}"}


def test_what_exports_need_is_simulated_where_logs_are_exported(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    allow_everything(aws)
    aws.on(
        "SimulatePrincipalPolicy",
        lambda asked: decision(asked, "implicitDeny" if "Export" in asked["ActionNames.member.1"] else "allowed"),
    )
    exports = {"bi": "s3://bi-logs/daily", "other": "s3://other-logs"}
    probes = AwsProbes(sessions, Ecs(sessions), Standing(), [a_target()], exports=exports)
    groups = "arn:aws:logs:us-east-1:123456789012:log-group:*"
    assert probes.denied(account) == {
        "logs:CreateExportTask": f"IAM answers implicitDeny for {groups}",
        "logs:CancelExportTask": "IAM answers implicitDeny for *",
        "logs:DescribeExportTasks": "IAM answers implicitDeny for *",
    }
    simulated = {
        (each["ActionNames.member.1"], each["ResourceArns.member.1"]) for each in aws.asked("SimulatePrincipalPolicy")
    }
    assert ("s3:PutObject", "arn:aws:s3:::bi-logs/*") in simulated
    assert not any("other-logs" in resource for _, resource in simulated)


def test_secrets_of_what_a_service_needs_are_simulated(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    allow_everything(aws)
    action = "secretsmanager:GetSecretValue"
    aws.on(
        "SimulatePrincipalPolicy",
        lambda asked: decision(asked, "implicitDeny" if asked["ActionNames.member.1"] == action else "allowed"),
    )
    target = a_target()
    needs = Dependencies(database=Database(secret="bi/db"))
    target = replace(target, service=target.service.model_copy(update={"needs": needs}))
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bi/db-AbCdEf"
    denied = AwsProbes(sessions, Ecs(sessions), Standing(), [target]).denied(account)
    assert denied == {action: f"IAM answers implicitDeny for {secret}"}


def test_what_codedeploy_needs_is_simulated_where_it_deploys(
    aws: ScriptedAws, probes: AwsProbes, account: Account
) -> None:
    allow_everything(aws)
    probes.denied(account)
    simulated = {each["ActionNames.member.1"] for each in aws.asked("SimulatePrincipalPolicy")}
    assert not any(action.startswith("codedeploy:") for action in simulated)
    found = aws.replies["DescribeServices"]({})
    found["services"][0]["deploymentController"] = {"type": "CODE_DEPLOY"}
    probes.denied(account)
    simulated = {each["ActionNames.member.1"] for each in aws.asked("SimulatePrincipalPolicy")}
    assert {"codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"} < simulated


def test_an_account_without_ecs_needs_only_what_cloudwatch_knows(aws: ScriptedAws, probes: AwsProbes) -> None:
    allow_everything(aws)
    assert probes.denied(Account("eu-west-1")) == {}
    assert {name for name, _ in aws.calls} == {"DescribeAlarms", "GetMetricData", "ListDashboards", "ListMetrics"}


def test_what_the_steps_of_playbooks_read_is_simulated_and_nothing_else(
    aws: ScriptedAws, sessions: Sessions, target: Target, account: Account
) -> None:
    allow_everything(aws)
    denied = {"logs:StartQuery", "cloudtrail:LookupEvents", "xray:GetTraceSummaries"}

    def simulate(asked: dict[str, Any]) -> str:
        return decision(asked, "implicitDeny" if asked["ActionNames.member.1"] in denied else "allowed")

    aws.on("SimulatePrincipalPolicy", simulate)
    probes = AwsProbes(sessions, Ecs(sessions), Standing(), [target], {"insights", "trail", "stopped_tasks"})
    assert probes.denied(account) == {
        "logs:StartQuery": "IAM answers implicitDeny for arn:aws:logs:us-east-1:123456789012:log-group:*",
        "cloudtrail:LookupEvents": "IAM answers implicitDeny for *",
    }
