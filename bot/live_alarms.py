"""Which alarms of the live incidents are red beside those that CloudWatch is asked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from bot.domain import AlarmState, Target
from bot.errors import BotError
from bot.ports import World
from bot.silence import LiveIncident, LiveMember

Live: TypeAlias = tuple[LiveIncident, LiveMember]


def is_here(place: Target | LiveIncident, channel: str, world: World) -> bool:
    """Whether the channel (its id, or empty) is that of a service or of an incident."""
    try:
        return bool(channel) and channel in (place.channel, world.chat.channel_id(place.channel))
    except BotError:
        return False


def unlisted(
    incidents: Sequence[LiveIncident], targets: Sequence[Target], world: World, *, whole: bool, channel: str
) -> list[Live]:
    """Alarms in ALARM that nobody configured: what CloudWatch last told of them, since nobody knows where to ask.

    Of a part of all systems only those on the metrics of its services, and those of no system whose incident is in the
    channel: that is the default channel, and it may be a system's own as well.
    """
    keys, listed = _keys(targets)
    return [
        (incident, member)
        for incident, member in _red(incidents)
        if (alarm_name(member), member.target) not in listed
        and (whole or member.target in keys or (not member.target and is_here(incident, channel, world)))
    ]


def beside(
    incidents: Sequence[LiveIncident], targets: Sequence[Target], red: Collection[str], world: World, *, channel: str
) -> list[Live]:
    """What is red in an incident of the channel, but not in ``red``: the ARNs of which CloudWatch says the same.

    It belongs to another system, or CloudWatch has just said otherwise of it; while it is red in the channel, the
    channel is not told that all is well.
    """
    keys, listed = _keys(targets)
    return [
        (incident, member)
        for incident, member in _red(incidents)
        if member.target
        and member.arn not in red
        and (member.target not in keys or (alarm_name(member), member.target) in listed)
        and is_here(incident, channel, world)
    ]


def alarm_name(member: LiveMember) -> str:
    """The alarm's name in CloudWatch; what is shown of one series has its attributes behind it."""
    return member.arn.split(":", 6)[-1] if member.arn.startswith("arn:") else member.name


def _red(incidents: Sequence[LiveIncident]) -> list[Live]:
    members = [(incident, member) for incident in incidents for member in incident.members]
    return [(incident, member) for incident, member in members if member.state is AlarmState.ALARM]


def _keys(targets: Sequence[Target]) -> tuple[set[str], set[tuple[str, str]]]:
    """The keys of targets, and which alarms they list."""
    listed = {(alarm.name, target.key) for target in targets for alarm in target.service.alarms}
    return {target.key for target in targets}, listed
