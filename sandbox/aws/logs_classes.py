"""Log classes: what CloudWatch Logs refuses for groups that are not of the Standard class.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html: no GetLogEvents and no
FilterLogEvents, no Live Tail, metric filters, subscription filters or exports. Logs Insights answers, but for the
commands in ``REFUSED_COMMANDS``
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_Classes.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from sandbox.aws.logs_errors import LogsError

STANDARD, INFREQUENT_ACCESS = "STANDARD", "INFREQUENT_ACCESS"
CLASSES = (STANDARD, INFREQUENT_ACCESS)
REFUSED_COMMANDS = ("pattern", "diff", "filterIndex", "unmask")
"""Commands of Logs Insights that only the Standard class knows."""

_REFUSED = (
    "filter_log_events",
    "get_log_events",
    "put_metric_filter",
    "describe_metric_filters",
    "put_subscription_filter",
    "describe_subscription_filters",
    "create_export_task",
    "start_live_tail",
)
_WORDS = "This operation is only supported on the Standard log class."
_CLASS = "sandbox_log_group_class"


def give_class(group: LogGroup, log_group_class: str) -> None:
    """Say which class a new group is of."""
    group.__dict__[_CLASS] = log_group_class


def class_of(group: LogGroup) -> str:
    """STANDARD or INFREQUENT_ACCESS."""
    return str(group.__dict__.get(_CLASS, STANDARD))


def refuse_other_classes() -> None:
    """Let moto's operations, taught or not, refuse groups that are not of the Standard class; safe to repeat."""
    for name in _REFUSED:
        operation: Callable[[LogsResponse], Any] = getattr(LogsResponse, name)
        if not hasattr(operation, "minds_the_class"):
            setattr(LogsResponse, name, _minding(operation))


def _minding(operation: Callable[[LogsResponse], Any]) -> Callable[[LogsResponse], Any]:
    @wraps(operation)
    def minding(self: LogsResponse) -> Any:
        params: dict[str, Any] = json.loads(self.body or "{}")
        named = [params.get("logGroupName"), params.get("logGroupIdentifier"), *params.get("logGroupIdentifiers", ())]
        for name in filter(None, named):
            group = self.logs_backend.groups.get(name.split(":", 6)[-1].removesuffix(":*"))
            if group is not None and class_of(group) != STANDARD:
                # Of these operations StartLiveTail alone has InvalidOperationException in its model.
                live = operation.__name__ == "start_live_tail"
                raise LogsError("InvalidOperationException" if live else "ValidationException", _WORDS)
        return operation(self)

    setattr(minding, "minds_the_class", True)  # noqa: B010
    return minding
