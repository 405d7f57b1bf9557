"""Reads a service's logs: FilterLogEvents for what is recent and narrow, Logs Insights for what is wide.

FilterLogEvents finds what was written a second ago and costs nothing, but walks through all there is; Insights scans
in parallel and is paid by what it scans, but has not indexed the last seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.cloud import LogLine
from bot.domain import Account, Target
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.key_lines import without_keys
from bot.ports import World
from bot.search.found import Found, reader
from bot.search.matching import filter_pattern, is_servers
from bot.search.words import LogQuery
from bot.steps.places import known_log_groups, task_streams
from bot.telemetry import LogSearch
from bot.templates import masked_line

KNOWN_SECONDS = 60.0
"""How long it is taken for known where a service logs and when it was shipped: who looks, looks again."""
LONGEST_WALK = 3 * 3600.0
"""Seconds that FilterLogEvents is tried for; what is longer goes to Insights at once."""
WALK_SECONDS = 6.0
"""How long it may take until Insights takes over."""
MOST_LINES = 50_000
MOST_STREAMS = 100
"""Streams that FilterLogEvents takes by their names:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""
MOST_ROWS = 10_000
"""Rows that Insights gives in one page."""
EARLIER_SECONDS = 3600.0
"""How much of the time before a deployment tells what was said then already."""
_OF_A_CLASS = "log class"
"""In what AWS says of operations that a group's class does not know."""
_THROTTLED = "throttl"
TOO_MUCH = "too much for FilterLogEvents in a few seconds"


@dataclass(frozen=True)
class Place:
    """Log groups of one account and region; ``lacking`` says why there may be others.

    ``streams`` are, by group, what stands before a task's id in the names of its streams, where that is known.
    """

    account: Account
    groups: tuple[str, ...]
    lacking: str = ""
    streams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def place(target: Target, world: World, *, age: float = 0.0) -> Place:
    """Where a service logs, as AWS said within ``age`` seconds.

    Raises NotFoundError where that is nowhere known, and what ECS answers.
    """
    groups, lacking = known_log_groups(target, world, age=age)
    return Place(target.account, groups, lacking, task_streams(target, world, age=age))


def existing(where: Place, world: World) -> Place:
    """Only the groups that there are; the others are named in ``lacking``. Raises NotFoundError when there are none."""
    there = {each.name for each in world.log_exports.groups(where.account, where.groups)}
    missing = [group for group in where.groups if group not in there]
    if len(missing) == len(where.groups):
        raise NotFoundError(f"CloudWatch has no log group {' and no '.join(missing)}.")
    said = [where.lacking] if where.lacking else []
    said += [f"CloudWatch has no log group {group}" for group in missing]
    return Place(where.account, tuple(group for group in where.groups if group in there), "; ".join(said))


def is_recent_and_narrow(query: LogQuery, start: float, end: float) -> bool:
    """Whether FilterLogEvents is worth trying."""
    if any(not is_servers(each) for each in query.patterns) or len(query.patterns) > 1:
        return False
    if query.patterns and (query.include or query.fields):
        return False
    return end - start <= LONGEST_WALK


def walk(
    world: World,
    where: Place,
    query: LogQuery,
    *,
    start: float,
    end: float,
    masked: Sequence[str],
    limit: int = MOST_LINES,
    has_ids: bool = False,
) -> Found:
    """What FilterLogEvents finds within its time, newest first. Raises when no group can be read.

    ``has_ids`` is for who looks again, and has to tell lines that come twice from equal ones.

    Not whole, with the reason, when it took too long, when there is too much, when it is throttled, or when it may not
    be asked, as groups of the Infrequent Access class may not
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html).
    """
    deadline = world.clock.now() + WALK_SECONDS
    pattern, each = filter_pattern(query), reader(query, masked)

    def read(group: str, streams: Sequence[str]) -> LogSearch:
        return world.logs.read(
            *(where.account, group, pattern),
            start=start,
            end=end,
            limit=limit,
            deadline=deadline,
            streams=streams,
            each=each,
            has_ids=has_ids,
        )

    def read_of_task(group: str) -> LogSearch:
        streams = _streams(query.task, where, group, world)
        try:
            return read(group, streams)
        except NotFoundError:
            # One of the streams was deleted a moment ago, or the group is not there.
            if not streams:
                raise
            return read(group, ())

    answers = world.gather({group: partial(read_of_task, group) for group in where.groups}, seconds=WALK_SECONDS + 2)
    return _joined(answers, limit)


