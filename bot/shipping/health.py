"""A service that has settled must answer its health address before it counts as shipped."""

from __future__ import annotations

import re

from bot.command import Progress, Run, Stage
from bot.ports import World

PATIENCE_SECONDS = 60.0
"""How long a service that has settled may take to answer its health address as configured."""

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""What a registry takes as a tag: https://docs.docker.com/reference/cli/docker/image/tag/"""
_DIGEST = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")
"""A digest, or its beginning as images.version calls an image that has no tag."""
_SAY_NOTHING = ("latest", "unknown")


def expected(version: str) -> str:
    """What a service may be expected to call itself: the tag that was shipped, or nothing.

    What else a version is called (a digest, “unknown”, “version 7”) is this bot's word, and no service can know it.
    """
    if version in _SAY_NOTHING or _DIGEST.fullmatch(version) or not _TAG.fullmatch(version):
        return ""
    return version


def answered(run: Run, world: World, settled: str, done: int, total: int) -> Progress:
    """SUCCEEDED once the health address answers as configured, or where there is none; FAILED after a minute.

    ``settled`` says what has settled; ``settled_at`` of the facts is when that was first seen.
    """
    health = run.target.service.health
    if health is None:
        return Progress(stage=Stage.SUCCEEDED, headline=f"Settled: {settled}", done=done, total=total)
    answer = world.web.check(health, expected(str(run.plan.facts.get("version", ""))))
    if answer.ok:
        headline = f"Settled: {settled}, and {health.url} answers {answer.code} {answer.version}".rstrip()
        return Progress(stage=Stage.SUCCEEDED, headline=headline, done=done, total=total)
    now, lines = world.clock.now(), (settled, f"{health.url}: {answer.detail}")
    before = run.progress.facts.get("settled_at") if run.progress else None
    settled_at = float(before) if isinstance(before, int | float) else now
    if now - settled_at > PATIENCE_SECONDS:
        headline = f"It has settled, but the health address does not answer as configured: {answer.detail}"
        return Progress(stage=Stage.FAILED, headline=headline, lines=lines)
    headline = "Settled; waiting for the health address"
    facts = {"settled_at": settled_at}
    return Progress(stage=Stage.ROLLING, headline=headline, done=done, total=total, lines=lines, facts={**facts})
