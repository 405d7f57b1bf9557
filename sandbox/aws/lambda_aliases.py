"""Lambda's aliases, their weights, and what befalls callers of versions that fail.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaAlias, LambdaBackend, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.cloudwatch.models import cloudwatch_backends

from sandbox.aws.cloudwatch_region import metrics_of
from sandbox.aws.lambda_api import Answer, check_revision, name_in
from sandbox.aws.lambda_life import life_of
from sandbox.aws.world import current

CALLS_A_SECOND = 10.0
NOTICED_AFTER = 3.0
"""Seconds until the first failed calls of a version show in the metric."""
_LONGEST_GAP = 60.0
_LATEST = "$LATEST"

_create_alias = LambdaResponse.create_alias


def create_alias(self: LambdaResponse) -> Answer:
    """CreateAlias."""
    params = self.json_body
    _check(self.backend, name_in(self), str(params.get("FunctionVersion")), _weights(params.get("RoutingConfig")))
    answer: Any = _create_alias(self)
    alias = self.backend.get_alias(params["Name"], name_in(self))
    alias.__dict__["sandbox_moved_at"] = current().clock.now()
    return int(answer[0]), answer[1], json.dumps(_shown(alias))


def get_alias(self: LambdaResponse) -> Answer:
    """GetAlias."""
    return 200, {}, json.dumps(_shown(_alias(self)))


def update_alias(self: LambdaResponse) -> Answer:
    """UpdateAlias; what is left out stays as it was, the weights too."""
    params, alias = self.json_body, _alias(self)
    check_revision(params.get("RevisionId"), alias.revision_id, "GetAlias")
    version = str(params.get("FunctionVersion") or alias.function_version)
    routing: Any = params.get("RoutingConfig")
    weights = _weights(alias.routing_config if routing is None else routing)
    _check(self.backend, name_in(self, -3), version, weights)
    alias.function_version, alias.routing_config = version, {"AdditionalVersionWeights": weights}
    alias.description = params.get("Description", alias.description)
    alias.revision_id = str(uuid.uuid4())
    alias.__dict__["sandbox_moved_at"] = current().clock.now()
    return 200, {}, json.dumps(_shown(alias))


def _alias(response: LambdaResponse) -> Any:
    return response.backend.get_alias(unquote(response.path.rsplit("/", 1)[-1]), name_in(response, -3))


def _shown(alias: LambdaAlias) -> dict[str, Any]:
    found = alias.to_json()
    if not _weights(found["RoutingConfig"]):
        del found["RoutingConfig"]
    return found


def _weights(routing: Any) -> dict[str, float]:
    given: Mapping[str, float] = (routing or {}).get("AdditionalVersionWeights") or {}
    return dict(given)


def _check(backend: LambdaBackend, function: str, version: str, weights: Mapping[str, float]) -> None:
    main = backend.get_function(function, version)
    if not weights:
        return
    if len(weights) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if version == _LATEST or _LATEST in weights:
        raise InvalidParameterValueException(f"{_LATEST} is not supported for an alias pointing to more than 1 version")
    ((other, share),) = weights.items()
    if other == version:
        raise InvalidParameterValueException(
            f"Invalid function version {other}. Function version {other} is already included in routing configuration."
        )
    if not 0 <= share <= 1 or not other.isdecimal():
        raise LambdaClientError("ValidationException", f"Value '{{{other}={share}}}' failed to satisfy constraint")
    if backend.get_function(function, other).role != main.role:
        raise InvalidParameterValueException("The function versions of an alias must have the same execution role")


def fail_calls() -> None:
    """Let the calls that failed since the last look show in the Errors metric, alias by alias."""
    account = current().account
    for region, backend in list(lambda_backends[account].items()):
        for aliases in list(backend._lambdas._aliases.values()):
            for alias in list(aliases.values()):
                _fail_calls(backend, alias, region)


def _fail_calls(backend: LambdaBackend, alias: Any, region: str) -> None:
    now, kept = current().clock.now(), alias.__dict__
    share = _failing_share(backend, alias)
    if not share and "sandbox_failed_at" not in kept:
        return
    begun = kept.get("sandbox_moved_at", now) + NOTICED_AFTER
    since = max(kept.get("sandbox_failed_at", begun), begun if share else 0.0)
    if now <= since:
        return
    failed = round(CALLS_A_SECOND * share * min(now - since, _LONGEST_GAP), 3)
    kept["sandbox_failed_at"] = now
    function = alias.arn.split(":")[-2]
    where = {"FunctionName": function, "Resource": f"{function}:{alias.name}"}
    datum = {"MetricName": "Errors", "Value": failed, "Unit": "Count"}
    datum["Dimensions"] = [{"Name": name, "Value": value} for name, value in where.items()]
    metrics_of(cloudwatch_backends[current().account][region]).put("AWS/Lambda", datum, now)


def _failing_share(backend: LambdaBackend, alias: Any) -> float:
    weights = _weights(alias.routing_config)
    shares = {**weights, alias.function_version: 1 - sum(weights.values())}
    function = alias.arn.split(":")[-2]
    if function not in backend._lambdas._functions:
        return 0.0
    return sum(
        share for version, share in shares.items() if life_of(backend.get_function(function, version)).fate == "errors"
    )


OPERATIONS: tuple[Callable[[LambdaResponse], Any], ...] = (create_alias, get_alias, update_alias)
