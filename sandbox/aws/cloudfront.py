"""Teaches moto CloudFront: invalidations that take time and know their reference, and ETags that go stale."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudfront.exceptions import CloudFrontException, InvalidIfMatchVersion, NoSuchDistribution
from moto.cloudfront.models import CloudFrontBackend, Distribution, Invalidation, cloudfront_backends
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult

from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

INVALIDATION_SECONDS = 12.0
"""How long an invalidation is in progress; AWS needs from seconds to minutes."""
_MOST_PATHS = 3000
_MOST_WILDCARDS = 15
"""Quotas of a distribution: paths, and paths with a wildcard, in progress at once."""

_create_invalidation = CloudFrontBackend.create_invalidation
_update_distribution = CloudFrontBackend.update_distribution
_delete_distribution = CloudFrontBackend.delete_distribution
_respond_to_invalidation = CloudFrontResponse.create_invalidation


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    # moto writes the state in capitals and the time of this machine.
    setattr(Invalidation, "status", property(_status, lambda self, value: None))  # noqa: B010
    counted = property(_invalidating, lambda self, value: None)
    setattr(Distribution, "in_progress_invalidation_batches", counted)  # noqa: B010
    setattr(CloudFrontBackend, "create_invalidation", create_invalidation)  # noqa: B010
    setattr(CloudFrontBackend, "update_distribution", update_distribution)  # noqa: B010
    setattr(CloudFrontBackend, "delete_distribution", delete_distribution)  # noqa: B010
    setattr(CloudFrontResponse, "create_invalidation", respond_to_invalidation)  # noqa: B010


def _status(self: Invalidation) -> str:
    age = current().clock.now() - self.create_time.timestamp()
    return "InProgress" if age < INVALIDATION_SECONDS else "Completed"


def _running(backend: CloudFrontBackend, distribution: str) -> list[Invalidation]:
    return [each for each in backend.invalidations.get(distribution, ()) if _status(each) == "InProgress"]


def _invalidating(self: Distribution) -> int:
    return len(_running(cloudfront_backends[self.arn.split(":")[4]]["aws"], self.distribution_id))


def respond_to_invalidation(self: CloudFrontResponse) -> ActionResult:
    """CreateInvalidation; its paths are counted twice, and both counts must agree."""
    paths = self._get_param("InvalidationBatch.Paths.Items", [])
    if int(self._get_param("InvalidationBatch.Paths.Quantity", 0)) != len(paths):
        raise CloudFrontException(
            "InconsistentQuantities", "The value of Quantity and the size of Items don't match for Paths."
        )
    answer: ActionResult = _respond_to_invalidation(self)
    return answer


def create_invalidation(self: CloudFrontBackend, dist_id: str, paths: list[str], caller_ref: str) -> Invalidation:
    """The same reference with the same paths is the same invalidation; with others it is refused.

    The API reference calls that refusal InvalidationBatchAlreadyExists; what AWS sends is InvalidArgument
    (https://github.com/aws/aws-cdk/issues/3878).
    """
    if dist_id not in self.distributions:
        raise NoSuchDistribution
    known = next((each for each in self.invalidations.get(dist_id, ()) if each.caller_ref == caller_ref), None)
    if known is not None and sorted(known.paths) == sorted(paths):
        return known
    if known is not None:
        raise CloudFrontException(
            "InvalidArgument",
            "Your request contains a caller reference that was used for a previous invalidation batch for the same"
            " distribution.",
        )
    if not all(path.startswith("/") for path in paths):
        raise CloudFrontException("InvalidArgument", "Your request contains one or more invalid invalidation paths.")
    _refuse_too_many(self, dist_id, paths)
    made: Invalidation = _create_invalidation(self, dist_id, paths, caller_ref)
    made.create_time = datetime.fromtimestamp(current().clock.now(), UTC)
    return made


def _refuse_too_many(backend: CloudFrontBackend, distribution: str, paths: list[str]) -> None:
    if len(paths) > _MOST_PATHS:
        raise CloudFrontException("BatchTooLarge", "Your invalidation request contains too many paths.")
    running = [path for each in _running(backend, distribution) for path in each.paths] + paths
    too_many = "Processing your request will cause you to exceed the maximum number of in-progress "
    if sum(path.endswith("*") for path in running) > _MOST_WILDCARDS:
        raise CloudFrontException("TooManyInvalidationsInProgress", f"{too_many}wildcard invalidations.")
    if len(running) > _MOST_PATHS:
        raise CloudFrontException("TooManyInvalidationsInProgress", f"{too_many}invalidations.")


def update_distribution(
    self: CloudFrontBackend, dist_config: dict[str, Any], _id: str, if_match: str
) -> tuple[Distribution, str, str]:
    """UpdateDistribution: refused when somebody else changed it, and a new ETag when not."""
    _require_match(self, _id, if_match)
    distribution, location, _ = _update_distribution(self, dist_config, _id, True)
    distribution.etag = f"E{secrets.token_hex(7).upper()}"
    return distribution, location, distribution.etag


def delete_distribution(self: CloudFrontBackend, distribution_id: str, if_match: str) -> None:
    """DeleteDistribution: only one that is disabled."""
    _require_match(self, distribution_id, if_match)
    if self.distributions[distribution_id].distribution_config.__dict__.get("Enabled"):
        raise CloudFrontException(
            "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled."
        )
    _delete_distribution(self, distribution_id, True)


def _require_match(backend: CloudFrontBackend, distribution: str, if_match: str) -> None:
    if distribution not in backend.distributions:
        raise NoSuchDistribution
    if not if_match:
        raise InvalidIfMatchVersion
    if if_match != backend.distributions[distribution].etag:
        raise CloudFrontException(
            "PreconditionFailed",
            "The request failed because it didn't meet the preconditions in one or more request-header fields.",
        )
