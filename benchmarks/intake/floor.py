"""The floor: a bare Starlette application that parses, verifies and commits, with the same libraries, nothing else.

``python -m benchmarks.intake.floor http PORT DATABASE CERTIFICATE`` answers ``/sns``; what arrives while a commit
is under way is committed together. ``… queue URL DATABASE`` receives ten messages at a time from a queue, commits them
together and deletes them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import boto3
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


class Disk:
    """A table of messages by id, committed with the same settings as the bot's."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, body TEXT, at REAL)")

    def commit(self, messages: Sequence[tuple[str, str]]) -> None:
        now = time.time()
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT OR IGNORE INTO messages VALUES (?, ?, ?)", [(*message, now) for message in messages]
        )
        self._connection.execute("COMMIT")


class Door:
    """The endpoint."""

    def __init__(self, disk: Disk, certificate: bytes) -> None:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        self._key = key
        self._disk = disk
        self._waiting: list[tuple[tuple[str, str], asyncio.Future[None]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def receive(self, request: Request) -> Response:
        envelope = json.loads(await request.body())
        text = "".join(f"{key}\n{envelope[key]}\n" for key in SIGNED)
        digest = hashes.SHA256() if envelope["SignatureVersion"] == "2" else hashes.SHA1()
        self._key.verify(base64.b64decode(envelope["Signature"]), text.encode(), padding.PKCS1v15(), digest)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((envelope["MessageId"], envelope["Message"]), done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await done
        return Response("stored")

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await run_in_threadpool(self._disk.commit, [message for message, _ in batch])
            for _, done in batch:
                done.set_result(None)
        self._committing = None


def by_http(port: int, database: str, certificate: str) -> None:
    door = Door(Disk(database), Path(certificate).read_bytes())

    async def ready(request: Request) -> Response:
        return Response("ready")

    web = Starlette(routes=[Route("/sns", door.receive, methods=["POST"]), Route("/readyz", ready)])
    uvicorn.run(web, host="127.0.0.1", port=port, log_level="error", access_log=False)


def by_queue(url: str, database: str) -> None:
    disk, sqs = Disk(database), boto3.client("sqs")
    while True:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
        if not found:
            continue
        bodies = [json.loads(message["Body"]) for message in found]
        disk.commit([(body["MessageId"], body["Message"]) for body in bodies])
        entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)


if __name__ == "__main__":
    if sys.argv[1] == "http":
        by_http(int(sys.argv[2]), *sys.argv[3:])
    else:
        by_queue(*sys.argv[2:])
