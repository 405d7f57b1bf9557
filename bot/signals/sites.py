"""The golden signals of a static site: its CloudFront distribution's.

They exist only in us-east-1, with the dimension Region=Global:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
"""

from __future__ import annotations

from bot.domain import Target
from bot.signal import Line, Signal
from bot.signals.lines import Dimensions, count, line, metric

NAMESPACE = "AWS/CloudFront"


def dimensions(target: Target) -> Dimensions:
    """The distribution, everywhere in the world."""
    return {"DistributionId": target.service.distribution, "Region": "Global"}


def signals(target: Target) -> tuple[Signal, ...]:
    """Nothing where the configuration names no distribution: a bucket by itself counts no requests unless paid for."""
    if not target.service.distribution:
        return ()
    where = dimensions(target)
    rates = (
        line("5xx of all requests", NAMESPACE, "5xxErrorRate", where, "Average"),
        line("4xx of all requests", NAMESPACE, "4xxErrorRate", where, "Average"),
    )
    sent = Line("per minute", (metric(NAMESPACE, "BytesDownloaded", where, "Sum"),), per_minute=True)
    return (
        Signal("requests", "Requests", (count("per minute", NAMESPACE, "Requests", (where,)),), "/min"),
        Signal("errors", "Errors", rates, "%"),
        Signal("traffic", "Bytes sent", (sent,), "B/min"),
    )
