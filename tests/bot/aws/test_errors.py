from __future__ import annotations

import threading
import traceback

import pytest
from botocore.exceptions import ClientError

from bot.aws.errors import ask, upstream
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.redact import clean
from tests.bot.aws.scripted_aws import LostAnswer, Refusal, ScriptedAws
from tests.bot.servers import closed_port


def refused(sessions: Sessions, account: Account) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        ask(sessions.client(account, "ecs"), "list_clusters")
    return caught.value


@pytest.mark.parametrize(
    ("code", "message", "status", "expected", "retryable"),
    [
        (
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/bot is not authorized to perform: ecs:ListClusters on resource: * because no "
            "identity-based policy allows the ecs:ListClusters action",
            400,
            "AWS denied ecs:ListClusters on *; give the bot's role this permission.",
            False,
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/bot is not authorized to perform: ecs:ListClusters on resource: * with an "
            "explicit deny in a service control policy",
            400,
            "AWS denied ecs:ListClusters on *; an explicit deny in a service control policy forbids it.",
            False,
        ),
        (
            "AccessDeniedException",
            "",
            400,
            "AWS denied ecs:ListClusters; give the bot's role this permission.",
            False,
        ),
        (
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/bot is not authorized to perform: logs:StartQuery on resource: "
            "arn:aws:logs:eu-west-1:1:log-group:/ecs/api:log-stream: because no identity-based policy allows it",
            400,
            "AWS denied logs:StartQuery on arn:aws:logs:eu-west-1:1:log-group:/ecs/api; "
            "give the bot's role this permission.",
            False,
        ),
        (
            "MalformedQueryException",
            "unexpected symbol found filterr\nat line 1 and position 0",
            400,
            "The query is malformed: unexpected symbol found filterr at line 1 and position 0",
            False,
        ),
        (
            "ThrottlingException",
            "Rate exceeded",
            400,
            "AWS is throttling ecs:ListClusters, with too many calls at once.",
            True,
        ),
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            400,
            "AWS refused ecs:ListClusters, as the bot's credentials have expired.",
            True,
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            400,
            "AWS refused ecs:ListClusters, as it does not accept the bot's credentials.",
            False,
        ),
        (
            "ServerException",
            "Service Unavailable",
            500,
            "AWS refused ecs:ListClusters, saying: Service Unavailable (ServerException)",
            True,
        ),
        (
            "ClientException",
            "Not like\n that",
            400,
            "AWS refused ecs:ListClusters, saying: Not like that (ClientException)",
            False,
        ),
        (
            "LimitExceededException",
            "Too many",
            400,
            "AWS refused ecs:ListClusters, saying: Too many (LimitExceededException)",
            False,
        ),
    ],
)
def test_a_refusal_is_a_sentence(
    aws: ScriptedAws,
    sessions: Sessions,
    account: Account,
    code: str,
    message: str,
    status: int,
    expected: str,
    retryable: bool,
) -> None:
    aws.on("ListClusters", Refusal(code, message, status))
    error = refused(sessions, account)
    assert (error.message, error.code, error.retryable) == (expected, code, retryable)


@pytest.mark.parametrize(
    "action", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "ssm:GetParameter"]
)
@pytest.mark.parametrize(
    "code", ["AccessDenied", "ExpiredToken", "InvalidClientTokenId", "ThrottlingException", "InternalError", "Odd"]
)
@pytest.mark.parametrize("message", ["", "it cannot be found"])
def test_no_sentence_reads_like_a_secret_because_of_what_was_asked(action: str, code: str, message: str) -> None:
    said = upstream(ClientError({"Error": {"Code": code, "Message": message}}, "Any"), action).message
    assert clean(said) == said


def test_the_action_is_named_as_permissions_name_it() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeAlarms")
    assert "cloudwatch:DescribeAlarms" in upstream(error, "cloudwatch:DescribeAlarms").message


def test_a_cloudwatch_refusal_names_cloudwatch(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("DescribeAlarms", Refusal("AccessDenied", ""))
    with pytest.raises(UpstreamError, match="cloudwatch:DescribeAlarms"):
        ask(sessions.client(account, "cloudwatch"), "describe_alarms")


def test_too_many_queries_of_the_logs_may_be_tried_later(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("StartQuery", Refusal("LimitExceededException", "Account maximum query concurrency limit of [100] reached."))
    with pytest.raises(UpstreamError) as caught:
        ask(sessions.client(account, "logs"), "start_query", startTime=0, endTime=1, queryString="x", logGroupName="g")
    assert caught.value.retryable


def test_a_refused_signature_shows_nothing_of_the_request(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    token = "session" + "token" * 5
    aws.on("ListClusters", Refusal("SignatureDoesNotMatch", f"should have been x-amz-security-token:{token}", 403))
    error = refused(sessions, account)
    assert token not in "".join(traceback.format_exception(error))


def test_a_parameter_that_cannot_be_sent_is_named_without_its_value(sessions: Sessions, account: Account) -> None:
    secret = "hunter" + "2\nsecret"
    environment = [{"name": "PASSWORD", "value": {"nested": secret}}]
    container = {"name": "api", "environment": environment, "colour": secret}
    with pytest.raises(UpstreamError) as caught:
        ask(sessions.client(account, "ecs"), "register_task_definition", family="bi", containerDefinitions=[container])
    assert "containerDefinitions[0].environment[0].value" in caught.value.message
    assert "colour" in caught.value.message
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter" not in shown.replace('"hunter"', "")
    assert not caught.value.retryable


def test_a_lost_answer_may_be_asked_for_again(aws: ScriptedAws, sessions: Sessions, account: Account) -> None:
    aws.on("ListClusters", LostAnswer())
    error = refused(sessions, account)
    assert (error.message, error.retryable) == ("AWS cannot be reached for ecs:ListClusters.", True)


def test_an_address_nobody_listens_at_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions, account: Account
) -> None:
    with closed_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        error = refused(sessions, account)
    assert (error.message, error.retryable) == ("AWS cannot be reached for ecs:ListClusters.", True)


def test_an_answer_that_takes_too_long_may_be_asked_for_again(aws: ScriptedAws, account: Account) -> None:
    enough = threading.Event()

    def late(_: object) -> dict[str, object]:
        enough.wait(10)
        return {}

    aws.on("ListClusters", late)
    error = refused(Sessions(attempts=1, read_timeout=0.05), account)
    enough.set()
    assert (error.message, error.retryable) == ("AWS did not answer ecs:ListClusters in time.", True)


def test_a_page_of_html_is_an_answer_that_cannot_be_read(
    aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    aws.on("DescribeTargetHealth", "<html><p>Bad gateway<br></html>")
    with pytest.raises(UpstreamError) as caught:
        ask(sessions.client(account, "elbv2"), "describe_target_health", TargetGroupArn="arn")
    assert "elasticloadbalancing:DescribeTargetHealth" in caught.value.message
    assert caught.value.retryable


def test_no_credentials_are_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, aws: ScriptedAws, sessions: Sessions, account: Account
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    error = refused(sessions, account)
    assert "no AWS credentials" in error.message
    assert not error.retryable
