"""A pretend GitHub: the part of its REST API that starts workflows and watches their runs.

The rules are those of GitHub's documentation, "REST API endpoints for workflows", "… for workflow runs", "… for
workflow jobs" and "Rate limits for the REST API".
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.github_runs import LISTED_AFTER, Run, Workflow, stamp
from sandbox.proxy import HangUpError, Request, Response, suffer

HOST = "api.github.com"
CALLS_PER_HOUR = 5_000

_API = f"https://{HOST}"
_FIRST_RUN = 9_000_000_001
_PER_PAGE, _LARGEST_PAGE = 30, 100

Parts = Mapping[str, str]
Query = Mapping[str, str]


class GitHub:
    """Repositories with workflows, and their runs. Thread-safe.

    ``token`` is the only one that is accepted; it may do everything in the repositories there are.
    """

    def __init__(
        self, clock: Clock, faults: Faults, calls: Calls, *, token: str, workflows: Sequence[Workflow]
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._token = token
        self._workflows = tuple(workflows)
        self._lock = threading.RLock()
        self._runs: list[Run] = []
        self._recent: deque[float] = deque()
        actions = r"/repos/(?P<repository>[^/]+/[^/]+)/actions"
        workflow = rf"{actions}/workflows/(?P<workflow>[^/]+)"
        run = rf"{actions}/runs/(?P<run>\d+)"
        self._routes: tuple[tuple[str, str, str, Callable[[Parts, Query, Any], Response]], ...] = (
            ("dispatch", "POST", f"{workflow}/dispatches", self._dispatch),
            ("workflows", "GET", f"{actions}/workflows", self._list_workflows),
            ("workflow", "GET", workflow, self._show_workflow),
            ("runs", "GET", f"{workflow}/runs", self._list_runs),
            ("run", "GET", run, self._show_run),
            ("jobs", "GET", f"{run}/jobs", self._list_jobs),
            ("cancel", "POST", f"{run}/cancel", self._cancel),
        )

    def bring_up(self) -> None:
        """Let every run that has come so far leave its product behind."""
        with self._lock:
            for run in self._runs:
                run.bring_up(self._clock.now())

    def answer(self, request: Request) -> Response:
        """Speak as api.github.com."""
        operation, parts, act = self._route(request)
        body = _parse(request.body)
        fault = self._faults.take("github", operation)
        with self._lock:
            self.bring_up()
            limits = self._limits()
        response = self._fail(fault) or self._refuse(request, limits)
        if response is None:
            with self._lock:
                response = act(parts, dict(parse_qsl(request.query)), body)
        headers = {**limits, **response.headers}
        status = "ok" if response.status < 300 else str(response.status)
        params = {**parts, **(body if isinstance(body, dict) else {})}
        self._calls.record("github", operation, params, status, self._clock.now())
        if fault is not None and fault.error in ("drop_ack", "lost_response"):
            raise HangUpError
        return Response(response.status, response.body, headers=headers)

    def _route(self, request: Request) -> tuple[str, Parts, Callable[[Parts, Query, Any], Response]]:
        for operation, method, pattern, act in self._routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return operation, match.groupdict(), act
        return "?", {}, lambda parts, query, body: _said(404, "Not Found")

    def _limits(self) -> dict[str, str]:
        """Count this call, and tell how many are left of the hour."""
        now = self._clock.now()
        while self._recent and self._recent[0] <= now - 3600:
            self._recent.popleft()
        self._recent.append(now)
        left = max(0, CALLS_PER_HOUR - len(self._recent))
        told = {"Limit": CALLS_PER_HOUR, "Remaining": left, "Reset": int(self._recent[0] + 3600)}
        return {f"X-RateLimit-{name}": str(number) for name, number in told.items()}

    def _fail(self, fault: Fault | None) -> Response | None:
        """What the fault says; None where the call is to be answered after all."""
        word, seconds = suffer(fault), (fault.seconds if fault else None) or 60
        match word:
            case None:
                return None
            case "ratelimited":
                reset = str(int(self._clock.now() + seconds))
                return _limited({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
            case "429":
                headers = {"Retry-After": str(int(seconds))}
                return _said(429, "You have exceeded a secondary rate limit.", headers)
            case "403":
                headers = {"X-Accepted-GitHub-Permissions": "actions=write"}
                return _said(403, "Resource not accessible by personal access token", headers)
            case _:
                return _said(int(word) if word.isdecimal() else 500, "Server Error")

    def _refuse(self, request: Request, limits: Mapping[str, str]) -> Response | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return _said(401, "Requires authentication")
        if kind.lower() not in ("bearer", "token") or token != self._token:
            return _said(401, "Bad credentials")
        if not request.headers.get("user-agent"):
            return _said(403, "Request forbidden by administrative rules. Please make sure it has a User-Agent header")
        return _limited({}) if len(self._recent) > CALLS_PER_HOUR else None

    def _dispatch(self, parts: Parts, query: Query, body: Any) -> Response:
        workflow = self._workflow(parts)
        if workflow is None:
            return _said(404, "Not Found")
        problem = _dispatch_problem(workflow, body)
        if problem:
            return _said(422, problem)
        number = 1 + sum(1 for run in self._runs if run.workflow is workflow)
        identity = _FIRST_RUN + len(self._runs)
        run = Run(identity, number, workflow, body["ref"], body.get("inputs") or {}, self._clock.now())
        self._runs.append(run)
        if not body.get("return_run_details"):
            return Response(204)
        address = f"{_API}/repos/{workflow.repository}/actions/runs/{run.id}"
        return Response.of_json(200, {"workflow_run_id": run.id, "run_url": address, "html_url": run.page})

    def _list_workflows(self, parts: Parts, query: Query, body: Any) -> Response:
        found = [each for each in self._workflows if each.repository == parts["repository"]]
        if not found:
            return _said(404, "Not Found")
        return _page("workflows", [each.described(_API) for each in found], query)

    def _show_workflow(self, parts: Parts, query: Query, body: Any) -> Response:
        workflow = self._workflow(parts)
        return _said(404, "Not Found") if workflow is None else Response.of_json(200, workflow.described(_API))

    def _list_runs(self, parts: Parts, query: Query, body: Any) -> Response:
        workflow = self._workflow(parts)
        if workflow is None:
            return _said(404, "Not Found")
        now = self._clock.now()
        since = query.get("created", "").removeprefix(">=")
        found = [
            run.described(_API, now)
            for run in reversed(self._runs)
            if run.workflow is workflow and now >= run.created_at + LISTED_AFTER and stamp(run.created_at) >= since
        ]
        wanted = query.get("event", "workflow_dispatch") == "workflow_dispatch"
        return _page("workflow_runs", found if wanted else [], query)

    def _show_run(self, parts: Parts, query: Query, body: Any) -> Response:
        run = self._run(parts)
        return _said(404, "Not Found") if run is None else Response.of_json(200, run.described(_API, self._clock.now()))

    def _list_jobs(self, parts: Parts, query: Query, body: Any) -> Response:
        run = self._run(parts)
        return _said(404, "Not Found") if run is None else _page("jobs", run.jobs(self._clock.now()), query)

    def _cancel(self, parts: Parts, query: Query, body: Any) -> Response:
        run, now = self._run(parts), self._clock.now()
        if run is None:
            return _said(404, "Not Found")
        if now >= run.ended_at:
            return _said(409, "Cannot cancel a workflow run that is completed.")
        run.cancelled_at = now
        return Response.of_json(202, {})

    def _workflow(self, parts: Parts) -> Workflow | None:
        mine = (each for each in self._workflows if each.repository == parts["repository"])
        return next((each for each in mine if parts["workflow"] in (each.file, str(each.id))), None)

    def _run(self, parts: Parts) -> Run | None:
        mine = (run for run in self._runs if run.workflow.repository == parts["repository"])
        return next((run for run in mine if str(run.id) == parts["run"]), None)


def _dispatch_problem(workflow: Workflow, body: Any) -> str:
    if not isinstance(body, dict):
        return "Problems parsing JSON"
    ref, inputs = body.get("ref"), body.get("inputs") or {}
    if not isinstance(ref, str) or not ref:
        return 'Invalid request.\n\n"ref" wasn\'t supplied.'
    if ref.removeprefix("refs/heads/") not in workflow.refs:
        return f"No ref found for: {ref}"
    unexpected = sorted(set(inputs) - set(workflow.inputs))
    if unexpected:
        return f"Unexpected inputs provided: {json.dumps(unexpected)}"
    missing = [name for name in workflow.inputs if not inputs.get(name)]
    return f"Required input '{missing[0]}' not provided" if missing else ""


def _page(key: str, found: list[dict[str, Any]], query: Query) -> Response:
    size = min(_LARGEST_PAGE, int(query.get("per_page") or _PER_PAGE))
    start = (int(query.get("page") or 1) - 1) * size
    return Response.of_json(200, {"total_count": len(found), key: found[start : start + size]})


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _said(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    told = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Response.of_json(status, told, headers)


def _limited(headers: Mapping[str, str]) -> Response:
    return _said(403, "API rate limit exceeded for user ID 1.", headers)
