"""Buckets of sites and releases as S3 keeps them, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from sandbox.aws.s3 import LARGEST_COPY
from sandbox.aws.server import AwsServer
from sandbox.clock import Clock

TOKYO = "ap-northeast-1"


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    made = client("s3", TOKYO)
    made.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": TOKYO})
    made.put_bucket_versioning(Bucket="site", VersioningConfiguration={"Status": "Enabled"})
    return made


def refused(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call()
    said = error.value.response
    return said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]


def test_objects_are_dated_by_the_sandbox_s_clock(s3: Any, clock: Clock) -> None:
    clock.advance(86_400 * 10)
    s3.put_object(Bucket="site", Key="index.html", Body=b"1")
    (found,) = s3.list_objects_v2(Bucket="site")["Contents"]
    assert found["LastModified"].timestamp() == pytest.approx(clock.now(), abs=1)


def test_the_newest_version_is_the_latest_even_while_the_clock_stands(s3: Any) -> None:
    put = [s3.put_object(Bucket="site", Key="index.html", Body=b"x")["VersionId"] for _ in range(3)]
    listed = s3.list_object_versions(Bucket="site")["Versions"]
    assert [each["VersionId"] for each in listed] == put[::-1]
    assert [each["IsLatest"] for each in listed] == [True, False, False]
    s3.delete_object(Bucket="site", Key="index.html")
    listed = s3.list_object_versions(Bucket="site")
    assert listed["DeleteMarkers"][0]["IsLatest"]
    assert not any(each["IsLatest"] for each in listed["Versions"])


def test_a_bucket_is_reached_through_its_own_region(s3: Any, client: Callable[..., Any], aws: AwsServer) -> None:
    s3.put_object(Bucket="site", Key="index.html", Body=b"hello")
    before = len(aws.calls.list("aws", "s3:HeadObject"))
    assert client("s3", "eu-west-1").head_object(Bucket="site", Key="index.html")["ContentLength"] == 5
    asked = aws.calls.list("aws", "s3:HeadObject")[before:]
    assert len(asked) == 2, "the first was sent elsewhere"


def test_any_region_tells_where_a_bucket_is(s3: Any, client: Callable[..., Any]) -> None:
    assert client("s3", "eu-west-1").get_bucket_location(Bucket="site")["LocationConstraint"] == TOKYO


def test_a_head_tells_the_size(s3: Any) -> None:
    s3.put_object(Bucket="site", Key="a", Body=b"12345")
    assert s3.head_object(Bucket="site", Key="a")["ContentLength"] == 5


def test_a_copy_of_an_older_version_keeps_its_headers(s3: Any) -> None:
    old = s3.put_object(Bucket="site", Key="i", Body=b"old", CacheControl="no-cache", ContentType="text/html")
    s3.put_object(Bucket="site", Key="i", Body=b"new")
    source = {"Bucket": "site", "Key": "i", "VersionId": old["VersionId"]}
    made = s3.copy_object(Bucket="site", Key="i", CopySource=source, MetadataDirective="COPY")
    found = s3.get_object(Bucket="site", Key="i")
    assert found["Body"].read() == b"old"
    assert (found["CacheControl"], found["ContentType"]) == ("no-cache", "text/html")
    assert found["VersionId"] == made["VersionId"] != old["VersionId"]


def test_replacing_one_header_loses_the_others(s3: Any) -> None:
    s3.put_object(
        Bucket="site", Key="a", Body=b"x", ContentEncoding="gzip", ContentType="text/css", Metadata={"a": "b"}
    )
    source = {"Bucket": "site", "Key": "a"}
    s3.copy_object(Bucket="site", Key="b", CopySource=source, MetadataDirective="REPLACE", CacheControl="no-cache")
    found = s3.head_object(Bucket="site", Key="b")
    assert found["CacheControl"] == "no-cache"
    assert found["ContentType"] == "binary/octet-stream"
    assert found["Metadata"] == {} and "ContentEncoding" not in found


def test_a_delete_marker_cannot_be_copied(s3: Any) -> None:
    s3.put_object(Bucket="site", Key="a", Body=b"x")
    marker = s3.delete_object(Bucket="site", Key="a")["VersionId"]
    source = {"Bucket": "site", "Key": "a", "VersionId": marker}
    assert refused(lambda: s3.copy_object(Bucket="site", Key="a", CopySource=source)) == ("InvalidRequest", 400)


def test_a_version_that_is_gone_cannot_be_copied(s3: Any) -> None:
    s3.put_object(Bucket="site", Key="a", Body=b"x")
    source = {"Bucket": "site", "Key": "a", "VersionId": "gone"}
    assert refused(lambda: s3.copy_object(Bucket="site", Key="a", CopySource=source)) == ("NoSuchVersion", 404)


@pytest.mark.parametrize("by_version", [True, False])
def test_more_than_five_gigabytes_are_not_copied_in_one_go(s3: Any, aws: AwsServer, by_version: bool) -> None:
    version = s3.put_object(Bucket="site", Key="a", Body=b"x")["VersionId"]
    s3_backends[aws.account]["aws"].buckets["site"].keys["a"].contentsize = LARGEST_COPY + 1
    source = {"Bucket": "site", "Key": "a"} | ({"VersionId": version} if by_version else {})
    assert refused(lambda: s3.copy_object(Bucket="site", Key="b", CopySource=source)) == ("InvalidRequest", 400)


@pytest.mark.parametrize(
    ("operation", "permission", "call"),
    [
        ("s3:ListObjectsV2", "s3:ListBucket", lambda s3: s3.list_objects_v2(Bucket="site")),
        ("s3:ListObjectVersions", "s3:ListBucketVersions", lambda s3: s3.list_object_versions(Bucket="site")),
        ("s3:GetBucketVersioning", "s3:GetBucketVersioning", lambda s3: s3.get_bucket_versioning(Bucket="site")),
        ("s3:CopyObject", "s3:PutObject", lambda s3: s3.copy_object(Bucket="site", Key="a", CopySource="site/b")),
        ("s3:PutObject", "s3:PutObject", lambda s3: s3.put_object(Bucket="site", Key="a", Body=b"")),
        (
            *("s3:DeleteObjects", "s3:DeleteObject"),
            lambda s3: s3.delete_objects(Bucket="site", Delete={"Objects": [{"Key": "a"}]}),
        ),
    ],
)
def test_each_operation_is_told_apart_and_refused_by_its_permission(
    s3: Any, aws: AwsServer, operation: str, permission: str, call: Callable[[Any], Any]
) -> None:
    aws.faults.add("aws", operation, "AccessDenied")
    with pytest.raises(ClientError) as error:
        call(s3)
    assert f"not authorized to perform: {permission} on resource" in error.value.response["Error"]["Message"]


def test_a_refused_head_says_nothing_but_its_status(s3: Any, aws: AwsServer) -> None:
    aws.faults.add("aws", "s3:HeadObject", "AccessDenied", count=1)
    assert refused(lambda: s3.head_object(Bucket="site", Key="a")) == ("403", 403)
    assert refused(lambda: s3.head_object(Bucket="site", Key="a")) == ("404", 404)
