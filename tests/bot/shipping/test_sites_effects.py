"""Operations on a site that are killed at any moment, and how they settle."""

from __future__ import annotations

import pytest

from bot.cloud import HealthAnswer
from bot.errors import NotFoundError, UpstreamError
from tests.bot.shipping.site_scene import ASK_AGAIN, SiteScene

V1 = {"assets/app-1a2b3c4d.js": "a1", "sw.js": "s1", "favicon.ico": "f", "about.html": "p1", "index.html": "i1"}
V2 = {"assets/app-2b3c4d5e.js": "a2", "sw.js": "s2", "favicon.ico": "f", "about.html": "p2", "index.html": "i2"}
V3 = {"assets/app-3c4d5e6f.js": "a3", "sw.js": "s3", "favicon.ico": "f", "about.html": "p3", "index.html": "i3"}
URL = "https://web.example.com/"


@pytest.fixture
def scene() -> SiteScene:
    made = SiteScene()
    for name, release in {"v1": V1, "v2": V2, "v3": V3}.items():
        made.publish(name, release)
    return made


def etags(scene: SiteScene) -> dict[str, str]:
    return {key: etag for key, (etag, _) in scene.served().items()}


@pytest.mark.parametrize("killed", ["before", "assets:0", "other", "html", "invalidate"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_effect_that_was_had_again_leaves_the_same_site_and_a_true_memory(
    scene: SiteScene, killed: str, times: int
) -> None:
    scene.ship("v1")
    operation = scene.begin(scene.plan("v2"))
    for name in operation.names:
        for _ in range(times if name == killed else 0):
            operation.have(name)
        operation.keep(name)
    copies = [each for each in scene.sites.writes if each.startswith("copy") and "index.html" in each]
    assert len(copies) == 2, "one for each release: what an earlier attempt copied is not copied again"
    assert len(scene.sites.invalidations) == 2
    now = {each.key: each.version for each in scene.sites.kept if each.is_latest}
    shipped = {**operation.results["other"]["versions"], **operation.results["html"]["versions"]}
    assert shipped == {key: now[key] for key in ("sw.js", "favicon.ico", "about.html", "index.html")}
    assert operation.look().stage == "succeeded"
    scene.recent.judge("op-1", True)
    operation.end(False)
    scene.back()
    assert scene.served()["index.html"] == ("i1", ASK_AGAIN)


@pytest.mark.parametrize("effect", ["copy", "invalidate"])
def test_an_answer_that_was_lost_is_no_harm(scene: SiteScene, effect: str) -> None:
    operation = scene.begin(scene.plan("v1"))
    scene.sites.lost_answers.add(effect, UpstreamError("AWS did not answer in time.", retryable=True))
    with pytest.raises(UpstreamError):
        operation.effects()
    operation.effects()
    assert operation.look().stage == "succeeded"
    assert len(scene.sites.invalidations) == 1
    assert {key: etag for key, (etag, _) in scene.served().items()} == V1


def test_nothing_is_looked_for_before_it_is_done_again(scene: SiteScene) -> None:
    operation = scene.begin(scene.plan("v1"))
    for effect in operation.strategy.effects(operation.plan):
        assert effect.find(operation.run(), scene.world) is None


@pytest.mark.parametrize("killed", ["before", "other", "html", "hide", "invalidate"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_effect_of_a_rollback_that_was_had_again_leaves_the_same_site_and_a_true_memory(
    scene: SiteScene, killed: str, times: int
) -> None:
    scene.ship("v1", good=True)
    scene.publish("v2", {**V2, "new.html": "n2"})
    scene.ship("v2", good=False)
    operation = scene.begin(scene.plan_back())
    scene.sites.writes.clear()
    for name in operation.names:
        for _ in range(times if name == killed else 0):
            operation.have(name)
        operation.keep(name)
    assert sum("restore {'index.html'" in each for each in scene.sites.writes) == 1
    assert scene.sites.writes.count("remove new.html") == 1
    assert len(scene.sites.invalidations) == 3
    assert {key: etags(scene)[key] for key in V1} == V1
    now = {each.key: each.version for each in scene.sites.kept if each.is_latest}
    restored = {**operation.results["other"]["versions"], **operation.results["html"]["versions"]}
    assert restored == {key: now[key] for key in ("sw.js", "favicon.ico", "about.html", "index.html")}
    operation.end(True)
    scene.ship("v3", good=False)
    scene.back()
    assert {key: etags(scene)[key] for key in V1} == V1
    assert "new.html" not in etags(scene)


@pytest.mark.parametrize("call", ["restore", "remove", "invalidate"])
def test_an_answer_to_a_rollback_that_was_lost_is_no_harm(scene: SiteScene, call: str) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    scene.sites.put("new.html", "n", ASK_AGAIN)
    operation = scene.begin(scene.plan_back())
    scene.sites.lost_answers.add(call, UpstreamError("AWS did not answer in time.", retryable=True))
    with pytest.raises(UpstreamError):
        operation.effects()
    operation.effects()
    assert operation.look().stage == "succeeded"
    assert {key: etags(scene)[key] for key in V1} == V1


def test_it_settles_once_cloudfront_has_forgotten(scene: SiteScene) -> None:
    scene.sites.status = "InProgress"
    operation = scene.begin(scene.plan("v1")).effects()
    look = operation.look()
    assert look.stage == "rolling"
    assert look.headline == "The files of v1 are in place; CloudFront is forgetting the old ones"
    assert look.lines == ("invalidation I-op-1 of /*: InProgress",)
    scene.sites.status = "Completed"
    look = operation.look()
    assert look.stage == "succeeded"
    assert look.headline == "Settled: the site serves v1; browsers may keep showing old pages until they reload"


def test_an_invalidation_that_cloudfront_no_longer_knows_has_completed(scene: SiteScene) -> None:
    operation = scene.begin(scene.plan("v1")).effects()
    scene.sites.failures.add("invalidation", NotFoundError("CloudFront no longer knows it."))
    assert operation.look().stage == "succeeded"


@pytest.mark.parametrize("remembers", [True, False])
def test_a_first_page_that_somebody_else_wrote_meanwhile_is_no_success(scene: SiteScene, remembers: bool) -> None:
    scene.sites.keeps_versions = remembers
    operation = scene.begin(scene.plan("v1")).effects()
    scene.sites.put("index.html", "theirs", ASK_AGAIN)
    look = operation.look()
    assert (look.stage, look.unchanged) == ("failed", True)
    assert look.headline == "Superseded: somebody else wrote index.html meanwhile"


def test_a_page_that_somebody_took_away_meanwhile_is_no_success(scene: SiteScene) -> None:
    operation = scene.begin(scene.plan("v1")).effects()
    scene.sites.put("about.html", "", "", deleted=True)
    assert operation.look().headline == "Superseded: somebody else wrote about.html meanwhile"


def test_the_very_same_page_written_by_somebody_else_supersedes_nothing(scene: SiteScene) -> None:
    operation = scene.begin(scene.plan("v1")).effects()
    scene.sites.put("index.html", V1["index.html"], ASK_AGAIN)
    assert operation.look().stage == "succeeded"


def test_a_page_written_after_a_rollback_supersedes_it_too(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    operation = scene.begin(scene.plan_back()).effects()
    assert operation.look().stage == "succeeded"
    scene.sites.put("index.html", "theirs", ASK_AGAIN)
    assert operation.look().headline == "Superseded: somebody else wrote index.html meanwhile"


def test_a_site_that_does_not_answer_as_configured_fails_after_a_minute() -> None:
    scene = SiteScene(health={"url": URL})
    scene.publish("v1", V1)
    assert scene.plan("v1").details[-1].endswith(f"and {URL} answers 200")
    operation = scene.begin(scene.plan("v1")).effects()
    scene.web.answers[URL] = HealthAnswer(ok=False, code=403, detail="it answers 403")
    assert operation.look().stage == "rolling"
    scene.clock.advance(61)
    assert operation.look().stage == "failed"
    scene.web.answers.clear()
    assert operation.look().stage == "succeeded"
