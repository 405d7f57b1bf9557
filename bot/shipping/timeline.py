"""What ran in an ECS service and when, by ECS's own history, and what is known to be bad. Pure.

``revision - 1`` is never asked: between two revisions of a family others may have been registered and never run, and
a family may belong to two services.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.cloud import Container
from bot.rollouts import ServiceDeployment, ServiceRevision
from bot.shipping import images

Fingerprint = tuple[str, tuple[str, ...]]

SOAK_SECONDS = 600.0
"""So long a version must have been in service before it may be gone back to without asking."""


@dataclass(frozen=True)
class Ran:
    """A version that was in service from ``since`` to ``until``; the newest has no end and ``until`` 0."""

    revision: ServiceRevision
    fingerprint: Fingerprint
    since: float
    until: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """A version that could be gone back to.

    ``ran`` is how long it was in service at a stretch, ``at`` when it was last. ``bad`` says why not to; ``red`` are
    alarms that went off in its first ten minutes, None when nobody can tell. ``same`` says that its images are the
    very ones that run now, so that going back to it would change no code. ``proved`` says that this bot watched its
    soak, as long as it is configured, and counted it as good.
    """

    revision: ServiceRevision
    ran: float
    at: float
    bad: str = ""
    red: tuple[str, ...] | None = None
    same: bool = False
    proved: bool = False

    @property
    def arn(self) -> str:
        """Its task definition."""
        return self.revision.task_definition

    @property
    def soaked(self) -> bool:
        """Whether it was in service long enough to have shown what it is worth."""
        return self.proved or self.ran >= SOAK_SECONDS

    @property
    def is_good(self) -> bool:
        """Whether it may be chosen without asking."""
        return not self.bad and self.soaked and not self.red and not self.same


@dataclass(frozen=True)
class Fired:
    """When which alarms of the service went off, as ``(at, name)``, since when that is known."""

    since: float
    alarms: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Known:
    """What the bot's own ledger adds, by task definition ARN.

    ``bad`` says why, ``good`` holds those whose soak was quiet, ``red`` those whose soak was not, and ``copies`` names
    what a revision is a copy of.
    """

    bad: Mapping[str, str]
    good: frozenset[str]
    red: frozenset[str]
    copies: Mapping[str, str]


def fingerprint(revision: ServiceRevision, copies: Mapping[str, str]) -> Fingerprint:
    """What makes two service revisions the same program with the same settings: a restart is no new version."""
    definition = revision.task_definition
    pins = tuple(sorted(f"{name}={images.digest(image) or image}" for name, image in _images(revision)))
    return copies.get(definition, definition), pins


def program(mark: Fingerprint) -> Fingerprint:
    """What makes two fingerprints the same code: all digests where they are known, whoever registered it how often."""
    pins = mark[1]
    return ("", pins) if pins and all("=sha256:" in each for each in pins) else mark


def _images(revision: ServiceRevision) -> Iterable[tuple[str, str]]:
    for each in revision.images:
        name, _, image = each.partition("=")
        yield name, image


def timeline(records: Sequence[ServiceDeployment], copies: Mapping[str, str]) -> tuple[Ran, ...]:
    """What ran, oldest first, one entry for as long as the same ran.

    After a success that is its target, after a rollback what ECS went back to; a stopped deployment tells nothing.
    """
    ran: list[Ran] = []
    for record in sorted(records, key=lambda each: each.finished_at or each.created_at):
        came = _came(record)
        if came is None:
            continue
        mark = fingerprint(came, copies)
        if ran and ran[-1].fingerprint == mark:
            continue
        if ran:
            ran[-1] = replace(ran[-1], until=record.created_at)
        ran.append(Ran(came, mark, since=record.finished_at or record.created_at))
    return tuple(ran)


def _came(record: ServiceDeployment) -> ServiceRevision | None:
    if record.status == "SUCCESSFUL":
        return _target(record)
    return record.back if record.status == "ROLLBACK_SUCCESSFUL" else None


def written(revision: ServiceRevision, containers: Iterable[Container]) -> ServiceRevision:
    """A revision with the images its task definition writes, where ECS did not tell which ran."""
    return revision if revision.images else replace(revision, images=tuple(f"{c.name}={c.image}" for c in containers))


def served(records: Sequence[ServiceDeployment]) -> dict[str, ServiceRevision]:
    """Every revision that was in service by ECS's history, by the ARN of its task definition, as it was last.

    Those are the targets of successes, what ECS went back to, and what served when a deployment began.
    """
    found: dict[str, ServiceRevision] = {}
    for record in sorted(records, key=lambda each: each.finished_at or each.created_at, reverse=True):
        for each in (_came(record), *record.sources[:1]):
            if each is not None:
                found.setdefault(each.task_definition, each)
    return found


def _target(record: ServiceDeployment) -> ServiceRevision:
    bare = ServiceRevision(record.task_definition, record.task_definition, record.created_at, record.images)
    return record.target or bare


def bad_ones(records: Sequence[ServiceDeployment], ran: Sequence[Ran], known: Known) -> dict[Fingerprint, str]:
    """Versions not to go back to, and why: ECS or a person went back from them."""
    bad: dict[Fingerprint, str] = {}
    won = {fingerprint(_target(each), known.copies) for each in records if each.status == "SUCCESSFUL"}
    proved = _proved(records, ran, known)
    for record in records:
        mark = fingerprint(_target(record), known.copies)
        if record.status.startswith("ROLLBACK") and record.created_at >= proved.get(mark, 0.0):
            bad[mark] = "ECS rolled it back" + (f": {record.reason}" if record.reason else "")
        # A restart of a good version that the next deployment pushed aside says nothing against the version.
        elif record.status == "STOPPED" and mark not in won:
            bad.setdefault(mark, "its deployment was stopped")
    for mark in _gone_back_from(ran):
        bad.setdefault(mark, "somebody went back from it")
    for each in ran:
        reason = known.bad.get(each.revision.task_definition)
        if reason:
            bad.setdefault(each.fingerprint, reason)
    return bad


def _proved(records: Sequence[ServiceDeployment], ran: Sequence[Ran], known: Known) -> dict[Fingerprint, float]:
    """When a version last was rolled out and then stayed for its soak: what failed before may have been elsewhere."""
    proved: dict[Fingerprint, float] = {}
    for record in records:
        mark, at = fingerprint(_target(record), known.copies), record.finished_at or record.created_at
        if record.status == "SUCCESSFUL" and any(
            each.fingerprint == mark and each.since <= at and _stayed(each, at) for each in ran
        ):
            proved[mark] = max(at, proved.get(mark, 0.0))
    return proved


def _stayed(ran: Ran, at: float) -> bool:
    """Whether it was in service for a soak after that moment; what runs now has not ended."""
    return not ran.until or ran.until - at >= SOAK_SECONDS


def _gone_back_from(ran: Sequence[Ran]) -> set[Fingerprint]:
    """Versions that one that ran before them came back after, unless they came again themselves and stayed."""
    found: set[Fingerprint] = set()
    programs = [program(each.fingerprint) for each in ran]
    for index, each in enumerate(ran):
        left = programs[index - 1] if index else programs[index]
        by_code = left != programs[index] and programs[index] in programs[:index]
        if not by_code and not any(other.fingerprint == each.fingerprint for other in ran[: max(index - 1, 0)]):
            continue
        again = ran[index + 1 :]
        # Between two revisions of the same code the settings are what somebody went back from.
        gone = [other.fingerprint for other in ran[:index] if by_code and program(other.fingerprint) == left]
        for mark in gone or [ran[index - 1].fingerprint]:
            came = (
                other
                for other in again
                if (program(other.fingerprint) == left if by_code else other.fingerprint == mark)
            )
            if not any(_stayed(other, other.since) for other in came):
                found.add(mark)
    return found


def candidates(
    ran: Sequence[Ran],
    bad: Mapping[Fingerprint, str],
    current: Fingerprint,
    known: Known,
    fired: Fired | None,
    now: float,
) -> tuple[Candidate, ...]:
    """Versions other than the current one, the last that ran first.

    ``fired`` is None where what alarms did could not be read.
    """
    found: dict[Fingerprint, Candidate] = {}
    for each in reversed(ran):
        if each.fingerprint == current:
            continue
        until = each.until or now
        candidate = Candidate(
            revision=each.revision,
            ran=until - each.since,
            at=until,
            bad=bad.get(each.fingerprint, ""),
            red=_red(each, known, fired),
            same=program(each.fingerprint) == program(current),
            proved=each.revision.task_definition in known.good,
        )
        newer = found.get(each.fingerprint)
        if newer is None:
            found[each.fingerprint] = candidate
        elif candidate.ran > newer.ran:
            found[each.fingerprint] = replace(newer, ran=candidate.ran, red=candidate.red)
    return tuple(found.values())


def _red(ran: Ran, known: Known, fired: Fired | None) -> tuple[str, ...] | None:
    definition = ran.revision.task_definition
    if definition in known.red:
        return ("an alarm of the service",)
    if definition in known.good:
        return ()
    if fired is None or ran.since < fired.since:
        return None
    ends = ran.since + SOAK_SECONDS
    return tuple(dict.fromkeys(name for at, name in fired.alarms if ran.since <= at <= ends))


def best(found: Sequence[Candidate]) -> Candidate | None:
    """The newest good one; else the newest that nothing speaks against but that it never soaked; else None."""
    good = next((each for each in found if each.is_good), None)
    return good or next((each for each in found if not (each.bad or each.red or each.same)), None)
