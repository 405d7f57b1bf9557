"""``bot.shipping_ports.Builds`` over GitHub Actions: workflows that are started by ``workflow_dispatch``.

A dispatch has no idempotency token. The run carries the operation in its name instead, for which the workflow needs
``run-name: … ${{ inputs.operation }}``; https://docs.github.com/en/rest/actions/workflows describes the calls.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bot.domain import Build, Target
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.ports import Clock
from bot.redact import clean
from bot.shipping_cloud import BuildStatus

TIMEOUT = 10.0
"""Seconds for a whole answer."""
LISTED_WITHIN = 30.0
"""Seconds after which a run that was dispatched stands in GitHub's list, with room to spare."""
NAMED_WITHIN = 300.0
"""Seconds after which a run that nobody can name will never be named: its workflow has no ``run-name``."""

_API_VERSION = "2022-11-28"
_PER_PAGE = 100
_PAGES = 10
_CLOCKS_DIFFER = 60.0
_LOOK_AGAIN = 5.0
_LIMITED_FOR, _LONGEST_LIMIT = 60.0, 3600.0
_LONGEST = 300
_UNNAMED = re.compile(r"dispatched:(?P<key>.+):(?P<at>\d+)")
_STOPPED = ("cancelled", "skipped", "stale")
_QUIET = {
    "waiting": "waits for an approval in GitHub",
    "action_required": "waits for an approval in GitHub",
    "in_progress": "running",
}


