"""The health addresses of the seeded services, answered from what really runs in the pretend account.

The bodies are the runbooks' contracts. A load balancer with no healthy task behind it says 503, as AWS's do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.proxy import Proxy, Request, Response
from sandbox.seed.catalogue import EcsService, service_of

_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Running:
    """What answers for a service now: how many tasks are healthy, and the image tag most of them run."""

    healthy: int
    version: str


Look = Callable[[EcsService], Running]


class Health:
    """Speaks for the services' hosts, and for their tasks' private addresses.

    ``look`` says what runs, ``owner`` whose task has an address, as cluster and service.
    """

    def __init__(
        self, look: Look, clock: Clock, owner: Callable[[str], tuple[str, str] | None] = lambda address: None
    ) -> None:
        self._look = look
        self._clock = clock
        self._owner = owner
        self._contracts: dict[tuple[str, str], Callable[[Request], Response]] = {}
        self._instead: dict[tuple[str, str], Response] = {}

    def instead(self, service: EcsService, response: Response | None) -> None:
        """Let a service that runs answer this whatever it is asked; None: as it does by itself."""
        if response is None:
            self._instead.pop((service.cluster, service.service), None)
        else:
            self._instead[service.cluster, service.service] = response

    def add_to(self, proxy: Proxy) -> None:
        """Let the proxy answer for every health address of the runbooks."""
        usage, caption = service_of("usage", "delivery-standard"), service_of("caption", "app")
        photo = service_of("photo", "backend")
        backend, frontend = service_of("arbor", "backend"), service_of("arbor", "frontend")
        staging, production = service_of("bi", "api", "staging"), service_of("bi", "api")
        proxy.add("api.example.com", self._only("/health", usage, self._usage))
        proxy.add("bi.internal.company.com", self._only("/api/health", production, self._status_and_version))
        proxy.add("bi-staging.internal.company.com", self._only("/api/health", staging, self._status_and_version))
        for host in ("app-url.com", "your-app-url.com"):
            proxy.add(host, self._only("/_stcore/health", caption, lambda running: Response(200, b"ok", _TEXT)))
        proxy.add("photos.example.com", self._only("/actuator/health", photo, self._status_and_version))
        api = self._only("/api/v1/health", backend, self._arbor)
        page = self._only("", frontend, lambda running: Response(200, b"<!doctype html><title>Arbor</title>", _HTML))
        # The addresses of the default VPC that the pretend EC2 gives to tasks.
        proxy.add("172.31.*", self._task)
        proxy.add("your-domain.com", lambda request: (api if request.path.startswith("/api/") else page)(request))

    def _only(
        self, path: str, service: EcsService, healthy: Callable[[Running], Response]
    ) -> Callable[[Request], Response]:
        """Answer for one path ("" for all) of a service."""

        def answer(request: Request) -> Response:
            running = self._look(service)
            if not running.healthy:
                return Response(503, b"<html><h1>503 Service Temporarily Unavailable</h1></html>", _HTML)
            if path and request.path != path:
                return Response.of_json(404, {"error": "not found"})
            return self._instead.get((service.cluster, service.service)) or healthy(running)

        self._contracts[service.cluster, service.service] = answer
        return answer

    def _task(self, request: Request) -> Response:
        """A task answers by itself what its service answers behind the load balancer."""
        owner = self._owner(request.host)
        answer = self._contracts.get(owner) if owner else None
        return answer(request) if answer else Response.of_json(404, {"error": "not found"})

    def _usage(self, running: Running) -> Response:
        return _healthy(timestamp=self._stamp(), service="ioanyt-delivery-standard", version=running.version)

    def _arbor(self, running: Running) -> Response:
        return _healthy(database="connected", redis="connected", timestamp=self._stamp())

    def _status_and_version(self, running: Running) -> Response:
        return _healthy(version=running.version)

    def _stamp(self) -> str:
        return self._clock.datetime().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _healthy(**more: Any) -> Response:
    return Response.of_json(200, {"status": "healthy", **more})
