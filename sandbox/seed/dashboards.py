"""The dashboards that two of the runbooks name."""

from __future__ import annotations

import json
from typing import Any

from sandbox.seed.account import Account
from sandbox.seed.catalogue import PHOTO_QUEUE, US, EcsService, service_of

USAGE_DASHBOARD = "delivery-standard-prod"
PHOTO_DASHBOARD = "rapid-photo-prod-dashboard"

_HALF, _HEIGHT = 12, 6


def make_dashboards(account: Account) -> None:
    """Put both."""
    usage, photo = service_of("usage", "delivery-standard"), service_of("photo", "backend")
    bodies = {
        USAGE_DASHBOARD: ["## Usage metrics: delivery standard", _used(usage), _logged(usage)],
        PHOTO_DASHBOARD: ["## RapidPhotoUpload", _used(photo), _waiting(), _logged(photo)],
    }
    for name, widgets in bodies.items():
        body = json.dumps({"start": "-PT3H", "periodOverride": "inherit", "widgets": _placed(widgets)})
        account.client("cloudwatch", US).put_dashboard(DashboardName=name, DashboardBody=body)


def _placed(widgets: list[Any]) -> list[dict[str, Any]]:
    """Two beside each other below the title."""
    title, *rest = widgets
    placed = [{"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": title}}]
    for number, widget in enumerate(rest):
        where = {"x": number % 2 * _HALF, "y": 1 + number // 2 * _HEIGHT, "width": _HALF, "height": _HEIGHT}
        placed.append(where | widget)
    return placed


def _used(service: EcsService) -> dict[str, Any]:
    where = ["ClusterName", service.cluster, "ServiceName", service.service]
    metrics = [["AWS/ECS", name, *where] for name in ("CPUUtilization", "MemoryUtilization")]
    shown = {"metrics": metrics, "stat": "Average", "period": 60, "region": service.region, "title": "CPU and memory"}
    return {"type": "metric", "properties": shown}


def _waiting() -> dict[str, Any]:
    metrics = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", PHOTO_QUEUE]]
    shown = {"metrics": metrics, "stat": "Maximum", "period": 60, "region": US, "title": "Age of the oldest message"}
    return {"type": "metric", "properties": shown}


def _logged(service: EcsService) -> dict[str, Any]:
    query = f"SOURCE '{service.log_group}' | filter @message like /(?i)error/ | stats count() by bin(5m)"
    return {"type": "log", "properties": {"query": query, "region": service.region, "title": "Errors", "view": "bar"}}
