"""What the contenders talk to: a lean Slack and SQS, the sandbox's AWS, and a proxy with SNS's certificate."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from benchmarks.ack.load import LeanSlack
from benchmarks.intake.lean_sqs import LeanSqs
from benchmarks.intake.messages import ACCOUNT, REGION, envelope
from sandbox.proxy import Proxy, Request, Response

ROOT = Path(__file__).parents[2]


class Surroundings:
    """Started once for a whole run. AWS is a process of its own; Slack and SQS run in the caller's event loop."""

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
        self.sqs = LeanSqs()
        self._url = ""

    async def start(self) -> None:
        """Listen."""
        assert self._aws.stdout is not None
        self._url = self._aws.stdout.readline().split()[0]
        self._proxy.start()
        await self._slack.start()
        await self.sqs.start()

    async def stop(self) -> None:
        """End everything."""
        await self._slack.stop()
        await self.sqs.stop()
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
            "AWS_ENDPOINT_URL_SQS": self.sqs.url,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(8),
            "BOT_HTTP_PROXY": self._proxy.url,
            "BOT_CA_FILE": str(self._proxy.ca_file),
        }

    def filled(self, many: int) -> str:
        """The queue with as many different alarms in it; its address."""
        self.sqs.fill(json.dumps(envelope(number, "2")) for number in range(many))
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/alarms"


def _certificate(request: Request, pem: bytes) -> Response:
    return Response(200, pem, "application/x-pem-file")
