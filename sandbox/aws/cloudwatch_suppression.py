"""What keeps an alarm's actions from running at an instant: a mute rule, or a composite alarm's suppressor.

A suppressor in ALARM suppresses; so does the time in which it may still get there after the composite alarm changed
(WaitPeriod), and the time after it left (ExtensionPeriod). A mute rule comes before any suppressor.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules-behaviour.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_mute import Muted, muted
from sandbox.aws.cloudwatch_region import alarms_of, mutes_of


@dataclass(frozen=True)
class Hold:
    """Why actions do not run: ``by`` is WaitPeriod, ExtensionPeriod, Alarm or Mute."""

    by: str
    state: str
    words: str
    details: dict[str, Any] = field(default_factory=dict)


def mute_of(backend: CloudWatchBackend, alarm: Alarm, now: float) -> Muted | None:
    """The mute rule that mutes an alarm at ``now`` (seconds since the epoch)."""
    return muted(mutes_of(backend).values(), alarm.name, now)


def hold(backend: CloudWatchBackend, alarm: Alarm, now: float) -> Hold | None:
    """What holds an alarm's actions back at ``now``; None when they would run."""
    mute = mute_of(backend, alarm, now)
    if mute is not None:
        words = f"muted by alarm mute rule {mute.rule.arn}"
        return Hold("Mute", "Muted", words, {"muteDetail": mute.detail()})
    by = suppressed_by(backend, alarm, now)
    return Hold(by, "Suppressed", reason(by), {"actionsSuppressedBy": by}) if by else None


def reason(by: str) -> str:
    """The ActionsSuppressedReason."""
    return f"Actions suppressed by {by}"


def suppressed_by(backend: CloudWatchBackend, alarm: Alarm, now: float) -> str | None:
    """WaitPeriod, ExtensionPeriod or Alarm; None where nothing suppresses."""
    suppressor = _suppressor(backend, alarm)
    if suppressor is None:
        return None
    if suppressor.state_value == "ALARM":
        return "Alarm"
    left = suppressor.left_alarm_at
    if left is not None and now < left + float(alarm.settings.get("ActionsSuppressorExtensionPeriod") or 0):
        return "ExtensionPeriod"
    waits = float(alarm.settings.get("ActionsSuppressorWaitPeriod") or 0)
    return "WaitPeriod" if now < alarm.state_transitioned + waits else None


def _suppressor(backend: CloudWatchBackend, alarm: Alarm) -> Alarm | None:
    written = str(alarm.settings.get("ActionsSuppressor") or "")
    name = written.split(":", 6)[6] if written.startswith("arn:") else written
    return alarms_of(backend).get(name)
