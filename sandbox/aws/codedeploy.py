"""Teaches moto CodeDeploy: deployments of ECS services really move them, take time, fail and are undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.codedeploy.responses import CodeDeployResponse

from sandbox.aws import codedeploy_api

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat. The pretend ECS moves what this begins."""
    del aws
    for operation in codedeploy_api.OPERATIONS:
        setattr(CodeDeployResponse, operation.__name__, operation)
