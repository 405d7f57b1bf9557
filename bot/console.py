"""Addresses in the AWS console."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}")


def _host(region: str) -> str:
    """The console of a region, in the partition it lies in; empty for a word that is no region."""
    if not _REGION.fullmatch(region):
        return ""
    if region.startswith("cn-"):
        return f"{region}.console.amazonaws.cn"
    domain = "amazonaws-us-gov.com" if region.startswith("us-gov-") else "aws.amazon.com"
    return f"{region}.console.{domain}"


def alarm_address(region: str, name: str) -> str:
    """An alarm in CloudWatch's console, as CloudWatch's own mails link to it; empty when the region is none."""
    host = _host(region)
    if not host or not name:
        return ""
    return f"https://{host}/cloudwatch/deeplink.js?region={region}#alarmsV2:alarm/{_quoted(name)}"


def dashboard_address(region: str, name: str) -> str:
    """A dashboard in CloudWatch's console; empty when the region is none."""
    host = _host(region)
    if not host or not name:
        return ""
    return f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/{_quoted(name)}"


def service_address(region: str, cluster: str, service: str) -> str:
    """A service in the ECS console; empty when something is missing. Names may be given as ARNs."""
    host = _host(region)
    cluster, service = cluster.rpartition("/")[2], service.rpartition("/")[2]
    if not host or not cluster or not service:
        return ""
    path = f"clusters/{_quoted(cluster)}/services/{_quoted(service)}/health"
    return f"https://{host}/ecs/v2/{path}?region={region}"


def insights_address(region: str, groups: Sequence[str], query: str, start: float, end: float) -> str:
    """A Logs Insights query in the console, with absolute times. Empty for no region.

    The console's own way of writing what is asked into its addresses is not documented.
    """
    host = _host(region)
    if not host or not groups:
        return ""
    times = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") for at in (start, end)]
    source = "(" + "".join(f"~'{_starred(group)}" for group in groups) + ")"
    detail = (
        f"~(end~'{_starred(times[1])}~start~'{_starred(times[0])}~timeType~'ABSOLUTE~tz~'UTC"
        f"~editorString~'{_starred(query)}~source~{source})"
    )
    coded = "".join(_TILDES.get(each, each) for each in detail)
    return f"https://{host}/cloudwatch/home?region={region}#logsV2:logs-insights$3FqueryDetail$3D{coded}"


_TILDES = {"~": "$257E", "(": "$2528", ")": "$2529", "'": "$2527"}


def bucket_address(region: str, bucket: str, prefix: str) -> str:
    """What lies in an S3 bucket under a prefix, in the console. Empty for no region."""
    host = _host(region)
    if not host or not bucket:
        return ""
    return f"https://{host}/s3/buckets/{_quoted(bucket)}?region={region}&prefix={_quoted(prefix)}&showversions=false"


def _starred(text: str) -> str:
    """Every character but the plain ones as ``*`` and its bytes in hexadecimal, as the console writes a text."""
    return "".join(
        each
        if re.fullmatch(r"[A-Za-z0-9._-]", each)
        else "".join(f"*{byte:02x}" for byte in each.encode(errors="replace"))
        for each in text
    )


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="replace")
