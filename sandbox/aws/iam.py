"""Teaches moto IAM's simulator: everything is allowed but what a fault denies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(IamResponse, "simulate_principal_policy", simulate_principal_policy)  # noqa: B010


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    """SimulatePrincipalPolicy."""
    params = self._get_params()
    results: list[dict[str, Any]] = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "implicitDeny" if _denied(action) else "allowed",
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in params["ActionNames"]
        for resource in params.get("ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _denied(action: str) -> bool:
    # Asking whether a call would be denied must not use up a fault that is counted, so none is taken.
    return any((fault.error or "").startswith("AccessDenied") for fault in current().faults.peek("aws", action))
