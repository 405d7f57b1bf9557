"""The pretend GitHub: dispatches, runs that take time, their jobs, refusals; and the bot's own adapter against it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ecr.models import ecr_backends

from bot.domain import Account, Build, Service, ServiceKind, Target
from bot.errors import NotFoundError, UpstreamError
from bot.github import GitHubBuilds
from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.faults import Faults
from sandbox.github import CALLS_PER_HOUR, GitHub
from sandbox.github_runs import Workflow
from sandbox.proxy import HangUpError, Proxy, Request, Response
from tests.sandbox.aws import standing

START = 1_795_341_697.0  # 2026-11-22 10:01:37 UTC
TOKEN = "_".join(("ghp", secrets.token_hex(18)))
WORKFLOW = Workflow("example/api", "release.yml", 101, "us-east-1", {"IMAGE_REPOSITORY": "api"})
ACTIONS = "/repos/example/api/actions"
INPUTS = {"version": "v2", "operation": "op1"}
BUILD = Build(github="example/api", workflow="release.yml")
TARGET = Target(
    *("bi", "production", "api", Service(kind=ServiceKind.ECS, cluster="c"), Account("r"), "#bi"), production=True
)


class World:
    """GitHub beside an AWS whose registry has the repository."""

    def __init__(self, aws: AwsServer) -> None:
        self.aws, self.clock = aws, aws.clock
        self.faults = Faults()
        self.calls = Calls()
        self.github = GitHub(self.clock, self.faults, self.calls, token=TOKEN, workflows=(WORKFLOW,))
        self.aws.on_tick(self.github.bring_up)

    def ask(self, method: str, path: str, query: str = "", token: str = TOKEN, **body: Any) -> Response:
        headers = {"authorization": f"Bearer {token}", "user-agent": "test"} if token else {}
        sent = json.dumps(body).encode() if body else b""
        return self.github.answer(Request(method, "https", "api.github.com", path, query, headers, sent))

    def dispatch(self, **changes: Any) -> Response:
        body = {"ref": "main", "inputs": INPUTS, "return_run_details": True, **changes}
        return self.ask("POST", f"{ACTIONS}/workflows/release.yml/dispatches", **body)

    def start(self, version: str = "v2") -> int:
        return int(told(self.dispatch(inputs={**INPUTS, "version": version}))["workflow_run_id"])

    def run(self, number: int) -> dict[str, Any]:
        return told(self.ask("GET", f"{ACTIONS}/runs/{number}"))

    def job(self, number: int) -> dict[str, Any]:
        (job,) = told(self.ask("GET", f"{ACTIONS}/runs/{number}/jobs"))["jobs"]
        assert isinstance(job, dict)
        return job

    @property
    def tags(self) -> list[str]:
        repository = ecr_backends["123456789012"]["us-east-1"].repositories["api"]
        return [tag for image in repository.images for tag in image.image_tags]


def told(response: Response) -> dict[str, Any]:
    found = json.loads(response.body)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsServer]:
    with standing.server(start=START) as server:
        yield server


@pytest.fixture
def world(aws: AwsServer) -> World:
    standing.emptied(aws, START)
    ecr_backends["123456789012"]["us-east-1"].create_repository("api", None, {}, {}, "MUTABLE", [])
    return World(aws)


def test_a_run_goes_through_its_steps_in_time(world: World) -> None:
    number = world.start()
    assert (world.run(number)["status"], world.job(number)["steps"]) == ("queued", [])
    world.clock.advance(3.5)
    run, job = world.run(number), world.job(number)
    assert (run["status"], run["conclusion"], run["display_title"]) == ("in_progress", None, "Release v2 (op1)")
    assert [step["status"] for step in job["steps"]] == ["completed", "in_progress", "queued", "queued", "queued"]
    world.clock.advance(60)
    run, job = world.run(number), world.job(number)
    assert (run["status"], run["conclusion"]) == ("completed", "success")
    assert {step["conclusion"] for step in job["steps"]} == {"success"}
    assert world.tags == ["v2"]


def test_a_run_that_fails_pushes_nothing_and_skips_the_rest(world: World) -> None:
    number = world.start("v3-nobuild")
    world.clock.advance(60)
    assert (world.run(number)["status"], world.run(number)["conclusion"]) == ("completed", "failure")
    steps = [(step["name"], step["conclusion"]) for step in world.job(number)["steps"]][-2:]
    assert steps == [("Build and push", "failure"), ("Complete job", "skipped")]
    assert world.tags == []


def test_a_run_that_nobody_looks_at_ends_too(world: World) -> None:
    world.start()
    world.clock.advance(60)
    world.aws.tick()
    assert world.tags == ["v2"]


def test_a_cancelled_run_pushes_nothing(world: World) -> None:
    number = world.start()
    world.clock.advance(5)
    assert world.ask("POST", f"{ACTIONS}/runs/{number}/cancel").status == 202
    world.clock.advance(60)
    assert world.run(number)["conclusion"] == "cancelled"
    assert world.ask("POST", f"{ACTIONS}/runs/{number}/cancel").status == 409
    assert world.tags == []


def test_a_new_run_is_had_by_its_id_at_once_and_listed_a_moment_later(world: World) -> None:
    assert world.dispatch(return_run_details=False).status == 204
    path = f"{ACTIONS}/workflows/release.yml/runs"
    assert told(world.ask("GET", path))["workflow_runs"] == []
    world.clock.advance(2)
    (run,) = told(world.ask("GET", path, "event=workflow_dispatch&created=%3E%3D2026-11-22T10:00:00Z"))["workflow_runs"]
    assert run["display_title"] == "Release v2 (op1)"
    assert told(world.ask("GET", path, "event=push"))["workflow_runs"] == []
    assert told(world.ask("GET", path, "created=%3E%3D2026-11-22T11:00:00Z"))["workflow_runs"] == []


def test_lists_come_in_pages(world: World) -> None:
    numbers = [world.start() for _ in range(5)]
    world.clock.advance(5)
    page = told(world.ask("GET", f"{ACTIONS}/workflows/101/runs", "per_page=2&page=2"))
    assert (page["total_count"], [run["id"] for run in page["workflow_runs"]]) == (5, numbers[2:0:-1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ref": ""}, "wasn't supplied"),
        ({"ref": "gone"}, "No ref found for: gone"),
        ({"inputs": {**INPUTS, "colour": "red"}}, 'Unexpected inputs provided: ["colour"]'),
        ({"inputs": {"version": "v2"}}, "Required input 'operation' not provided"),
    ],
)
def test_a_dispatch_that_does_not_fit_is_refused(world: World, changes: dict[str, Any], message: str) -> None:
    response = world.dispatch(**changes)
    assert (response.status, message in told(response)["message"]) == (422, True)


def test_only_the_token_opens_the_door(world: World) -> None:
    for token in ("", "wrong"):
        assert world.ask("GET", f"{ACTIONS}/workflows", token=token).status == 401
    listed = told(world.ask("GET", f"{ACTIONS}/workflows"))["workflows"]
    assert [each["path"] for each in listed] == [".github/workflows/release.yml"]
    assert world.ask("GET", "/repos/example/other/actions/workflows").status == 404
    assert world.ask("GET", "/user").status == 404
    assert TOKEN not in json.dumps(world.calls.list("github"))


def test_an_hour_has_so_many_calls(world: World) -> None:
    for _ in range(CALLS_PER_HOUR):
        world.ask("GET", f"{ACTIONS}/workflows")
    refused = world.ask("GET", f"{ACTIONS}/workflows")
    assert (refused.status, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
    world.clock.advance(3_601)
    assert world.ask("GET", f"{ACTIONS}/workflows").status == 200


def test_faults_are_answered_as_asked(world: World) -> None:
    for error, status in (("403", 403), ("429", 429), ("502", 502), ("ratelimited", 403)):
        world.faults.add("github", "dispatch", error, count=1)
        assert world.dispatch().status == status
    world.faults.add("github", "dispatch", "drop_ack", count=1)
    with pytest.raises(HangUpError):
        world.dispatch()
    world.clock.advance(5)
    assert told(world.ask("GET", f"{ACTIONS}/workflows/release.yml/runs"))["total_count"] == 1


@pytest.fixture
def bot(world: World, tmp_path: Path) -> Iterator[GitHubBuilds]:
    """The bot's own adapter, by way of the proxy and over TLS."""
    proxy = Proxy(tmp_path / "ca.pem")
    proxy.add("api.github.com", world.github.answer)
    proxy.start()
    made = GitHubBuilds(TOKEN, world.clock, proxy=proxy.url, ca_file=str(proxy.ca_file))
    yield made
    made.close()
    proxy.stop()


