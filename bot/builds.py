"""Builds, wherever a service has them: in CodeBuild or in GitHub Actions."""

from __future__ import annotations

from bot.domain import Build, Target
from bot.shipping_cloud import BuildStatus
from bot.shipping_ports import Builds


class EitherBuilds:
    """Fills ``bot.shipping_ports.Builds``: asks whichever the configuration names for this build."""

    def __init__(self, code_build: Builds, github: Builds) -> None:
        self._code_build = code_build
        self._github = github

    def start(self, target: Target, build: Build, version: str, key: str) -> str:
        return self._of(build).start(target, build, version, key)

    def find(self, target: Target, build: Build, version: str, key: str, *, since: float) -> str | None:
        return self._of(build).find(target, build, version, key, since=since)

    def status(self, target: Target, build: Build, build_id: str) -> BuildStatus:
        return self._of(build).status(target, build, build_id)

    def _of(self, build: Build) -> Builds:
        return self._code_build if build.codebuild else self._github
