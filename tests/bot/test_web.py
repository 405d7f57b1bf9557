from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot import ports
from bot.domain import Health
from bot.errors import UpstreamError
from bot.web import LARGEST, HttpWeb


class Site:
    """A web server whose pages a test writes: path to status, headers and body."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.paths: list[str] = []
        site = self

        class Request(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.paths.append(self.path)
                status, headers, body = site.pages[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """The tests read what pytest prints, not an access log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def says(self, answer: Any, status: int = 200, path: str = "/health") -> None:
        """Answer with JSON."""
        self.pages[path] = (status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


@pytest.fixture
def web() -> Iterator[HttpWeb]:
    client = HttpWeb(None, None)
    yield client
    client.close()


def health(site: Site, code: int = 200, **expect: str | int | bool) -> Health:
    return Health(url=f"{site.url}/health", code=code, expect=expect)


def test_it_fills_the_port(web: HttpWeb) -> None:
    port: ports.Web = web
    assert port


def test_an_answer_as_expected_is_healthy(site: Site, web: HttpWeb) -> None:
    site.says({"status": "ok", "version": "1.4.2", "workers": 3})
    answer = web.check(health(site, status="ok", workers=3))
    assert (answer.ok, answer.code, answer.version, answer.detail) == (True, 200, "1.4.2", "HTTP 200")


def test_another_status_is_unhealthy(site: Site, web: HttpWeb) -> None:
    site.says({"status": "down"}, status=503)
    answer = web.check(health(site))
    assert (answer.ok, answer.code, answer.detail) == (False, 503, "HTTP 503 instead of 200")


def test_a_status_that_is_expected_is_healthy(site: Site, web: HttpWeb) -> None:
    site.says({}, status=401)
    assert web.check(health(site, code=401)).ok


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"status": "degraded"}, 'status is "degraded" instead of "ok"'),
        ({"status": 1}, 'status is 1 instead of "ok"'),
        ({"other": "ok"}, 'status is missing instead of "ok"'),
        (["ok"], 'status is missing instead of "ok"'),
    ],
)
def test_what_differs_is_said(site: Site, web: HttpWeb, said: Any, detail: str) -> None:
    site.says(said)
    answer = web.check(health(site, status="ok"))
    assert (answer.ok, answer.detail) == (False, detail)


def test_true_is_not_one(site: Site, web: HttpWeb) -> None:
    site.says({"ready": True, "count": 1})
    assert web.check(health(site, ready=True, count=1)).ok
    assert not web.check(health(site, ready=1)).ok
    assert not web.check(health(site, count=True)).ok


