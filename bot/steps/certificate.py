"""The certificate of a service's address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from bot.domain import Finding
from bot.ports import World
from bot.steps.base import ReadingStep, Scene
from bot.steps.naming import Heading, Port, Prefix, Seconds, facts, yes_no
from bot.steps.places import applies, fill

DAY = 86_400.0


class CertificateStep(ReadingStep):
    """Who a TLS server says it is, whether that is to be believed, and for how long."""

    do: Literal["certificate"]
    host: str = Field(default="", max_length=253, description="Name; that of the health address when left out.")
    port: Port = 443
    days: int = Field(default=14, ge=0, le=365, description="Fewer days left than these count as trouble.")
    seconds: Seconds = 3.0
    name: Prefix = "certificate"
    title: Heading = "Certificate"

    def run(self, scene: Scene, world: World) -> Finding | None:
        """None when there is no name to ask: none configured, and no health address over https."""
        if not applies(scene, self.host):
            return None
        host, port = fill(self.host, scene, world), self.port
        if not host:
            health = scene.target.service.health if scene.target else None
            address = urlsplit(health.url) if health else None
            if address is None or address.scheme != "https" or not address.hostname:
                return None
            host, port = address.hostname, address.port or port
        found = world.certificates.of(host, port, seconds=self.seconds)
        left = (found.ends_at - scene.at) / DAY
        end = datetime.fromtimestamp(found.ends_at, UTC).strftime("%Y-%m-%d")
        span = (
            f"{left:.0f} days left"
            if left >= 1
            else f"{left * 24:.0f} h left"
            if left > 0
            else f"ended {-left:.0f} days ago"
        )
        soon = left < self.days
        ok = not found.problem and left > 0 and found.begins_at <= scene.at
        issuer = "itself" if found.self_signed else found.issuer or "nobody named"
        lines = [f"names: {', '.join(found.names[:6]) or found.subject or 'none'}"]
        if found.problem:
            lines.insert(0, f"not to be trusted: {found.problem}")
        return Finding(
            step=self.do,
            title=self.title,
            summary=f"{host}:{port} until {end} ({span}), issued by {issuer}{'' if ok else '; clients refuse it'}.",
            lines=tuple(lines),
            facts=facts(self.name, days=round(left, 1), ok=yes_no(ok)),
            weight=80 if not ok else 40 if soon else 5,
        )
