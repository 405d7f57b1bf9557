"""All that moto is taught, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import (
    autoscaling,
    cloudfront,
    cloudwatch,
    code_build,
    codedeploy,
    ecr,
    ecs,
    elb,
    events,
    iam,
    lambdas,
    logs,
    pace,
    s3,
    sns,
    sqs,
)

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto for this AWS; safe to repeat."""
    containers = (ecs, codedeploy, ecr, elb, autoscaling)
    for part in (pace, events, logs, sns, cloudwatch, *containers, iam, sqs, lambdas, s3, cloudfront, code_build):
        part.install(aws)
