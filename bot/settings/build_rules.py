"""Who builds what does not exist yet: one thing or the other, and whole."""

from __future__ import annotations

import re
from typing import Any

from bot.settings.shapes import check_shapes
from bot.settings.source import KeyPath, Source

_BUILD = "environments.*.services.*.build"


def check_builds(source: Source) -> None:
    """The rules of every ``build`` in a file under ``config/systems/``."""
    looks = {"codebuild": project_look, "github": repository_look, "workflow": workflow_look}
    check_shapes(source, {f"{_BUILD}.{key}": look for key, look in looks.items()})
    for path, build in source.at(_BUILD):
        if isinstance(build, dict):
            _check_build(source, path, build)


def _check_build(source: Source, path: KeyPath, build: dict[str, Any]) -> None:
    codebuild, github, workflow = (build.get(key) for key in ("codebuild", "github", "workflow"))
    if codebuild and (github or workflow):
        source.report(path, "must name a CodeBuild project or a GitHub workflow, not both")
    elif not codebuild and bool(github) != bool(workflow):
        key, other = ("workflow", "github") if github else ("github", "workflow")
        source.report((*path, key), f"is needed beside {other}")
    elif not codebuild and not github:
        source.report(path, "must name codebuild, or github and workflow")
    if "ref" in build and (codebuild or build["ref"] == ""):
        source.report((*path, "ref"), "is a branch or tag of the GitHub repository")


def repository_look(name: str) -> str:
    """A repository of GitHub: its owner's name and its own."""
    if not name or re.fullmatch(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", name):
        return ""
    return "must be a GitHub repository as owner/name, without an address before it"


def workflow_look(name: str) -> str:
    """The file of a GitHub Actions workflow, without its folder."""
    if not name or re.fullmatch(r"[\w.-]+\.ya?ml", name, re.ASCII):
        return ""
    return "must be the workflow's file name below .github/workflows, ending in .yml or .yaml"


def project_look(name: str) -> str:
    """A CodeBuild project."""
    if not name or re.fullmatch(r"[A-Za-z0-9][\w-]{1,149}", name, re.ASCII):
        return ""
    return "must be a CodeBuild project's name: letters, digits, '-' and '_', 2 to 150 long"
