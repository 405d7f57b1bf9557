"""The build of a version that does not exist yet, as the first effect of a deployment of any kind.

It runs in CodeBuild or GitHub Actions, never on the bot's own machine; nothing is deployed before it has succeeded.
"""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from bot.command import Change, Check, CheckStatus, Effect, Plan, Progress, Run, Stage
from bot.domain import Build
from bot.errors import NotFoundError
from bot.ports import World

BUILD = "build"
"""Name of the effect, and of the fact of a plan that asks for it."""


def maker(build: Build) -> str:
    """Who builds, in words."""
    if build.codebuild:
        return f"CodeBuild project {build.codebuild}"
    return f"workflow {build.workflow} of {build.github} on {build.ref}"


def change(build: Build, version: str) -> Change:
    """What the plan shows of it."""
    return Change(what=BUILD, before=f"{version} does not exist", after=f"{version} by {maker(build)}")


def check(build: Build, version: str) -> Check:
    """In place of the check that the image or artifact exists."""
    detail = f"{version} does not exist yet; it will be built by {maker(build)}"
    return Check(name=BUILD, status=CheckStatus.WARNED, detail=detail)


def facts(build: Build) -> dict[str, JsonValue]:
    """What such a plan's facts must have besides ``version``: who builds is part of what was confirmed."""
    return {BUILD: build.model_dump(mode="json")}


def effects(plan: Plan) -> tuple[Effect, ...]:
    """What a deployment begins with: the build, when the plan's facts ask for one."""
    return (effect(),) if BUILD in plan.facts else ()


def effect() -> Effect:
    """Start the build, keyed by the operation, and wait until it has ended; the result has its ``id``."""
    return Effect(name=BUILD, find=_find, do=_do, wait=_wait)


def _find(run: Run, world: World) -> dict[str, Any] | None:
    build, version = _asked(run)
    found = world.builds.find(run.target, build, version, run.operation, since=run.started_at)
    return {"id": found} if found else None


def _do(run: Run, world: World) -> dict[str, Any]:
    build, version = _asked(run)
    return {"id": world.builds.start(run.target, build, version, run.operation)}


def _wait(run: Run, world: World) -> Progress:
    build, version = _asked(run)
    try:
        status = world.builds.status(run.target, build, str(run.results[BUILD]["id"]))
    except NotFoundError as error:
        lost = f"The build of {version} is gone: {error.message}"
        return Progress(stage=Stage.FAILED, headline=lost, unchanged=True)
    seen: dict[str, JsonValue] = {"url": status.url, "state": status.state}
    lines = (f"by {maker(build)}", *([status.detail] if status.detail else ()))
    if status.state == "running":
        headline = f"Building {version}"
        return Progress(stage=Stage.ROLLING, headline=headline, lines=lines, facts=seen, link=status.url, calm=True)
    if status.state == "succeeded":
        headline = f"Built {version}"
        return Progress(stage=Stage.SUCCEEDED, headline=headline, lines=lines, facts=seen, link=status.url)
    ended = "was stopped" if status.state == "stopped" else "failed"
    headline = f"The build of {version} {ended}, and nothing was deployed"
    return Progress(stage=Stage.FAILED, headline=headline, lines=lines, facts=seen, link=status.url, unchanged=True)


def _asked(run: Run) -> tuple[Build, str]:
    return Build.model_validate(run.plan.facts[BUILD]), str(run.plan.facts["version"])
