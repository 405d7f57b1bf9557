"""Static sites: what a release consists of, and the bucket that serves it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bot.aws.calls import in_batches, seconds
from bot.aws.content_types import UNTOLD, content_type
from bot.aws.errors import ask
from bot.aws.session import POOL, Sessions
from bot.aws.site_fronts import SiteFronts
from bot.domain import Account, Target
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping_cloud import ObjectVersion, Release, SiteObject

LARGEST_COPY = 5 * 1024**3
"""Bytes of the largest object that CopyObject takes."""
MOST_OBJECTS = 100_000
"""More objects than this are not compared; listing them takes a hundred calls, one after the other."""
MOST_RELEASES = 300
"""Releases whose age is asked, one call each; older ones, by their names, are not offered."""

PAGE = 1000
"""Keys of one call, the most that S3 lists or deletes at a time."""

_KEPT = ("ContentEncoding", "ContentDisposition", "ContentLanguage", "WebsiteRedirectLocation", "Metadata")
"""What an object says of itself besides its type; replacing one header replaces all, so these go along."""


class Sites(SiteFronts):
    """Fills ``bot.shipping_ports.Sites``.

    A bucket in another region than the account's is found by S3's own redirect, which botocore follows and remembers.
    """

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions, at_once=POOL)

    def artifact(self, account: Account, address: str) -> tuple[SiteObject, ...]:
        """Objects below ``s3://bucket/prefix/``, keys relative to it; empty when there are none."""
        bucket, prefix = parse(address)
        return tuple(self._objects(account, bucket, prefix))

    def releases(self, account: Account, address: str) -> tuple[Release, ...]:
        """Versions that ``s3://bucket/prefix/{version}/`` offers, newest first; the age is its first object's."""
        before, _, after = address.partition("{version}")
        bucket, prefix = parse(before)
        pages = self._pages(account, bucket, "list_objects_v2", Prefix=prefix, Delimiter="/")
        folders = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
        names = sorted((each.removeprefix(prefix).rstrip("/") for each in folders), key=_numbered, reverse=True)

        def look(name: str) -> Release | None:
            wanted = f"{prefix}{name}{after}"
            answer = self._ask_bucket(account, bucket, "list_objects_v2", Prefix=wanted, MaxKeys=1)
            first = next(iter(answer.get("Contents", ())), None)
            return Release(name, seconds(first["LastModified"])) if first else None

        found = [each for each in self._each(look, names[:MOST_RELEASES]) if each is not None]
        return tuple(sorted(found, key=lambda each: (each.at, _numbered(each.version)), reverse=True))

    def objects(self, target: Target) -> tuple[SiteObject, ...]:
        """What the site's bucket serves now."""
        return tuple(self._objects(target.account, target.service.bucket, ""))

    def versioned(self, target: Target) -> bool:
        """Whether the bucket keeps older versions of its objects."""
        asked = self._ask_bucket(target.account, target.service.bucket, "get_bucket_versioning")
        return asked.get("Status") == "Enabled"

    def versions(self, target: Target, keys: Collection[str]) -> tuple[ObjectVersion, ...]:
        """All versions of these keys, newest first by key."""
        found = self._each(lambda key: list(self._versions(target, key)), sorted(set(keys)))
        return tuple(version for each in found for version in each)

    def copy(self, target: Target, address: str, keys: Sequence[str], cache_control: str) -> Mapping[str, str]:
        """Copy objects of a release to the site, with this header; version ids by key.

        Tags stay behind: those of an artifact often say when it may be deleted. Raises ConflictError for an object
        of more than 5 GB and NotFoundError for one that is not there.
        """
        bucket, prefix = parse(address)

        def copy_one(key: str) -> str:
            source = {"Bucket": bucket, "Key": f"{prefix}{key}"}
            asked = self._head(target.account, source)
            kept = {name: asked[name] for name in _KEPT if asked.get(name)}
            told = asked.get("ContentType") or UNTOLD
            return self._copy(
                *(target, key, source),
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
                CacheControl=cache_control,
                ContentType=content_type(key) if told == UNTOLD else told,
                **kept,
            )

        return dict(zip(keys, self._each(copy_one, keys), strict=True))

    def restore(self, target: Target, versions: Mapping[str, str]) -> Mapping[str, str]:
        """Make older versions (by key) the current ones, with the headers they had; new version ids by key.

        Raises NotFoundError when S3 no longer has one of them.
        """

        def restore_one(version: tuple[str, str]) -> str:
            source = {"Bucket": target.service.bucket, "Key": version[0], "VersionId": version[1]}
            return self._copy(target, version[0], source, MetadataDirective="COPY")

        return dict(zip(versions, self._each(restore_one, versions.items()), strict=True))

    def remove(self, target: Target, keys: Sequence[str]) -> None:
        """Hide objects behind delete markers; their versions stay."""
        for batch in in_batches(keys, PAGE):
            wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
            answer = self._ask_bucket(target.account, target.service.bucket, "delete_objects", Delete=wanted)
            for left in answer.get("Errors", ()):
                code = str(left.get("Code", ""))
                text = f"S3 did not delete {left.get('Key')}: {left.get('Message') or code}."
                raise UpstreamError(text, code=code, retryable=code in ("InternalError", "SlowDown"))

    def _objects(self, account: Account, bucket: str, prefix: str) -> Iterator[SiteObject]:
        """Keys without the prefix. What the console makes of a folder, an empty object named like it, is left out."""
        count = 0
        for page in self._pages(account, bucket, "list_objects_v2", Prefix=prefix):
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(prefix)
                if not key or (key.endswith("/") and not found["Size"]):
                    continue
                count += 1
                if count > MOST_OBJECTS:
                    text = f"s3://{bucket}/{prefix} holds more than {MOST_OBJECTS:,} objects; I do not compare so many."
                    raise ConflictError(text, hint="Point at what belongs to the site alone.")
                yield SiteObject(key, int(found["Size"]), found["ETag"].strip('"'), seconds(found["LastModified"]))

    def _versions(self, target: Target, key: str) -> Iterator[ObjectVersion]:
        """The key itself comes before all longer ones that begin with it."""
        found = []
        for page in self._pages(target.account, target.service.bucket, "list_object_versions", Prefix=key):
            told = [(each, False) for each in page.get("Versions", ())]
            told += [(each, True) for each in page.get("DeleteMarkers", ())]
            mine = [_read_version(each, deleted) for each, deleted in told if each["Key"] == key]
            found += mine
            if len(mine) < len(told):
                break
        yield from sorted(found, key=lambda each: (not each.is_latest, -each.modified_at))

    def _pages(self, account: Account, bucket: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._ask_bucket(account, bucket, operation, MaxKeys=PAGE, **parameters)
            yield page
            if not page.get("IsTruncated"):
                return
            marks = {
                "ContinuationToken": page.get("NextContinuationToken"),
                "KeyMarker": page.get("NextKeyMarker"),
                "VersionIdMarker": page.get("NextVersionIdMarker"),
            }
            parameters.update({name: mark for name, mark in marks.items() if mark})

    def _head(self, account: Account, source: Mapping[str, str]) -> dict[str, Any]:
        try:
            asked = ask(self._client(account, "s3"), "head_object", **source)
        except UpstreamError as error:
            if error.code == "404":
                raise NotFoundError(f"s3://{source['Bucket']}/{source['Key']} is not there any more.") from error
            raise
        if asked["ContentLength"] > LARGEST_COPY:
            raise _too_large(source)
        return asked

    def _copy(self, target: Target, key: str, source: Mapping[str, str], **how: Any) -> str:
        """The new version's id, ``null`` where the bucket keeps none."""
        place = {"Bucket": target.service.bucket, "Key": key, "CopySource": source}
        try:
            answer = ask(self._client(target.account, "s3"), "copy_object", **place, **how)
        except UpstreamError as error:
            if error.code in ("NoSuchVersion", "NoSuchKey"):
                text = f"S3 no longer has {source.get('VersionId') or 'any version'} of {source['Key']}."
                raise NotFoundError(text) from error
            if error.code == "NoSuchBucket":
                raise NotFoundError(f"S3 has no bucket {source['Bucket']} or {target.service.bucket}.") from error
            if error.code == "InvalidRequest" and "larger than" in error.message:
                raise _too_large(source) from error
            raise
        return str(answer.get("VersionId") or "null")

    def _ask_bucket(self, account: Account, bucket: str, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return ask(self._client(account, "s3"), operation, Bucket=bucket, **parameters)
        except UpstreamError as error:
            if error.code == "NoSuchBucket":
                raise NotFoundError(f"S3 has no bucket {bucket}.") from error
            raise


def parse(address: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``. Raises NotFoundError for anything else."""
    scheme, _, rest = address.partition("://")
    bucket, slash, key = rest.partition("/")
    if scheme != "s3" or not bucket or not slash:
        raise NotFoundError(f"“{address}” is not an address of the form s3://bucket/key.")
    return bucket, key


def _read_version(found: Mapping[str, Any], deleted: bool) -> ObjectVersion:
    return ObjectVersion(
        key=found["Key"],
        version=found["VersionId"],
        etag=str(found.get("ETag", "")).strip('"'),
        modified_at=seconds(found["LastModified"]),
        is_latest=bool(found["IsLatest"]),
        deleted=deleted,
    )


def _numbered(name: str) -> list[tuple[int, int, str]]:
    """An order in which v1.10.0 is newer than v1.9.0."""
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d+)", name) if part]


def _too_large(source: Mapping[str, str]) -> ConflictError:
    text = f"s3://{source['Bucket']}/{source['Key']} is larger than 5 GB, the most that S3 copies in one go."
    return ConflictError(text, hint="Such a file is better kept out of the release.")
