"""Lambda's operations on functions and versions; each function takes the place of moto's method."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    FunctionAlreadyExists,
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
    UnknownFunctionException,
)
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from sandbox.aws import lambda_code, lambda_life
from sandbox.aws.ecs_lookup import page

Answer = tuple[int, dict[str, Any], str]

_MOST_VERSIONS = 50
_STALE = "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest one."
_NOT_LISTED = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus")
_OF_THE_MOMENT = (
    *("FunctionArn", "LastModified", "RevisionId", "Version", "Description"),
    *_NOT_LISTED,
    *("LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
)


class ResourceConflictException(LambdaClientError):
    """Something else is going on."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


def name_in(response: LambdaResponse, place: int = -2) -> str:
    """The function that a request's path names."""
    return unquote(response.path.rstrip("/").split("/")[place])


def check_revision(given: str | None, now: str, look: str) -> None:
    """Refuse a change that somebody based on an older look."""
    if given and given != now:
        raise PreconditionFailedException(_STALE.format(look))


def _ready(function: LambdaFunction) -> None:
    text = "The operation cannot be performed at this time. "
    if lambda_life.state_of(function) == "Pending":
        raise ResourceConflictException(f"{text}The function is currently in the following state: Pending")
    if lambda_life.update_of(function) == "InProgress":
        raise ResourceConflictException(f"{text}An update is in progress for resource: {function.function_arn}")


def create_function(self: LambdaResponse) -> Answer:
    """CreateFunction; with Publish version 1 is there at once."""
    params = self.json_body
    publish, name = params.pop("Publish", False), params["FunctionName"].rsplit(":", 1)[-1]
    try:
        self.backend.get_function(name, None)
    except UnknownFunctionException:
        lambda_code.check(params["Code"])
        function = self.backend.create_function(params)
        _resolve(function, params["Code"])
        lambda_life.begin(function, lambda_code.fate_of(params["Code"]))
        made = _published(self.backend, function, None) if publish else function
        return 201, {}, json.dumps(made.get_configuration(on_create=True))
    raise FunctionAlreadyExists(name)


def update_function_code(self: LambdaResponse) -> Answer:
    """UpdateFunctionCode: nothing else may be going on, and the code must exist."""
    params, function = self.json_body, self.backend.get_function(name_in(self))
    check_revision(params.get("RevisionId"), lambda_life.revision_of(function), "GetFunction")
    _ready(function)
    if ("ImageUri" in params) != (function.package_type == "Image"):
        raise InvalidParameterValueException(
            f"Please provide a source for a function of the package type {function.package_type}."
        )
    lambda_code.check(params)
    if params.get("DryRun"):
        return 200, {}, json.dumps(function.get_configuration())
    function.code = dict(function.code)
    function._set_function_code(params)
    _resolve(function, params)
    lambda_life.update(function, lambda_code.fate_of(params))
    made = _published(self.backend, function, None) if params.get("Publish") else function
    return 200, {}, json.dumps(made.get_configuration())


def _resolve(function: LambdaFunction, code: Mapping[str, Any]) -> None:
    """The code's hash of an image function is its digest."""
    if "ImageUri" in code:
        function.code_sha_256 = lambda_code.digest_of(code["ImageUri"]).removeprefix("sha256:")


def update_function_configuration(self: LambdaResponse) -> Answer:
    """UpdateFunctionConfiguration: nothing else may be going on."""
    params, function = self.json_body, self.backend.get_function(name_in(self))
    check_revision(params.get("RevisionId"), lambda_life.revision_of(function), "GetFunction")
    _ready(function)
    function.update_configuration(params)
    lambda_life.update(function)
    return 200, {}, json.dumps(function.get_configuration())


def publish_version(self: LambdaResponse) -> Answer:
    """PublishVersion: the last version again when neither code nor configuration have changed since."""
    params = json.loads(self.body or "{}")
    function = self.backend.get_function(name_in(self))
    check_revision(params.get("RevisionId"), lambda_life.revision_of(function), "GetFunction")
    wanted, found = params.get("CodeSha256"), function.code_sha_256
    if wanted and wanted != found:
        raise InvalidParameterValueException(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({found}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    _ready(function)
    made = _published(self.backend, function, params.get("Description"))
    return 201, {}, json.dumps(made.get_configuration())


def _published(backend: LambdaBackend, latest: LambdaFunction, description: str | None) -> LambdaFunction:
    versions: list[LambdaFunction] = backend._lambdas._functions[latest.function_name]["versions"]
    if versions and _content(versions[-1]) == _content(latest):
        return versions[-1]
    # Numbers are never used again, even when the newest version has been deleted.
    number = latest.__dict__.get("sandbox_published", 0) + 1
    latest.__dict__["sandbox_published"] = number
    made = copy.copy(latest)
    made.code = dict(latest.code)
    made.set_version(number)
    if description is not None:
        made.description = description
    lambda_life.publish(made, latest)
    versions.append(made)
    backend._lambdas._arns[made.function_arn] = made
    return made


def _content(function: LambdaFunction) -> dict[str, Any]:
    return {key: value for key, value in function.get_configuration().items() if key not in _OF_THE_MOMENT}


def list_versions_by_function(self: LambdaResponse) -> str:
    """ListVersionsByFunction, oldest first behind ``$LATEST``; how versions are is only told by GetFunction."""
    self.backend.get_function(name_in(self))
    found = list(self.backend.list_versions_by_function(name_in(self)))
    most = min(int(self._get_param("MaxItems") or _MOST_VERSIONS), _MOST_VERSIONS)
    shown, marker = page(found, self._get_param("Marker"), most, _MOST_VERSIONS)
    versions = [function.get_configuration() for function in shown]
    for version in versions:
        for key in _NOT_LISTED:
            version.pop(key, None)
    return json.dumps({"Versions": versions, "NextMarker": marker})


def get_function(self: LambdaResponse) -> str:
    """GetFunction, with the image as Lambda resolved it."""
    name, qualifier = name_in(self, -1), self._get_param("Qualifier", None)
    function = self.backend.get_function(name, qualifier)
    found = function.get_code()
    found["Configuration"] = self._set_configuration_qualifier(found["Configuration"], name, qualifier)
    if function.package_type == "Image":
        found["Code"]["ResolvedImageUri"] = resolved(function)
    return json.dumps(found)


def resolved(function: LambdaFunction) -> str:
    """The image of a function, pinned by the digest that its tag had when the code was set."""
    address = str(function.code["ImageUri"]).partition("@")[0]
    head, slash, tail = address.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}@sha256:{function.code_sha_256}"


def invoke(self: LambdaResponse) -> Answer:
    """Invoke, without running anything: versions that are to fail do so."""
    function = self.backend.get_function(name_in(self), self._get_param("Qualifier", None))
    if lambda_life.life_of(function).fate == "errors":
        said = {"errorMessage": "an error of this version", "errorType": "RuntimeError"}
        return 200, {"x-amz-function-error": "Unhandled"}, json.dumps(said)
    return 200, {}, "null"


OPERATIONS: tuple[Callable[[LambdaResponse], Any], ...] = (
    create_function,
    update_function_code,
    update_function_configuration,
    publish_version,
    list_versions_by_function,
    get_function,
    invoke,
)
