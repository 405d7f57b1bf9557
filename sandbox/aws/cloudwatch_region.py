"""What CloudWatch keeps in a region; it lives in the backend's attributes, so that a reset of moto empties it."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_history import AlarmHistory
from sandbox.aws.cloudwatch_mute import MuteRule
from sandbox.aws.metrics_store import MetricStore


def metrics_of(backend: CloudWatchBackend) -> MetricStore:
    """The region's metric data."""
    store: MetricStore = backend.__dict__.setdefault("sandbox_metrics", MetricStore())
    return store


def history_of(backend: CloudWatchBackend) -> AlarmHistory:
    """The region's alarm history."""
    history: AlarmHistory = backend.__dict__.setdefault("sandbox_history", AlarmHistory())
    return history


def alarms_of(backend: CloudWatchBackend) -> dict[str, Alarm]:
    """The region's alarms by name."""
    alarms: dict[str, Any] = backend.alarms
    return alarms


def mutes_of(backend: CloudWatchBackend) -> dict[str, MuteRule]:
    """The region's alarm mute rules by name."""
    rules: dict[str, MuteRule] = backend.__dict__.setdefault("sandbox_mutes", {})
    return rules