def _streams(task: str, where: Place, group: str, world: World) -> tuple[str, ...]:
    """The streams of a task, one at least of each container; none where all have to be read to find its lines.

    A task of an older revision may have had other containers.
    """
    named = [
        world.logs.stream_names(where.account, group, f"{begin}{task}")
        for begin in (where.streams.get(group, ()) if task else ())
    ]
    streams = tuple(stream for each in named for stream in each)
    return streams if all(named) and len(streams) <= MOST_STREAMS else ()


def _joined(answers: dict[str, LogSearch | Exception], limit: int) -> Found:
    searches = {group: answer for group, answer in answers.items() if isinstance(answer, LogSearch)}
    errors = {group: answer for group, answer in answers.items() if isinstance(answer, Exception)}
    refused = tuple(group for group, error in errors.items() if is_of_a_class(error))
    late = [group for group, error in errors.items() if _is_late(error)]
    failed = _failed({group: error for group, error in errors.items() if group not in (*refused, *late)})
    if failed and len(failed) == len(answers):
        raise next(iter(errors.values()))
    lines = [line for search in searches.values() for line in search.lines]
    ordered = without_keys(sorted(lines, key=lambda line: line.at) if len(answers) > 1 else lines, masked_line)
    cuts = [search.cut for search in searches.values() if search.cut is not None]
    cuts += [ordered[-limit]] if len(ordered) > limit else []
    reasons = [_why(group, errors[group]) for group in (*refused, *late)]
    reasons += [TOO_MUCH] if len(ordered) > limit or not all(search.is_whole for search in searches.values()) else []
    return Found(
        tuple(ordered[-limit:]),
        not reasons,
        failed,
        why="; ".join(dict.fromkeys(reasons)),
        ids=tuple(f"{group}:{each}" for group, search in searches.items() for each in search.ids),
        cuts=tuple(cuts),
        newest=max((search.newest for search in searches.values()), default=0.0),
        is_slow=bool(late) or any(not search.is_whole and search.cut is None for search in searches.values()),
        refused=refused,
    )


def _failed(errors: Mapping[str, Exception]) -> tuple[str, ...]:
    """Why these groups could not be read. Raises what is no answer to anybody."""
    for error in errors.values():
        if not isinstance(error, BotError):
            raise error
    return tuple(f"{group}: {error.message}" for group, error in errors.items() if isinstance(error, BotError))


def _is_late(error: Exception) -> bool:
    """Out of time, or throttled for too long: Insights may still look."""
    return isinstance(error, TimeoutError) or (isinstance(error, UpstreamError) and error.retryable)


def is_of_a_class(error: Exception) -> bool:
    """Refused by the class of the group: Insights may look."""
    return isinstance(error, UpstreamError) and not error.retryable and _OF_A_CLASS in error.message.lower()


def _why(group: str, error: Exception) -> str:
    if not isinstance(error, UpstreamError):
        return TOO_MUCH
    if _OF_A_CLASS in error.message.lower():
        return f"the log class of {group} is only read by Logs Insights"
    if _THROTTLED in f"{error.code} {error.message}".lower():
        return "FilterLogEvents is throttled by AWS"
    return error.message.removesuffix(".")


def earlier(
    world: World, where: Place, query: LogQuery, deployed: float, masked: Sequence[str]
) -> Sequence[LogLine] | None:
    """What was said in the hour before a deployment; None when that cannot be told."""
    try:
        start = deployed - EARLIER_SECONDS
        found = walk(world, where, query, start=start, end=deployed, masked=masked, limit=MOST_ROWS)
    except BotError:
        return None
    return found.lines if found.is_whole or len(found.lines) >= MOST_ROWS else None
