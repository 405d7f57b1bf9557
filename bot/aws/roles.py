"""What a role of a task or a function may do, as IAM's own simulator sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.aws.calls import Calls
from bot.aws.errors import ask, ask_all
from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Refusal

_NO_ROLE = ("NoSuchEntity", "NoSuchEntityException")
PAGES = 10


class Roles(Calls):
    """Fills ``bot.reach_ports.Roles``."""

    def refused(
        self, account: Account, role: str, actions: Sequence[str], resources: Sequence[str]
    ) -> tuple[Refusal, ...]:
        """What the simulator does not allow a role, by its ARN. Raises NotFoundError when there is no such role.

        It knows the role's own policies, its permissions boundary and the organisation's policies, but no policy of a
        resource: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
        """
        client = self._client(account, "iam")
        asked: dict[str, Any] = {
            "PolicySourceArn": role,
            "ActionNames": list(actions),
            "ResourceArns": list(resources),
        }
        found: list[Refusal] = []
        for _ in range(PAGES):
            answer = _of_role(role, client, asked)
            found += [_refusal(each) for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]
            if not answer.get("IsTruncated"):
                break
            asked["Marker"] = answer["Marker"]
        return tuple(found)

    def policies(self, account: Account, role: str) -> tuple[str, ...]:
        """Names of the managed policies attached to a role, in order. Raises NotFoundError."""
        client = self._client(account, "iam")
        name = role.rpartition("/")[2]
        try:
            found = ask_all(client, "list_attached_role_policies", "AttachedPolicies[].PolicyName", RoleName=name)
        except UpstreamError as error:
            raise _missing(error, role) from error
        return tuple(sorted(found))


def _of_role(role: str, client: Any, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return ask(client, "simulate_principal_policy", **asked)
    except UpstreamError as error:
        raise _missing(error, role) from error


def _missing(error: UpstreamError, role: str) -> NotFoundError | UpstreamError:
    return NotFoundError(f"IAM has no role {role}.") if error.code in _NO_ROLE else error


def _refusal(found: dict[str, Any]) -> Refusal:
    because = ""
    if found.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        because = "a policy of the organisation"
    elif found.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary") is False:
        because = "its permissions boundary"
    elif found["EvalDecision"] == "explicitDeny":
        statements = found.get("MatchedStatements", ())
        because = next((str(each["SourcePolicyId"]) for each in statements if each.get("SourcePolicyId")), "")
    return Refusal(found["EvalActionName"], found.get("EvalResourceName", "*"), found["EvalDecision"], because)
