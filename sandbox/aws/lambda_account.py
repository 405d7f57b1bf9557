"""Lambda's limits of the account, and what of them is reserved for single functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends

from sandbox.aws.operations import Operation
from sandbox.aws.own import teach
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

CONCURRENT = 1_000
_GIGABYTE = 1024**3


def install(aws: AwsServer) -> None:
    """Answer GetAccountSettings, which moto has not; safe to repeat."""
    del aws
    teach("lambda", GetAccountSettings=get_account_settings)


def get_account_settings(operation: Operation, params: Mapping[str, Any]) -> dict[str, Any]:
    """GetAccountSettings; what functions have reserved is not there for the others."""
    functions = list(lambda_backends[current().account][operation.region].list_functions())
    reserved = sum(int(each.reserved_concurrency or 0) for each in functions)
    return {
        "AccountLimit": {
            "TotalCodeSize": 75 * _GIGABYTE,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": CONCURRENT,
            "UnreservedConcurrentExecutions": CONCURRENT - reserved,
        },
        "AccountUsage": {
            "TotalCodeSize": sum(int(each.code_size or 0) for each in functions),
            "FunctionCount": len(functions),
        },
    }
