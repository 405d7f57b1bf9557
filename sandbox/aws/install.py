"""All that moto is taught, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import (
    autoscaling,
    cloudfront,
    cloudwatch,
    code_build,
    codedeploy,
    ec2_interfaces,
    ecr,
    ecs,
    elb,
    events,
    iam,
    lambda_account,
    lambdas,
    logs,
    mail,
    pace,
    s3,
    sns,
    sqs,
    sqs_metrics,
    trail,
    xray,
)

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto for this AWS; safe to repeat."""
    containers = (ecs, codedeploy, ecr, elb, autoscaling)
    rest = (
        iam,
        sqs,
        sqs_metrics,
        lambdas,
        lambda_account,
        s3,
        cloudfront,
        code_build,
        trail,
        xray,
        mail,
        ec2_interfaces,
    )
    for part in (pace, events, logs, sns, cloudwatch, *containers, *rest):
        part.install(aws)
