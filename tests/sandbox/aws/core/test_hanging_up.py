from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from tests.waiting import until

Client = Callable[..., Any]


def begin_to_poll(aws: AwsServer, queue_url: str, seconds: int) -> socket.socket:
    """A connection on which a long poll has begun."""
    body = json.dumps({"QueueUrl": queue_url, "WaitTimeSeconds": seconds}).encode()
    address = urlsplit(aws.url)
    head = (
        f"POST / HTTP/1.1\r\nHost: {address.netloc}\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=sandbox/20261122/us-east-1/sqs/aws4_request\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    # That a fault without consequences is used up tells that the call arrived.
    aws.faults.add("aws", "sqs:ReceiveMessage", None, count=1)
    caller = socket.create_connection((address.hostname, address.port), timeout=10)
    caller.sendall(head.encode() + body)
    assert until(lambda: not aws.faults.peek("aws", "sqs:ReceiveMessage"))
    return caller


def test_a_long_poll_of_a_caller_that_hung_up_takes_no_message(client: Client, aws: AwsServer) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    begin_to_poll(aws, queue, seconds=20).close()
    sqs.send_message(QueueUrl=queue, MessageBody="an alarm")
    (message,) = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_long_poll_ends_soon_after_its_caller_hung_up(client: Client, aws: AwsServer) -> None:
    queue = client("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    ended = len(aws.calls.list("aws", "sqs:ReceiveMessage"))
    begin_to_poll(aws, queue, seconds=20).close()
    assert until(lambda: len(aws.calls.list("aws", "sqs:ReceiveMessage")) > ended)


def test_a_long_poll_gets_the_message_that_arrives_meanwhile(client: Client, aws: AwsServer) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    with begin_to_poll(aws, queue, seconds=20) as caller:
        sqs.send_message(QueueUrl=queue, MessageBody="an alarm")
        answer = http.client.HTTPResponse(caller)
        answer.begin()
        (message,) = json.loads(answer.read())["Messages"]
        assert message["Body"] == "an alarm"


def test_a_long_poll_of_an_empty_queue_ends_in_its_time(client: Client, aws: AwsServer) -> None:
    queue = client("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    with begin_to_poll(aws, queue, seconds=1) as caller:
        answer = http.client.HTTPResponse(caller)
        answer.begin()
        assert "Messages" not in json.loads(answer.read())


def test_requests_of_one_caller_share_a_connection(aws: AwsServer) -> None:
    address = urlsplit(aws.url)
    assert address.hostname is not None
    caller = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    used = set()
    for _ in range(3):
        caller.request("GET", "/")
        with caller.getresponse() as answer:
            assert answer.status == 200
            assert b"ListAllMyBucketsResult" in answer.read()
        assert caller.sock is not None
        used.add(caller.sock.getsockname())
    caller.close()
    assert len(used) == 1


def test_a_caller_that_wants_one_answer_only_gets_its_end(aws: AwsServer) -> None:
    address = urlsplit(aws.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as caller:
        caller.sendall(f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n".encode())
        with caller.makefile("rb") as answer:
            assert b"connection: close" in answer.read().lower()


def test_a_caller_that_hangs_up_in_its_request_leaves_no_traceback(
    aws: AwsServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    address = urlsplit(aws.url)
    before = len(aws.calls.list())
    with socket.create_connection((address.hostname, address.port), timeout=10) as caller:
        caller.sendall(f"POST / HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(100) == b""
    assert len(aws.calls.list()) == before
    assert caplog.records == []
    assert capsys.readouterr().err == ""


def test_a_stopped_server_ends_the_connections_that_idle() -> None:
    stopped = AwsServer(Clock(), Faults(), Calls(), ticker=False)
    stopped.start()
    address = urlsplit(stopped.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as caller:
        caller.sendall(f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        assert caller.recv(1) == b"H"
        stopped.stop()
        with caller.makefile("rb") as rest:
            rest.read()