def test_the_bot_starts_a_build_and_watches_it_to_its_end(world: World, bot: GitHubBuilds) -> None:
    name = bot.start(TARGET, BUILD, "v2", "op1")
    assert bot.status(TARGET, BUILD, name).detail == "queued"
    world.clock.advance(9)
    status = bot.status(TARGET, BUILD, name)
    assert status.detail == "job “build”, step “Build and push” (4 of 5)"
    assert status.url == f"https://github.com/example/api/actions/runs/{name}"
    world.clock.advance(60)
    assert bot.status(TARGET, BUILD, name).state == "succeeded"
    assert world.tags == ["v2"]
    assert bot.workflows("example/api") == ["release.yml"]


def test_the_bot_finds_what_it_started_when_the_answer_was_lost(world: World, bot: GitHubBuilds) -> None:
    began = world.clock.now()
    world.faults.add("github", "dispatch", "lost_response", count=1)
    with pytest.raises(UpstreamError):
        bot.start(TARGET, BUILD, "v2-nobuild", "op1")
    with pytest.raises(UpstreamError, match="may not list"):
        bot.find(TARGET, BUILD, "v2-nobuild", "op1", since=began)
    world.clock.advance(60)
    name = bot.find(TARGET, BUILD, "v2-nobuild", "op1", since=began)
    assert name is not None
    assert bot.find(TARGET, BUILD, "v2", "op2", since=began) is None
    status = bot.status(TARGET, BUILD, name)
    assert (status.state, status.detail) == ("failed", "failure in job “build”, step “Build and push” (4 of 5)")
    assert len(world.calls.list("github", "dispatch")) == 1


def test_the_bot_understands_every_refusal(world: World, bot: GitHubBuilds) -> None:
    for error in ("403", "429", "ratelimited", "502"):
        world.faults.add("github", "run", error, count=1)
        with pytest.raises(UpstreamError) as caught:
            bot.status(TARGET, BUILD, "1")
        assert caught.value.retryable is (error != "403")
    with pytest.raises(NotFoundError):
        bot.status(TARGET, BUILD, "1")
    with pytest.raises(UpstreamError, match="No ref found for: gone"):
        bot.start(TARGET, BUILD.model_copy(update={"ref": "gone"}), "v2", "op1")
