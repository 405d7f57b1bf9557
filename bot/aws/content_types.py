"""What a file of a web site is, told by its name, where S3 does not know."""

from __future__ import annotations

import mimetypes

UNTOLD = "binary/octet-stream"
"""What S3 says of an object that was stored without a type: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

_BY_ENDING = {
    "avif": "image/avif",
    "css": "text/css; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xml": "application/xml",
}
# The tables of the machine that the bot happens to run on are left out.
_REST = mimetypes.MimeTypes(filenames=())


def content_type(key: str) -> str:
    """The media type of a key's ending; that of any bytes where the ending is unknown or missing."""
    name = key.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    known = _BY_ENDING.get(ending) or _REST.types_map[True].get(f".{ending}")
    return known or "application/octet-stream"
