"""What botocore raises, in a sentence for the person in Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from botocore import exceptions
from botocore.parsers import ResponseParserError

from bot.errors import UpstreamError

# An answer to HEAD has no body, so that its status is all there is for a code.
_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "NotAuthorized",
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN_KEY = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_THROTTLED = {
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}
_TRANSIENT = {"InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "ServerException"}
_TRANSIENT |= {"ServiceUnavailable", "ServiceUnavailableException", "InternalServiceError", "ConcurrentUpdateException"}
BUSY_FAMILY = "Too many concurrent attempts"
"""How RegisterTaskDefinition words a ClientException that passes by itself: two revisions of a family at once."""

# What IAM calls a service, where it is not the name that requests are signed with.
_PREFIX = {"monitoring": "cloudwatch"}
# What IAM calls an operation, where it is not the operation's name.
_ACTION = {
    "s3:CopyObject": "s3:PutObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
}
_REFUSAL = re.compile(r"not authorized to perform:?\s+(?P<action>[\w-]+:\w+)(?:\s+on resource:?\s+(?P<resource>\S+))?")
_WRONG = re.compile(r'Invalid \w+ for parameter [^\s,]+|(?:Missing required|Unknown) parameter in [^\s:]+: "[^"]+"')
_LONGEST = 400
_MOST = 10_000


class Reach:
    """Whether the last call reached AWS at all; for ``/readyz``."""

    away = False


reach = Reach()


class NotPermittedError(UpstreamError):
    """AWS denied a call; ``action`` is the permission that is missing, "ecs:UpdateService"."""

    def __init__(self, message: str, *, action: str, code: str) -> None:
        super().__init__(message, code=code)
        self.action = action


def is_throttled(error: UpstreamError) -> bool:
    """True when AWS refused because of too many calls, or queries, at once."""
    return error.retryable and (error.code in _THROTTLED or error.code == "LimitExceededException")


def ask(client: Any, operation: str, /, **parameters: Any) -> dict[str, Any]:
    """One call of a boto3 client ("describe_services"). Raises UpstreamError in words, ``code`` being AWS's own."""
    with _in_words(client, operation):
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    return answer


def ask_all(client: Any, operation: str, path: str, /, **parameters: Any) -> list[Any]:
    """What a JMESPath finds on every page of a list ("clusterArns[]"), at most 10,000. Raises as ``ask`` does."""
    with _in_words(client, operation):
        found = client.get_paginator(operation).paginate(**parameters).search(path)
        return [each for each in islice(found, _MOST) if each is not None]


@contextmanager
def _in_words(client: Any, operation: str) -> Iterator[None]:
    service = client.meta.service_model.signing_name
    name = f"{_PREFIX.get(service, service)}:{client.meta.method_to_api_mapping[operation]}"
    action = _ACTION.get(name, name)
    try:
        yield
        reach.away = False
    except exceptions.ParamValidationError as error:
        # Its text shows the values that were sent, and a task definition's environment can hold secrets.
        raise UpstreamError(f"{action} was not sent: {_wrong_fields(error)}.", code="ParamValidation") from None
    except exceptions.ClientError as error:
        # The text of a refused signature repeats the signed request, session token included: keep it out of tracebacks.
        reach.away = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
        raise upstream(error, action) from None
    except (exceptions.BotoCoreError, ResponseParserError) as error:
        reach.away = isinstance(error, exceptions.HTTPClientError)
        raise upstream(error, action) from error


def upstream(error: Exception, action: str) -> UpstreamError:
    """The UpstreamError for what botocore raised when ``action`` ("ecs:UpdateService") was asked."""
    if isinstance(error, exceptions.ClientError):
        return _refused(error, action)
    code = type(error).__name__
    if isinstance(error, exceptions.NoRegionError):
        return UpstreamError(f"{action} was not sent: no AWS region is configured.", code=code)
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        text = f"{action} was not sent: the bot has no AWS credentials; give it a role or the AWS_* variables."
        return UpstreamError(text, code=code)
    if isinstance(error, exceptions.CredentialRetrievalError):
        return UpstreamError(
            f"{action} was not sent: the bot's AWS credentials cannot be had.", code=code, retryable=True
        )
    if isinstance(error, (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError)):
        return UpstreamError(f"AWS did not answer {action} in time.", code=code, retryable=True)
    if isinstance(error, exceptions.SSLError):
        return UpstreamError(f"{action} was not sent: the certificate of AWS's address is not trusted.", code=code)
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)):
        return UpstreamError(f"AWS cannot be reached for {action}.", code=code, retryable=True)
    if isinstance(error, ResponseParserError):
        return UpstreamError(f"AWS's answer to {action} cannot be read.", code=code, retryable=True)
    return UpstreamError(f"{action} failed before it reached AWS ({code}).", code=code)


def _refused(error: exceptions.ClientError, asked: str) -> UpstreamError:
    """No sentence has a colon after the operation: what stands after "GetSecretValue:" is redacted as a secret."""
    said = error.response.get("Error", {})
    code = str(said.get("Code", "")).rpartition("#")[2]
    message = " ".join(str(said.get("Message", "")).split())
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    # A role is assumed while another call is being signed: the refusal is STS's, not that call's.
    action = "sts:AssumeRole" if error.operation_name == "AssumeRole" else asked
    if code in _DENIED:
        return _denied(message, action, code)
    if code in _EXPIRED:
        return UpstreamError(f"AWS refused {action}, as the bot's credentials have expired.", code=code, retryable=True)
    if code in _UNKNOWN_KEY:
        return UpstreamError(f"AWS refused {action}, as it does not accept the bot's credentials.", code=code)
    if code in _THROTTLED or status == 429 or (code == "LimitExceededException" and action.startswith("logs:")):
        text = f"AWS is throttling {action}, with too many calls at once."
        return UpstreamError(text, code=code, retryable=True)
    if code == "MalformedQueryException" and message:
        return UpstreamError(f"The query is malformed: {message[:_LONGEST]}", code=code)
    transient = status >= 500 or code in _TRANSIENT or BUSY_FAMILY in message
    said_so = f", saying: {message[:_LONGEST]} ({code})" if message else f" ({code})"
    return UpstreamError(f"AWS refused {action}{said_so}", code=code, retryable=transient)


def _denied(message: str, asked: str, code: str) -> NotPermittedError:
    """AWS words a refusal as "User: … is not authorized to perform: ecs:UpdateService on resource: arn:… because …"."""
    match = _REFUSAL.search(message)
    action = match["action"] if match else asked
    resource = match["resource"] if match else None
    # Of a whole log group CloudWatch Logs names the stream that was not asked for, too.
    where = f" on {resource.rstrip('.,;').removesuffix(':log-stream:')}" if resource else ""
    remedy = "give the bot's role this permission"
    if "explicit deny" in message:
        policy = re.search(r"explicit deny in (an? [\w -]*?policy)", message)
        remedy = f"an explicit deny in {policy[1] if policy else 'a policy'} forbids it"
    return NotPermittedError(f"AWS denied {action}{where}; {remedy}.", action=action, code=code)


def _wrong_fields(error: exceptions.ParamValidationError) -> str:
    found = _WRONG.findall(str(error.kwargs.get("report", "")))
    return "; ".join(found)[:_LONGEST] or "a field is wrong"
