"""RapidPhotoUpload's image processing: a function behind an alias, the archives it is made of, and its queues."""

from __future__ import annotations

import io
import json
import zipfile

from sandbox.clock import Clock
from sandbox.seed.account import ACCOUNT, Account
from sandbox.seed.catalogue import (
    LAMBDA,
    LAMBDA_ALIAS,
    LAMBDA_ARCHIVES,
    LAMBDA_RELEASES,
    PHOTO_ARTIFACTS,
    PHOTO_DLQ,
    PHOTO_QUEUE,
    US,
)

_UNTIL_SETTLED = 60.0


def build_processing(account: Account) -> None:
    """The archives of all releases, the function as it was first made, and its queues."""
    sqs, s3 = account.client("sqs", US), account.client("s3", US)
    sqs.create_queue(QueueName=PHOTO_DLQ)
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{US}:{ACCOUNT}:{PHOTO_DLQ}", "maxReceiveCount": 3})
    sqs.create_queue(QueueName=PHOTO_QUEUE, Attributes={"RedrivePolicy": policy})
    s3.create_bucket(Bucket=PHOTO_ARTIFACTS)
    for version in LAMBDA_ARCHIVES:
        s3.put_object(Bucket=PHOTO_ARTIFACTS, Key=_key(version), Body=_code(version), ChecksumAlgorithm="SHA256")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = account.client("iam", US).create_role(RoleName=LAMBDA, AssumeRolePolicyDocument=json.dumps(trust))
    account.client("lambda", US).create_function(
        FunctionName=LAMBDA,
        Runtime="python3.11",
        Handler="src.main",
        Role=role["Role"]["Arn"],
        Code={"S3Bucket": PHOTO_ARTIFACTS, "S3Key": _key(LAMBDA_RELEASES[0])},
        MemorySize=1024,
        Timeout=60,
    )


def release_processing(account: Account, clock: Clock) -> None:
    """Publish every release and give the alias the last. Moves the clock by some minutes, since updates take time."""
    functions = account.client("lambda", US)
    for number, version in enumerate(LAMBDA_RELEASES):
        if number:
            functions.update_function_code(FunctionName=LAMBDA, S3Bucket=PHOTO_ARTIFACTS, S3Key=_key(version))
        clock.advance(_UNTIL_SETTLED)
        functions.publish_version(FunctionName=LAMBDA, Description=f"release {version}")
        clock.advance(_UNTIL_SETTLED)
    functions.create_alias(FunctionName=LAMBDA, Name=LAMBDA_ALIAS, FunctionVersion=str(len(LAMBDA_RELEASES)))


def _key(version: str) -> str:
    return f"image-processor/{version}.zip"


def _code(version: str) -> bytes:
    """An archive whose bytes, and so whose hash, are the same on every start."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        text = f"RELEASE = {version!r}\n\n\ndef main(event, context):\n    return RELEASE\n"
        files.writestr(zipfile.ZipInfo("src.py"), text)
    return archive.getvalue()
