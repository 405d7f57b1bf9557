"""Whether a Lambda function has settled: the alias has the version, it alone, and the service answers."""

from __future__ import annotations

from bot.command import Progress, Run, Stage
from bot.errors import NotFoundError
from bot.ports import World
from bot.shipping import functions_past as past
from bot.shipping.health import answered


def watch(run: Run, world: World) -> Progress:
    """One look. Raises UpstreamError when Lambda cannot be asked."""
    version = str(run.results["alias"]["version"])
    alias = world.functions.alias(run.target)
    if alias.version != version or alias.weights:
        headline = f"Superseded: {past.stands(alias)}, and not by this operation"
        return Progress(stage=Stage.FAILED, headline=headline, unchanged=True)
    name = str(run.plan.facts["version"])
    named = f" ({name})" if name else ""
    return answered(run, world, f"all calls of {alias.name} go to version {version}{named}", 100, 100)


def still(run: Run, world: World) -> str:
    """What took the place of the version this operation gave to the alias; nothing while it alone has the calls.

    Raises UpstreamError when Lambda cannot be asked.
    """
    try:
        alias = world.functions.alias(run.target)
    except NotFoundError:
        return f"the alias {run.target.service.alias} was deleted."
    if alias.version == str(run.results["alias"]["version"]) and not alias.weights:
        return ""
    return f"{past.stands(alias)}, and not by this operation."
