"""Fakes of the ports of shipping besides ECS: dictionaries that a test fills; ``writes`` changed something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.cloud import EcsService
from bot.domain import Account, Build, Target
from bot.errors import ConflictError, NotFoundError
from bot.holds import Hold
from bot.shipping_cloud import (
    Archive,
    BuildStatus,
    CodeDeployment,
    Distribution,
    Function,
    FunctionAlias,
    ObjectVersion,
    Release,
    ScalableTarget,
    Scaling,
    ScalingActivity,
    SiteObject,
)
from bot.telemetry import Concurrency
from tests.fakes import NOON, Failures, FakeClock


class FakeCodeDeploy:
    """CodeDeploy deployments by id; ``create`` begins one that a test moves on by hand."""

    def __init__(self) -> None:
        self.groups: dict[str, tuple[str, str]] = {}
        self.deployments: dict[str, CodeDeployment] = {}
        self.writes: list[str] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def group(self, target: Target, service: EcsService) -> tuple[str, str]:
        self.failures.take("group")
        if target.key not in self.groups:
            raise NotFoundError(f"No CodeDeploy deployment group is known for {target.label}.")
        return self.groups[target.key]

    def create(
        self, target: Target, group: tuple[str, str], service: EcsService, task_definition: str, description: str
    ) -> str:
        self.failures.take("create")
        name = f"d-{len(self.deployments) + 1}"
        self.writes.append(f"create {name} {task_definition}")
        self.deployments[name] = CodeDeployment(
            *(name, *group, "InProgress", NOON, 0.0, description), task_definition=task_definition
        )
        self.lost_answers.take("create")
        return name

    def deployment(self, account: Account, deployment: str) -> CodeDeployment:
        self.failures.take("deployment")
        if deployment not in self.deployments:
            raise NotFoundError(f"CodeDeploy has no deployment {deployment}.")
        return self.deployments[deployment]

    def recent(self, account: Account, group: tuple[str, str], *, since: float) -> tuple[CodeDeployment, ...]:
        self.failures.take("recent")
        return tuple(reversed([each for each in self.deployments.values() if each.created_at >= since]))

    def stop(self, account: Account, deployment: str) -> None:
        self.failures.take("stop")
        self.writes.append(f"stop {deployment}")
        self.move(deployment, "Stopped")

    def proceed(self, account: Account, deployment: str) -> None:
        self.failures.take("proceed")
        self.writes.append(f"proceed {deployment}")

    def move(self, deployment: str, status: str, **changes: str) -> None:
        self.deployments[deployment] = replace(self.deployments[deployment], status=status, **changes)  # type: ignore[arg-type]


class FakeScalings:
    """Auto Scaling by target key; without an entry nothing changes the number by itself."""

    def __init__(self) -> None:
        self.known: dict[str, Scaling] = {}
        self.log: tuple[ScalingActivity, ...] = ()
        self.writes: list[str] = []
        self.failures = Failures()

    def scaling(self, target: Target) -> Scaling:
        self.failures.take("scaling")
        return self.known.get(target.key, Scaling())

    def set_bounds(self, target: Target, minimum: int, maximum: int) -> None:
        self.failures.take("set_bounds")
        self.writes.append(f"bounds {minimum} {maximum}")
        self._change(target, minimum=minimum, maximum=maximum)

    def suspend(self, target: Target, *, scale_in: bool, scale_out: bool, scheduled: bool) -> None:
        self.failures.take("suspend")
        self.writes.append(f"suspend {scale_in} {scale_out} {scheduled}")
        self._change(target, suspended_in=scale_in, suspended_out=scale_out, suspended_scheduled=scheduled)

    def activities(self, target: Target, *, since: float) -> tuple[ScalingActivity, ...]:
        return self.log

    def _change(self, target: Target, **changes: int) -> None:
        known = self.known[target.key]
        bounds = known.bounds or ScalableTarget(1, 1)
        self.known[target.key] = replace(known, bounds=replace(bounds, **changes))  # type: ignore[arg-type]


class FakeFunctions:
    """One Lambda function: ``$LATEST``, its versions and its alias."""

    def __init__(self) -> None:
        self.found: dict[str, Function] = {}
        self.zips: dict[str, Archive] = {}
        self.pointer = FunctionAlias("live", "1", "r1")
        self.limits = Concurrency(None, 1000, 1000)
        self.writes: list[str] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def function(self, target: Target, version: str = "$LATEST", *, age: float = 0.0) -> Function:
        self.failures.take("function")
        version = self.pointer.version if version == self.pointer.name else version
        if version not in self.found:
            raise NotFoundError(f"Lambda has no version {version} of {target.service.function}.")
        return self.found[version]

    def concurrency(self, target: Target) -> Concurrency:
        self.failures.take("concurrency")
        return self.limits

    def alias(self, target: Target) -> FunctionAlias:
        self.failures.take("alias")
        return self.pointer

    def versions(self, target: Target) -> tuple[Function, ...]:
        self.failures.take("versions")
        numbered = [each for each in self.found.values() if each.version != "$LATEST"]
        return tuple(sorted(numbered, key=lambda each: -int(each.version)))

    def archive(self, target: Target, version: str) -> Archive:
        self.failures.take("archive")
        if version not in self.zips:
            raise NotFoundError(f"There is no {target.service.artifact.format(version=version)}.")
        return self.zips[version]

    def archives(self, target: Target) -> tuple[Archive, ...]:
        self.failures.take("archives")
        return tuple(sorted(self.zips.values(), key=lambda each: -each.modified_at))

    def sha256(self, account: Account, address: str) -> str:
        self.failures.take("sha256")
        return f"sha of {address}"

    def update_code(self, target: Target, *, image: str = "", artifact: str = "", revision: str = "") -> Function:
        self.failures.take("update_code")
        latest = self.found["$LATEST"]
        if revision and revision != latest.revision:
            raise ConflictError("Somebody else changed the function.")
        self.writes.append(f"code {image or artifact}")
        self.found["$LATEST"] = replace(
            *(latest,), image=image, sha256=f"sha of {image or artifact}", revision=f"{latest.revision}+"
        )
        self.lost_answers.take("update_code")
        return self.found["$LATEST"]

    def publish(self, target: Target, *, sha256: str, description: str) -> Function:
        self.failures.take("publish")
        newest = self.versions(target)[0]
        if sha256 != self.found["$LATEST"].sha256:
            raise ConflictError("$LATEST has other code by now.")
        if newest.sha256 == sha256:
            return newest
        number = str(int(newest.version) + 1)
        self.writes.append(f"publish {number}")
        self.found[number] = replace(self.found["$LATEST"], version=number, description=description)
        self.lost_answers.take("publish")
        return self.found[number]

    def move_alias(
        self, target: Target, version: str, weights: Mapping[str, float], *, revision: str = ""
    ) -> FunctionAlias:
        self.failures.take("move_alias")
        if revision and revision != self.pointer.revision:
            raise ConflictError("Somebody else moved the alias.")
        self.writes.append(f"alias {version} {dict(weights)}")
        self.pointer = replace(
            *(self.pointer,), version=version, weights=dict(weights), revision=f"{self.pointer.revision}+"
        )
        self.lost_answers.take("move_alias")
        return self.pointer


class FakeSites:
    """Artifacts by address, and one versioned bucket of object versions."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.artifacts: dict[str, tuple[SiteObject, ...]] = {}
        self.offered: tuple[Release, ...] = ()
        self.kept: list[ObjectVersion] = []
        self.headers: dict[str, str] = {}
        self.keeps_versions = True
        self.status = "Completed"
        self.front = Distribution("E1", enabled=True)
        self.invalidations: dict[str, tuple[str, ...]] = {}
        self.writes: list[str] = []
        self.failures = Failures()
        self.lost_answers = Failures()

    def artifact(self, account: Account, address: str) -> tuple[SiteObject, ...]:
        self.failures.take("artifact")
        return self.artifacts.get(address, ())

    def releases(self, account: Account, address: str) -> tuple[Release, ...]:
        self.failures.take("releases")
        return self.offered

    def objects(self, target: Target) -> tuple[SiteObject, ...]:
        self.failures.take("objects")
        now = [each for each in self.kept if each.is_latest and not each.deleted]
        return tuple(SiteObject(each.key, 1, each.etag, each.modified_at) for each in now)

    def versioned(self, target: Target) -> bool:
        self.failures.take("versioned")
        return self.keeps_versions

    def versions(self, target: Target, keys: Collection[str]) -> tuple[ObjectVersion, ...]:
        self.failures.take("versions")
        mine = [each for each in self.kept if each.key in set(keys)]
        mine.reverse()
        return tuple(sorted(mine, key=lambda each: each.key))

    def copy(self, target: Target, address: str, keys: Sequence[str], cache_control: str) -> Mapping[str, str]:
        self.failures.take("copy")
        self.writes.append(f"copy {', '.join(keys)} ({cache_control})")
        source = {each.key: each.etag for each in self.artifacts[address]}
        made = {key: self.put(key, source[key], cache_control) for key in keys}
        self.lost_answers.take("copy")
        return made

    def restore(self, target: Target, versions: Mapping[str, str]) -> Mapping[str, str]:
        self.failures.take("restore")
        self.writes.append(f"restore {dict(versions)}")
        old = {(each.key, each.version): each.etag for each in self.kept}
        made = {key: self.put(key, old[key, name], self.headers[name]) for key, name in versions.items()}
        self.lost_answers.take("restore")
        return made

    def remove(self, target: Target, keys: Sequence[str]) -> None:
        self.failures.take("remove")
        self.writes.append(f"remove {', '.join(keys)}")
        for key in keys:
            self.put(key, "", "", deleted=True)
        self.lost_answers.take("remove")

    def distribution(self, target: Target) -> Distribution:
        self.failures.take("distribution")
        return self.front

    def invalidate(self, target: Target, reference: str, paths: Sequence[str]) -> str:
        self.failures.take("invalidate")
        self.invalidations[reference] = tuple(paths)
        self.lost_answers.take("invalidate")
        return f"I-{reference}"

    def invalidation(self, target: Target, invalidation: str) -> str:
        self.failures.take("invalidation")
        return self.status

    def put(self, key: str, etag: str, cache_control: str, *, deleted: bool = False) -> str:
        """A new current version of an object; returns its version id."""
        name = f"v{len(self.kept) + 1}"
        self.kept = [replace(each, is_latest=False) if each.key == key else each for each in self.kept]
        self.kept.append(ObjectVersion(key, name, etag, self.clock.now(), is_latest=True, deleted=deleted))
        self.headers[name] = cache_control
        return name


