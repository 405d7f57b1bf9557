"""The lab's logs: five million events, a group of the Infrequent Access class, and a bucket to export to."""

from __future__ import annotations

from sandbox.aws.logs import lag_stream_times
from sandbox.seed.account import ACCOUNT, Account
from sandbox.seed.busy_group import MILLIONS, make_busy_group
from sandbox.seed.busy_lines import busy_lines
from sandbox.seed.catalogue import US
from sandbox.seed.export_buckets import make_export_bucket

REQUESTS = "/lab/storefront/requests"
AUDIT = "/lab/checkout/audit"
EXPORTS = f"lab-exported-logs-{ACCOUNT}"
"""The bucket that CloudWatch Logs may export to."""

_PERIOD = 120.0
"""Milliseconds between two requests: five million are a week's."""
_STREAMS = 12
_BEHIND = 1_200.0
"""Seconds by which the times of the streams are behind, as AWS's may be."""
_AUDITED = 400
_AUDIT_PERIOD = 20.0
"""Seconds between two lines of the audit."""


def write_lab_logs(account: Account, now: float) -> None:
    """Both groups, up to ``now`` (seconds since the epoch). The millions are not written: who reads them makes them."""
    make_busy_group(
        US,
        REQUESTS,
        end=now,
        count=MILLIONS,
        period=_PERIOD,
        streams=_STREAMS,
        container="storefront",
        endless=True,
    )
    lag_stream_times(US, REQUESTS, _BEHIND)
    make_export_bucket(account, EXPORTS)
    logs = account.client("logs", US)
    logs.create_log_group(logGroupName=AUDIT, logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_stream(logGroupName=AUDIT, logStreamName="audit")
    line = busy_lines(11)
    times = [int((now - (_AUDITED - number) * _AUDIT_PERIOD) * 1000) for number in range(_AUDITED)]
    events = [{"timestamp": at, "message": line(number, at)} for number, at in enumerate(times)]
    logs.put_log_events(logGroupName=AUDIT, logStreamName="audit", logEvents=events)
