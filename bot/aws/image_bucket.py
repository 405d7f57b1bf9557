"""Pictures in an S3 bucket, at addresses that PagerDuty can fetch them from for a while."""

from __future__ import annotations

import hashlib

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account

DAYS = 7
"""How long an address works: the longest that S3 signs for. One signed with a role's credentials ends with them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""
_PNG = b"\x89PNG\r\n\x1a\n"
PREFIX = "runbook-bot/"
"""Where in the bucket they lie."""


class ImageBucket:
    """Fills ``bot.paging.Pictures``. ``account`` is where the bucket lies; its region must be the bucket's.

    An empty ``bucket`` is none: nothing is published then.
    """

    def __init__(self, sessions: Sessions, account: Account, bucket: str) -> None:
        self._sessions = sessions
        self._account = account
        self._bucket = bucket

    def publish(self, key: str, content: bytes) -> str:
        """Put a PNG under a name that nobody guesses, and sign an address for it.

        Empty where the address is not https, as behind another endpoint than Amazon's own. Raises UpstreamError, and
        ValueError for what is no PNG.
        """
        if not content.startswith(_PNG):
            raise ValueError("only PNG pictures are published")
        if not self._bucket:
            return ""
        name = f"{PREFIX}{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}.png"
        ask(
            *(self._sessions.client(self._account, "s3"), "put_object"),
            Bucket=self._bucket,
            Key=name,
            Body=content,
            ContentType="image/png",
            CacheControl="private",
        )
        where = {"Bucket": self._bucket, "Key": name}
        signer = self._sessions.client(self._account, "s3", signs_addresses=True)
        address = str(signer.generate_presigned_url("get_object", Params=where, ExpiresIn=DAYS * 86_400))
        return address if address.startswith("https://") else ""
