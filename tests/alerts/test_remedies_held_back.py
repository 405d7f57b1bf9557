"""The playbooks in the repository: what did not begin with a change is no reason to undo it."""

from __future__ import annotations

import pytest

from alerts.remedies import offered
from bot.domain import Finding
from commands import COMMANDS
from tests.alerts.shipped import CATALOG, PLAYBOOKS
from tests.alerts.test_shipped_remedies import JUST_DEPLOYED, NEW_ONES_CRASH, QUIET, ROOM, found

JUST_SCALED = found(65, changes_count=1.0, changes_age=300.0)
JUST_MENDED = found(65, changes_count=2.0, changes_age=7.0, shipped_age=7.0, shipped_before__alarm="no")
OLD_ONES_CRASHED = found(
    68, tasks_failed=3.0, tasks_failed__current=0.0, tasks_failed__after__shipping=0.0, tasks_cause="crash"
)

NEITHER: list[tuple[str, str, str, list[Finding]]] = [
    ("default", "bi/api", "rollback", [JUST_SCALED, NEW_ONES_CRASH]),
    ("default", "bi/api", "rollback", [JUST_MENDED, OLD_ONES_CRASHED]),
    ("default", "bi/api", "rollback", [JUST_MENDED, found(70, targets_unhealthy=1.0, tasks_missing=1.0)]),
    ("default", "bi/api", "rollback", [JUST_DEPLOYED, OLD_ONES_CRASHED]),
    ("failed-deployment", "photo/backend", "rollback", [found(80, deployment_failed="yes"), JUST_SCALED]),
    ("dynamodb-throttling", "bi/api", "rollback", [JUST_SCALED, found(45, throttled_new=1.0)]),
    (
        "bi-dynamodb-throttling",
        "bi/api",
        "rollback",
        [JUST_DEPLOYED, found(60, reads_sum=9.0, reads_growth=0.0, writes_sum=0.0, writes_growth=0.0)],
    ),
    (
        "lambda-errors",
        "photo/image-processor",
        "rollback",
        [JUST_DEPLOYED, found(55, function_errors=1.0, function_error__rate=100.0)],
    ),
    (
        "lambda-errors",
        "photo/image-processor",
        "rollback",
        [JUST_DEPLOYED, found(55, function_errors=9.0, function_error__rate=0.1)],
    ),
    (
        "lambda-errors",
        "photo/image-processor",
        "rollback",
        [JUST_MENDED, found(55, function_errors=9.0, function_error__rate=30.0)],
    ),
    ("bad-gateway", "bi/api", "restart", [ROOM, QUIET, OLD_ONES_CRASHED]),
]


@pytest.mark.parametrize(("name", "service", "command", "findings"), NEITHER)
def test_what_did_not_begin_with_it_is_no_reason_to(
    name: str, service: str, command: str, findings: list[Finding]
) -> None:
    shown = offered(PLAYBOOKS[name], findings, CATALOG.find(service, "production"), COMMANDS)
    assert not [each.command for each in shown if each.command.startswith(command)]
