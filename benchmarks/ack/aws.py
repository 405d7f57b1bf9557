"""The AWS behind the benchmark, in a process of its own: the sandbox's, and a door to it that answers slowly."""

from __future__ import annotations

import sys
import threading

import boto3

from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults

if __name__ == "__main__":
    clock = Clock()
    fast = AwsServer(clock, Faults(), Calls(), ticker=False)
    fast.start()
    keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench", "region_name": "ap-northeast-1"}
    ecs = boto3.client("ecs", endpoint_url=fast.url, **keys)
    ecs.create_cluster(clusterName="bi-staging")
    slow_faults = Faults()
    slow_faults.add("aws", "*", None, latency_ms=float(sys.argv[1]) * 1000)
    slow = AwsServer(clock, slow_faults, Calls(), ticker=False)
    slow.start()
    print(fast.url, slow.url, flush=True)
    threading.Event().wait()
