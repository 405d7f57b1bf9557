"""What runs without tasks of its own: a Lambda function by canary, and a static site."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.seed.catalogue import LAMBDA, LAMBDA_ALIAS, SITES, US
from tests.stories.town import ALICE, BOB, Town, words

pytestmark = [pytest.mark.story, pytest.mark.pace(4)]

PHOTO = "#rapid-photo"
ERRORS = "rapid-photo-prod-image-processor-errors"
INDEX = "index.html"
WEB = next(site for site in SITES if site.title == "RapidPhoto")


def test_a_good_version_gets_all_calls_a_bad_one_none_and_people_may_go_back(town: Town) -> None:
    first = _alias(town)["FunctionVersion"]
    card = town.confirmed(ALICE, PHOTO, "/deploy image-processor prod v1.2.0")
    assert "Canary: 10 % of the calls for 10 s each, then all; an alarm that goes off meanwhile sends" in words(card)
    town.says(PHOTO, card["ts"], "10 % of the calls go to version")
    assert list(_alias(town)["RoutingConfig"]["AdditionalVersionWeights"].values()) == [0.1]
    assert town.ended(PHOTO, card["ts"]) == "settled"
    good = _alias(town)["FunctionVersion"]
    assert good != first
    assert not _weights(town)
    town.told(PHOTO, card["ts"], "counted as good")

    _a_bad_one_is_taken_back_by_its_alarm(town, good)

    refused = town.ask(BOB, PHOTO, "/rollback image-processor prod")
    assert "I know of no version of photo/image-processor production that proved good." in refused
    assert re.search(r"\(v1\.2\.1-errors, [^)]*did not prove good\)", refused)
    back = town.confirmed(BOB, PHOTO, "/rollback image-processor prod previous")
    assert town.ended(PHOTO, back["ts"]) == "settled"
    assert _alias(town)["FunctionVersion"] == first


def _a_bad_one_is_taken_back_by_its_alarm(town: Town, good: str) -> None:
    card = town.confirmed(ALICE, PHOTO, "/deploy image-processor prod v1.2.1-errors")
    town.says(PHOTO, card["ts"], "10 % of the calls go to version")
    assert town.ended(PHOTO, card["ts"]) == "failed"
    said = words(town.message(PHOTO, card["ts"]))
    assert f"Not deployed: {ERRORS} went off" in said
    assert f"all calls go to version {good} again" in said
    assert "[redacted]" not in said
    assert _alias(town)["FunctionVersion"] == good
    assert not _weights(town)
    assert "there is nothing to roll back" in words(town.told(PHOTO, card["ts"], ":x: failed"))


def test_a_site_is_shipped_and_gone_back_from_with_its_headers(town: Town) -> None:
    s3, front = town.aws("s3", WEB.region), town.aws("cloudfront", US)
    before = _head(s3, INDEX)
    invalidated = len(front.list_invalidations(DistributionId=WEB.distribution)["InvalidationList"].get("Items", []))
    card = town.confirmed(ALICE, PHOTO, "/deploy web prod v1.5.0")
    assert "hashed assets, which browsers keep for a year" in words(card)
    assert town.ended(PHOTO, card["ts"]) == "settled"
    index = _head(s3, INDEX)
    assert index["ETag"] != before["ETag"]
    assert "must-revalidate" in index["CacheControl"]
    listed = s3.list_objects_v2(Bucket=WEB.bucket, Prefix="assets/")["Contents"]
    assert {"immutable" in _head(s3, each["Key"])["CacheControl"] for each in listed} == {True}
    items = front.list_invalidations(DistributionId=WEB.distribution)["InvalidationList"]["Items"]
    assert len(items) == invalidated + 1

    back = town.confirmed(BOB, PHOTO, "/rollback web prod")
    assert "Files come back with the headers they had: assets first, pages last" in words(back)
    assert town.ended(PHOTO, back["ts"]) == "settled"
    restored = _head(s3, INDEX)
    assert (restored["ETag"], restored["CacheControl"]) == (
        before["ETag"],
        before["CacheControl"],
    )
    assert len(s3.list_objects_v2(Bucket=WEB.bucket, Prefix="assets/")["Contents"]) == len(listed)


def _alias(town: Town) -> dict[str, Any]:
    found: dict[str, Any] = town.aws("lambda", US).get_alias(FunctionName=LAMBDA, Name=LAMBDA_ALIAS)
    return found


def _weights(town: Town) -> dict[str, float]:
    found: dict[str, float] = _alias(town).get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return found


def _head(s3: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = s3.head_object(Bucket=WEB.bucket, Key=key)
    return found
