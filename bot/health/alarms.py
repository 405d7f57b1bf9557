"""Alarms: what is in ALARM, and who has its incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.catalog import alarm_accounts
from bot.condition import Verdict
from bot.domain import Account, AlarmState, ServiceAlarm, Severity, Target
from bot.health.base import Found, Moment, Reads, amber, counted, green, name_of, red, unread
from bot.live_alarms import Live, alarm_name, unlisted
from bot.silence import LiveIncident, LiveMember, Silence, covering
from bot.views import blocks as b
from bot.views.live_incident import who_has

URGENT = (Severity.CRITICAL, Severity.HIGH)
"""Severities whose alarms are red; what can wait is amber."""
_LINKS = 10
_LIVE, _SILENCES = "incidents", "silences"


@dataclass(frozen=True)
class _Live:
    """Incidents that are not over, the addresses of their threads, and their alarms that no service lists."""

    incidents: tuple[LiveIncident, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    unlisted: tuple[Live, ...] = ()


def reads(targets: Sequence[Target], moment: Moment) -> Reads:
    """DescribeAlarms by names, once for each account; incidents and silences are in the store."""
    names: dict[Account, set[str]] = {}
    for target in targets:
        for account in alarm_accounts(target) if target.service.alarms else ():
            names.setdefault(account, set()).update(alarm.name for alarm in target.service.alarms)
    ask = moment.world.metrics.alarms
    found = Reads({_name(account): partial(ask, account, sorted(mine)) for account, mine in names.items()})
    found[_LIVE] = partial(_live, targets, moment)
    found[_SILENCES] = moment.world.silences.standing
    return found


def _live(targets: Sequence[Target], moment: Moment) -> _Live:
    world, keys = moment.world, {target.key for target in targets}
    incidents = world.recent.live_incidents()
    mine = [each for each in incidents if any(member.target in keys for member in each.members) and each.ts]
    links = {each.id: partial(world.chat.permalink, each.channel, each.ts) for each in mine[:_LINKS]}
    found = world.gather(links, seconds=moment.left)
    odd = [live for live in unlisted(incidents, targets, world, whole=False, channel="") if live[1].target in keys]
    return _Live(incidents, {each: link for each, link in found.items() if isinstance(link, str)}, tuple(odd))


def verdicts(target: Target, found: Found, now: float) -> list[Verdict]:
    """What is in ALARM one by one, what is not known together, and how many are quiet."""
    live, silences = found[_LIVE], found[_SILENCES]
    said = [unread(what, read) for what, read in ((_LIVE, live), (_SILENCES, silences)) if isinstance(read, Exception)]
    live = _Live() if isinstance(live, Exception) else live
    silences = () if isinstance(silences, Exception) else silences
    parts = [found[_name(account)] for account in alarm_accounts(target)] if target.service.alarms else []
    failed = [part for part in parts if isinstance(part, Exception)]
    known = {each.name: each for part in parts if not isinstance(part, Exception) for each in part}
    mine = [(alarm, known[alarm.name]) for alarm in target.service.alarms if alarm.name in known]
    for alarm, read in mine:
        if read.state == AlarmState.ALARM:
            at = (read.name, read.arn, read.updated_at)
            said.append(_in_alarm(target, alarm.severity, at, live, silences, now))
    for alarm, member in _remembered(target, live):
        if alarm.name not in known:
            at = (alarm.name, member.arn, member.at)
            said.append(_in_alarm(target, alarm.severity, at, live, silences, now))
    said += [_unlisted(incident, member.name, live, now - member.at) for incident, member in _of(target, live)]
    blind = [read.name for _, read in mine if read.state == AlarmState.INSUFFICIENT_DATA]
    missing = [alarm.name for alarm in target.service.alarms if alarm.name not in known]
    said += [_together("without data", blind)] if blind else []
    if missing:
        said.append(unread("alarms", failed[0]) if failed else _together("not in CloudWatch", missing))
    quiet = sum(read.state == AlarmState.OK for _, read in mine)
    return [*said, green(f"{counted(quiet, 'alarm')} quiet")] if quiet else said


def _remembered(target: Target, live: _Live) -> list[tuple[ServiceAlarm, LiveMember]]:
    """Alarms the service lists that are red in an incident: what the bot knows where CloudWatch tells nothing."""
    red = {
        alarm_name(member): member
        for incident in live.incidents
        for member in incident.members
        if member.target == target.key and member.state is AlarmState.ALARM
    }
    return [(alarm, red[alarm.name]) for alarm in target.service.alarms if alarm.name in red]


def _in_alarm(
    target: Target,
    severity: Severity,
    alarm: tuple[str, str, float],
    live: _Live,
    silences: Sequence[Silence],
    now: float,
) -> Verdict:
    """``alarm`` is its name, its ARN, and since when it is in ALARM."""
    name, arn, since = alarm
    head = f"alarm {b.code(name)} for {b.ago(now - since)}"
    silence = covering(silences, name, arn, target.key)
    if silence is not None:
        return amber(f"{head}, silent until {b.when(silence.until)}")
    of = (each for each in live.incidents if any(member.arn == arn for member in each.members))
    incident = next(of, None)
    who = who_has(incident, live.links.get(incident.id, "")) if incident else "no incident is open"
    return (red if severity in URGENT else amber)(f"{head} ({severity}) · {who}")


def _unlisted(incident: LiveIncident, name: str, live: _Live, age: float) -> Verdict:
    who = who_has(incident, live.links.get(incident.id, ""))
    return amber(f"alarm {b.code(name)} for {b.ago(age)}, which no service lists · {who}")


def _of(target: Target, live: _Live) -> list[Live]:
    return [each for each in live.unlisted if each[1].target == target.key]


def _together(what: str, names: Sequence[str]) -> Verdict:
    shown = ", ".join(b.code(name) for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return amber(f"{counted(len(names), 'alarm')} {what}: {shown}{more}")


def _name(account: Account) -> str:
    return f"alarms {name_of(account)}"
