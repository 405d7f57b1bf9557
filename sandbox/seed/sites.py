"""Static sites: buckets that serve a release, distributions in front of them, and the releases a pipeline left."""

from __future__ import annotations

import hashlib

from moto.cloudfront.models import cloudfront_backends

from sandbox.clock import Clock
from sandbox.seed.account import ACCOUNT, Account, in_parallel
from sandbox.seed.catalogue import SITE_HISTORY, SITE_NEWER, SITES, US, Site

NO_CACHE = "public, max-age=0, must-revalidate"
"""The header that runbook 000 gives index.html."""

_FOR_EVER = "public, max-age=31536000, immutable"
_HOUR = 3600.0
_ICON = bytes.fromhex("00000100010001010000010018003000000016000000") + bytes(48)
_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "ico": "image/x-icon",
    "js": "text/javascript",
    "txt": "text/plain",
    "webmanifest": "application/manifest+json",
}


def release(title: str, version: str) -> dict[str, bytes]:
    """The files of a release by their keys, as a bundler writes them: contents of scripts and styles in their names."""
    vendor = b"export const mount = (text) => { document.querySelector('main').textContent = text }\n"
    script = f"import {{ mount }} from './{_named('vendor', vendor, 'js')}'\nmount('{title} {version}')\n".encode()
    style = f"main {{ font: 16px sans-serif }} /* {version.rpartition('.')[0]} */\n".encode()
    app, look = f"assets/{_named('app', script, 'js')}", f"assets/{_named('style', style, 'css')}"
    head = f'<title>{title} {version}</title><link rel="stylesheet" href="/{look}">'
    return {
        app: script,
        look: style,
        f"assets/{_named('vendor', vendor, 'js')}": vendor,
        "favicon.ico": _ICON,
        "robots.txt": b"User-agent: *\nDisallow: /api/\n",
        "app.webmanifest": f'{{"name": "{title}", "start_url": "/"}}\n'.encode(),
        "sw.js": f"const RELEASE = '{version}'\nself.addEventListener('install', () => self.skipWaiting())\n".encode(),
        "about.html": f"<!doctype html>{head}<h1>About {title} {version}</h1>\n".encode(),
        "index.html": f'<!doctype html>{head}<main></main><script type="module" src="/{app}"></script>\n'.encode(),
    }


def _named(name: str, content: bytes, ending: str) -> str:
    return f"{name}-{hashlib.blake2s(content).hexdigest()[:8]}.{ending}"


def build_sites(account: Account, clock: Clock) -> None:
    """A versioned bucket, a distribution and the releases of the past for every site. Moves the clock by hours."""
    artifacts = sorted({(site.artifacts, site.region) for site in SITES})
    in_parallel(lambda bucket: _make_bucket(account, *bucket), artifacts)
    in_parallel(lambda site: _make_bucket(account, site.bucket, site.region), SITES)
    in_parallel(lambda site: _make_front(account, site), SITES)
    for version in SITE_HISTORY:
        _publish(account, version)
        in_parallel(lambda site: _ship(account, site, version), SITES)  # noqa: B023
        clock.advance(_HOUR)


def publish_newer(account: Account, clock: Clock) -> None:
    """Artifacts of the releases that nobody has shipped. Moves the clock by hours."""
    for version in SITE_NEWER:
        _publish(account, version)
        clock.advance(_HOUR)


def _make_bucket(account: Account, name: str, region: str) -> None:
    s3 = account.client("s3", region)
    where = {} if region == US else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)


def _publish(account: Account, version: str) -> None:
    places = sorted({(site.artifacts, site.region, site.folder, site.title) for site in SITES})

    def publish(place: tuple[str, str, str, str]) -> None:
        bucket, region, folder, title = place
        for key, body in release(title, version).items():
            kind = _TYPES[key.rpartition(".")[2]]
            account.client("s3", region).put_object(
                Bucket=bucket, Key=f"{folder}/{version}/{key}", Body=body, ContentType=kind
            )

    in_parallel(publish, places)


def _ship(account: Account, site: Site, version: str) -> None:
    s3 = account.client("s3", site.region)
    for key, body in release(site.title, version).items():
        header = _FOR_EVER if key.startswith("assets/") else NO_CACHE
        kind = _TYPES[key.rpartition(".")[2]]
        s3.put_object(Bucket=site.bucket, Key=key, Body=body, ContentType=kind, CacheControl=header)


def _make_front(account: Account, site: Site) -> None:
    s3 = account.client("s3", site.region)
    s3.put_bucket_versioning(Bucket=site.bucket, VersioningConfiguration={"Status": "Enabled"})
    origin = {
        "Id": "site",
        "DomainName": f"{site.bucket}.s3.{site.region}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    config = {
        "CallerReference": site.distribution,
        "Comment": site.bucket,
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "redirect-to-https",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
    }
    made = account.client("cloudfront", US).create_distribution(DistributionConfig=config)
    _rename(made["Distribution"]["Id"], site.distribution)


def _rename(made: str, wanted: str) -> None:
    """Give a distribution the id that ``config/`` has: AWS chooses ids, and no call can change one."""
    backend = cloudfront_backends[ACCOUNT]["aws"]
    distribution = backend.distributions.pop(made)
    distribution.distribution_id = distribution.id = wanted
    distribution.arn = distribution.arn.replace(made, wanted)
    backend.distributions[wanted] = distribution
