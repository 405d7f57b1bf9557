"""The adapter of static sites against the pretend AWS, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto.s3.models import s3_backends

from bot.aws import sites as adapter
from bot.aws.content_types import content_type
from bot.aws.errors import NotPermittedError, ask
from bot.aws.session import Sessions
from bot.aws.sites import LARGEST_COPY, Sites, parse
from bot.domain import Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import SiteObject
from bot.shipping_ports import Sites as Port
from sandbox.aws.cloudfront import INVALIDATION_SECONDS
from sandbox.aws.server import AwsServer
from tests.bot.aws.site_ground import ADDRESS, RELEASES, SITE, START, Ground
from tests.sandbox.aws import standing

HOSTILE = (
    "/leading.js",
    "100%.js",
    "a b.js",
    "a+b.js",
    "deep//double.js",
    "index.html",
    "it's & <that>.js",
    "q?x=1#y.js",
    "ünï/日本.html",
    "%41.js",
)


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with standing.server() as started:
        yield started


@pytest.fixture
def ground(server: AwsServer, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return Ground(server, sessions)


@pytest.fixture
def sites(ground: Ground, sessions: Sessions) -> Iterator[Port]:
    made = Sites(sessions)
    yield made
    made.close()


def with_service(target: Target, **changes: str) -> Target:
    return replace(target, service=target.service.model_copy(update=changes))


def test_a_release_is_listed_with_keys_below_it(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"index.html": b"hello", "assets/a.js": b"x"})
    ground.publish("v10", {"index.html": b"other"})
    found = sites.artifact(ground.target.account, address)
    assert found == (
        SiteObject("assets/a.js", 1, "9dd4e461268c8034f5c8564e155c67a6", START),
        SiteObject("index.html", 5, "5d41402abc4b2a76b9719d911017c592", START),
    )


def test_what_the_console_makes_of_folders_is_no_part_of_a_release(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"": b"", "assets/": b"", "assets/a.js": b"x"})
    assert [each.key for each in sites.artifact(ground.target.account, address)] == ["assets/a.js"]


def test_a_release_that_does_not_exist_is_empty(ground: Ground, sites: Port) -> None:
    assert sites.artifact(ground.target.account, ADDRESS.format(version="v9")) == ()


def test_every_page_of_a_list_is_read(ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PAGE", 2)
    address = ground.publish("v1", {f"{number}.js": b"" for number in range(5)})
    assert [each.key for each in sites.artifact(ground.target.account, address)] == [f"{n}.js" for n in range(5)]
    assert ground.calls("s3:ListObjectsV2") == 3 + 1, "the first call is redirected to the bucket's region"


def test_too_many_objects_are_refused_with_a_sentence(
    ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOST_OBJECTS", 2)
    address = ground.publish("v1", {"a": b"", "b": b"", "c": b""})
    with pytest.raises(ConflictError, match=r"s3://releases/web/v1/ holds more than 2 objects"):
        sites.artifact(ground.target.account, address)


@pytest.mark.parametrize("address", ["", "s3://", "s3://bucket", "https://bucket/key", "bucket/key"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(NotFoundError, match="is not an address of the form s3://bucket/key"):
        parse(address)


def test_a_bucket_that_does_not_exist_is_named(ground: Ground, sites: Port) -> None:
    with pytest.raises(NotFoundError, match="S3 has no bucket elsewhere"):
        sites.artifact(ground.target.account, "s3://elsewhere/v1/")
    gone = with_service(ground.target, bucket="gone")
    with pytest.raises(NotFoundError, match="S3 has no bucket gone"):
        sites.objects(gone)
    with pytest.raises(NotFoundError, match="S3 has no bucket gone"):
        sites.versioned(gone)
    address = ground.publish("v1", {"a.js": b""})
    with pytest.raises(NotFoundError, match="S3 has no bucket releases or gone"):
        sites.copy(gone, address, ["a.js"], "no-cache")


def test_releases_are_offered_newest_first_with_their_age(ground: Ground, sites: Port) -> None:
    for version in ("v1.9.0", "v1.10.0", "v1.2.0"):
        ground.publish(version, {"index.html": b""})
    ground.server.clock.advance(60)
    ground.publish("hotfix", {"index.html": b""})
    ground.releases.put_object(Bucket=RELEASES, Key="web/readme.txt", Body=b"")
    found = sites.releases(ground.target.account, ADDRESS)
    assert [each.version for each in found] == ["hotfix", "v1.10.0", "v1.9.0", "v1.2.0"]
    assert found[0].at - found[1].at == 60


def test_a_folder_without_what_the_address_names_is_no_release(ground: Ground, sites: Port) -> None:
    ground.releases.put_object(Bucket=RELEASES, Key="fn/v1/code.zip", Body=b"x")
    ground.releases.put_object(Bucket=RELEASES, Key="fn/v2/other.zip", Body=b"x")
    found = sites.releases(ground.target.account, f"s3://{RELEASES}/fn/{{version}}/code.zip")
    assert [each.version for each in found] == ["v1"]


def test_a_bucket_keeps_versions_or_not(ground: Ground, sites: Port) -> None:
    assert sites.versioned(ground.target)
    ground.s3.put_bucket_versioning(Bucket=SITE, VersioningConfiguration={"Status": "Suspended"})
    assert not sites.versioned(ground.target)
    assert not sites.versioned(with_service(ground.target, bucket=RELEASES))


def test_a_release_is_copied_with_its_header_and_its_own_type(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"a.js": b"one"}, ContentType="text/x-own")
    made = sites.copy(ground.target, address, ["a.js"], "public, max-age=0")
    assert ground.read("a.js") == (b"one", "text/x-own", "public, max-age=0")
    assert made == {"a.js": ground.s3.head_object(Bucket=SITE, Key="a.js")["VersionId"]}


def test_what_a_file_says_of_itself_goes_along_and_its_tags_stay(ground: Ground, sites: Port) -> None:
    told = {"ContentEncoding": "gzip", "ContentDisposition": "inline", "ContentLanguage": "de", "Metadata": {"a": "b"}}
    address = ground.publish("v1", {"a.css": b"x"}, Tagging="expire=30d", **told)
    sites.copy(ground.target, address, ["a.css"], "no-cache")
    found = ground.s3.head_object(Bucket=SITE, Key="a.css")
    assert {name: found[name] for name in told} == told
    assert found["ContentType"] == "text/css; charset=utf-8"
    assert ground.s3.get_object_tagging(Bucket=SITE, Key="a.css")["TagSet"] == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.JS", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json"),
        ("app.webmanifest", "application/manifest+json"),
        ("photo.jpeg", "image/jpeg"),
        ("font.woff2", "font/woff2"),
        ("archive.unknown", "application/octet-stream"),
        ("dir.html/CNAME", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_type_is_told_by_the_name(key: str, expected: str) -> None:
    assert content_type(key) == expected


def test_hostile_keys_arrive_as_they_are(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {key: key.encode() for key in HOSTILE})
    assert sorted(each.key for each in sites.artifact(ground.target.account, address)) == sorted(HOSTILE)
    first = sites.copy(ground.target, address, HOSTILE, "no-cache")
    assert {key: ground.read(key)[0] for key in HOSTILE} == {key: key.encode() for key in HOSTILE}
    assert sorted(ground.keys()) == sorted(HOSTILE)
    for key in HOSTILE:
        ground.put(key, b"overwritten")
    sites.restore(ground.target, first)
    assert {key: ground.read(key)[0] for key in HOSTILE} == {key: key.encode() for key in HOSTILE}
    assert {key for each in sites.versions(ground.target, HOSTILE) for key in [each.key]} == set(HOSTILE)
    sites.remove(ground.target, HOSTILE)
    assert ground.keys() == []


def test_copying_again_is_harmless(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"a.js": b"one"})
    first = sites.copy(ground.target, address, ["a.js"], "no-cache")
    second = sites.copy(ground.target, address, ["a.js"], "no-cache")
    assert first != second
    assert ground.read("a.js")[0] == b"one"


def test_many_objects_are_copied_at_once(ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{number}.js": b"" for number in range(16)}
    address = ground.publish("v1", files)
    together = threading.Barrier(16, timeout=20)

    def ask_together(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation == "copy_object":
            together.wait()
        return ask(client, operation, **parameters)

    monkeypatch.setattr(adapter, "ask", ask_together)
    assert set(sites.copy(ground.target, address, list(files), "no-cache")) == set(files)
    assert ground.calls("s3:CopyObject") == 16


def test_a_file_that_left_the_release_is_named(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"a.js": b"one"})
    with pytest.raises(NotFoundError, match=r"s3://releases/web/v1/b\.js is not there any more"):
        sites.copy(ground.target, address, ["a.js", "b.js"], "no-cache")


def test_more_than_five_gigabytes_are_refused_with_a_sentence(ground: Ground, sites: Port) -> None:
    address = ground.publish("v1", {"film.mp4": b"x"})
    version = ground.put("film.mp4", b"x")
    backend = s3_backends[ground.server.account]["aws"]
    backend.buckets[RELEASES].keys["web/v1/film.mp4"].contentsize = LARGEST_COPY + 1
    backend.buckets[SITE].keys["film.mp4"].contentsize = LARGEST_COPY + 1
    with pytest.raises(ConflictError, match=r"film\.mp4 is larger than 5 GB"):
        sites.copy(ground.target, address, ["film.mp4"], "no-cache")
    with pytest.raises(ConflictError, match=r"film\.mp4 is larger than 5 GB"):
        sites.restore(ground.target, {"film.mp4": version})


def test_an_older_version_comes_back_with_its_headers(ground: Ground, sites: Port) -> None:
    old = ground.put("index.html", b"old", CacheControl="public, max-age=0", ContentType="text/html")
    ground.put("index.html", b"new")
    made = sites.restore(ground.target, {"index.html": old})
    assert ground.read("index.html") == (b"old", "text/html", "public, max-age=0")
    assert made["index.html"] == ground.s3.head_object(Bucket=SITE, Key="index.html")["VersionId"] != old


def test_a_hidden_object_comes_back(ground: Ground, sites: Port) -> None:
    old = ground.put("a.html", b"old")
    sites.remove(ground.target, ["a.html"])
    assert ground.keys() == []
    sites.restore(ground.target, {"a.html": old})
    assert ground.read("a.html")[0] == b"old"


def test_a_version_that_is_gone_is_named(ground: Ground, sites: Port) -> None:
    old = ground.put("index.html", b"old")
    ground.put("index.html", b"new")
    ground.s3.delete_object(Bucket=SITE, Key="index.html", VersionId=old)
    with pytest.raises(NotFoundError, match=rf"S3 no longer has {old} of index\.html"):
        sites.restore(ground.target, {"index.html": old})


def test_versions_are_those_of_the_keys_alone_newest_first(ground: Ground, sites: Port) -> None:
    first = ground.put("a.html", b"1")
    ground.put("a.html.map", b"x")
    second = ground.put("a.html", b"22")
    sites.remove(ground.target, ["a.html"])
    third = ground.put("b.html", b"333")
    found = sites.versions(ground.target, ["b.html", "a.html", "none.html"])
    assert [(each.key, each.is_latest, each.deleted) for each in found] == [
        ("a.html", True, True),
        ("a.html", False, False),
        ("a.html", False, False),
        ("b.html", True, False),
    ]
    assert [each.version for each in found[1:]] == [second, first, third]
    assert found[3].etag == "310dcbbf4cce62f762a2aaa148d556bd"


def test_every_page_of_versions_is_read(ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PAGE", 2)
    put = [ground.put("a.html", b"") for _ in range(5)]
    assert [each.version for each in sites.versions(ground.target, ["a.html"])] == put[::-1]
    assert ground.calls("s3:ListObjectVersions") == 3


def test_removing_many_takes_several_calls(ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PAGE", 2)
    sites.remove(ground.target, ["a.html", "b.html", "c.html"])
    assert ground.calls("s3:DeleteObjects") == 2


def test_what_s3_would_not_delete_is_named(ground: Ground, sites: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"Errors": [{"Key": "a.html", "Code": "InternalError", "Message": "We encountered an internal error."}]}
    monkeypatch.setattr(adapter, "ask", lambda *_, **__: left)
    with pytest.raises(UpstreamError, match=r"S3 did not delete a\.html: We encountered") as caught:
        sites.remove(ground.target, ["a.html"])
    assert caught.value.retryable


def test_a_distribution_says_what_it_serves(ground: Ground, sites: Port) -> None:
    found = sites.distribution(ground.target)
    assert found.id == ground.target.service.distribution
    assert found.enabled and found.invalidating == 0 and found.status == "Deployed"
    assert found.origins == (f"{SITE}.s3.ap-northeast-1.amazonaws.com",)
    sites.invalidate(ground.target, "one", ["/*"])
    assert sites.distribution(ground.target).invalidating == 1


def test_an_invalidation_is_made_once_and_completes(ground: Ground, sites: Port) -> None:
    made = sites.invalidate(ground.target, "op-1", ["/*"])
    assert sites.invalidate(ground.target, "op-1", ["/*"]) == made
    assert sites.invalidation(ground.target, made) == "InProgress"
    ground.server.clock.advance(INVALIDATION_SECONDS)
    assert sites.invalidation(ground.target, made) == "Completed"


def test_paths_are_sent_as_cloudfront_wants_them(ground: Ground, sites: Port) -> None:
    made = sites.invalidate(ground.target, "op-1", ["/a b.html", "/ü/*", "/100%.js"])
    asked = ground.front.get_invalidation(DistributionId=ground.target.service.distribution, Id=made)
    assert asked["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] == ["/a%20b.html", "/%C3%BC/*", "/100%25.js"]


def test_a_reference_used_for_other_paths_is_a_conflict(ground: Ground, sites: Port) -> None:
    sites.invalidate(ground.target, "op-1", ["/a"])
    with pytest.raises(ConflictError, match="knows the reference op-1 as another invalidation"):
        sites.invalidate(ground.target, "op-1", ["/b"])


def test_another_wrong_argument_is_told_as_it_is(ground: Ground, sites: Port) -> None:
    with pytest.raises(UpstreamError, match="invalid invalidation paths") as caught:
        sites.invalidate(ground.target, "op-1", ["no-slash"])
    assert caught.value.code == "InvalidArgument"


def test_too_many_invalidations_are_tried_again_later(ground: Ground, sites: Port) -> None:
    for number in range(15):
        sites.invalidate(ground.target, f"op-{number}", ["/*"])
    with pytest.raises(UpstreamError, match="as many invalidations of") as caught:
        sites.invalidate(ground.target, "op-15", ["/*"])
    assert caught.value.retryable and caught.value.retry_after == 30


def test_a_distribution_that_does_not_exist_is_named(ground: Ground, sites: Port) -> None:
    gone = with_service(ground.target, distribution="ENONE")
    with pytest.raises(NotFoundError, match="CloudFront has no distribution ENONE"):
        sites.distribution(gone)
    with pytest.raises(NotFoundError, match="CloudFront has no distribution ENONE"):
        sites.invalidate(gone, "op-1", ["/*"])
    with pytest.raises(NotFoundError, match="no longer knows invalidation INONE"):
        sites.invalidation(ground.target, "INONE")


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
        ("s3:CopyObject", "s3:PutObject"),
        ("s3:ListObjectVersions", "s3:ListBucketVersions"),
        ("s3:DeleteObjects", "s3:DeleteObject"),
        ("cloudfront:CreateInvalidation", "cloudfront:CreateInvalidation"),
    ],
)
def test_a_denied_call_names_the_permission(ground: Ground, sites: Port, operation: str, permission: str) -> None:
    address = ground.publish("v1", {"a.js": b""})
    ground.server.faults.add("aws", operation, "AccessDenied")

    def everything() -> None:
        sites.artifact(ground.target.account, address)
        sites.copy(ground.target, address, ["a.js"], "no-cache")
        sites.versions(ground.target, ["a.js"])
        sites.remove(ground.target, ["a.js"])
        sites.invalidate(ground.target, "op-1", ["/*"])

    with pytest.raises(NotPermittedError) as caught:
        everything()
    assert caught.value.action == permission
