"""What is looked at before an alias of a Lambda function is moved."""

from __future__ import annotations

from typing import Any

from bot.command import Check, Override
from bot.shipping import functions_past as past
from bot.shipping.verdicts import blocking, passed, unknown, warned
from bot.shipping_cloud import Function, FunctionAlias

_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}


def architecture(found: Any, function: Function) -> Check:
    """Whether the image runs on what the function runs on."""
    name, wanted = "architecture", _ARCHITECTURES.get(function.architecture, function.architecture)
    if not isinstance(found, tuple):
        return unknown(name, found)
    if not found:
        return unknown(name, "its manifest does not say")
    if wanted in found:
        return passed(name, wanted)
    text = f"the function runs on {wanted}, the image is for {', '.join(found)}"
    return blocking(name, text, Override.NEVER)


def not_updating(latest: Function) -> Check:
    """Whether Lambda would take new code now."""
    name = "function"
    if latest.update == "InProgress":
        return blocking(name, "somebody is updating it right now, and Lambda takes one update at a time")
    if latest.state == "Pending":
        return blocking(name, "Lambda is still making it")
    if latest.update == "Failed" or latest.state == "Failed":
        return warned(name, f"its last update failed: {latest.reason or 'Lambda does not say why'}")
    return passed(name, "not being updated")


def weights(alias: FunctionAlias, pasts: past.Pasts) -> Check:
    """Whether somebody is shifting the alias's calls: weights changed by hand break a deployment of CodeDeploy.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-rolling-deployments.html
    """
    name = "calls"
    if not alias.weights:
        return passed(name, f"all of {alias.name} go to version {alias.version}")
    said = ", ".join(f"{share:.0%} go to version {version}" for version, share in sorted(alias.weights.items()))
    if any(past.made(each) in alias.weights for each in pasts):
        return warned(name, f"{said}, which an earlier deployment left so; this ends it")
    return blocking(name, f"{said}, and not by this bot: somebody, CodeDeploy perhaps, is shifting them")


def can_share(alias: FunctionAlias, live: Function, latest: Function) -> str:
    """Why calls cannot be shared between the version that runs and a new one, or nothing.

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    if alias.version == past.LATEST:
        return f"{alias.name} points at {past.LATEST}, which Lambda cannot share calls with"
    if live.role != latest.role:
        return "Lambda shares calls only between versions with the same role"
    return ""


def canary(steps: tuple[int, ...], hindrance: str) -> tuple[Check, ...]:
    """Whether the configured steps can be taken."""
    if not steps:
        return ()
    if hindrance:
        return (warned("canary", f"not possible, so all calls move at once: {hindrance}"),)
    return (passed("canary", "possible"),)


def usable(found: Any) -> Check:
    """Whether a version can take calls."""
    name = "version"
    if not isinstance(found, Function):
        return unknown(name, found)
    if found.state == "Failed":
        return blocking(name, f"version {found.version} has failed: {found.reason or 'Lambda does not say why'}")
    if found.state == "Pending":
        return warned(name, f"Lambda is still making version {found.version}")
    idle = "; it is idle, and its first call wakes it" if found.state == "Inactive" else ""
    return passed(name, f"version {found.version} exists{idle}")
