"""The plan of an export: which log groups, which range, which bucket, and what speaks against it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html: log data may take up to 12 hours until it can be
exported, only groups of the Standard class can, and what is exported is all they hold of the range, as it was logged.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bot.command import Change, Check, CheckStatus, Override, Plan
from bot.domain import Person
from bot.errors import BotError, NotFoundError, UsageError
from bot.ports import World
from bot.search.asked import Asked
from bot.telemetry import ExportTask, LogGroup
from bot.window import Window, shown

STRATEGY = "export"
READ_SECONDS = 8.0
DEFAULT_SECONDS = 86_400.0
RECENT_SECONDS = 300.0
"""What was logged since then is left out: it is still on its way."""
LATE_SECONDS = 12 * 3600.0
"""How long log data may take, by AWS's document, until it can be exported."""
STANDARD = "STANDARD"
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def planned(asked: Asked, world: World, person: Person) -> Plan:
    """What would be exported, and where to. Only reads. Raises UsageError, NotFoundError, and what AWS answers."""
    query, target = asked.query, asked.target
    if query.is_narrow or query.grouped:
        raise UsageError(
            "An export takes all that was logged: CloudWatch looks for nothing in it.",
            hint="Leave out the words and say only a time, as in: export yesterday.",
        )
    if not asked.settings.export:
        hint = "Whoever keeps the system's file names one: logs: {export: s3://bucket/prefix}."
        raise NotFoundError(f"{target.system} has no bucket for exports.", hint=hint)
    now = world.clock.now()
    bucket, prefix = destination(asked.settings.export, target.environment, target.name)
    window, said = _window(asked, person, now)
    reads: dict[str, Any] = {
        "groups": partial(world.log_exports.groups, asked.where.account, asked.where.groups),
        "region": partial(world.log_exports.bucket_region, asked.where.account, bucket),
        "active": partial(world.log_exports.active, asked.where.account),
    }
    found = world.gather(reads, seconds=READ_SECONDS)
    groups = found["groups"] if isinstance(found["groups"], tuple) else ()
    place = f"s3://{bucket}/{prefix}/"
    return Plan(
        title=f"Export logs of {target.label}: {said}",
        strategy=STRATEGY,
        beside=True,
        changes=tuple(Change(what=name, before="in CloudWatch", after=place) for name in asked.where.groups),
        details=_details(window, groups, asked.masked),
        checks=(
            _groups_check(asked, found["groups"], window),
            _bucket_check(bucket, found["region"], asked.where.account.region),
            _age_check(window, now),
            _active_check(found["active"]),
        ),
        facts={
            "groups": list(asked.where.groups),
            "bucket": bucket,
            "prefix": prefix,
            "start": window.start,
            "end": window.end,
            "window": shown(window),
            "region": asked.where.account.region,
        },
    )


def destination(address: str, environment: str, service: str) -> tuple[str, str]:
    """The bucket of ``s3://bucket/prefix``, and what the keys of a service's exports begin with."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return bucket, "/".join(part for part in (prefix.strip("/"), environment, service) if part)


def _window(asked: Asked, person: Person, now: float) -> tuple[Window, str]:
    """The range, and how the plan's title says it: one that ends with the clock moves until it is confirmed."""
    window, latest = asked.window, now - RECENT_SECONDS
    if not window.said and not person.about:
        window = replace(window, start=now - DEFAULT_SECONDS, said="last 24h")
    if window.start >= latest:
        raise UsageError(
            "That is too new to be exported: what was logged in the last 5 minutes is still on its way.",
            hint="Look at it without export, or say an earlier time.",
        )
    if window.end <= latest:
        return window, shown(window)
    said = window.said or "the time of the incident"
    return replace(window, end=latest), f"{said} less the newest 5 minutes, reckoned when it begins"


def _details(window: Window, groups: tuple[LogGroup, ...], masked: tuple[str, ...]) -> tuple[str, ...]:
    lines = [f"Everything logged in {shown(window)}, as gzipped text, each log group after the other."]
    lines += [f"{each.name} keeps {_size(each.kept_bytes)} in all." for each in groups]
    lines.append("It is exported as it was logged: nothing is masked, and who may read the bucket may read it.")
    if masked:
        lines.append(f"You see {', '.join(masked)} masked here; in the bucket they are not.")
    return tuple(lines)


def _size(count: int) -> str:
    least, unit = next((each for each in _UNITS if count >= each[0]), (1, "bytes"))
    return f"{count / least:,.3g} {unit}"


def _groups_check(asked: Asked, found: tuple[LogGroup, ...] | Exception, window: Window) -> Check:
    if isinstance(found, Exception):
        return _unknown("log groups", found)
    known = {each.name: each for each in found}
    wrong = [f"{name} does not exist" for name in asked.where.groups if name not in known]
    wrong += [
        f"{each.name} is of the class {each.log_class}, and only STANDARD can be exported"
        for each in found
        if each.log_class != STANDARD
    ]
    wrong += [f"{each.name} was made only after that time" for each in found if each.made_at > window.end]
    if wrong:
        return _forbidden("log groups", "; ".join(wrong))
    return Check(name="log groups", status=CheckStatus.PASSED, detail=f"{len(found)}, of the Standard class")


def _bucket_check(bucket: str, found: str | Exception, region: str) -> Check:
    if isinstance(found, NotFoundError):
        return _forbidden("bucket", f"there is no bucket {bucket}")
    if isinstance(found, Exception):
        return _unknown("bucket", found)
    if found != region:
        return _forbidden("bucket", f"{bucket} lies in {found}, and the logs in {region}: it must be the same region")
    return Check(name="bucket", status=CheckStatus.PASSED, detail=f"{bucket} in {region}")


def _age_check(window: Window, now: float) -> Check:
    if now - window.end >= LATE_SECONDS:
        return Check(name="age", status=CheckStatus.PASSED, detail="all of it is older than 12 hours")
    detail = "by AWS's document it takes up to 12 hours until log data can be exported: the newest may be missing"
    return Check(name="age", status=CheckStatus.WARNED, detail=detail)


def _active_check(found: tuple[ExportTask, ...] | Exception) -> Check:
    if isinstance(found, Exception):
        return _unknown("other exports", found)
    if not found:
        return Check(name="other exports", status=CheckStatus.PASSED, detail="none is under way")
    ahead = ", ".join(f"{each.group} ({each.status})" for each in found)
    detail = f"AWS runs one at a time in an account, and another is under way: {ahead}. This one waits for its end"
    return Check(name="other exports", status=CheckStatus.WARNED, detail=detail)


def _forbidden(name: str, detail: str) -> Check:
    return Check(name=name, status=CheckStatus.BLOCKING, detail=detail, override=Override.NEVER)


def _unknown(name: str, error: Exception) -> Check:
    if not isinstance(error, BotError | TimeoutError):
        raise error
    detail = error.message if isinstance(error, BotError) else "AWS did not answer in time"
    return Check(name=name, status=CheckStatus.UNKNOWN, detail=detail)
