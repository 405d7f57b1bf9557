"""What shipping a Lambda function does, step by step: code, version, shares of the calls, and the alias.

Every step looks first whether it is done already, since the bot may have died right after doing it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.command import Effect, Plan, Progress, Run, Stage
from bot.errors import ConflictError, NotFoundError
from bot.ports import World
from bot.shipping import builds
from bot.shipping import functions_past as past
from bot.shipping.functions_canary import watch_share
from bot.shipping_cloud import Function, FunctionAlias

APPEAR_SECONDS = 15.0
"""Lambda answers from copies that may be seconds old; so long a new version that is not shown yet is not lost."""

Result = dict[str, Any]


def deploying(plan: Plan) -> tuple[Effect, ...]:
    """The steps of a deployment; the build, where one is needed, and those of the canary are in the plan."""
    steps = plan.facts.get("canary")
    shares = [int(str(step)) for step in steps] if isinstance(steps, list) else []
    return (
        *builds.effects(plan),
        Effect(name="code", find=find_code, do=update_code, wait=wait_for_code),
        Effect(name="publish", find=find_version, do=publish, wait=wait_for_version),
        *(_shift(percent, shares[index - 1] if index else 0) for index, percent in enumerate(shares)),
        Effect(name="alias", find=find_moved, do=move),
    )


def going_back(plan: Plan) -> tuple[Effect, ...]:
    """The one step of a rollback."""
    return (Effect(name="alias", find=find_moved, do=move),)


def _shift(percent: int, before: int) -> Effect:
    return Effect(
        name=f"shift:{percent}",
        find=partial(find_share, percent=percent),
        do=partial(share, percent=percent, before=before),
        wait=partial(watch_share, percent=percent),
    )


# code


def find_code(run: Run, world: World) -> Result | None:
    """Whether ``$LATEST`` has this very code already; its hash tells, whoever put it there."""
    latest = world.functions.function(run.target)
    if latest.revision == run.plan.facts["function_revision"]:
        return None
    return _coded(latest) if latest.sha256 == _expected(run, world) else None


def update_code(run: Run, world: World) -> Result:
    """UpdateFunctionCode, if nobody changed the function since the plan was made."""
    facts, image = run.plan.facts, _image(run, world)
    updated = world.functions.update_code(
        run.target, image=image, artifact=str(facts["artifact"]), revision=str(facts["function_revision"])
    )
    if facts["sha256"] and updated.sha256 != facts["sha256"]:
        raise ConflictError(
            f"{facts['artifact'] or image} is not what it was when the plan was made.",
            hint=f"The alias was not moved; {past.LATEST} has the other code. Ask for a fresh plan.",
        )
    return _coded(updated)


def _coded(function: Function) -> Result:
    return {"sha256": function.sha256}


def _image(run: Run, world: World) -> str:
    """The image by its digest; one that was only built after the plan is looked up now."""
    address = str(run.plan.facts["image"])
    if not address or "@" in address:
        return address
    image = world.ecs.image(run.target.account, address)
    return f"{image.repository}@{image.digest}"


def _expected(run: Run, world: World) -> str:
    if run.plan.facts["sha256"]:
        return str(run.plan.facts["sha256"])
    image = _image(run, world)
    if image:
        return image.partition("@sha256:")[2]
    return world.functions.sha256(run.target.account, str(run.plan.facts["artifact"]))


def wait_for_code(run: Run, world: World) -> Progress:
    """Lambda takes seconds to minutes; the alias has not been touched so far."""
    latest, version = world.functions.function(run.target), run.plan.facts["version"]
    if latest.sha256 != run.results["code"]["sha256"]:
        return _stopped(run, f"Not deployed: somebody else changed the code of {latest.name} meanwhile")
    if latest.update == "InProgress":
        return Progress(stage=Stage.ROLLING, headline=f"Lambda takes in the code of {version}")
    if latest.update == "Failed":
        return _stopped(run, f"Not deployed: Lambda could not take in the code of {version}: {latest.reason}")
    return Progress(stage=Stage.SUCCEEDED, headline=f"Lambda has the code of {version}")


def _stopped(run: Run, headline: str) -> Progress:
    alias, before = run.target.service.alias, run.plan.facts["from_version"]
    return Progress(
        stage=Stage.FAILED, headline=headline, lines=(f"{alias} was not touched: version {before}",), unchanged=True
    )


# version


def find_version(run: Run, world: World) -> Result | None:
    """The version that carries this operation in its description."""
    wanted = past.description(str(run.plan.facts["version"]), run.operation)
    found = [each for each in world.functions.versions(run.target) if each.description == wanted]
    return _published(found[0], world) if found else None


def publish(run: Run, world: World) -> Result:
    """PublishVersion of exactly the code that was put there; of unchanged code Lambda gives the last version again."""
    description = past.description(str(run.plan.facts["version"]), run.operation)
    made = world.functions.publish(run.target, sha256=run.results["code"]["sha256"], description=description)
    return _published(made, world)


def _published(function: Function, world: World) -> Result:
    return {"version": function.version, "at": world.clock.now()}


def wait_for_version(run: Run, world: World) -> Progress:
    """A version takes calls once it is Active; one that was published before may be Inactive, and is woken by them."""
    number, version = run.results["publish"]["version"], run.plan.facts["version"]
    making = Progress(stage=Stage.ROLLING, headline=f"Lambda makes version {number} of {version}")
    try:
        found = world.functions.function(run.target, number)
    except NotFoundError:
        if world.clock.now() - run.results["publish"]["at"] < APPEAR_SECONDS:
            return making
        raise
    if found.state == "Pending":
        return making
    if found.state == "Failed":
        return _stopped(run, f"Not deployed: Lambda could not make version {number}: {found.reason}")
    return Progress(stage=Stage.SUCCEEDED, headline=f"Version {number} is there")


# shares and the alias


def _to(run: Run) -> str:
    """The version that the alias is to have."""
    return str(run.plan.facts.get("to_version") or run.results["publish"]["version"])


def find_share(run: Run, world: World, *, percent: int) -> Result | None:
    """Whether the alias gives the new version this share already."""
    alias = world.functions.alias(run.target)
    wanted = (str(run.plan.facts["from_version"]), {_to(run): percent / 100})
    return _shared(alias, world) if (alias.version, alias.weights) == wanted else None


def share(run: Run, world: World, *, percent: int, before: int) -> Result:
    """UpdateAlias: the old version stays the main one, the new one gets a share."""
    old, new = str(run.plan.facts["from_version"]), _to(run)
    if old == new:
        return {"revision": run.plan.facts["alias_revision"], "at": world.clock.now()}
    revision = run.results[f"shift:{before}"]["revision"] if before else run.plan.facts["alias_revision"]
    return _shared(_moved(run, world, old, {new: percent / 100}, str(revision)), world)


def _shared(alias: FunctionAlias, world: World) -> Result:
    return {"revision": alias.revision, "at": world.clock.now()}


def find_moved(run: Run, world: World) -> Result | None:
    """Whether all calls go to the version already."""
    alias = world.functions.alias(run.target)
    return {"version": alias.version} if alias.version == _to(run) and not alias.weights else None


def move(run: Run, world: World) -> Result:
    """UpdateAlias: all calls to one version, no weights left."""
    shares = [name for name in run.results if name.startswith("shift:")]
    revision = run.results[shares[-1]]["revision"] if shares else run.plan.facts["alias_revision"]
    return {"version": _moved(run, world, _to(run), {}, str(revision)).version}


def _moved(run: Run, world: World, version: str, weights: dict[str, float], revision: str) -> FunctionAlias:
    try:
        return world.functions.move_alias(run.target, version, weights, revision=revision)
    except ConflictError as error:
        raise ConflictError(
            f"Not moved: {past.stands(world.functions.alias(run.target))}, and not by this operation.",
            hint="Somebody else moved it, CodeDeploy perhaps. Ask them, or ask for a fresh plan.",
        ) from error
