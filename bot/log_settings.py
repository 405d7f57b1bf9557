"""What a system's file says about searching its logs."""

from __future__ import annotations

from pydantic import Field, model_validator

from bot.responses import Frozen


class NamedQuery(Frozen):
    """A query in the Logs Insights language that people ask for by its name."""

    query: str = Field(min_length=1, max_length=10_000, description="Query in the Logs Insights query language.")
    about: str = Field(default="", description="What it tells, in a few words.")


class LogSettings(Frozen):
    """How the logs of a system are searched and shown."""

    masked: tuple[str, ...] = Field(
        default=(), description="Fields whose values only those see who may `unmask`, such as customer_id."
    )
    queries: dict[str, NamedQuery] = Field(default_factory=dict, description="Queries by the name people type.")
    most_gigabytes: float = Field(
        default=20.0, gt=0, description="A Logs Insights query is stopped when it has scanned this much."
    )
    most_dollars: float | None = Field(
        default=None,
        gt=0,
        description="A query is stopped when it has cost more than this, too; by default no limit.",
    )
    dollars_per_gigabyte: float = Field(
        default=0.005, ge=0, description="What AWS takes for scanning a gigabyte in the region, to show what it cost."
    )
    export: str = Field(default="", description="Where exports go: s3://bucket/prefix, in the logs' own region.")

    @model_validator(mode="after")
    def _has_a_price(self) -> LogSettings:
        if self.most_dollars is not None and self.dollars_per_gigabyte == 0:
            raise ValueError("most_dollars limits nothing while dollars_per_gigabyte is 0")
        return self
