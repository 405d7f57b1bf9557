"""Units of CloudWatch metrics that teams watch most, as AWS documents them; GetMetricData does not tell any."""

from __future__ import annotations

_PERCENT = ("Utilization", "Percent", "Percentage", "Utilized", "CPUCreditUsagePercent", "ErrorRate", "HitRate")
_UNITS = {
    ("AWS/Lambda", "Duration"): "ms",
    ("AWS/ApiGateway", "Latency"): "ms",
    ("AWS/ApiGateway", "IntegrationLatency"): "ms",
    ("AWS/CloudFront", "BytesDownloaded"): "B",
    ("AWS/DynamoDB", "SuccessfulRequestLatency"): "ms",
    ("AWS/ApplicationELB", "TargetResponseTime"): "s",
    ("AWS/RDS", "ReadLatency"): "s",
    ("AWS/RDS", "WriteLatency"): "s",
    ("AWS/RDS", "FreeStorageSpace"): "B",
    ("AWS/RDS", "FreeableMemory"): "B",
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): "s",
}


def unit_of(namespace: str, name: str, statistic: str) -> str:
    """The unit of a metric: "%", "s", "ms", "B", or nothing for a count and for what is not known."""
    if statistic.upper().replace("_", "") == "SAMPLECOUNT":
        return ""
    return "%" if name.endswith(_PERCENT) else _UNITS.get((namespace, name), "")


def suffix(unit: str) -> str:
    """What follows a figure of this unit; nothing for a count."""
    return f" {unit}" if unit else ""