def test_a_page_that_is_not_json_has_no_fields(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (200, {}, b"<html>ok</html>")
    assert web.check(health(site)).ok
    assert not web.check(health(site, status="ok")).ok


@pytest.mark.parametrize(
    ("said", "deployed", "ok"),
    [
        ("1.4.2", "1.4.2", True),
        ("1.4.2", "v1.4.2", True),
        ("v1.4.2", "1.4.2", True),
        ("1.4.1", "1.4.2", False),
        (None, "1.4.2", False),
        ("anything", "", True),
    ],
)
def test_the_version_is_the_tag_just_deployed(
    site: Site, web: HttpWeb, said: str | None, deployed: str, ok: bool
) -> None:
    site.says({"version": said})
    assert web.check(health(site, version="deployed"), deployed).ok is ok


def test_the_version_that_still_runs_is_named(site: Site, web: HttpWeb) -> None:
    site.says({"version": "1.4.1"})
    assert web.check(health(site, version="deployed"), "1.4.2").detail == 'version is "1.4.1" instead of "1.4.2"'


def test_an_address_nobody_listens_at_is_an_answer(site: Site, web: HttpWeb) -> None:
    site.close()
    answer = web.check(health(site))
    assert (answer.ok, answer.code) == (False, 0)
    assert answer.detail.startswith("not reached: ")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://[::1", "", "no address", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_an_answer(web: HttpWeb, url: str) -> None:
    answer = web.check(Health(url=url))
    assert not answer.ok
    assert answer.detail.startswith("not reached: ")


def test_only_the_beginning_of_a_large_answer_is_read(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (200, {}, b"x" * (LARGEST + 100))
    assert len(web.fetch(f"{site.url}/health")) == LARGEST


def test_a_redirect_on_the_same_host_is_followed(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (301, {"Location": "/health/"}, b"")
    site.says({"status": "ok"}, path="/health/")
    assert web.check(health(site, status="ok")).ok


def test_a_redirect_to_another_host_is_not_followed(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (302, {"Location": f"http://localhost:{site.port}/elsewhere"}, b"")
    answer = web.check(health(site))
    assert (answer.ok, answer.code) == (False, 302)
    assert site.paths == ["/health"]


def test_a_circle_of_redirects_ends(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (302, {"Location": "/health"}, b"")
    assert "redirects" in web.check(health(site)).detail
    assert len(site.paths) == 4


def test_a_redirect_to_nowhere_is_an_answer(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (302, {"Location": "http://[::1"}, b"")
    assert not web.check(health(site)).ok


def test_the_proxy_is_asked_for_the_whole_address(site: Site) -> None:
    site.says({"status": "ok"}, path="http://api.example.com/health")
    web = HttpWeb(site.url, None)
    assert web.check(Health(url="http://api.example.com/health", expect={"status": "ok"})).ok
    web.close()


def test_a_proxy_of_the_environment_is_left_alone(site: Site, web: HttpWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = HttpWeb(None, None)
    site.says({})
    assert client.check(health(site)).ok
    client.close()


def test_any_address_is_asked_and_compared(site: Site, web: HttpWeb) -> None:
    site.says({"database": "connected"}, path="/ready")
    answer = web.get(Health(url=f"{site.url}/ready", expect={"database": "connected"}), seconds=2)
    assert (answer.ok, answer.code, answer.detail) == (True, 200, "HTTP 200")
    wrong = web.get(Health(url=f"{site.url}/ready", expect={"redis": "connected"}), seconds=2)
    assert wrong.detail == 'redis is missing instead of "connected"'


def test_an_address_that_hangs_is_left_in_time(web: HttpWeb) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        answer = web.get(Health(url=f"http://127.0.0.1:{silent.getsockname()[1]}/"), seconds=0.5)
    assert time.monotonic() - began < 5
    assert (answer.ok, answer.code, answer.detail) == (False, 0, "not reached: no answer within 0.5 s")


def test_an_address_next_door_is_asked_without_the_proxy(site: Site) -> None:
    site.says({})
    with socket.create_server(("127.0.0.1", 0)) as nowhere:
        proxy = f"http://127.0.0.1:{nowhere.getsockname()[1]}"
    behind = HttpWeb(proxy, None)
    health = Health(url=f"{site.url}/health")
    assert behind.get(health, seconds=2, direct=True).ok
    assert not behind.get(health, seconds=2).ok
    behind.close()


def test_a_task_may_send_nobody_to_another_host(site: Site, web: HttpWeb) -> None:
    site.pages["/health"] = (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")
    answer = web.get(Health(url=f"{site.url}/health"), seconds=2, direct=True)
    assert (answer.ok, answer.code) == (False, 302)


def test_an_authority_file_that_is_missing_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        HttpWeb(None, tmp_path / "missing.pem")


def test_fetching_says_what_went_wrong(site: Site, web: HttpWeb) -> None:
    site.says("no", status=404)
    with pytest.raises(UpstreamError, match="answered 404") as caught:
        web.fetch(f"{site.url}/health")
    assert not caught.value.retryable
    site.close()
    with pytest.raises(UpstreamError, match="cannot be reached") as caught:
        web.fetch(f"{site.url}/health")
    assert caught.value.retryable


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_ping_is_any_answer_that_is_not_a_refusal(site: Site, web: HttpWeb, status: int) -> None:
    site.pages["/ping/secret"] = (status, {"Content-Length": "0"}, b"")
    web.ping(f"{site.url}/ping/secret")
    assert site.paths == ["/ping/secret"]


def test_a_ping_that_fails_names_the_host_and_not_the_address(site: Site, web: HttpWeb) -> None:
    site.pages["/ping/secret"] = (404, {"Content-Length": "0"}, b"")
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1 answered 404") as refused:
        web.ping(f"{site.url}/ping/secret")
    assert "secret" not in str(refused.value)
    gone = site.url
    site.close()
    with pytest.raises(UpstreamError, match=r"127\.0\.0\.1 cannot be reached") as lost:
        web.ping(f"{gone}/ping/secret")
    assert "secret" not in str(lost.value) and lost.value.__cause__ is None
