"""What a name resolves to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.domain import Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene
from bot.steps.naming import Heading, Prefix, Seconds, facts, yes_no
from bot.steps.places import applies, fill


class DnsStep(ReadingStep):
    """Records of a name, as this machine's resolvers see them."""

    do: Literal["dns"]
    host: str = Field(min_length=1, max_length=253, description="Name that is looked up.")
    type: Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "CAA", "SOA"] = Field(
        default="A", description="Type of the records."
    )
    expect: tuple[str, ...] = Field(default=(), description="Records that must be among the answers.")
    seconds: Seconds = 3.0
    name: Prefix = "dns"
    title: Heading = "DNS"

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when a placeholder is for another kind of service."""
        if not applies(scene, self.host, *self.expect):
            return None
        host = fill(self.host, scene, world)
        wanted = [fill(each, scene, world) for each in self.expect]
        answer = world.names.records(host, self.type, seconds=self.seconds)
        there = {_plain(each) for each in answer.records}
        missing = [each for each in wanted if _plain(each) not in there]
        ok = bool(answer.records) and not missing
        if not answer.exists:
            summary = f"{host} does not exist (NXDOMAIN)."
        elif not answer.records:
            summary = f"{host} has no {self.type} record."
        else:
            shown = ", ".join(answer.records[:5])
            more = f" and {len(answer.records) - 5} more" if len(answer.records) > 5 else ""
            summary = f"{self.type} of {host}: {shown}{more} (kept {answer.ttl} s)."
        return Finding(
            step=self.do,
            title=self.title,
            summary=summary,
            lines=(f"missing: {', '.join(missing)}",) if missing else (),
            facts=facts(self.name, answers=len(answer.records), ok=yes_no(ok)),
            weight=5 if ok else 75,
        )


def _plain(record: str) -> str:
    return record.strip().rstrip(".").lower()
