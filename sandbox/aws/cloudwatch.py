"""Teaches moto CloudWatch: alarms with their evaluation and history, statistics, metric math, dashboards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.models import DEFAULT_ACCOUNT_ID

from sandbox.aws import (
    cloudwatch_api,
    cloudwatch_dashboards,
    cloudwatch_describe_api,
    cloudwatch_image,
    cloudwatch_mute_api,
    metrics_api,
)
from sandbox.aws.cloudwatch_region import metrics_of
from sandbox.aws.cloudwatch_transitions import evaluate_everywhere

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and evaluate all alarms on every tick of this AWS."""
    taught = (cloudwatch_api, cloudwatch_describe_api, cloudwatch_mute_api, cloudwatch_dashboards, metrics_api)
    operations = [operation for part in taught for operation in part.OPERATIONS]
    for operation in (*operations, cloudwatch_image.get_metric_widget_image):
        setattr(CloudWatchResponse, operation.__name__, operation)
    setattr(CloudWatchBackend, "put_metric_data", metrics_api.put_metric_data)  # noqa: B010
    setattr(CloudWatchBackend, "put_metric_alarm", cloudwatch_api.put_from_another_service)  # noqa: B010
    aws.on_tick(lambda: evaluate_everywhere(aws.clock.now()))


def put_series(
    region: str,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    points: Iterable[tuple[float, float]],
    unit: str | None = None,
    spread: Sequence[tuple[float, float]] = ((1.0, 1.0),),
) -> None:
    """Store many (seconds since the epoch, value) pairs of one metric at once, past the API: for seeding.

    ``spread`` is as ``MetricStore.put_points`` has it.
    """
    backend = cloudwatch_backends[DEFAULT_ACCOUNT_ID][region]
    metrics_of(backend).put_points(namespace, name, dimensions, points, unit, spread)
