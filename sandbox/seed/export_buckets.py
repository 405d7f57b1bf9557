"""Buckets that CloudWatch Logs may export to.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html
"""

from __future__ import annotations

import json

from sandbox.seed.account import Account
from sandbox.seed.catalogue import US

ARBOR_EXPORTS = "arbor-log-exports"
"""The bucket that arbor's runbook exports to."""


def make_export_bucket(account: Account, name: str) -> None:
    """An empty bucket with the policy that AWS's guide gives."""
    allowed = {"Effect": "Allow", "Principal": {"Service": f"logs.{US}.amazonaws.com"}}
    statements = [
        allowed | {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}"},
        allowed | {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"},
    ]
    s3 = account.client("s3", US)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
