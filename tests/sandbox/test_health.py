from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.clock import Clock
from sandbox.health import Health, Running
from sandbox.proxy import Proxy, Request, Response
from sandbox.seed.catalogue import EcsService


class World:
    """A proxy whose hosts' services run what the test says."""

    def __init__(self, tmp_path: Path) -> None:
        self.healthy = 2
        self.proxy = Proxy(tmp_path / "ca.pem")
        Health(self.look, Clock(start=1_700_000_000.0, speed=0)).add_to(self.proxy)

    def look(self, service: EcsService) -> Running:
        return Running(self.healthy, f"{service.name}-version")

    def get(self, host: str, path: str) -> Response:
        return self.proxy.answer(Request("GET", "https", host, path))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_usage_service_answers_as_its_runbook_says(world: World) -> None:
    answer = world.get("api.example.com", "/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "status": "healthy",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "service": "ioanyt-delivery-standard",
        "version": "delivery-standard-version",
    }


def test_the_arbor_backend_answers_as_its_runbook_says(world: World) -> None:
    told = json.loads(world.get("your-domain.com", "/api/v1/health").body)
    assert told.keys() == {"status", "database", "redis", "timestamp"}
    assert (told["status"], told["database"], told["redis"]) == ("healthy", "connected", "connected")


def test_the_arbor_frontend_serves_a_page_at_the_same_host(world: World) -> None:
    answer = world.get("your-domain.com", "/")
    assert answer.status == 200
    assert answer.content_type.startswith("text/html")


@pytest.mark.parametrize("host", ["bi.internal.company.com", "bi-staging.internal.company.com"])
def test_the_bi_platform_tells_status_and_version(world: World, host: str) -> None:
    told = json.loads(world.get(host, "/api/health").body)
    assert told == {"status": "healthy", "version": "api-version"}


@pytest.mark.parametrize("host", ["app-url.com", "your-app-url.com"])
def test_streamlit_says_ok(world: World, host: str) -> None:
    assert world.get(host, "/_stcore/health").body == b"ok"


def test_the_address_that_the_runbook_s_template_would_give_does_not_exist(world: World) -> None:
    assert world.get("bi-production.internal.company.com", "/api/health").status == 502


def test_a_service_without_a_healthy_task_answers_503(world: World) -> None:
    world.healthy = 0
    for host, path in (("api.example.com", "/health"), ("your-domain.com", "/"), ("app-url.com", "/_stcore/health")):
        assert world.get(host, path).status == 503


def test_another_path_is_not_found(world: World) -> None:
    assert world.get("api.example.com", "/").status == 404
