from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from sandbox.proxy import HangUpError, Proxy, Request, Response


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path / "ca.pem")
    proxy.add("api.example.com", _echo)
    proxy.add("sns.*.amazonaws.com", lambda request: Response(200, b"certificate", "application/x-pem-file"))
    proxy.add("silent.example.com", _say_nothing)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=str(proxy.ca_file))
    with httpx.Client(proxy=proxy.url, verify=context, timeout=5, trust_env=False) as client:
        yield client


def _echo(request: Request) -> Response:
    told = {
        "method": request.method,
        "scheme": request.scheme,
        "host": request.host,
        "path": request.path,
        "query": request.query,
        "body": request.body.decode(),
        "agent": request.headers.get("user-agent", ""),
    }
    return Response.of_json(200, told, {"X-Told-By": "echo"})


def _say_nothing(request: Request) -> Response:
    raise HangUpError


def test_a_pretended_host_answers_over_tls(client: httpx.Client) -> None:
    answer = client.post("https://api.example.com/health?deep=1", content=b"hello")
    assert answer.status_code == 200
    assert answer.headers["X-Told-By"] == "echo"
    told = answer.json()
    assert (told["method"], told["scheme"], told["host"]) == ("POST", "https", "api.example.com")
    assert (told["path"], told["query"], told["body"]) == ("/health", "deep=1", "hello")


def test_a_pretended_host_answers_over_plain_http(client: httpx.Client) -> None:
    told = client.get("http://api.example.com/health").json()
    assert (told["scheme"], told["path"]) == ("http", "/health")


def test_a_tunnel_serves_several_requests(client: httpx.Client) -> None:
    assert [client.get("https://api.example.com/").status_code for _ in range(5)] == [200] * 5


def test_a_host_pattern_covers_every_region(client: httpx.Client) -> None:
    for region in ("us-east-1", "ap-northeast-1"):
        answer = client.get(f"https://sns.{region}.amazonaws.com/SimpleNotificationService-1.pem")
        assert answer.content == b"certificate"


def test_an_unknown_host_is_refused_with_a_sentence(client: httpx.Client) -> None:
    answer = client.get("http://nowhere.example.org/")
    assert answer.status_code == 502
    assert "nowhere.example.org" in answer.text
    with pytest.raises(httpx.ProxyError, match="502"):
        client.get("https://nowhere.example.org/")


def test_a_client_that_trusts_no_sandbox_refuses_its_certificate(proxy: Proxy) -> None:
    with httpx.Client(proxy=proxy.url, timeout=5, trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get("https://api.example.com/")


def test_an_answer_can_hang_up(client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("https://silent.example.com/")


def test_a_head_request_gets_no_body(client: httpx.Client) -> None:
    answer = client.head("https://api.example.com/")
    assert answer.status_code == 200
    assert answer.content == b""


def test_a_body_of_unknown_length_is_refused(client: httpx.Client) -> None:
    answer = client.post("https://api.example.com/", content=iter([b"one", b"two"]))
    assert answer.status_code == 411


def test_a_request_for_the_proxy_itself_is_refused(proxy: Proxy) -> None:
    answer = httpx.get(proxy.url + "/health", trust_env=False)
    assert answer.status_code == 400


def test_the_authority_signs_only_hosts(proxy: Proxy) -> None:
    authority = x509.load_pem_x509_certificate(proxy.ca_file.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca
    assert constraints.path_length == 0


def test_the_certificate_file_goes_away_with_the_proxy(tmp_path: Path) -> None:
    proxy = Proxy(tmp_path / "deep" / "ca.pem")
    proxy.start()
    assert proxy.ca_file.exists()
    proxy.stop()
    assert not proxy.ca_file.exists()


def test_json_answers_are_json() -> None:
    assert json.loads(Response.of_json(200, {"a": 1}).body) == {"a": 1}
