"""What ``/deploy`` would do to a Lambda function: new code, a new version of it, and the alias moved there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.cloud import Image
from bot.command import Change, Check, Plan
from bot.domain import Person, Target
from bot.errors import BotError, ConflictError, NotFoundError
from bot.ports import World
from bot.shipping import alarms, builds, images
from bot.shipping import functions_checks as checks
from bot.shipping import functions_past as past
from bot.shipping.missing import not_found
from bot.shipping.reads import value
from bot.shipping.verdicts import passed
from bot.shipping_cloud import Archive, Function, FunctionAlias
from bot.views.blocks import ago

STRATEGY = "lambda"
FIRST_SECONDS = 5.0
NEXT_SECONDS = 4.0
NEWEST = 20


@dataclass(frozen=True)
class Now:
    """The alias, the version behind it, ``$LATEST``, and what the bot did so far."""

    target: Target
    alias: FunctionAlias
    live: Function
    latest: Function
    pasts: past.Pasts


@dataclass(frozen=True)
class Code:
    """What is to be shipped. ``mark`` changes when somebody puts other code under the same name.

    ``address`` is the image or the zip; ``sha256`` is the CodeSha256 it will have, where that is known.
    """

    version: str
    address: str
    mark: str
    sha256: str
    made_at: float
    is_built: bool = True


def plan(target: Target, version: str, world: World, person: Person) -> Plan:
    """Plan to deploy a version. Only reads; raises BotErrors.

    A zip takes one round trip, an image three: the function, the image in its repository, what it runs on.
    """
    functions = world.functions
    reads: dict[str, Callable[[], Any]] = {
        "alias": partial(functions.alias, target),
        "live": partial(functions.function, target, target.service.alias),
        "latest": partial(functions.function, target),
        "alarms": partial(world.metrics.alarms, target.account, alarms.names(target)),
    }
    if target.service.artifact:
        reads["archive"] = partial(functions.archive, target, version)
    found: dict[str, Any] = world.gather(reads, seconds=FIRST_SECONDS)
    now = Now(*(target, value(found, "alias")), *(value(found, "live"), value(found, "latest")), past.of(target, world))
    if now.latest.package == "Image":
        code, fits = _image(now, version, world)
        more = (fits,) if fits else ()
    else:
        code, more = _archive(now, version, world, found), ()
    if _runs_already(now, code):
        text = f"{target.label} already runs {past.called(now.live, now.pasts)} with exactly this code."
        return Plan(title=text, answer_text=text)
    return _plan(now, code, world, found["alarms"], more)


def _image(now: Now, version: str, world: World) -> tuple[Code, Check | None]:
    account, repository = now.target.account, images.repository(now.latest.image)
    joint = "@" if version.startswith("sha256:") else ":"
    address = f"{repository}{joint}{version}"
    try:
        image: Image = world.ecs.image(account, address)
    except NotFoundError as error:
        newest = partial(world.ecs.newest_images, account, repository, NEWEST)
        names = [image.tags[0] for image in _or_nothing(newest) if image.tags]
        return _unbuilt(now, version, address, not_found(error, version, names, "Nothing there has a tag.")), None
    found = world.gather({"fits": partial(world.ecs.architectures, account, image)}, seconds=NEXT_SECONDS)
    sha256 = image.digest.removeprefix("sha256:")
    code = Code(version, f"{repository}@{image.digest}", image.digest, sha256, image.pushed_at)
    return code, checks.architecture(found["fits"], now.latest)


def _archive(now: Now, version: str, world: World, found: dict[str, Any]) -> Code:
    if "archive" not in found:
        raise ConflictError(
            f"I do not know where the zips of {now.target.label} lie.",
            hint="Say it under `artifact:` in config/systems, as s3://bucket/path/{version}.zip.",
        )
    try:
        archive: Archive = value(found, "archive")
    except NotFoundError as error:
        names = [each.version for each in _or_nothing(partial(world.functions.archives, now.target))]
        address = now.target.service.artifact.replace("{version}", version)
        return _unbuilt(now, version, address, not_found(error, version, names, "Nothing lies there yet."))
    return Code(version, archive.address, archive.etag, archive.sha256, archive.modified_at)


def _or_nothing(read: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    try:
        return read()
    except BotError:
        return ()


def _unbuilt(now: Now, version: str, address: str, error: NotFoundError) -> Code:
    """A version that is not there can be built where that is configured; else the error stands."""
    if now.target.service.build is None:
        raise error
    return Code(version, address, "", "", 0.0, is_built=False)


def _runs_already(now: Now, code: Code) -> bool:
    same = bool(code.sha256) and code.sha256 == now.live.sha256
    return same and not now.alias.weights and not past.differences(now.live, now.latest)


def _plan(now: Now, code: Code, world: World, readings: Any, more: tuple[Check, ...]) -> Plan:
    target, alias = now.target, now.alias
    hindrance = checks.can_share(alias, now.live, now.latest)
    steps = () if hindrance else target.service.canary
    is_image = now.latest.package == "Image"
    return Plan(
        title=f"Deploy {target.label} → {code.version}",
        strategy=STRATEGY,
        changes=_changes(now, code),
        details=(*_from_to(now, code, world), *_road(now, steps), *_verified(target)),
        checks=(
            _there(now, code, world.clock.now()),
            *more,
            checks.not_updating(now.latest),
            checks.weights(alias, now.pasts),
            alarms.quiet_before(readings, target),
            *checks.canary(target.service.canary, hindrance),
        ),
        warnings=(
            f"Whoever calls {target.service.function} without :{alias.name} gets {past.LATEST}: the new code at once, "
            "without a canary, and no rollback takes it back from them.",
        ),
        facts={
            "version": code.version,
            "image": code.address if is_image else "",
            "artifact": "" if is_image else code.address,
            "sha256": code.sha256,
            **({} if code.is_built or target.service.build is None else builds.facts(target.service.build)),
            "alias_revision": alias.revision,
            "function_revision": now.latest.revision,
            "from_version": alias.version,
            "from_name": past.name(now.live, now.pasts),
            "canary": list(steps),
            "canary_wait": target.service.canary_wait,
            "red": list(alarms.red(readings)),
        },
        basis={
            "alias": alias.version,
            "alias revision": alias.revision,
            "function revision": now.latest.revision,
            "code": code.mark,
        },
    )


def _changes(now: Now, code: Code) -> tuple[Change, ...]:
    after = short(code.sha256) or f"that of {code.address}"
    build = now.target.service.build
    return (
        *(() if code.is_built or build is None else (builds.change(build, code.version),)),
        Change(what="Version", before=past.name(now.live, now.pasts) or "unknown", after=code.version),
        Change(what="Function version", before=now.alias.version, after="a new one"),
        Change(what="Code", before=short(now.live.sha256), after=after),
    )


def short(sha256: str) -> str:
    """The beginning of a CodeSha256, enough to tell two apart."""
    return sha256[:12]


def _there(now: Now, code: Code, at: float) -> Check:
    build = now.target.service.build
    if build is not None and not code.is_built:
        return builds.check(build, code.version)
    return passed("code", f"{code.version} exists, made {ago(at - code.made_at)} ago")


def _from_to(now: Now, code: Code, world: World) -> tuple[str, ...]:
    shipped = past.shipped(now.live, now.pasts, world)
    then = f"made {ago(world.clock.now() - code.made_at)} ago" if code.is_built else "to be built first"
    return (
        f"Now: {past.called(now.live, now.pasts)}, {shipped}",
        f"Then: {code.version}, {then}",
        # A version is published of all that $LATEST has, not of its code alone.
        *(f"Differs: {line}" for line in past.differences(now.live, now.latest)),
    )


def _road(now: Now, steps: tuple[int, ...]) -> tuple[str, ...]:
    if not steps:
        return (f"All calls of {now.alias.name} move at once.",)
    shares = ", then ".join(f"{step} %" for step in steps)
    wait = ago(now.target.service.canary_wait)
    return (
        f"Canary: {shares} of the calls for {wait} each, then all; an alarm that goes off meanwhile sends every call "
        f"back to version {now.alias.version}.",
    )


def _verified(target: Target) -> tuple[str, ...]:
    health = target.service.health
    answers = f", {health.url} answers {health.code}" if health else ""
    only = f"{target.service.alias} has the new version and no other"
    return (f"Verified: {only}{answers}{alarms.afterwards(target)}",)
