"""Addresses in the AWS console."""

from __future__ import annotations

import re
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


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="replace")
