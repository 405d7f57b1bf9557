"""CloudWatch's alarm mute rules: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.aws.errors import ask, ask_all
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.silence_ports import MuteRule

MOST_ALARMS = 100
"""Alarms one rule may target."""
MOST_RULES = 20
"""Rules of an account that are looked at closely; their list tells only ARNs."""
MINUTE = 60
_AT = re.compile(r"at\((?P<at>\d{4}-\d{2}-\d{2}T\d{2}:\d{2})\)")
_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?")


class Mutes:
    """Fills ``bot.silence_ports.Mutes``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def put(
        self, account: Account, name: str, alarms: Sequence[str], *, since: float, until: float, description: str
    ) -> None:
        """PutAlarmMuteRule with the very names: without any it would mute every alarm of the account and region.

        An ``at`` expression takes whole minutes of UTC, and neither StartDate nor ExpireDate beside it.
        """
        names = sorted(set(alarms))
        if not 1 <= len(names) <= MOST_ALARMS:
            raise UpstreamError(f"A mute rule takes 1 to {MOST_ALARMS} alarms; these are {len(names)}.")
        begin = int(since // MINUTE) * MINUTE
        minutes = max(1, -(-int(until - begin) // MINUTE))
        ask(
            self._sessions.client(account, "cloudwatch"),
            "put_alarm_mute_rule",
            Name=name,
            Description=description[:1024],
            Rule={
                "Schedule": {
                    "Expression": f"at({datetime.fromtimestamp(begin, UTC):%Y-%m-%dT%H:%M})",
                    "Duration": iso_duration(minutes),
                    "Timezone": "UTC",
                }
            },
            MuteTargets={"AlarmNames": names},
        )

    def delete(self, account: Account, name: str) -> None:
        """DeleteAlarmMuteRule, which succeeds for a rule that does not exist."""
        ask(self._sessions.client(account, "cloudwatch"), "delete_alarm_mute_rule", AlarmMuteRuleName=name)

    def standing(self, account: Account) -> tuple[MuteRule, ...]:
        """ListAlarmMuteRules with the status ACTIVE, and GetAlarmMuteRule for what each of them mutes."""
        client = self._sessions.client(account, "cloudwatch")
        arns = ask_all(
            client, "list_alarm_mute_rules", "AlarmMuteRuleSummaries[].AlarmMuteRuleArn", Statuses=["ACTIVE"]
        )
        found: list[MuteRule] = []
        for arn in arns[:MOST_RULES]:
            try:
                rule = ask(client, "get_alarm_mute_rule", AlarmMuteRuleName=str(arn).split(":", 6)[-1])
            except UpstreamError as error:
                # Deleted since it was listed.
                if error.code in ("ResourceNotFoundException", "ResourceNotFound"):
                    continue
                raise
            found.append(_read(rule))
        return tuple(found)


def iso_duration(minutes: int) -> str:
    """A length of time as ISO 8601 writes it: 90 is ``PT1H30M``, 2880 ``P2D``."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [f"{hours}H" if hours else "", f"{left}M" if left else ""]
    clock = "".join(parts)
    return f"P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def _read(rule: dict[str, Any]) -> MuteRule:
    schedule = rule.get("Rule", {}).get("Schedule", {})
    names = rule.get("MuteTargets", {}).get("AlarmNames", [])
    return MuteRule(name=rule.get("Name", ""), alarms=tuple(names), until=_end(schedule))


def _end(schedule: dict[str, Any]) -> float:
    """When a rule that mutes once is over; 0 for one that comes again, or whose zone is not UTC."""
    once, lasts = _AT.fullmatch(schedule.get("Expression", "")), _DURATION.fullmatch(schedule.get("Duration", ""))
    if once is None or lasts is None or (schedule.get("Timezone") or "UTC") != "UTC":
        return 0.0
    begin = datetime.fromisoformat(once["at"]).replace(tzinfo=UTC)
    return (begin + timedelta(**{unit: int(number) for unit, number in lasts.groupdict("0").items()})).timestamp()
