"""What belongs to the systems besides ECS, Lambda and sites: tables. As little as will do."""

from __future__ import annotations

from sandbox.seed.account import Account
from sandbox.seed.catalogue import TABLES


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
