"""AWS Lambda, and the zips in S3 that functions are made of."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError

from bot.aws.answer_cache import AnswerCache
from bot.aws.calls import seconds
from bot.aws.errors import ask, ask_all, upstream
from bot.aws.session import Sessions
from bot.domain import Account, Target
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import Archive, Function, FunctionAlias
from bot.telemetry import Concurrency

LATEST = "$LATEST"
VERSION = "{version}"
PIECE = 1 << 20
"""Bytes of a zip read at once."""

# HEAD has no body, so that its status is all there is for a code. Whoever may not list a bucket gets 403 instead.
_NO_OBJECT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}


class Functions:
    """Fills ``bot.shipping_ports.Functions``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._answers: AnswerCache[Function] = AnswerCache()

    def function(self, target: Target, version: str = LATEST, *, age: float = 0.0) -> Function:
        def ask_now() -> Function:
            answer = self._ask(target, "get_function", Qualifier=version)
            return _read(answer["Configuration"], answer.get("Code", {}))

        return self._answers.of((target.account, target.service.function, version), age, ask_now)

    def concurrency(self, target: Target) -> Concurrency:
        reserved = self._ask(target, "get_function_concurrency").get("ReservedConcurrentExecutions")
        limit = ask(self._sessions.client(target.account, "lambda"), "get_account_settings")["AccountLimit"]
        account = int(limit["ConcurrentExecutions"])
        return Concurrency(reserved, account, int(limit.get("UnreservedConcurrentExecutions", account)))

    def alias(self, target: Target) -> FunctionAlias:
        return _read_alias(self._ask(target, "get_alias", Name=target.service.alias))

    def versions(self, target: Target) -> tuple[Function, ...]:
        client = self._sessions.client(target.account, "lambda")
        try:
            found = ask_all(client, "list_versions_by_function", "Versions[]", FunctionName=target.service.function)
        except UpstreamError as error:
            raise _in_words(error, target) from error
        numbered = [_read(each, {}) for each in found if each["Version"] != LATEST]
        return tuple(sorted(numbered, key=lambda each: -int(each.version)))

    def archive(self, target: Target, version: str) -> Archive:
        address = target.service.artifact.replace(VERSION, version)
        bucket, key = _place(address)
        client = self._sessions.client(target.account, "s3")
        try:
            found = ask(client, "head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        except UpstreamError as error:
            raise _no_object(error, address) from error
        checksum = str(found.get("ChecksumSHA256", ""))
        # The checksum of an upload in parts is one of the parts' checksums, and says how many there were.
        whole = "" if "-" in checksum else checksum
        return Archive(version, address, *_tag_and_age(found), sha256=whole)

    def archives(self, target: Target) -> tuple[Archive, ...]:
        before, _, after = target.service.artifact.partition(VERSION)
        bucket, prefix = _place(before)
        client = self._sessions.client(target.account, "s3")
        found = ask_all(client, "list_objects_v2", "Contents[]", Bucket=bucket, Prefix=prefix)
        archives = []
        for each in found:
            version = each["Key"].removeprefix(prefix).removesuffix(after)
            if each["Key"] == f"{prefix}{version}{after}" and version and "/" not in version:
                archives.append(Archive(version, f"s3://{bucket}/{each['Key']}", *_tag_and_age(each)))
        return tuple(sorted(archives, key=lambda each: each.modified_at, reverse=True))

    def sha256(self, account: Account, address: str) -> str:
        bucket, key = _place(address)
        try:
            body = ask(self._sessions.client(account, "s3"), "get_object", Bucket=bucket, Key=key)["Body"]
        except UpstreamError as error:
            raise _no_object(error, address) from error
        found = hashlib.sha256()
        try:
            with body:
                for piece in body.iter_chunks(PIECE):
                    found.update(piece)
        except BotoCoreError as error:
            raise upstream(error, "s3:GetObject") from error
        return base64.b64encode(found.digest()).decode()

    def update_code(self, target: Target, *, image: str = "", artifact: str = "", revision: str = "") -> Function:
        code = {"ImageUri": image}
        if artifact:
            bucket, key = _place(artifact)
            code = {"S3Bucket": bucket, "S3Key": key}
        guard = {"RevisionId": revision} if revision else {}
        # Its own revision would refuse the call when botocore sent it again after a lost answer.
        answer = self._ask(target, "update_function_code", repeat=False, **code, **guard)
        return _read(answer, {"ImageUri": image} if image else {})

    def publish(self, target: Target, *, sha256: str, description: str) -> Function:
        return _read(self._ask(target, "publish_version", CodeSha256=sha256, Description=description), {})

    def move_alias(
        self, target: Target, version: str, weights: Mapping[str, float], *, revision: str = ""
    ) -> FunctionAlias:
        guard = {"RevisionId": revision} if revision else {}
        answer = self._ask(
            target,
            "update_alias",
            repeat=False,
            Name=target.service.alias,
            FunctionVersion=version,
            # Weights that are left out stay as they are.
            RoutingConfig={"AdditionalVersionWeights": dict(weights)},
            **guard,
        )
        return _read_alias(answer)

    def _ask(self, target: Target, operation: str, *, repeat: bool = True, **parameters: Any) -> dict[str, Any]:
        client = self._sessions.client(target.account, "lambda", repeat=repeat)
        try:
            return ask(client, operation, FunctionName=target.service.function, **parameters)
        except UpstreamError as error:
            raise _in_words(error, target, str(parameters.get("Qualifier", ""))) from error


def _in_words(error: UpstreamError, target: Target, qualifier: str = "") -> BotError:
    """The errors of Lambda that are about the function itself."""
    function, alias = target.service.function, target.service.alias
    if error.code == "ResourceNotFoundException":
        if "alias" in error.message:
            hint = "Make it once, or name another under `alias:` in config/systems."
            return NotFoundError(f"The Lambda function {function} has no alias {alias}.", hint=hint)
        what = f"has no version {qualifier}" if qualifier.isdecimal() else "does not exist"
        return NotFoundError(f"The Lambda function {function} {what} in {target.account.region}.")
    if error.code == "PreconditionFailedException":
        text = f"Somebody else changed {function} after I last looked at it."
        return ConflictError(text, hint="Ask for a fresh plan.")
    if error.code == "ResourceConflictException":
        text = f"Something else is going on with {function}: Lambda is still making or updating it."
        return ConflictError(text, hint="Wait until that has ended and try again.")
    if error.code == "InvalidParameterValueException" and "CodeSHA256" in error.message:
        text = f"Somebody else changed the code of {function} before I could publish mine."
        return ConflictError(text, hint="Nothing was moved. Ask for a fresh plan.")
    return error


def _no_object(error: UpstreamError, address: str) -> BotError:
    return NotFoundError(f"There is no {address}.") if error.code in _NO_OBJECT else error


def _place(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def _tag_and_age(found: Mapping[str, Any]) -> tuple[str, float]:
    return str(found["ETag"]).strip('"'), seconds(found["LastModified"])


def _read(found: Mapping[str, Any], code: Mapping[str, Any]) -> Function:
    return Function(
        name=found["FunctionName"],
        version=found["Version"],
        package=found.get("PackageType", "Zip"),
        sha256=found.get("CodeSha256", ""),
        state=found.get("State", ""),
        update=found.get("LastUpdateStatus", ""),
        reason=found.get("LastUpdateStatusReason") or found.get("StateReason", ""),
        revision=found.get("RevisionId", ""),
        modified_at=datetime.strptime(found["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp(),
        description=found.get("Description", ""),
        image=_image(code),
        role=found.get("Role", ""),
        architecture=(found.get("Architectures") or ["x86_64"])[0],
        memory=int(found.get("MemorySize", 0)),
        timeout=int(found.get("Timeout", 0)),
        log_group=str((found.get("LoggingConfig") or {}).get("LogGroup", "")),
        environment=dict((found.get("Environment") or {}).get("Variables") or {}),
    )


def _image(code: Mapping[str, Any]) -> str:
    """The image as it was named, with the digest that Lambda found behind the name."""
    named, resolved = str(code.get("ImageUri", "")), str(code.get("ResolvedImageUri", ""))
    digest = resolved.partition("@")[2]
    return f"{named}@{digest}" if digest and "@" not in named else named


def _read_alias(found: Mapping[str, Any]) -> FunctionAlias:
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return FunctionAlias(
        name=found["Name"],
        version=found["FunctionVersion"],
        revision=found.get("RevisionId", ""),
        weights={version: float(share) for version, share in weights.items()},
        description=found.get("Description", ""),
    )
