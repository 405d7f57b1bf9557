"""Pictures in a bucket: put there once a key, at an address that is signed for a week."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from bot.aws.image_bucket import ImageBucket
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.paging import Pictures

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
ACCOUNT = Account("eu-west-1")


@pytest.fixture
def bucket() -> Iterator[str]:
    with mock_aws():
        where = {"LocationConstraint": "eu-west-1"}
        boto3.client("s3", region_name="eu-west-1").create_bucket(Bucket="pics", CreateBucketConfiguration=where)
        yield "pics"


@pytest.fixture
def pictures(bucket: str, sessions: Sessions) -> Pictures:
    return ImageBucket(sessions, ACCOUNT, bucket)


def test_a_picture_lies_at_an_address_that_is_signed_for_a_week(pictures: Pictures) -> None:
    address = urlsplit(pictures.publish("inc1:cpu", PNG))
    asked = parse_qs(address.query)
    assert address.scheme == "https" and "pics" in address.netloc and "eu-west-1" in address.netloc
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"] and asked["X-Amz-Expires"] == ["604800"]
    found = boto3.client("s3", region_name="eu-west-1").get_object(Bucket="pics", Key=address.path.lstrip("/"))
    assert (found["Body"].read(), found["ContentType"]) == (PNG, "image/png")


def test_the_same_key_is_the_same_picture_and_its_name_gives_nothing_away(pictures: Pictures) -> None:
    first, again, other = (urlsplit(pictures.publish(key, PNG)).path for key in ("inc1:a", "inc1:a", "../x\n\ud800"))
    assert first == again != other
    assert first.startswith("/runbook-bot/") and "inc1" not in first and ".." not in other


def test_without_a_bucket_nothing_is_published(bucket: str, sessions: Sessions) -> None:
    assert ImageBucket(sessions, ACCOUNT, "").publish("k", PNG) == ""


def test_only_pictures_are_published(pictures: Pictures) -> None:
    with pytest.raises(ValueError, match="PNG"):
        pictures.publish("k", b"<html>")


def test_a_bucket_that_is_not_there_is_said(bucket: str, sessions: Sessions) -> None:
    with pytest.raises(UpstreamError, match="s3:PutObject"):
        ImageBucket(sessions, ACCOUNT, "nobodys-bucket").publish("k", PNG)


def test_an_address_that_is_not_https_is_none(bucket: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.eu-west-1.amazonaws.com")
    assert ImageBucket(sessions, ACCOUNT, bucket).publish("k", PNG) == ""
