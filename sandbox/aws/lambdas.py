"""Teaches moto Lambda: updates take time and fail as their code's name says, aliases have weights, nothing is run."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from sandbox.aws import lambda_aliases, lambda_api
from sandbox.aws.lambda_life import describe

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_get_configuration = LambdaFunction.get_configuration


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and let calls fail at every tick."""
    for operation in (*lambda_api.OPERATIONS, *lambda_aliases.OPERATIONS):
        setattr(LambdaResponse, operation.__name__, operation)
    setattr(LambdaFunction, "get_configuration", _configuration_now)  # noqa: B010
    aws.on_tick(lambda_aliases.fail_calls)


@wraps(_get_configuration)
def _configuration_now(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    return describe(self, _get_configuration(self, on_create))
