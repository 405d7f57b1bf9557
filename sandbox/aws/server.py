"""The pretend AWS's HTTP server: moto's WSGI application behind faults, a record of calls, and what it is taught."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from moto.backends import list_of_moto_modules
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sandbox.aws import refusals, trail
from sandbox.aws.acted import ACTED, meet
from sandbox.aws.install import install
from sandbox.aws.listener import Listener
from sandbox.aws.operations import Operation, operation_of
from sandbox.aws.own import Answerer, RefusedError, answered, answerer_of
from sandbox.aws.sqs import CALLER
from sandbox.aws.world import make_current
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults

ACCOUNT = "123456789012"
TICK_SECONDS = 1.0
HANG_SECONDS = 30.0
_UNLOCKED = {"sqs"}

_log = logging.getLogger(__name__)


class ConnectionLostError(ConnectionError):
    """The connection ends here: the caller gets no answer."""


class AwsServer:
    """One account in all regions, on 127.0.0.1. Starting one resets moto: the newest is the current one.

    A ticker thread calls what ``on_tick`` was given once a second while started; tests call ``tick`` themselves.
    """

    def __init__(
        self, clock: Clock, faults: Faults, calls: Calls, *, port: int = 0, account: str = ACCOUNT, ticker: bool = True
    ) -> None:
        self.clock = clock
        self.faults = faults
        self.calls = calls
        self.account = account
        self._port = port
        self._with_ticker = ticker
        self._on_tick: list[Callable[[], None]] = []
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server: Listener | None = None
        self._moto: Any = None

    @property
    def url(self) -> str:
        """Where it listens; for ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self._port}"

    def on_tick(self, call: Callable[[], None]) -> None:
        """Call this at every tick."""
        self._on_tick.append(call)

    def tick(self) -> None:
        """Let what happens by itself happen: alarms are evaluated, deliveries tried again."""
        for call in list(self._on_tick):
            call()

    def start(self) -> None:
        """Reset moto, teach it, and listen. Raises OSError when the port is taken."""
        list(list_of_moto_modules())
        BackendDict.reset()
        make_current(self)
        install(self)
        self._moto = DomainDispatcherApplication(_backend_app)
        self._server = Listener("127.0.0.1", self._port, self._answer)
        self._port = self._server.server_port
        self._run(self._server.serve_forever, "aws")
        if self._with_ticker:
            self._run(self._tick_on, "aws-ticker")

    def stop(self) -> None:
        """Stop listening; safe to repeat."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def _run(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _tick_on(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.tick()
            except Exception:
                _log.exception("a tick failed")

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        if len(body) < size:
            raise ConnectionLostError("the caller hung up in the middle of its request")
        CALLER.set(environ["werkzeug.socket"])
        environ["wsgi.input"] = io.BytesIO(body)
        operation = replace(operation_of(environ, body), began=self.clock.now())
        fault = self.faults.take("aws", operation.action)
        meet(fault.error if fault else None)
        if fault is not None and fault.latency_ms:
            time.sleep(fault.latency_ms / 1000)
        refused = self._refused(operation, fault)
        if refused is not None:
            said = _say(refused, start_response)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else said]
        return self._from_services(environ, operation, fault, start_response)

    def _refused(self, operation: Operation, fault: Fault | None) -> refusals.Refusal | None:
        word = fault.error if fault else None
        if word is None or word == "lost_response" or word in ACTED:
            return None
        self._record(operation, word)
        if word in ("timeout", "disconnect"):
            self._stopping.wait(HANG_SECONDS if word == "timeout" else 0)
            raise ConnectionLostError(word)
        if word.startswith("AccessDenied"):
            return refusals.denied(operation)
        if word.startswith("Throttling") or word == "ratelimited":
            return refusals.throttled(operation)
        if word in ("500", "InternalFailure"):
            return refusals.failed(operation)
        return refusals.refusal(operation, 400, word, word)

    def _from_services(
        self, environ: dict[str, Any], operation: Operation, fault: Fault | None, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        began: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            began[:] = [status, headers]
            return lambda piece: None

        own = answerer_of(operation)
        try:
            answer = self._called(environ, operation, begin, own)
        except RefusedError as error:
            answer = _say(refusals.refusal(operation, 400, error.code, error.message), begin)
        except (NotImplementedError, ModuleNotFoundError):
            answer = _say(refusals.unknown(operation), begin)
        except Exception:
            _log.exception("%s failed", operation.action)
            answer = _say(refusals.failed(operation), begin)
        status, headers = began
        self._record(operation, "ok" if status.startswith(("2", "3")) else status.split(" ", 1)[0], answer)
        if fault is not None and fault.error == "lost_response":
            raise ConnectionLostError(fault.error)
        if environ["REQUEST_METHOD"] != "HEAD":
            # What a HEAD says is the length of the body it leaves out.
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers.append(("Content-Length", str(len(answer))))
        start_response(status, headers)
        return [answer]

    def _called(
        self, environ: dict[str, Any], operation: Operation, begin: Callable[..., Any], own: Answerer | None
    ) -> bytes:
        # moto's backends are plain dictionaries. SQS waits inside (long polls), so it goes without.
        if operation.service in _UNLOCKED:
            return b"".join(self._moto(environ, begin))
        with self._locks[operation.service]:
            if own is not None:
                return _answer(own, environ, operation, begin)
            return b"".join(self._moto(environ, begin))

    def _record(self, operation: Operation, status: str, answer: bytes = b"") -> None:
        now = self.clock.now()
        shown = self.calls.record("aws", operation.action, operation.params, status, now, operation.began)
        trail.note(operation, "" if status == "ok" else trail.code_in(operation, answer) or status, shown, now)


def _say(refused: refusals.Refusal, start_response: Callable[..., Any]) -> bytes:
    start_response(refused.status, [*refused.headers, ("Content-Length", str(len(refused.body)))])
    return refused.body


def _answer(own: Answerer, environ: dict[str, Any], operation: Operation, start_response: Callable[..., Any]) -> bytes:
    body = answered(own, operation, environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
    return body


def _backend_app(service: Any) -> Any:
    """One of moto's applications; what it cannot do reaches us instead of a page that says Internal Server Error.

    Raises NotImplementedError for a service that moto has not.
    """
    if service is None:
        raise NotImplementedError
    app = create_backend_app(service)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app
