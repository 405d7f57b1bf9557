"""Teaches moto S3: the sandbox's time, buckets that live in one region, and what cannot be copied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeDeleteMarker, FakeKey
from moto.s3.responses import S3Response

from sandbox.aws.world import current

if TYPE_CHECKING:
    from sandbox.aws.server import AwsServer

LARGEST_COPY = 5 * 1024**3
"""Bytes of the largest object that one CopyObject takes."""

_make_key = FakeKey.__init__
_make_marker = FakeDeleteMarker.__init__
_bucket_response = S3Response._bucket_response
_key_response = S3Response._key_response
_copy_object = S3Response.copy_object


def install(aws: AwsServer) -> None:
    """Patch moto; safe to repeat."""
    del aws
    setattr(FakeKey, "__init__", _key_made_now)  # noqa: B010
    setattr(FakeDeleteMarker, "__init__", _marker_made_now)  # noqa: B010
    setattr(S3Response, "_bucket_response", _bucket_in_its_region)  # noqa: B010
    setattr(S3Response, "_key_response", _key_in_its_region)  # noqa: B010
    setattr(S3Response, "copy_object", copy_object)  # noqa: B010


class _Moments:
    """The clock's time as moto writes it, without a zone; while the clock stands, each is a microsecond later.

    Which of two versions is the latest, moto tells by their times alone.
    """

    def __init__(self) -> None:
        self._last = 0.0
        self._since = 0

    def next(self) -> datetime:
        now = current().clock.now()
        self._since = self._since + 1 if now == self._last else 0
        self._last = now
        return datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + timedelta(microseconds=self._since)


_moments = _Moments()


def _key_made_now(self: FakeKey, *args: Any, **kwargs: Any) -> None:
    _make_key(self, *args, **kwargs)
    self.last_modified = _moments.next()


def _marker_made_now(self: FakeDeleteMarker, key: FakeKey) -> None:
    _make_marker(self, key)
    self.last_modified = _moments.next()


def _bucket_in_its_region(self: S3Response, request: Any, full_url: str) -> Any:
    return _elsewhere(self, request, full_url) or _bucket_response(self, request, full_url)


def _key_in_its_region(self: S3Response, request: Any, full_url: str) -> Any:
    return _elsewhere(self, request, full_url) or _key_response(self, request, full_url)


def _elsewhere(response: S3Response, request: Any, full_url: str) -> tuple[int, dict[str, str], str] | None:
    """S3's redirect to the bucket's region; any region may ask where that is."""
    name = response.parse_bucket_name_from_url(request, full_url)
    bucket = response.backend.buckets.get(name)
    query = parse_qs(urlsplit(full_url).query, keep_blank_values=True)
    creating = request.method == "PUT" and not urlsplit(full_url).path.strip("/").partition("/")[2] and not query
    if bucket is None or bucket.region_name == response.region or "location" in query or creating:
        return None
    message = (
        "The bucket you are attempting to access must be addressed using the specified endpoint."
        " Please send all future requests to this endpoint."
    )
    body = (
        f"<Error><Code>PermanentRedirect</Code><Message>{message}</Message>"
        f"<Endpoint>s3.{bucket.region_name}.amazonaws.com</Endpoint><Bucket>{escape(name)}</Bucket></Error>"
    )
    headers = {"x-amz-bucket-region": bucket.region_name, "content-type": "application/xml"}
    return 301, headers, "" if request.method == "HEAD" else body


def copy_object(self: S3Response) -> Any:
    """CopyObject: neither a delete marker nor more than 5 GB."""
    source = urlsplit(str(self.headers.get("x-amz-copy-source")))
    bucket, _, key = unquote(source.path).lstrip("/").partition("/")
    wanted = parse_qs(source.query).get("versionId", [""])[0]
    if bucket in self.backend.buckets:
        for version in self.backend.buckets[bucket].keys.getlist(key, []):
            if isinstance(version, FakeDeleteMarker) and version.version_id == wanted:
                message = "The source of a copy request may not specifically refer to a delete marker by version id."
                raise S3ClientError("InvalidRequest", message)
            if isinstance(version, FakeKey) and version.version_id == wanted and version.size > LARGEST_COPY:
                raise _too_large()
        latest = self.backend.get_object(bucket, key)
        if not wanted and latest is not None and latest.size > LARGEST_COPY:
            raise _too_large()
    return _copy_object(self)


def _too_large() -> S3ClientError:
    message = f"The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST_COPY}"
    return S3ClientError("InvalidRequest", message)