class FakeBuilds:
    """Builds by id; a test moves them on by hand."""

    def __init__(self) -> None:
        self.states: dict[str, BuildStatus] = {}
        self.keys: dict[str, str] = {}
        self.failures = Failures()
        self.lost_answers = Failures()

    def start(self, target: Target, build: Build, version: str, key: str) -> str:
        self.failures.take("start")
        name = f"build-{len(self.states) + 1}"
        self.keys[key] = name
        self.states[name] = BuildStatus(name, "running", f"building {version}")
        self.lost_answers.take("start")
        return name

    def find(self, target: Target, build: Build, version: str, key: str, *, since: float) -> str | None:
        return self.keys.get(key)

    def status(self, target: Target, build: Build, build_id: str) -> BuildStatus:
        self.failures.take("status")
        return self.states[build_id]


class FakeNeeds:
    """Everything exists unless it is listed in ``absent``."""

    def __init__(self) -> None:
        self.absent: set[str] = set()
        self.failures = Failures()

    def secret(self, account: Account, reference: str) -> bool:
        self.failures.take("secret")
        return reference not in self.absent

    def role(self, account: Account, arn: str) -> bool:
        self.failures.take("role")
        return arn not in self.absent

    def log_group(self, account: Account, name: str) -> bool:
        self.failures.take("log_group")
        return name not in self.absent


class FakeHolds:
    """Holds that a test sets; all are by hand."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    def on(self, target: Target, now: float) -> tuple[Hold, ...]:
        return tuple(hold for hold in self.by_hand(now) if hold.covers(target.key))

    def by_hand(self, now: float) -> tuple[Hold, ...]:
        return tuple(hold for hold in self.holds if hold.since <= now and (not hold.until or now < hold.until))

    def add(self, hold: Hold) -> None:
        if all(known.id != hold.id for known in self.holds):
            self.holds.append(hold)

    def lift(self, hold_id: str, by: str, now: float, *, channel: str = "") -> bool:
        before = len(self.holds)
        self.holds = [hold for hold in self.holds if hold.id != hold_id]
        return len(self.holds) < before
