"""What belongs to the systems besides ECS and sites: the Lambda function, tables and queues. As little as will do."""

from __future__ import annotations

import io
import json
import zipfile

from sandbox.seed.account import Account
from sandbox.seed.catalogue import LAMBDA, LAMBDA_ALIAS, PHOTO_DLQ, PHOTO_QUEUE, TABLES, US

_PUBLISHED_VERSIONS = 2


def build_processing(account: Account) -> None:
    """RapidPhotoUpload's function with published versions and the alias of its callers, and its queues."""
    sqs = account.client("sqs", US)
    sqs.create_queue(QueueName=PHOTO_DLQ)
    sqs.create_queue(QueueName=PHOTO_QUEUE)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = account.client("iam", US).create_role(RoleName=LAMBDA, AssumeRolePolicyDocument=json.dumps(trust))
    functions = account.client("lambda", US)
    functions.create_function(
        FunctionName=LAMBDA,
        Runtime="python3.11",
        Handler="src.main",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": _code(0)},
        MemorySize=1024,
        Timeout=60,
    )
    for version in range(1, _PUBLISHED_VERSIONS + 1):
        functions.update_function_code(FunctionName=LAMBDA, ZipFile=_code(version))
        functions.publish_version(FunctionName=LAMBDA, Description=f"release {version}")
    functions.create_alias(FunctionName=LAMBDA, Name=LAMBDA_ALIAS, FunctionVersion=str(_PUBLISHED_VERSIONS))


def _code(version: int) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("src.py", f"RELEASE = {version}\ndef main(event, context):\n    return RELEASE\n")
    return archive.getvalue()


def build_tables(account: Account) -> None:
    """The runbooks' DynamoDB tables, empty."""
    for region, names in TABLES.items():
        for name in names:
            account.client("dynamodb", region).create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            )
