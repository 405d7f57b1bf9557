"""``bot.shipping_ports.Builds`` over AWS CodeBuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.aws.calls import Calls, in_batches, seconds
from bot.aws.errors import ask
from bot.domain import Build, Target
from bot.errors import NotFoundError, UpstreamError
from bot.shipping_cloud import BuildStatus

VERSION, OPERATION = "VERSION", "OPERATION"
"""The environment variables a build gets; the second is how it is found again."""

_PAGES = 10
_BATCH = 100
_CLOCKS_DIFFER = 60.0
_CROWDED = 30.0
_STATES = {"IN_PROGRESS": "running", "SUCCEEDED": "succeeded", "STOPPED": "stopped"}
_WELL = ("SUCCEEDED", "IN_PROGRESS")
_ENDINGS = {"FAULT": "CodeBuild itself failed", "TIMED_OUT": "timed out", "STOPPED": "was stopped"}


class CodeBuild(Calls):
    """Builds of the target's account. Needs StartBuild, ListBuildsForProject and BatchGetBuilds."""

    def start(self, target: Target, build: Build, version: str, key: str) -> str:
        """StartBuild with the version and the operation as environment variables; returns the build's id.

        ``key`` is its idempotency token too: within five minutes the same one is the same build, however often it is
        asked for; later only ``find`` knows. https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
        Raises NotFoundError when there is no such project.
        """
        variables = [
            {"name": name, "value": value, "type": "PLAINTEXT"}
            for name, value in ((VERSION, version), (OPERATION, key))
        ]
        parameters = {"projectName": build.codebuild, "environmentVariablesOverride": variables}
        try:
            answer = ask(self._of(target), "start_build", **parameters, idempotencyToken=key)
        except UpstreamError as error:
            raise _refused(error, target, build) from error
        return str(answer["build"]["id"])

    def find(self, target: Target, build: Build, version: str, key: str, *, since: float) -> str | None:
        """The id of the build whose OPERATION is this key, among those begun since then (a minute of grace)."""
        for page in self._pages(target, build):
            for batch in in_batches(page, _BATCH):
                found = ask(self._of(target), "batch_get_builds", ids=list(batch))["builds"]
                mine = next((each for each in found if _variables(each).get(OPERATION) == key), None)
                if mine is not None:
                    return str(mine["id"])
                if any(seconds(each.get("startTime")) < since - _CLOCKS_DIFFER for each in found):
                    return None
        return None

    def status(self, target: Target, build: Build, build_id: str) -> BuildStatus:
        """BatchGetBuilds of one: its phase while it runs, the phase that failed and why afterwards.

        Raises NotFoundError when CodeBuild has no such build.
        """
        found = ask(self._of(target), "batch_get_builds", ids=[build_id])["builds"]
        if not found:
            raise NotFoundError(f"CodeBuild has no build {build_id} in {target.account.region}.")
        word = str(found[0].get("buildStatus", "IN_PROGRESS"))
        state = _STATES.get(word, "failed")
        detail = _where(found[0]) if state == "running" else _why(found[0], word)
        logs = found[0].get("logs", {})
        # Until the log has a stream, CodeBuild's link leads to one that is called null.
        url = str(logs.get("deepLink", "")) if logs.get("streamName") else ""
        return BuildStatus(build_id, state, detail, url)

    def _of(self, target: Target) -> Any:
        return self._client(target.account, "codebuild")

    def _pages(self, target: Target, build: Build) -> Iterator[list[str]]:
        """Ids, newest first. That is the order without asking; asking for it fails above a hundred builds."""
        parameters: dict[str, str] = {"projectName": build.codebuild}
        for _ in range(_PAGES):
            try:
                answer = ask(self._of(target), "list_builds_for_project", **parameters)
            except UpstreamError as error:
                raise _refused(error, target, build) from error
            yield answer.get("ids", [])
            if not answer.get("nextToken"):
                return
            parameters["nextToken"] = answer["nextToken"]


def _refused(error: UpstreamError, target: Target, build: Build) -> Exception:
    if error.code == "ResourceNotFoundException":
        text = f"CodeBuild has no project {build.codebuild} in {target.account.region}."
        return NotFoundError(text, hint="See `build` in config/systems.")
    if error.code == "AccountLimitExceededException":
        return UpstreamError(error.message, hint=error.hint, retryable=True, retry_after=_CROWDED, code=error.code)
    return error


def _variables(build: Mapping[str, Any]) -> dict[str, str]:
    listed = build.get("environment", {}).get("environmentVariables", ())
    return {each["name"]: each["value"] for each in listed}


def _where(build: Mapping[str, Any]) -> str:
    number = f"build {build['buildNumber']}, " if build.get("buildNumber") else ""
    return f"{number}phase {build.get('currentPhase') or 'SUBMITTED'}"


def _why(build: Mapping[str, Any], word: str) -> str:
    """The phase that did not succeed, with what CodeBuild says of it; the time it took when all did."""
    phase = next(
        (
            each
            for each in build.get("phases", ())
            if each.get("phaseStatus", "SUCCEEDED") not in ("SUCCEEDED", "IN_PROGRESS")
        ),
        None,
    )
    if word == "SUCCEEDED":
        took = seconds(build.get("endTime")) - seconds(build.get("startTime"))
        return f"took {took:.0f} s"
    ended = _ENDINGS.get(word, "failed")
    if phase is None:
        return ended
    said = "; ".join(text for text in map(_context, phase.get("contexts") or ()) if text)
    where = f"{ended} in phase {phase['phaseType']}"
    return f"{where}: {said}" if said else where


def _context(context: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (context.get("statusCode", ""), context.get("message", "")) if part)
