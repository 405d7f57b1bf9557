"""Teaches moto CodeBuild: builds take time, keep the variables they were started with, fail, and leave products."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from moto.codebuild.responses import CodeBuildResponse
from moto.core.responses import ActionResult

from sandbox.aws.code_build_runs import TOKEN_SECONDS, Run, bring_up_everywhere, building, described, runs_of
from sandbox.aws.ecs_lookup import page
from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

_PER_PAGE = 100


def install(aws: AwsServer) -> None:
    """Patch moto (safe to repeat) and let builds go on at every tick."""
    for operation in (start_build, stop_build, batch_get_builds, list_builds_for_project):
        setattr(CodeBuildResponse, operation.__name__, operation)
    aws.on_tick(bring_up_everywhere)


def start_build(self: CodeBuildResponse) -> ActionResult:
    """StartBuild. The same token within five minutes is the same build; with other parameters it is refused."""
    asked: dict[str, Any] = json.loads(self.body)
    token = str(asked.pop("idempotencyToken", "") or "")
    project = _project(self, str(asked.get("projectName", "")))
    now = current().clock.now()
    with building:
        runs = runs_of(self.codebuild_backend)
        for run in runs.values():
            if token and run.token == token and now - run.started_at < TOKEN_SECONDS:
                if run.asked != asked:
                    raise InvalidInputException("The idempotency token was used with other parameters")
                return ActionResult({"build": described(run, now)})
        run = _begin(self, project, asked, token, now)
        runs[run.id] = run
        return ActionResult({"build": described(run, now)})


def _begin(self: CodeBuildResponse, project: dict[str, Any], asked: dict[str, Any], token: str, now: float) -> Run:
    name = str(project["name"])
    listed = {each["name"]: each for each in project["environment"].get("environmentVariables") or ()}
    listed |= {each["name"]: {"type": "PLAINTEXT", **each} for each in asked.get("environmentVariablesOverride") or ()}
    earlier = sum(1 for run in runs_of(self.codebuild_backend).values() if run.project == name)
    return Run(
        id=f"{name}:{uuid.uuid4()}",
        project=name,
        number=earlier + 1,
        region=self.region,
        environment={**project["environment"], "environmentVariables": list(listed.values())},
        variables={key: str(each["value"]) for key, each in listed.items()},
        started_at=now,
        token=token,
        asked=asked,
        source=project["source"],
    )


def stop_build(self: CodeBuildResponse) -> ActionResult:
    """StopBuild; one that has ended stays as it is."""
    now = current().clock.now()
    with building:
        run = runs_of(self.codebuild_backend).get(str(self._get_param("id")))
        if run is None:
            raise ResourceNotFoundException(f"Build {self._get_param('id')} does not exist")
        bring_up_everywhere()
        if now < run.ended_at:
            run.stopped_at = now
        return ActionResult({"build": described(run, now)})


def batch_get_builds(self: CodeBuildResponse) -> ActionResult:
    """BatchGetBuilds, at most a hundred."""
    ids = [str(each) for each in self._get_param("ids") or ()]
    if not 1 <= len(ids) <= _PER_PAGE or any(":" not in each for each in ids):
        raise InvalidInputException("Invalid build ID provided")
    now = current().clock.now()
    with building:
        bring_up_everywhere()
        runs = runs_of(self.codebuild_backend)
        known = [described(runs[each], now) for each in ids if each in runs]
        return ActionResult({"builds": known, "buildsNotFound": [each for each in ids if each not in runs]})


def list_builds_for_project(self: CodeBuildResponse) -> ActionResult:
    """ListBuildsForProject, newest first unless asked otherwise."""
    name = str(_project(self, str(self._get_param("projectName") or ""))["name"])
    with building:
        ids = [run.id for run in runs_of(self.codebuild_backend).values() if run.project == name]
    order = self._get_param("sortOrder")
    if order and len(ids) > _PER_PAGE:
        raise InvalidInputException("Cannot sort more than 100 builds")
    in_order = ids if order == "ASCENDING" else ids[::-1]
    shown, token = page(in_order, self._get_param("nextToken"), None, _PER_PAGE)
    return ActionResult({"ids": shown, "nextToken": token})


def _project(self: CodeBuildResponse, name: str) -> dict[str, Any]:
    project = self.codebuild_backend.codebuild_projects.get(name)
    if project is None:
        arn = f"arn:aws:codebuild:{self.region}:{self.current_account}:project/{name}"
        raise ResourceNotFoundException(f"Project cannot be found: {arn}")
    return project.project_metadata
