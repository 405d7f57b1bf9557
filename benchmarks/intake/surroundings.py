"""What the contenders talk to: Slack answered with constants, the sandbox's AWS, and a proxy with SNS's certificate."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.ack.load import LeanSlack
from benchmarks.intake.messages import ACCOUNT, REGION, envelope
from sandbox.proxy import Proxy, Request, Response

ROOT = Path(__file__).parents[2]


class Surroundings:
    """Started once for a whole run. AWS is a process of its own; Slack runs in the caller's event loop."""

    def __init__(self, folder: Path, certificate: bytes) -> None:
        self.certificate = folder / "sns.pem"
        self.certificate.write_bytes(certificate)
        self._proxy = Proxy(folder / "ca.pem")
        self._proxy.add("sns.*.amazonaws.com", lambda request: _certificate(request, certificate))
        self._slack = LeanSlack("", secrets.token_hex(16))
        self._aws = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ack.aws", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        self._keys = {"aws_access_key_id": "bench", "aws_secret_access_key": secrets.token_hex(8)}
        self._url = ""

    async def start(self) -> None:
        """Listen."""
        assert self._aws.stdout is not None
        self._url = self._aws.stdout.readline().split()[0]
        self._proxy.start()
        await self._slack.start()

    async def stop(self) -> None:
        """End everything."""
        await self._slack.stop()
        self._proxy.stop()
        self._aws.kill()
        self._aws.wait()

    def variables(self) -> dict[str, str]:
        """What the contenders are started with."""
        return {
            "SLACK_BOT_TOKEN": "xoxb-" + secrets.token_hex(8),
            "SLACK_SIGNING_SECRET": self._slack.secret,
            "SLACK_API_URL": f"{self._slack.url}/api/",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_ACCESS_KEY_ID": self._keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self._keys["aws_secret_access_key"],
            "BOT_HTTP_PROXY": self._proxy.url,
            "BOT_CA_FILE": str(self._proxy.ca_file),
        }

    def queue_of(self, many: int) -> str:
        """A new queue with as many different alarms in it; its address."""
        sqs = self._client()
        name = f"alarms-{secrets.token_hex(4)}"
        sqs.create_queue(QueueName=name)
        url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"

        for start in range(0, many, 10):
            bodies = [json.dumps(envelope(number, "2")) for number in range(start, min(many, start + 10))]
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        return url

    def left_in(self, url: str) -> int:
        """Messages of a queue that nobody has deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._client().get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def _client(self) -> Any:
        config = Config(proxies={}, inject_host_prefix=False)
        return boto3.client("sqs", endpoint_url=self._url, region_name=REGION, config=config, **self._keys)


def _certificate(request: Request, pem: bytes) -> Response:
    return Response(200, pem, "application/x-pem-file")