class GitHubBuilds:
    """Runs of workflows. May be used by many threads; ``token`` needs read and write access to Actions.

    ``api_url`` is GitHub's own or that of a GitHub Enterprise Server (``https://host/api/v3``). ``proxy`` is the
    address of a company's proxy, ``ca_file`` a PEM file of authorities trusted besides the usual ones.
    """

    def __init__(
        self,
        token: str,
        clock: Clock,
        *,
        api_url: str = "https://api.github.com",
        proxy: str = "",
        ca_file: str = "",
    ) -> None:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(cafile=Path(ca_file))
        self._token = token.strip()
        self._clock = clock
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _API_VERSION}
        self._client = httpx.Client(
            base_url=api_url.rstrip("/"),
            proxy=proxy or None,
            verify=context,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers=headers | {"User-Agent": "runbook-bot", "Authorization": f"Bearer {self._token}"},
        )

    def start(self, target: Target, build: Build, version: str, key: str) -> str:
        """Dispatch the workflow with the inputs ``version`` and ``operation``; returns the run's id.

        Where GitHub does not tell the id (before 2026), what is returned names the run by its operation, and
        ``status`` looks for it. Raises NotFoundError when there is no such repository or workflow.
        """
        body = {"ref": build.ref, "inputs": {"version": version, "operation": key}}
        path = f"{_workflow(build)}/dispatches"
        what = f"workflow {build.workflow} in {build.github}"
        try:
            answer = self._ask("POST", path, what, json=body | {"return_run_details": True})
        except UpstreamError as error:
            if error.retryable and not error.retry_after:
                # GitHub may have taken it all the same; until it must be listed there is nothing to look for.
                raise UpstreamError(
                    error.message, retryable=True, retry_after=LISTED_WITHIN, code=error.code
                ) from error
            if error.code not in ("400", "422"):
                raise
            if "return_run_details" not in error.message:
                hint = f"On {build.ref} it needs workflow_dispatch with the inputs version and operation."
                raise UpstreamError(error.message, hint=hint, code=error.code) from error
            # An older GitHub Enterprise Server, which took nothing.
            answer = self._ask("POST", path, what, json=body)
        run = answer.get("workflow_run_id")
        return str(run) if run else f"dispatched:{key}:{int(self._clock.now())}"

    def find(self, target: Target, build: Build, version: str, key: str, *, since: float) -> str | None:
        """The id of the run whose name has the operation in it, among those made since then (a minute of grace).

        A run that was dispatched a moment ago may not be listed yet: until half a minute after ``since`` not finding
        it is an UpstreamError, ``retryable``, rather than a None on which a second one would be dispatched.
        """
        run = self._named(build, key, since)
        if run is None and self._clock.now() < since + LISTED_WITHIN:
            text = f"GitHub may not list the run of {build.workflow} yet."
            raise UpstreamError(text, retryable=True, retry_after=_LOOK_AGAIN)
        return str(run["id"]) if run else None

    def status(self, target: Target, build: Build, build_id: str) -> BuildStatus:
        """How the run goes, with the job and step it is in or failed in. Raises NotFoundError."""
        unnamed = _UNNAMED.fullmatch(build_id)
        if unnamed is None:
            run = self._ask(
                "GET", f"/repos/{build.github}/actions/runs/{build_id}", f"run {build_id} in {build.github}"
            )
            return self._read(build, build_id, run)
        found = self._named(build, unnamed["key"], float(unnamed["at"]))
        if found is not None:
            return self._read(build, build_id, found)
        if self._clock.now() < float(unnamed["at"]) + NAMED_WITHIN:
            return BuildStatus(build_id, "running", "dispatched, and not listed by GitHub yet")
        lost = f"no run of {build.workflow} has the operation in its name; it needs `run-name` with inputs.operation"
        return BuildStatus(build_id, "failed", lost)

    def workflows(self, repository: str) -> list[str]:
        """File names of the workflows of ``owner/name``. Raises NotFoundError when there is no such repository."""
        path = f"/repos/{repository}/actions/workflows"
        found = self._pages(path, f"repository {repository}", "workflows")
        return [str(each.get("path", "")).rpartition("/")[2] for each in found]

    def close(self) -> None:
        """Give back every connection."""
        self._client.close()

    def _named(self, build: Build, key: str, since: float) -> dict[str, Any] | None:
        created = datetime.fromtimestamp(since - _CLOCKS_DIFFER, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = {"event": "workflow_dispatch", "created": f">={created}"}
        what = f"workflow {build.workflow} in {build.github}"
        runs = self._pages(f"{_workflow(build)}/runs", what, "workflow_runs", **wanted)
        whole_word = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])")
        return next((each for each in runs if whole_word.search(str(each.get("display_title", "")))), None)

    def _read(self, build: Build, build_id: str, run: Mapping[str, Any]) -> BuildStatus:
        url, status = str(run.get("html_url") or ""), str(run.get("status"))
        if status != "completed":
            where = self._place(build, run, "in_progress") if status == "in_progress" else ""
            return BuildStatus(build_id, "running", where or _QUIET.get(status, "queued"), url)
        ending = str(run.get("conclusion") or "failure")
        if ending == "success":
            return BuildStatus(build_id, "succeeded", "", url)
        words = ending.replace("_", " ")
        where = self._place(build, run, ending)
        state = "stopped" if ending in _STOPPED else "failed"
        return BuildStatus(build_id, state, f"{words} in {where}" if where else words, url)

    def _place(self, build: Build, run: Mapping[str, Any], word: str) -> str:
        """The job and step that is running, or that ended as the run did. What cannot be read is left out."""
        path = f"/repos/{build.github}/actions/runs/{run.get('id')}/jobs"
        try:
            jobs = list(self._pages(path, f"run {run.get('id')} in {build.github}", "jobs"))
        except BotError:
            return ""
        job = next((each for each in jobs if word in (each.get("status"), each.get("conclusion"))), None)
        if job is None:
            return ""
        steps = job.get("steps") or []
        step = next((each for each in steps if word in (each.get("status"), each.get("conclusion"))), None)
        name = f"job “{job.get('name')}”"
        return f"{name}, step “{step.get('name')}” ({step.get('number')} of {len(steps)})" if step else name

    def _pages(self, path: str, what: str, key: str, **wanted: str) -> Iterator[dict[str, Any]]:
        for page in range(1, _PAGES + 1):
            parameters = {**wanted, "per_page": str(_PER_PAGE), "page": str(page)}
            found = self._ask("GET", path, what, params=parameters).get(key) or []
            yield from found
            if len(found) < _PER_PAGE:
                return

    def _ask(self, method: str, path: str, what: str, **options: Any) -> dict[str, Any]:
        if not self._token:
            raise UpstreamError("GitHub was not asked: there is no GITHUB_TOKEN.", hint="Give the bot one.")
        try:
            response = self._client.request(method, path, **options)
        except httpx.TimeoutException as error:
            raise UpstreamError("GitHub did not answer in time.", retryable=True) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamError("GitHub cannot be reached.", retryable=True) from error
        answer = _json(response)
        if response.status_code == 204:
            return {}
        if response.status_code in (200, 201) and answer is not None:
            return answer
        raise self._refused(response, what, str((answer or {}).get("message", "")))

    def _refused(self, response: httpx.Response, what: str, message: str) -> BotError:
        """GitHub's refusal as a sentence. The token is never in it, whoever answered."""
        status, code = response.status_code, str(response.status_code)
        said = clean(message.replace(self._token, "[redacted]"))[:_LONGEST].rstrip(".")
        if status in (403, 429) and _is_limit(response, said):
            wait = _wait(response, self._clock.now())
            return UpstreamError("GitHub takes no more calls for now.", retryable=True, retry_after=wait, code="429")
        if status == 401:
            return UpstreamError("GitHub does not accept GITHUB_TOKEN.", hint="It may have expired.", code=code)
        if status == 403:
            needed = response.headers.get("x-accepted-github-permissions", "actions=write")[:_LONGEST]
            return UpstreamError(f"GitHub denied {what}: {said}.", hint=f"GITHUB_TOKEN needs {needed}.", code=code)
        if status == 404:
            hint = "Or GITHUB_TOKEN may not see it: GitHub says the same of both."
            return NotFoundError(f"GitHub has no {what}.", hint=hint)
        if 300 <= status < 400:
            return UpstreamError(f"GitHub says that the {what} has moved.", hint="See config/systems.", code=code)
        # A success without GitHub's own words came from something in between.
        retryable = status >= 500 or status < 300
        told = f"GitHub answered {status}: {said}." if said else f"GitHub answered {status}."
        return UpstreamError(told, retryable=retryable, code=code)


def _workflow(build: Build) -> str:
    return f"/repos/{build.github}/actions/workflows/{build.workflow}"


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _is_limit(response: httpx.Response, said: str) -> bool:
    headers = response.headers
    spent = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    return response.status_code == 429 or spent or "rate limit" in said.lower()


def _wait(response: httpx.Response, now: float) -> float:
    """Seconds until GitHub takes calls again; a minute where it does not say.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    after, reset = response.headers.get("retry-after", ""), response.headers.get("x-ratelimit-reset", "")
    if re.fullmatch(r"[0-9]{1,5}", after):
        wait = float(after)
    elif response.headers.get("x-ratelimit-remaining") == "0" and re.fullmatch(r"[0-9]{1,12}", reset):
        wait = float(reset) - now
    else:
        wait = _LIMITED_FOR
    return min(_LONGEST_LIMIT, max(1.0, wait))
