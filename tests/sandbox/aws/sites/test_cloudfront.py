"""Invalidations as CloudFront makes them, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.cloudfront import INVALIDATION_SECONDS
from sandbox.clock import Clock


def _config(reference: str = "site", enabled: bool = True) -> dict[str, Any]:
    origin = {"Id": "o", "DomainName": "b.s3.us-east-1.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    return {
        "CallerReference": reference,
        "Comment": "",
        "Enabled": enabled,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
    }


@pytest.fixture
def front(client: Callable[..., Any]) -> Any:
    return client("cloudfront")


@pytest.fixture
def distribution(front: Any) -> str:
    return str(front.create_distribution(DistributionConfig=_config())["Distribution"]["Id"])


def invalidate(front: Any, distribution: str, reference: str, *paths: str, quantity: int | None = None) -> Any:
    count = len(paths) if quantity is None else quantity
    batch = {"CallerReference": reference, "Paths": {"Quantity": count, "Items": list(paths)}}
    return front.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)["Invalidation"]


def refused(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as error:
        call()
    said = error.value.response
    return said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Message"]


def status(front: Any, distribution: str, invalidation: str) -> str:
    return str(front.get_invalidation(DistributionId=distribution, Id=invalidation)["Invalidation"]["Status"])


def test_an_invalidation_takes_time(front: Any, distribution: str, clock: Clock) -> None:
    made = invalidate(front, distribution, "one", "/*")
    assert made["Status"] == "InProgress"
    assert made["CreateTime"].timestamp() == pytest.approx(clock.now(), abs=1)
    clock.advance(INVALIDATION_SECONDS - 1)
    assert status(front, distribution, made["Id"]) == "InProgress"
    clock.advance(1)
    assert status(front, distribution, made["Id"]) == "Completed"


def test_a_distribution_counts_what_it_is_invalidating(front: Any, distribution: str, clock: Clock) -> None:
    def count() -> int:
        return int(front.get_distribution(Id=distribution)["Distribution"]["InProgressInvalidationBatches"])

    invalidate(front, distribution, "one", "/a")
    invalidate(front, distribution, "two", "/a")
    assert count() == 2
    clock.advance(INVALIDATION_SECONDS)
    assert count() == 0


def test_the_same_reference_and_paths_are_the_same_invalidation(front: Any, distribution: str) -> None:
    first = invalidate(front, distribution, "one", "/a", "/b")
    again = invalidate(front, distribution, "one", "/b", "/a")
    assert again["Id"] == first["Id"]
    assert front.list_invalidations(DistributionId=distribution)["InvalidationList"]["Quantity"] == 1


def test_a_reference_that_was_used_for_other_paths_is_refused(front: Any, distribution: str) -> None:
    invalidate(front, distribution, "one", "/a")
    assert refused(lambda: invalidate(front, distribution, "one", "/b")) == (
        "InvalidArgument",
        400,
        "Your request contains a caller reference that was used for a previous invalidation batch for the same"
        " distribution.",
    )


def test_a_reference_belongs_to_one_distribution(front: Any, distribution: str) -> None:
    other = front.create_distribution(DistributionConfig=_config("other"))["Distribution"]["Id"]
    first = invalidate(front, distribution, "one", "/a")
    assert invalidate(front, other, "one", "/b")["Id"] != first["Id"]


def test_a_path_begins_with_a_slash(front: Any, distribution: str) -> None:
    code, code_number, message = refused(lambda: invalidate(front, distribution, "one", "index.html"))
    assert (code, code_number) == ("InvalidArgument", 400)
    assert message == "Your request contains one or more invalid invalidation paths."


def test_paths_must_be_counted_right(front: Any, distribution: str) -> None:
    assert refused(lambda: invalidate(front, distribution, "one", "/a", quantity=2))[:2] == (
        "InconsistentQuantities",
        400,
    )


def test_fifteen_wildcards_may_be_in_progress_at_once(front: Any, distribution: str, clock: Clock) -> None:
    for number in range(15):
        invalidate(front, distribution, f"r{number}", "/*")
    assert refused(lambda: invalidate(front, distribution, "more", "/*")) == (
        "TooManyInvalidationsInProgress",
        400,
        "Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations.",
    )
    assert invalidate(front, distribution, "exact", "/index.html")["Status"] == "InProgress"
    clock.advance(INVALIDATION_SECONDS)
    assert invalidate(front, distribution, "more", "/*")["Status"] == "InProgress"


def test_three_thousand_paths_may_be_in_progress_at_once(front: Any, distribution: str) -> None:
    assert refused(lambda: invalidate(front, distribution, "big", *(f"/{n}" for n in range(3001))))[:2] == (
        "BatchTooLarge",
        413,
    )
    invalidate(front, distribution, "one", *(f"/{n}" for n in range(3000)))
    assert refused(lambda: invalidate(front, distribution, "two", "/a"))[0] == "TooManyInvalidationsInProgress"


def test_what_does_not_exist_is_said_to_be_missing(front: Any, distribution: str) -> None:
    assert refused(lambda: invalidate(front, "ENONE", "one", "/*"))[:2] == ("NoSuchDistribution", 404)
    assert refused(lambda: status(front, "ENONE", "I1"))[:2] == ("NoSuchDistribution", 404)
    assert refused(lambda: status(front, distribution, "I1"))[:2] == ("NoSuchInvalidation", 404)


def test_a_stale_etag_changes_nothing(front: Any, distribution: str) -> None:
    first = front.get_distribution_config(Id=distribution)["ETag"]

    def update(etag: str, enabled: bool = False) -> str:
        config = _config(enabled=enabled)
        return str(front.update_distribution(Id=distribution, IfMatch=etag, DistributionConfig=config)["ETag"])

    second = update(first)
    assert second != first
    assert refused(lambda: update(first, enabled=True))[:2] == ("PreconditionFailed", 412)
    assert front.get_distribution(Id=distribution)["Distribution"]["DistributionConfig"]["Enabled"] is False
    assert front.get_distribution(Id=distribution)["ETag"] == second


def test_a_distribution_is_disabled_before_it_is_deleted(front: Any, distribution: str) -> None:
    etag = front.get_distribution(Id=distribution)["ETag"]
    assert refused(lambda: front.delete_distribution(Id=distribution, IfMatch="EOLD"))[0] == "PreconditionFailed"
    assert refused(lambda: front.delete_distribution(Id=distribution, IfMatch=etag))[:2] == (
        "DistributionNotDisabled",
        409,
    )
    etag = front.update_distribution(Id=distribution, IfMatch=etag, DistributionConfig=_config(enabled=False))["ETag"]
    front.delete_distribution(Id=distribution, IfMatch=etag)
    assert refused(lambda: front.get_distribution(Id=distribution))[0] == "NoSuchDistribution"
