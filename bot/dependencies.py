"""What a service cannot do without besides itself: the shape of ``needs`` in ``config/systems/*.yaml``."""

from __future__ import annotations

from pydantic import Field

from bot.responses import Frozen


class Database(Frozen):
    """A PostgreSQL database whose connections are counted: it is asked (``secret``), or RDS is (``instance``)."""

    secret: str = Field(default="", description="Secrets Manager id; JSON with host, port, username, password, dbname.")
    address: str = Field(default="", description="host:port, where the secret names no host.")
    instance: str = Field(default="", description="RDS instance, instead of a secret: CloudWatch counts.")


class Redis(Frozen):
    """A Redis that is asked PING and INFO."""

    address: str = Field(default="", description="host:port; else the secret's.")
    secret: str = Field(default="", description="Secrets Manager id: a password, or JSON with host, port, password.")
    tls: bool = Field(default=False, description="Encrypted, with a certificate that is verified.")
    nodes: tuple[str, ...] = Field(default=(), description="Its ElastiCache nodes (CacheClusterId), for /metrics.")


class Dependencies(Frozen):
    """What a service cannot do without; ``/health`` looks at it."""

    database: Database | None = Field(default=None, description="Its PostgreSQL database.")
    redis: Redis | None = Field(default=None, description="Its Redis.")
    queues: tuple[str, ...] = Field(default=(), description="SQS queues it reads, by name, address or ARN.")
    tables: tuple[str, ...] = Field(
        default=(),
        description="DynamoDB tables it uses, by name; CloudWatch tells what of them was used and throttled.",
    )
    certificates: tuple[str, ...] = Field(
        default=(), description="Hosts whose certificate must be good, besides that of an https health address."
    )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that are read to look at it."""
        named = [each.secret for each in (self.database, self.redis) if each is not None]
        return tuple(secret for secret in named if secret)
