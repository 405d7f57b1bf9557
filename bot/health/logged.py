"""Error lines of the last half hour: those that ``/logs <service> level error last 30m`` shows, where they are read.

How many is told, and not whether that is many: the alarms know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.cloud import TaskDefinition
from bot.condition import Verdict
from bot.domain import Target
from bot.health.base import Moment, Reads, counted, green, unread
from bot.search.matching import filter_pattern, matcher
from bot.search.reading import is_of_a_class
from bot.search.words import LogQuery
from bot.steps.places import groups_of
from bot.telemetry import LogSearch
from bot.views import blocks as b

MOST_GROUPS = 4
"""Log groups of one account that are read at once: FilterLogEvents takes five calls a second."""
_SECONDS = 1800.0
_SPAN = "30 min"
_PAGE = 10_000
_MORE_SECONDS = 1.0
"""For how long a further page is begun: pages may be empty long before the end, and the calls are everybody's."""
_QUERY = LogQuery(level="ERROR")
_MATCHES = matcher(_QUERY)


@dataclass(frozen=True)
class Logged:
    """What was found in each log group that was read, the groups that were not, and why some are unknown."""

    groups: Mapping[str, LogSearch | Exception] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    lacking: Exception | None = None


def reads(target: Target, definition: str, moment: Moment, most: int) -> Reads:
    """One read for each place of a group in the list of the service's groups, which only the definition ends."""
    return {_name(target, at): partial(_errors, target, definition, at, moment) for at in range(most)}


def _name(target: Target, at: int) -> str:
    return f"errors {target.key} {at}"


def _errors(target: Target, definition: str, at: int, moment: Moment) -> LogSearch | None:
    """None where the service has no such group. Configured ones come first, and need nothing of ECS."""
    world, groups = moment.world, groups_of(target, ())
    if at >= len(groups):
        groups = groups_of(target, world.ecs.task_definition(target.account, definition).containers)
    if at >= len(groups):
        return None
    return world.logs.read(
        *(target.account, groups[at], filter_pattern(_QUERY)),
        start=moment.now - _SECONDS,
        end=moment.now,
        limit=_PAGE,
        deadline=moment.now + _MORE_SECONDS,
        each=lambda line: line if _MATCHES(line) else None,
    )


def joined(
    target: Target, definition: TaskDefinition | Exception, found: Mapping[str, LogSearch | Exception | None], most: int
) -> Logged:
    """The answers of ``reads`` by the names of the groups."""
    lacking = definition if isinstance(definition, Exception) else None
    groups = groups_of(target, () if isinstance(definition, Exception) else definition.containers)
    answers = ((group, found.get(_name(target, at))) for at, group in enumerate(groups[:most]))
    return Logged(
        {group: answer for group, answer in answers if answer is not None},
        groups[most:],
        lacking,
    )


def verdicts(read: Logged) -> list[Verdict]:
    """One count of all groups, which says where it was counted unless that was everywhere."""
    there = {group: answer for group, answer in read.groups.items() if isinstance(answer, LogSearch)}
    errors = {group: answer for group, answer in read.groups.items() if isinstance(answer, Exception)}
    of_a_class = [group for group, error in errors.items() if is_of_a_class(error)]
    said = [unread("log groups", read.lacking)] if read.lacking else []
    said += [unread(f"logs in {b.code(group)}", error) for group, error in errors.items() if group not in of_a_class]
    unknown = [f"{_codes(of_a_class)} is read by Logs Insights only"] if of_a_class else []
    unknown += [f"not counted in {_codes(read.left)}"] if read.left else []
    beside = f" ({', '.join(unknown)})" if unknown else ""
    where = f" in {_codes(list(there))}" if errors or read.left or read.lacking else ""
    total = sum(len(each.lines) for each in there.values())
    if there and not total and not all(each.is_whole for each in there.values()):
        unended = _codes([group for group, each in there.items() if not each.is_whole])
        # A busy group is no trouble, and would otherwise never be green.
        return [*said, green(f"no error line so far, but {unended} could not be read to the end in time{beside}")]
    if there:
        more = "" if all(each.is_whole for each in there.values()) else "at least "
        return [*said, green(f"{more}{counted(total, 'error line')} in {_SPAN}{where}{beside}")]
    return [*said, green(f"error lines {beside.strip(' ()')}")] if beside else said


def _codes(groups: Sequence[str]) -> str:
    return ", ".join(b.code(group) for group in groups)
