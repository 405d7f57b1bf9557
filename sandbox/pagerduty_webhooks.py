"""Webhooks v3: signed, in order for each incident, at least once. https://developer.pagerduty.com/docs/webhooks

The pauses between attempts are the sandbox's, shorter than the real ones and by its clock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

import httpx

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults

FAULT_TARGET = "pagerduty:webhook"
"""Faults of webhooks are apart from those of the Events API. Their errors, for the operation "webhook": "twice" (the
same delivery comes again), "lost_response" (it came, but PagerDuty did not hear the answer), "timeout" (it never came)
or a status such as "503", answered in the receiver's place."""

PATIENCE = 5.0
"""Real seconds in which the receiver must answer 2xx."""
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
GIVE_UP_AFTER = 48 * 3600
MOST_DROPS = 3
DISABLED_FOR = 24 * 3600
LARGEST = 256 * 1024
_LOOK_EVERY = 0.02
_KEPT = 500


@dataclass
class _Delivery:
    id: str
    incident: str
    kind: str
    body: bytes
    began: float
    attempts: int = 0
    status: str = "waiting"


class Webhooks:
    """One subscription. Thread-safe; without ``subscribe`` nothing is sent."""

    def __init__(self, clock: Clock, faults: Faults, calls: Calls, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._http = httpx.Client(timeout=patience, trust_env=False)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._queues: dict[str, deque[_Delivery]] = {}
        self._sent: deque[_Delivery] = deque(maxlen=_KEPT)
        self._url = ""
        self._secrets: tuple[str, ...] = ()
        self._id = ""
        self._drops = 0
        self._disabled_until = 0.0

    def subscribe(self, url: str, *secrets: str) -> str:
        """From now on deliver there, signed with each secret: two while one takes the other's place; returns an id."""
        with self._lock:
            self._url, self._secrets, self._id = url, secrets, f"P{uuid.uuid4().hex[:6].upper()}"
            self._drops, self._disabled_until = 0, 0.0
            return self._id

    def rotate(self, *secrets: str) -> None:
        """Sign with these from now on."""
        with self._lock:
            self._secrets = secrets

    def enable(self) -> None:
        """End a disablement, as somebody can in PagerDuty's settings."""
        with self._lock:
            self._drops, self._disabled_until = 0, 0.0

    def tell(self, incident: str, body: dict[str, Any]) -> None:
        """Deliver an event of an incident after all earlier ones of it; returns at once."""
        body["event"]["id"] = str(uuid.uuid4())
        kind, now = body["event"]["event_type"], self._clock.now()
        made = _Delivery(str(uuid.uuid4()), incident, kind, json.dumps(body).encode(), now)
        with self._lock:
            if not self._url or self._stopping.is_set():
                return
            self._sent.append(made)
            if now < self._disabled_until or len(made.body) > LARGEST:
                made.status = "dropped"
                return
            queue = self._queues.get(incident)
            if queue is not None:
                queue.append(made)
                return
            self._queues[incident] = deque([made])
            thread = threading.Thread(target=self._drain, args=(incident,), name="pagerduty-webhooks", daemon=True)
            self._threads.add(thread)
            thread.start()

    def status(self) -> dict[str, Any]:
        """For the page: where to, whether it is disabled, and the newest deliveries, oldest first."""
        with self._lock:
            shown = [
                {"id": one.id, "incident": one.incident, "event": one.kind, "attempts": one.attempts}
                | {"status": one.status}
                for one in self._sent
            ]
            disabled = self._clock.now() < self._disabled_until
            return {"url": self._url, "id": self._id, "disabled": disabled, "deliveries": shown}

    def close(self) -> None:
        """Stop delivering; what was not delivered is forgotten. Safe to repeat."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._http.close()

    def signature(self, body: bytes) -> str:
        """The value of X-PagerDuty-Signature."""
        digests = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in self._secrets]
        return ",".join(f"v1={digest}" for digest in digests)

    def _drain(self, incident: str) -> None:
        try:
            while (delivery := self._next(incident)) is not None:
                self._deliver(delivery)
        finally:
            self._threads.discard(threading.current_thread())

    def _next(self, incident: str) -> _Delivery | None:
        with self._lock:
            queue = self._queues[incident]
            if queue and not self._stopping.is_set():
                return queue.popleft()
            del self._queues[incident]
            return None

    def _deliver(self, delivery: _Delivery) -> None:
        """Until it is taken, refused for good, or too old."""
        while not self._stopping.is_set() and delivery.status != "dropped":
            delivery.attempts += 1
            sent = self._clock.now()
            status = self._attempt(delivery)
            self._calls.record("pagerduty", "webhook", _told(delivery), status, self._clock.now())
            if status == "ok":
                delivery.status, self._drops = "delivered", 0
                return
            refused = status.isdecimal() and 400 <= int(status) < 500 and status != "429"
            if refused or self._clock.now() - delivery.began > GIVE_UP_AFTER:
                self._drop(delivery)
                return
            delivery.status = f"retrying: {status}"
            self._pause_until(sent + PAUSES[min(delivery.attempts, len(PAUSES)) - 1])

    def _attempt(self, delivery: _Delivery) -> str:
        """One POST: "ok", the status, or what went wrong on the way."""
        fault = self._faults.take(FAULT_TARGET, "webhook") or Fault(None)
        time.sleep(fault.latency_ms / 1000)
        if fault.error == "timeout" or (fault.error or "").isdecimal():
            return str(fault.error)
        status = self._post(delivery)
        if fault.error == "twice":
            status = self._post(delivery)
        return "timeout" if fault.error in ("lost_response", "drop_ack") else status

    def _post(self, delivery: _Delivery) -> str:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "X-PagerDuty-Signature": self.signature(delivery.body),
            "X-Webhook-Id": delivery.id,
            "X-Webhook-Subscription": self._id,
        }
        try:
            answer = self._http.post(self._url, content=delivery.body, headers=headers)
        except httpx.TimeoutException:
            return "timeout"
        except httpx.HTTPError:
            return "connection_failed"
        return "ok" if answer.is_success else str(answer.status_code)

    def _drop(self, delivery: _Delivery) -> None:
        with self._lock:
            delivery.status = "dropped"
            self._drops += 1
            if self._drops < MOST_DROPS:
                return
            self._disabled_until = self._clock.now() + DISABLED_FOR
            for queue in self._queues.values():
                for waiting in queue:
                    waiting.status = "dropped"
                queue.clear()

    def _pause_until(self, due: float) -> None:
        # The clock may jump at any time and tells nobody.
        while self._clock.now() < due and not self._stopping.wait(_LOOK_EVERY):
            pass


def _told(delivery: _Delivery) -> dict[str, Any]:
    return {"event": delivery.kind, "incident": delivery.incident, "id": delivery.id, "attempt": delivery.attempts}
