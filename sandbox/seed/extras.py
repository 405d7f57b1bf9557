"""What belongs to the systems besides what is shipped: builds and tables. As little as will do."""

from __future__ import annotations

from sandbox.aws import products
from sandbox.seed.account import ACCOUNT, Account
from sandbox.seed.catalogue import BUILD_PROJECTS, TABLES


def build_projects(account: Account) -> None:
    """The CodeBuild projects; what each makes stands in its variables."""
    for project in BUILD_PROJECTS:
        variable = {"name": products.IMAGE_REPOSITORY, "value": project.image_repository, "type": "PLAINTEXT"}
        account.client("codebuild", project.region).create_project(
            name=project.name,
            source={"type": "GITHUB", "location": "https://github.com/example/bi"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": True,
                "environmentVariables": [variable],
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/{project.name}",
        )


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
