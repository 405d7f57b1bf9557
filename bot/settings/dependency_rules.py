"""What a service needs: each thing named once, and so that it can be found."""

from __future__ import annotations

import re

from bot.settings.shapes import check_shapes
from bot.settings.source import Source

_NEEDS = "environments.*.services.*.needs"


def check_dependencies(source: Source) -> None:
    """The rules of every ``needs`` in a file under ``config/systems/``."""
    looks = {
        "database.address": server_look,
        "database.instance": instance_look,
        "redis.address": server_look,
        "redis.nodes.*": node_look,
        "queues.*": queue_look,
        "tables.*": table_look,
        "certificates.*": host_look,
    }
    check_shapes(source, {f"{_NEEDS}.{key}": look for key, look in looks.items()})
    for path, database in source.at(f"{_NEEDS}.database"):
        if isinstance(database, dict) and bool(database.get("secret")) == bool(database.get("instance")):
            source.report(path, "must name a secret to ask it with, or an RDS instance that CloudWatch counts for")
        elif isinstance(database, dict) and database.get("instance") and database.get("address"):
            source.report((*path, "address"), "is used only with a secret")
    for path, redis in source.at(f"{_NEEDS}.redis"):
        if isinstance(redis, dict) and not redis.get("address") and not redis.get("secret"):
            source.report(path, "must name an address, or a secret that holds one")


def server_look(address: str) -> str:
    """``host:port``; the port may be left out."""
    if not address or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*(:\d{1,5})?", address):
        return ""
    return "must be host:port, without a scheme before it"


def instance_look(name: str) -> str:
    """The identifier of an RDS instance."""
    if not name or re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,62}", name):
        return ""
    return "must be the identifier of an RDS instance: letters, digits and '-', at most 63 long"


def node_look(name: str) -> str:
    """The id of an ElastiCache node, which for a replication group ends in its number (``cache-001``)."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,49}", name):
        return ""
    return "must be the id of an ElastiCache node: letters, digits and '-', at most 50 long"


def queue_look(queue: str) -> str:
    """An SQS queue by its name, its address or its ARN."""
    name = r"[A-Za-z0-9_-]{1,80}(\.fifo)?"
    if re.fullmatch(rf"{name}|https?://\S+/{name}|arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{{12}}:{name}", queue):
        return ""
    return "must be an SQS queue: its name, its address or its ARN"


def table_look(name: str) -> str:
    """The name of a DynamoDB table."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
        return ""
    return "must be the name of a DynamoDB table: letters, digits, '_', '-' and '.', 3 to 255 long"


def host_look(host: str) -> str:
    """A name that a TLS server answers to."""
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    if len(host) <= 253 and re.fullmatch(rf"{label}(?:\.{label})+", host):
        return ""
    return "must be a host's name, without scheme, port and path"
