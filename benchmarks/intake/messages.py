"""The load: alarms as SNS signs and posts them, made before anything is measured, and connections that post them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.sns_signing import Signer

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TOPICS = {version: f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms-v{version}" for version in ("1", "2")}
ALARMS = 200
"""Different alarms among the messages."""
HEADER_END = b"\r\n\r\n"


def notification(number: int) -> str:
    """What CloudWatch tells: the alarms take turns, and each goes from OK to ALARM and back."""
    name = f"shop-{number % ALARMS}-cpu"
    states = ("ALARM", "OK") if number // ALARMS % 2 == 0 else ("OK", "ALARM")
    changed = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    dimensions = [{"name": "ClusterName", "value": "shop"}, {"name": "ServiceName", "value": f"shop-{number % ALARMS}"}]
    trigger: dict[str, Any] = {
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/ECS",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": None,
        "Dimensions": dimensions,
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 80.0,
        "TreatMissingData": "missing",
    }
    told = {
        "AlarmName": name,
        "AlarmDescription": "CPU of a service of the shop",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": states[0],
        "NewStateReason": "Threshold Crossed: 1 datapoint [91.5] was greater than the threshold (80.0).",
        "StateChangeTime": changed,
        "Region": "EU (Ireland)",
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        "OldStateValue": states[1],
        "AlarmActions": [TOPICS["1"]],
        "Trigger": trigger,
    }
    return json.dumps(told)


def envelope(number: int, version: str) -> dict[str, str]:
    """The same as SNS wraps it, not yet signed."""
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": TOPICS[version],
        "Subject": f'ALARM: "shop-{number % ALARMS}-cpu" in EU (Ireland)',
        "Message": notification(number),
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "SignatureVersion": version,
    }


class Author:
    """Signs messages in processes of its own, all with one key."""

    def __init__(self) -> None:
        # The signer's key is this process's; the others are forked from it and sign with the same.
        self._signer = Signer(time.time())
        self.certificate = self._signer.certificate_pem.encode()

    def requests(self, many: int, version: str) -> list[bytes]:
        """As many different HTTP requests, as SNS posts them."""
        numbers = [range(start, many, 2) for start in (0, 1)]
        with ProcessPoolExecutor(2) as pool:
            halves = list(pool.map(self._written, numbers, itertools.repeat(version)))
        return [request for half in halves for request in half]

    def _written(self, numbers: range, version: str) -> list[bytes]:
        return [self._request(envelope(number, version)) for number in numbers]

    def _request(self, unsigned: dict[str, str]) -> bytes:
        signature = self._signer.sign(unsigned, unsigned["SignatureVersion"])
        signed = unsigned | {"Signature": signature, "SigningCertURL": self._signer.certificate_url(REGION)}
        body = json.dumps(signed).encode()
        head = (
            "POST /sns HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            f"x-amz-sns-message-type: Notification\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def post_all(port: int, requests: list[bytes], at_once: int) -> tuple[float, list[float]]:
    """Post every request, ``at_once`` at a time on connections kept open; seconds in all, and for each.

    Raises AssertionError unless every one is answered with 200.
    """
    taken: list[float] = []
    waiting = iter(requests)
    began = time.perf_counter()
    await asyncio.gather(*(_post(port, waiting, taken) for _ in range(at_once)))
    return time.perf_counter() - began, taken


async def _post(port: int, waiting: Iterator[bytes], taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:
        began = time.perf_counter()
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(HEADER_END), 60)
        lines = head.decode().lower().split("\r\n")
        if " 200 " not in lines[0]:
            raise AssertionError(head.decode())
        await reader.readexactly(next(int(line.split(":")[1]) for line in lines if line.startswith("content-length")))
        taken.append(time.perf_counter() - began)
    writer.close()
