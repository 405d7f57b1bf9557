"""CloudWatch's dashboards, which belong to the account and not to a region; these take the place of moto's methods."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import DashboardInvalidInputError, InvalidParameterValue, ResourceNotFound
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from sandbox.aws.cloudwatch_paging import page
from sandbox.aws.world import current

_HOME = "us-east-1"
_PAGE = 1_000


def _home(self: CloudWatchResponse) -> CloudWatchBackend:
    home: CloudWatchBackend = cloudwatch_backends[self.cloudwatch_backend.account_id][_HOME]
    return home


def put_dashboard(self: CloudWatchResponse) -> ActionResult:
    """PutDashboard: the body is a JSON object with its widgets, and replaces what was there."""
    params: dict[str, Any] = self._get_params()
    name, body = params["DashboardName"], params["DashboardBody"]
    try:
        read = json.loads(body)
    except ValueError:
        read = None
    if not isinstance(read, dict) or not isinstance(read.get("widgets", []), list):
        raise DashboardInvalidInputError("The field DashboardBody must be a valid JSON object")
    made = _home(self).put_dashboard(name, body)
    made.last_modified = datetime.fromtimestamp(current().clock.now(), UTC)
    return ActionResult({"DashboardValidationMessages": []})


def list_dashboards(self: CloudWatchResponse) -> ActionResult:
    """ListDashboards: those whose names begin so, 1,000 on a page."""
    params: dict[str, Any] = self._get_params()
    prefix = params.get("DashboardNamePrefix") or ""
    found = [each for name, each in sorted(_home(self).dashboards.items()) if name.startswith(prefix)]
    shown, token = page(found, params.get("NextToken"), _PAGE)
    entries = [
        {
            "DashboardName": each.name,
            "DashboardArn": each.arn,
            "LastModified": each.last_modified,
            "Size": len(each.body.encode()),
        }
        for each in shown
    ]
    return ActionResult({"DashboardEntries": entries, "NextToken": token})


def get_dashboard(self: CloudWatchResponse) -> ActionResult:
    """GetDashboard: the body as it was put."""
    name = self._get_params().get("DashboardName") or ""
    found = _home(self).dashboards.get(name)
    if found is None:
        raise ResourceNotFound(f"Dashboard {name} does not exist")
    return ActionResult({"DashboardName": found.name, "DashboardArn": found.arn, "DashboardBody": found.body})


def delete_dashboards(self: CloudWatchResponse) -> ActionResult:
    """DeleteDashboards: all of them, or none when one is not there."""
    names = self._get_params().get("DashboardNames") or []
    if not names:
        raise InvalidParameterValue("Need at least 1 dashboard")
    dashboards = _home(self).dashboards
    missing = sorted(set(names) - set(dashboards))
    if missing:
        raise ResourceNotFound(f"Dashboards {', '.join(missing)} do not exist")
    for name in names:
        del dashboards[name]
    return EmptyResult()


OPERATIONS: tuple[Callable[[CloudWatchResponse], ActionResult], ...] = (
    put_dashboard,
    list_dashboards,
    get_dashboard,
    delete_dashboards,
)
