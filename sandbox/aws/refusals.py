"""Refusals worded and shaped as AWS does, for each wire protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sandbox.aws.denied import ACCOUNT, permission_of, resource_of
from sandbox.aws.operations import Operation

ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/runbook-bot/i-0abc"
_XML_OVER_REST = ("s3", "cloudfront")
# Services that once spoke query still give its codes, in a header, so that callers need not change.
_ONCE_QUERY = ("sqs", "cloudwatch")
_QUERY_CODES = {"AccessDeniedException": "AccessDenied", "ThrottlingException": "Throttling"}


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer: status, headers and body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def denied(operation: Operation) -> Refusal:
    """AWS's words for a missing permission."""
    permission = permission_of(operation)
    message = (
        f"User: {ROLE} is not authorized to perform: {permission} on resource: {resource_of(operation)}"
        f" because no identity-based policy allows the {permission} action"
    )
    short = operation.protocol == "query" or operation.service in _XML_OVER_REST
    code = "AccessDenied" if short else "AccessDeniedException"
    return refusal(operation, 400 if operation.protocol == "json" else 403, code, message)


def throttled(operation: Operation) -> Refusal:
    """Too many calls."""
    code = "Throttling" if operation.protocol == "query" else "ThrottlingException"
    return refusal(operation, 400, code, "Rate exceeded")


def failed(operation: Operation) -> Refusal:
    """AWS's own fault."""
    return refusal(operation, 500, "InternalFailure", "The request processing has failed because of an unknown error.")


def unknown(operation: Operation) -> Refusal:
    """An action that the sandbox does not have. No caller tries a 400 again, as it would a 500."""
    code = "InvalidAction" if operation.protocol == "query" else "UnknownOperationException"
    return refusal(operation, 400, code, f"The sandbox's AWS has no {operation.action}.")


def refusal(operation: Operation, status: int, code: str, message: str) -> Refusal:
    """An error of any code in the protocol's shape."""
    lines = {400: "400 Bad Request", 403: "403 Forbidden", 500: "500 Internal Server Error"}
    if operation.protocol == "query":
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error><RequestId>sandbox</RequestId></ErrorResponse>"
        )
        return Refusal(lines[status], [("Content-Type", "text/xml")], text.encode())
    if operation.protocol == "rest" and operation.service in _XML_OVER_REST:
        text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        return Refusal(lines[status], [("Content-Type", "text/xml")], text.encode())
    known_as = [("x-amzn-query-error", f"{_QUERY_CODES.get(code, code)};Sender")] * (operation.service in _ONCE_QUERY)
    if operation.protocol == "cbor":
        headers = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), *known_as]
        return Refusal(lines[status], headers, _cbor({"__type": code, "message": message}))
    document = json.dumps({"__type": code, "message": message})
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code), *known_as]
    return Refusal(lines[status], headers, document.encode())


def _cbor(fields: dict[str, str]) -> bytes:
    """A map of short texts (RFC 8949)."""
    encoded = bytes([0xA0 + len(fields)])
    for text in (each for pair in fields.items() for each in pair):
        raw = text.encode()
        size = len(raw)
        encoded += (bytes([0x60 + size]) if size < 24 else bytes([0x79]) + size.to_bytes(2, "big")) + raw
    return encoded
