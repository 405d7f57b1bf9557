"""A pretend AWS with a site's bucket in Tokyo, its distribution, and a bucket of releases in Virginia."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.aws.session import Sessions
from bot.domain import Account, Service, ServiceKind, Target
from sandbox.aws.server import AwsServer
from tests.sandbox.aws import standing

START = 1_795_341_697.0
TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"
SITE, RELEASES = "site", "releases"
ADDRESS = f"s3://{RELEASES}/web/{{version}}/"


class Ground:
    """The pretend AWS, emptied, and what is in it as seen past the bot."""

    def __init__(self, server: AwsServer, sessions: Sessions) -> None:
        standing.emptied(server, START)
        self._before = Counter(each["operation"] for each in server.calls.list("aws"))
        self.server = server
        self.sessions = sessions
        self.s3 = sessions.client(Account(TOKYO), "s3")
        self.releases = sessions.client(Account(VIRGINIA), "s3")
        self.front = sessions.client(Account(VIRGINIA), "cloudfront")
        where = {"LocationConstraint": TOKYO}
        self.s3.create_bucket(Bucket=SITE, CreateBucketConfiguration=where)
        self.s3.put_bucket_versioning(Bucket=SITE, VersioningConfiguration={"Status": "Enabled"})
        self.releases.create_bucket(Bucket=RELEASES)
        made = self.front.create_distribution(DistributionConfig=_front())
        service = Service(
            kind=ServiceKind.STATIC_SITE, bucket=SITE, distribution=made["Distribution"]["Id"], artifact=ADDRESS
        )
        self.target = Target("bi", "production", "web", service, Account(TOKYO), "#bi", production=True)

    def publish(self, version: str, files: Mapping[str, bytes], **headers: Any) -> str:
        """Put a release where releases lie; its address."""
        for key, body in files.items():
            self.releases.put_object(Bucket=RELEASES, Key=f"web/{version}/{key}", Body=body, **headers)
        return ADDRESS.format(version=version)

    def put(self, key: str, body: bytes, **headers: Any) -> str:
        """Put an object into the site's bucket; its version id."""
        return str(self.s3.put_object(Bucket=SITE, Key=key, Body=body, **headers)["VersionId"])

    def read(self, key: str) -> tuple[bytes, str, str]:
        """What the site serves: body, content type and cache header."""
        found = self.s3.get_object(Bucket=SITE, Key=key)
        return found["Body"].read(), found["ContentType"], found.get("CacheControl", "")

    def keys(self) -> list[str]:
        """What the site serves, by key."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=SITE).get("Contents", ())]

    def invalidated(self) -> dict[str, list[str]]:
        """Paths of every invalidation by its reference, in order."""
        asked = {"DistributionId": self.target.service.distribution}
        found = self.front.list_invalidations(**asked)["InvalidationList"].get("Items", ())
        whole = [self.front.get_invalidation(**asked, Id=each["Id"])["Invalidation"] for each in found]
        batches = [each["InvalidationBatch"] for each in whole]
        return {each["CallerReference"]: each["Paths"]["Items"] for each in batches}

    def calls(self, operation: str) -> int:
        """How often AWS was asked this, since the test began."""
        return len(self.server.calls.list("aws", operation)) - self._before[operation]


def _front() -> dict[str, Any]:
    origin = {
        "Id": "o",
        "DomainName": f"{SITE}.s3.{TOKYO}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    return {
        "CallerReference": "site",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
    }
