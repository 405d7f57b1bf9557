"""A site shipped and taken back through the real adapter, over HTTP, looked at object by object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.aws.session import Sessions
from bot.aws.sites import Sites
from bot.command import CheckStatus
from bot.errors import ConflictError, UpstreamError
from bot.parallel import Parallel
from bot.shipping.sites import SITE
from sandbox.aws.cloudfront import INVALIDATION_SECONDS
from sandbox.aws.server import AwsServer
from sandbox.seed.sites import release
from tests.bot.aws.site_ground import RELEASES, Ground
from tests.bot.aws.site_ground import SITE as BUCKET
from tests.bot.shipping.site_scene import ALICE, ASK_AGAIN, FOR_A_YEAR, Operation, SiteScene
from tests.sandbox.aws import standing

HOSTILE = {
    "/leading slash.txt": b"slash",
    "a b+c%41.html": b"<p>odd</p>",
    "docs/ünï/日本.html": b"<p>far</p>",
    "assets/it's & that-1a2b3c4d.js": b"void 0",
}
V1 = {**release("BI", "v1.4.0"), **HOSTILE}
V2 = {**release("BI", "v1.5.0"), **HOSTILE, "docs/new.html": b"<p>new</p>"}


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with standing.server() as started:
        yield started


@pytest.fixture
def ground(server: AwsServer, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    made = Ground(server, sessions)
    made.publish("v1", V1)
    made.publish("v2", V2)
    return made


@pytest.fixture
def scene(ground: Ground, sessions: Sessions) -> Iterator[SiteScene]:
    made = SiteScene()
    sites, gather = Sites(sessions), Parallel(4)
    made.target = ground.target
    made.clock = ground.server.clock  # type: ignore[assignment]  # a clock is a clock
    made.world.clock, made.world.sites, made.world.gather = made.clock, sites, gather  # type: ignore[misc]
    yield made
    gather.close()
    sites.close()


def settle(scene: SiteScene, operation: Operation, good: bool = True) -> Operation:
    operation.effects()
    assert operation.look().stage == "rolling"
    scene.clock.advance(INVALIDATION_SECONDS)
    return operation.end(good)


def ship(scene: SiteScene, version: str, good: bool = True) -> Operation:
    return settle(scene, scene.begin(scene.plan(version)), good)


def headers(files: dict[str, bytes]) -> dict[str, str]:
    return {key: FOR_A_YEAR if key.startswith("assets/") else ASK_AGAIN for key in files}


def assert_serves(ground: Ground, files: dict[str, bytes], *, besides: dict[str, bytes] | None = None) -> None:
    """Exactly these files with their headers and types, and what else is named."""
    expected = {**(besides or {}), **files}
    assert sorted(ground.keys()) == sorted(expected)
    served = {key: ground.read(key) for key in expected}
    assert {key: body for key, (body, _, _) in served.items()} == expected
    assert {key: header for key, (_, _, header) in served.items()} == headers(expected)
    endings = {
        "js": "text/javascript",
        "html": "text/html",
        "css": "text/css",
        "webmanifest": "application/manifest+json",
    }
    for key, (_, kind, _) in served.items():
        ending = key.rpartition(".")[2]
        assert kind.startswith(endings.get(ending, "")), key


def assets(files: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in files.items() if key.startswith("assets/")}


def test_a_site_is_shipped_and_taken_back_object_by_object(ground: Ground, scene: SiteScene) -> None:
    ship(scene, "v1")
    assert_serves(ground, V1)
    plan = scene.plan("v2")
    assert [each.status for each in plan.checks if each.name != "alarms"] == [CheckStatus.PASSED] * 6
    shipped = ship(scene, "v2", good=False)
    assert_serves(ground, V2, besides=assets(V1))
    back = scene.begin(scene.plan_back())
    assert back.plan.title == "Roll back bi/web production → v1"
    settle(scene, back)
    assert_serves(ground, V1, besides=assets(V2))
    assert ground.invalidated() == {"op-1": ["/*"], "op-2": ["/*"], "op-3": ["/*"]}
    assert shipped.results["assets:0"]["copied"] == len(set(assets(V2)) - set(assets(V1)))


def test_what_somebody_else_put_there_comes_back_with_its_headers(ground: Ground, scene: SiteScene) -> None:
    ground.put("index.html", b"by hand", CacheControl="no-store", ContentType="text/html; charset=latin-1")
    ship(scene, "v2", good=False)
    settle(scene, scene.begin(scene.plan_back()))
    assert ground.read("index.html") == (b"by hand", "text/html; charset=latin-1", "no-store")
    assert [each.key for each in scene.world.sites.objects(scene.target) if each.key.endswith(".html")] == [
        "index.html"
    ]


def test_what_the_runbook_s_sync_deleted_comes_back_with_the_pages(ground: Ground, scene: SiteScene) -> None:
    ship(scene, "v1")
    ship(scene, "v2", good=False)
    for key in set(assets(V1)) - set(assets(V2)):
        ground.s3.delete_object(Bucket=BUCKET, Key=key)
    settle(scene, scene.begin(scene.plan_back()))
    assert_serves(ground, V1, besides=assets(V2))


def test_versions_that_a_lifecycle_rule_took_are_named(ground: Ground, scene: SiteScene) -> None:
    first = ship(scene, "v1")
    ship(scene, "v2", good=False)
    version = first.results["html"]["versions"]["index.html"]
    ground.s3.delete_object(Bucket=BUCKET, Key="index.html", VersionId=version)
    with pytest.raises(ConflictError, match=r"v1 cannot come back: S3 no longer has its version of index\.html"):
        scene.plan_back()


@pytest.mark.parametrize(
    ("operation", "count"),
    [("s3:CopyObject", 1), ("s3:HeadObject", 3), ("s3:ListObjectsV2", 1), ("cloudfront:CreateInvalidation", 1)],
)
@pytest.mark.parametrize("error", ["lost_response", "500", "AccessDenied"])
def test_bad_weather_in_the_middle_leaves_a_whole_site(
    ground: Ground, scene: SiteScene, operation: str, count: int, error: str
) -> None:
    ship(scene, "v1")
    second = scene.begin(scene.plan("v2"))
    ground.server.faults.add("aws", operation, error, count=count)
    failures = 0
    for name in second.names:
        while name not in second.results:
            try:
                second.keep(name)
            except UpstreamError:
                failures += 1
    assert 1 <= failures <= count
    settle(scene, second)
    assert_serves(ground, V2, besides=assets(V1))
    assert (
        len(
            ground.front.list_invalidations(DistributionId=ground.target.service.distribution)["InvalidationList"][
                "Items"
            ]
        )
        == 2
    )
    settle(scene, scene.begin(scene.plan_back("v1")))
    assert_serves(ground, V1, besides=assets(V2))


def test_a_large_site_is_listed_few_times_and_copied_once(ground: Ground, scene: SiteScene) -> None:
    many = {f"assets/{number}-1a2b3c4d.js": b"" for number in range(200)}
    ground.publish("v3", {**many, "index.html": b"<p>3</p>"})
    plan = scene.plan("v3")
    assert ground.calls("s3:ListObjectsV2") == 2 + 1, "the release, with a redirect to its region, and the site"
    settle(scene, scene.begin(plan))
    assert ground.calls("s3:CopyObject") == 201
    # Each of the five effects that copies or remembers lists both.
    assert ground.calls("s3:ListObjectsV2") <= 3 + 2 * 5
    assert ground.read("assets/199-1a2b3c4d.js") == (b"", "text/javascript; charset=utf-8", FOR_A_YEAR)


def test_a_missing_release_is_answered_with_those_that_lie_there(ground: Ground, scene: SiteScene) -> None:
    assert [each.word for each in SITE.versions(scene.target, scene.world)] == ["v2", "v1"]
    elsewhere = replace(
        scene.target, service=scene.target.service.model_copy(update={"artifact": f"s3://{RELEASES}/none/{{version}}/"})
    )
    assert SITE.versions(elsewhere, scene.world) == ()
    with pytest.raises(Exception, match="The newest are v2, v1"):
        SITE.deploy(scene.target, "v9", scene.world, ALICE)
