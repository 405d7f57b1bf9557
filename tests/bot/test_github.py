"""GitHub Actions over real HTTP: dispatched once, found by the operation in the run's name, told in words."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from bot import shipping_ports
from bot.domain import Account, Build, Service, ServiceKind, Target
from bot.errors import NotFoundError, UpstreamError
from bot.github import LISTED_WITHIN, NAMED_WITHIN, GitHubBuilds
from tests.bot.github_server import Answer, Server
from tests.fakes import NOON, FakeClock

TOKEN = "ghp_" + secrets.token_hex(18)
BUILD = Build(github="example/api", workflow="release.yml")
TARGET = Target(
    *("bi", "production", "api", Service(kind=ServiceKind.ECS, cluster="c"), Account("r"), "#bi"), production=True
)
REPOSITORY = "/api/v3/repos/example/api/actions"
DISPATCH = f"POST {REPOSITORY}/workflows/release.yml/dispatches"
RUNS = f"GET {REPOSITORY}/workflows/release.yml/runs"
RUN = f"GET {REPOSITORY}/runs/41"
JOBS = f"GET {REPOSITORY}/runs/41/jobs"
PAGE = "https://github.com/example/api/actions/runs/41"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def github(server: Server, clock: FakeClock) -> Iterator[GitHubBuilds]:
    made = GitHubBuilds(TOKEN, clock, api_url=server.url)
    yield made
    made.close()


def a_run(number: int = 41, title: str = "Release v2 (op1)", **changes: Any) -> dict[str, Any]:
    return {"id": number, "display_title": title, "status": "queued", "conclusion": None, "html_url": PAGE, **changes}


def test_it_fills_the_port(github: GitHubBuilds) -> None:
    port: shipping_ports.Builds = github
    assert port


def test_a_dispatch_carries_version_and_operation_and_returns_the_run(server: Server, github: GitHubBuilds) -> None:
    server.says(DISPATCH, {"workflow_run_id": 41, "run_url": "u", "html_url": PAGE})
    assert github.start(TARGET, BUILD, "v2", "op1") == "41"
    ((place, _, body, headers),) = server.asked
    assert place == DISPATCH
    assert body == {
        "ref": "main",
        "inputs": {"version": "v2", "operation": "op1"},
        "return_run_details": True,
    }
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"


def test_an_answer_without_the_id_names_the_run_by_its_operation(
    server: Server, github: GitHubBuilds, clock: FakeClock
) -> None:
    server.says(DISPATCH, None, 204)
    server.says(RUNS, {"workflow_runs": []})
    name = github.start(TARGET, BUILD, "v2", "op1")
    assert github.status(TARGET, BUILD, name).detail == "dispatched, and not listed by GitHub yet"
    server.says(RUNS, {"workflow_runs": [a_run()]})
    status = github.status(TARGET, BUILD, name)
    assert (status.state, status.detail, status.url) == ("running", "queued", PAGE)
    server.says(RUNS, {"workflow_runs": [a_run(title="Release v2")]})
    clock.advance(NAMED_WITHIN)
    status = github.status(TARGET, BUILD, name)
    assert (status.state, "run-name" in status.detail) == ("failed", True)


def test_an_older_server_is_asked_without_the_newer_word(server: Server, github: GitHubBuilds) -> None:
    refused = {"message": 'Invalid request. "return_run_details" is not permitted'}
    answers: Iterator[Answer] = iter([(422, {}, refused), (204, {}, None)])
    server.pages[DISPATCH] = lambda query: next(answers)
    assert github.start(TARGET, BUILD, "v2", "op1") == f"dispatched:op1:{int(NOON)}"
    assert [sorted(body) for _, _, body, _ in server.asked] == [
        ["inputs", "ref", "return_run_details"],
        ["inputs", "ref"],
    ]


def test_a_run_is_found_by_the_operation_in_its_name(server: Server, github: GitHubBuilds) -> None:
    runs = [a_run(43, "Release v2 (op11)"), a_run(42, "Release v3 (op3)"), a_run(41, "Release v2 (op1)")]
    server.says(RUNS, {"workflow_runs": runs})
    assert github.find(TARGET, BUILD, "v2", "op1", since=NOON) == "41"
    ((_, query, _, _),) = server.asked
    assert query["event"] == "workflow_dispatch"
    assert query["created"] == ">=2025-06-15T15:05:40Z"


def test_every_page_of_runs_is_looked_through(server: Server, github: GitHubBuilds) -> None:
    pages = {"1": [a_run(number, "Release") for number in range(100)], "2": [a_run()]}
    server.pages[RUNS] = lambda query: (200, {}, {"workflow_runs": pages[query["page"]]})
    assert github.find(TARGET, BUILD, "v2", "op1", since=NOON) == "41"


def test_not_finding_a_run_at_once_does_not_mean_that_there_is_none(
    server: Server, github: GitHubBuilds, clock: FakeClock
) -> None:
    server.says(RUNS, {"workflow_runs": []})
    with pytest.raises(UpstreamError, match="may not list the run") as caught:
        github.find(TARGET, BUILD, "v2", "op1", since=NOON)
    assert caught.value.retryable and caught.value.retry_after > 0
    clock.advance(LISTED_WITHIN)
    assert github.find(TARGET, BUILD, "v2", "op1", since=NOON) is None


@pytest.mark.parametrize("status", [0, 502])
def test_a_dispatch_of_unknown_outcome_waits_until_its_run_must_be_listed(
    server: Server, github: GitHubBuilds, status: int
) -> None:
    server.says(DISPATCH, "<html>bad gateway</html>", status)
    with pytest.raises(UpstreamError) as caught:
        github.start(TARGET, BUILD, "v2", "op1")
    assert (caught.value.retryable, caught.value.retry_after) == (True, LISTED_WITHIN)


JOB = {
    "name": "build",
    "status": "in_progress",
    "steps": [
        {"name": "Check out", "number": 1, "status": "completed", "conclusion": "success"},
        {"name": "Push image", "number": 2, "status": "in_progress", "conclusion": None},
        {"name": "Sign", "number": 3, "status": "queued", "conclusion": None},
    ],
}
BROKEN = {
    "name": "build",
    "status": "completed",
    "conclusion": "failure",
    "steps": [{"name": "Test", "number": 1, "status": "completed", "conclusion": "failure"}],
}


@pytest.mark.parametrize(
    ("run", "jobs", "state", "detail"),
    [
        ({"status": "queued"}, [], "running", "queued"),
        ({"status": "waiting"}, [], "running", "waits for an approval in GitHub"),
        ({"status": "in_progress"}, [JOB], "running", "job “build”, step “Push image” (2 of 3)"),
        ({"status": "in_progress"}, [], "running", "running"),
        ({"status": "completed", "conclusion": "success"}, [], "succeeded", ""),
        (
            *({"status": "completed", "conclusion": "failure"}, [BROKEN]),
            *("failed", "failure in job “build”, step “Test” (1 of 1)"),
        ),
        ({"status": "completed", "conclusion": "timed_out"}, [], "failed", "timed out"),
        ({"status": "completed", "conclusion": "startup_failure"}, [], "failed", "startup failure"),
        ({"status": "completed", "conclusion": "cancelled"}, [], "stopped", "cancelled"),
        ({"status": "completed", "conclusion": None}, [], "failed", "failure"),
    ],
)
def test_a_run_is_told_with_its_job_and_step(
    server: Server, github: GitHubBuilds, run: dict[str, Any], jobs: list[Any], state: str, detail: str
) -> None:
    server.says(RUN, a_run(**run))
    server.says(JOBS, {"jobs": jobs})
    status = github.status(TARGET, BUILD, "41")
    assert (status.state, status.detail, status.url) == (state, detail, PAGE)


def test_a_verdict_does_not_wait_for_the_names_of_jobs(server: Server, github: GitHubBuilds) -> None:
    server.says(RUN, a_run(status="completed", conclusion="failure"))
    server.says(JOBS, {"message": "oops"}, 500)
    assert github.status(TARGET, BUILD, "41").detail == "failure"


def test_workflows_are_listed_by_file_name(server: Server, github: GitHubBuilds) -> None:
    listed = [{"path": ".github/workflows/release.yml"}, {"path": ".github/workflows/test.yaml"}]
    server.says(f"GET {REPOSITORY}/workflows", {"workflows": listed})
    assert github.workflows("example/api") == ["release.yml", "test.yaml"]


@pytest.mark.parametrize(
    ("status", "told", "headers", "sentence", "hint"),
    [
        (401, {"message": "Bad credentials"}, {}, "GitHub does not accept GITHUB_TOKEN.", "expired"),
        (
            *(403, {"message": "Resource not accessible by personal access token"}),
            *({"x_accepted_github_permissions": "actions=write"}, "Resource not accessible", "actions=write"),
        ),
        (
            *(422, {"message": 'Unexpected inputs provided: ["operation"]'}, {}),
            *("Unexpected inputs provided", "inputs version and operation"),
        ),
        (301, {"message": "Moved Permanently"}, {"location": "/x"}, "has moved", "config/systems"),
        (400, "no json", {}, "GitHub answered 400.", "workflow_dispatch"),
    ],
)
def test_a_refusal_is_a_sentence_without_the_token(
    server: Server, github: GitHubBuilds, status: int, told: Any, headers: dict[str, str], sentence: str, hint: str
) -> None:
    server.says(DISPATCH, told, status, **headers)
    with pytest.raises(UpstreamError) as caught:
        github.start(TARGET, BUILD, "v2", "op1")
    assert sentence in caught.value.message and hint in caught.value.hint
    assert not caught.value.retryable


def test_what_github_does_not_show_is_not_found(server: Server, github: GitHubBuilds) -> None:
    server.says(DISPATCH, {"message": "Not Found"}, 404)
    with pytest.raises(NotFoundError, match=r"GitHub has no workflow release\.yml in example/api") as caught:
        github.start(TARGET, BUILD, "v2", "op1")
    assert "may not see it" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (429, "slow down", {"retry_after": "7"}, 7),
        (403, "You have exceeded a secondary rate limit.", {}, 60),
        (403, "no", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOON) + 90)}, 90),
        (403, "no", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOON) - 90)}, 1),
        (429, "no", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOON) + 9_000)}, 3600),
        (429, "no", {"retry_after": "soon"}, 60),
    ],
)
def test_a_limit_says_when_to_come_again(
    server: Server, github: GitHubBuilds, status: int, message: str, headers: dict[str, str], seconds: float
) -> None:
    server.says(DISPATCH, {"message": message}, status, **headers)
    with pytest.raises(UpstreamError, match="no more calls") as caught:
        github.start(TARGET, BUILD, "v2", "op1")
    assert (caught.value.retryable, caught.value.retry_after, caught.value.code) == (True, seconds, "429")


@pytest.mark.parametrize("status", [200, 500, 503])
def test_an_answer_that_is_not_githubs_may_be_asked_for_again(
    server: Server, github: GitHubBuilds, status: int
) -> None:
    server.says(RUN, "<html>log in</html>", status)
    with pytest.raises(UpstreamError) as caught:
        github.status(TARGET, BUILD, "41")
    assert caught.value.retryable


def test_an_echo_of_the_token_is_taken_out(server: Server, github: GitHubBuilds) -> None:
    server.says(RUN, {"message": f"no {TOKEN} here"}, 403)
    with pytest.raises(UpstreamError) as caught:
        github.status(TARGET, BUILD, "41")
    assert TOKEN not in str(caught.value) and "redacted" in str(caught.value)


def test_a_network_that_fails_is_retryable_and_keeps_the_token(clock: FakeClock) -> None:
    github = GitHubBuilds(TOKEN, clock, api_url="http://127.0.0.1:9")
    with pytest.raises(UpstreamError, match="cannot be reached") as caught:
        github.status(TARGET, BUILD, "41")
    github.close()
    assert caught.value.retryable and TOKEN not in str(caught.value)


def test_without_a_token_nothing_is_asked(server: Server, clock: FakeClock) -> None:
    github = GitHubBuilds("", clock, api_url=server.url)
    with pytest.raises(UpstreamError, match="GITHUB_TOKEN") as caught:
        github.start(TARGET, BUILD, "v2", "op1")
    github.close()
    assert not caught.value.retryable and server.asked == []
