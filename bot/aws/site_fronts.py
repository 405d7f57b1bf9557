"""CloudFront in front of a static site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bot.aws.calls import Calls
from bot.aws.errors import ask
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import Distribution

BUSY_SECONDS = 30.0
"""When to try again while a distribution has as many invalidations in progress as it may."""
# The API reference names the first; what CloudFront sends is the second (https://github.com/aws/aws-cdk/issues/3878).
_USED_REFERENCE = ("InvalidationBatchAlreadyExists", "InvalidArgument")


class SiteFronts(Calls):
    """Fills the CloudFront part of ``bot.shipping_ports.Sites``."""

    def distribution(self, target: Target) -> Distribution:
        """GetDistribution. Raises NotFoundError."""
        found = self._ask_front(target, "get_distribution", Id=target.service.distribution)["Distribution"]
        config = found["DistributionConfig"]
        return Distribution(
            id=found["Id"],
            enabled=bool(config["Enabled"]),
            origins=tuple(each["DomainName"] for each in config["Origins"].get("Items", ())),
            invalidating=int(found["InProgressInvalidationBatches"]),
            status=found["Status"],
        )

    def invalidate(self, target: Target, reference: str, paths: Sequence[str]) -> str:
        """CreateInvalidation; the same ``reference`` is the same invalidation. Returns its id.

        Paths are given as people read them and sent as CloudFront wants them, percent-encoded. Raises ConflictError
        when the reference was used for other paths.
        """
        items = [quote(path, safe="/*") for path in paths]
        batch = {"CallerReference": reference, "Paths": {"Quantity": len(items), "Items": items}}
        asked = {"DistributionId": target.service.distribution, "InvalidationBatch": batch}
        try:
            return str(self._ask_front(target, "create_invalidation", **asked)["Invalidation"]["Id"])
        except UpstreamError as error:
            if error.code == "TooManyInvalidationsInProgress":
                text = (
                    f"CloudFront has as many invalidations of {target.service.distribution} in progress as it allows."
                )
                raise UpstreamError(text, retryable=True, retry_after=BUSY_SECONDS, code=error.code) from error
            if error.code in _USED_REFERENCE and ("reference" in error.message or error.code == _USED_REFERENCE[0]):
                text = f"CloudFront knows the reference {reference} as another invalidation."
                raise ConflictError(text, hint="Ask for a fresh plan.") from error
            raise

    def invalidation(self, target: Target, invalidation: str) -> str:
        """Its status: InProgress or Completed. Raises NotFoundError."""
        asked = {"DistributionId": target.service.distribution, "Id": invalidation}
        return str(self._ask_front(target, "get_invalidation", **asked)["Invalidation"]["Status"])

    def _ask_front(self, target: Target, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return ask(self._client(target.account, "cloudfront"), operation, **parameters)
        except UpstreamError as error:
            if error.code == "NoSuchDistribution":
                raise NotFoundError(f"CloudFront has no distribution {target.service.distribution}.") from error
            if error.code == "NoSuchInvalidation":
                raise NotFoundError(f"CloudFront no longer knows invalidation {parameters['Id']}.") from error
            raise
