"""Plans to deploy a static site, and what carrying them out does to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.command import Check, CheckStatus, Override, Plan
from bot.errors import BotError, ConflictError, NotFoundError, UpstreamError
from bot.shipping import sites_checks, sites_plan
from bot.shipping.sites import SITE
from bot.shipping_cloud import Distribution, Release
from tests.bot.shipping.site_scene import ADDRESS, ASK_AGAIN, FOR_A_YEAR, SiteScene

V1 = {"assets/app-1a2b3c4d.js": "a1", "sw.js": "s1", "favicon.ico": "f", "about.html": "p1", "index.html": "i1"}
V2 = {"assets/app-2b3c4d5e.js": "a2", "sw.js": "s2", "favicon.ico": "f", "about.html": "p2", "index.html": "i2"}
URL = "https://web.example.com/"


@pytest.fixture
def scene() -> SiteScene:
    made = SiteScene()
    made.publish("v1", V1)
    made.publish("v2", V2)
    return made


def checks(plan: Plan) -> dict[str, Check]:
    return {each.name: each for each in plan.checks}


def change(plan: Plan, what: str) -> tuple[str, str]:
    return next((each.before, each.after) for each in plan.changes if each.what == what)


def test_the_first_release_of_an_empty_site(scene: SiteScene) -> None:
    plan = scene.plan("v1")
    assert plan.title == "Deploy bi/web production → v1"
    assert change(plan, "Release") == ("nothing", "v1")
    assert change(plan, "Files") == ("0 on the site", "5 (5 kB) new, 0 changed, 0 unchanged")
    assert {each.status for each in plan.checks if each.name != "alarms"} == {CheckStatus.PASSED}
    assert plan.basis["index.html"] == "none"
    assert plan.strategy in SITE.strategies
    assert scene.sites.writes == []


def test_a_release_is_shipped_in_three_stages_with_a_header_for_each(scene: SiteScene) -> None:
    scene.ship("v1")
    copies = [each for each in scene.sites.writes if each.startswith("copy")]
    assert copies == [
        f"copy assets/app-1a2b3c4d.js ({FOR_A_YEAR})",
        f"copy favicon.ico, sw.js ({ASK_AGAIN})",
        f"copy about.html ({ASK_AGAIN})",
        f"copy index.html ({ASK_AGAIN})",
    ]
    assert scene.sites.invalidations == {"op-1": ("/*",)}


def test_only_what_is_new_is_copied_and_older_assets_stay(scene: SiteScene) -> None:
    scene.ship("v1")
    scene.sites.writes.clear()
    plan = scene.plan("v2")
    assert change(plan, "Release") == ("v1", "v2")
    assert change(plan, "Files") == ("5 on the site", "1 (1 kB) new, 3 (3 kB) changed, 1 unchanged")
    assert "Now: v1, shipped 0 s ago by alice" in plan.details
    scene.ship("v2")
    assert [each.split(" (")[0] for each in scene.sites.writes] == [
        "copy assets/app-2b3c4d5e.js",
        "copy sw.js",
        "copy about.html",
        "copy index.html",
    ]
    assert scene.served() == {
        "assets/app-1a2b3c4d.js": ("a1", FOR_A_YEAR),
        "assets/app-2b3c4d5e.js": ("a2", FOR_A_YEAR),
        "sw.js": ("s2", ASK_AGAIN),
        "favicon.ico": ("f", ASK_AGAIN),
        "about.html": ("p2", ASK_AGAIN),
        "index.html": ("i2", ASK_AGAIN),
    }


def test_the_effects_are_named_and_in_order(scene: SiteScene) -> None:
    names = scene.begin(scene.plan("v1")).names
    assert names == ["before", "assets:0", "other", "html", "invalidate"]


def test_many_assets_are_copied_in_chunks(scene: SiteScene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.publish("v3", {**V2, **{f"assets/{number}-1a2b3c4d.js": "x" for number in range(1001)}})
    operation = scene.begin(scene.plan("v3"))
    assert operation.names == ["before", "assets:0", "assets:1", "assets:2", "other", "html", "invalidate"]
    operation.effects()
    assert [operation.results[f"assets:{number}"]["copied"] for number in range(3)] == [500, 500, 2]


def test_a_release_that_is_served_already_changes_nothing(scene: SiteScene) -> None:
    scene.ship("v1")
    plan = scene.plan("v1")
    assert not plan.changes_anything
    assert plan.answer_text == "bi/web production already serves v1, file by file."


def test_pages_that_a_release_dropped_stay_and_are_named(scene: SiteScene) -> None:
    scene.ship("v1")
    scene.publish("v2", {key: etag for key, etag in V2.items() if key != "about.html"})
    assert scene.plan("v2").warnings == ("about.html is not in this release and stays on the site",)
    scene.ship("v2")
    assert scene.served()["about.html"] == ("p1", ASK_AGAIN)
    scene.sites.put("old.html", "o", ASK_AGAIN)
    assert scene.plan("v1").warnings == ("old.html is not in this release and stays on the site",)


def test_a_site_that_somebody_else_shipped_says_so(scene: SiteScene) -> None:
    scene.sites.put("index.html", "by hand", "")
    plan = scene.plan("v1")
    assert change(plan, "Release") == ("unknown", "v1")
    assert plan.details[0].endswith("shipped by somebody else, so I do not know which release it is")


def test_a_site_that_was_changed_by_hand_since_is_not_taken_for_the_release(scene: SiteScene) -> None:
    scene.ship("v1")
    scene.sites.put("index.html", "by hand", "")
    assert change(scene.plan("v2"), "Release") == ("unknown", "v2")


def test_a_release_is_known_by_its_first_page_where_no_versions_are_kept(scene: SiteScene) -> None:
    scene.sites.keeps_versions = False
    scene.ship("v1")
    assert change(scene.plan("v2"), "Release") == ("v1", "v2")


def test_a_version_that_does_not_exist_is_answered_with_those_that_do(scene: SiteScene) -> None:
    scene.sites.offered = (Release("v1.5.1", 2.0), Release("v1.4.0", 1.0))
    with pytest.raises(NotFoundError) as caught:
        scene.plan("v1.5.2")
    assert caught.value.message == "There is no v1.5.2 of bi/web production at s3://releases/web/v1.5.2/."
    assert caught.value.hint == "Did you mean v1.5.1? The newest are v1.5.1, v1.4.0."


@pytest.mark.parametrize("error", [UpstreamError("AWS denied s3:ListBucket."), TimeoutError()])
def test_a_version_that_does_not_exist_is_said_even_if_others_cannot_be_listed(
    scene: SiteScene, error: Exception
) -> None:
    scene.sites.failures.add("releases", error)
    with pytest.raises(NotFoundError, match="Nothing lies there yet"):
        scene.plan("v3")


def test_a_bug_is_not_taken_for_an_empty_list(scene: SiteScene) -> None:
    scene.sites.failures.add("releases", KeyError("bug"))
    with pytest.raises(KeyError):
        scene.plan("v3")


def test_a_site_whose_releases_nobody_knows_the_place_of_is_refused() -> None:
    with pytest.raises(ConflictError, match=r"do not know where the releases of bi/web production lie.*`artifact:`"):
        SiteScene(artifact="").plan("v1")


def test_a_place_written_without_its_last_slash_is_meant_with_it() -> None:
    scene = SiteScene(artifact="s3://releases/web/{version}")
    scene.publish("v1", V1)
    assert scene.plan("v1").changes_anything, "v10 begins with v1 too, and is another release"


@pytest.mark.parametrize("read", ["objects", "artifact"])
def test_what_must_be_known_is_not_guessed(scene: SiteScene, read: str) -> None:
    scene.sites.failures.add(read, UpstreamError("AWS denied s3:ListBucket; give the bot's role this permission."))
    with pytest.raises(UpstreamError, match="s3:ListBucket"):
        scene.plan("v1")


def test_a_release_without_a_first_page_is_refused_whatever_anybody_says(scene: SiteScene) -> None:
    scene.publish("v3", {"dist/index.html": "i", "dist/app-1a2b3c4d.js": "a"})
    found = checks(scene.plan("v3"))["index.html"]
    assert (found.status, found.override) == (CheckStatus.BLOCKING, Override.NEVER)


def test_a_file_that_s3_cannot_copy_is_refused_by_name(scene: SiteScene) -> None:
    scene.publish("v3", {**V2, "film.mp4": "m"}, size=sites_checks.LARGEST_COPY + 1)
    found = checks(scene.plan("v3"))["sizes"]
    assert (found.status, found.override) == (CheckStatus.BLOCKING, Override.NEVER)
    assert "film.mp4" in found.detail


def test_a_bucket_without_versions_is_warned_of_and_nothing_is_remembered(scene: SiteScene) -> None:
    scene.sites.keeps_versions = False
    plan = scene.plan("v1")
    assert checks(plan)["way back"].status is CheckStatus.WARNED
    operation = scene.ship("v1")
    assert operation.results["before"]["versions"] == operation.results["html"]["versions"] == {}


@pytest.mark.parametrize("read", ["versioned", "versions"])
def test_a_way_back_that_cannot_be_looked_at_names_the_permission(scene: SiteScene, read: str) -> None:
    scene.sites.failures.add(read, UpstreamError("AWS denied s3:GetBucketVersioning."))
    plan = scene.plan("v1")
    found = checks(plan)["way back"]
    assert found.status is CheckStatus.UNKNOWN
    assert found.detail == "AWS denied s3:GetBucketVersioning. Without it no rollback will be possible."
    assert plan.facts["remembers"] is False


def test_too_many_pages_to_remember_are_warned_of(scene: SiteScene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ship("v1")
    monkeypatch.setattr(sites_checks, "MOST_REMEMBERED", 3)
    plan = scene.plan("v2")
    found = checks(plan)["way back"]
    assert found.status is CheckStatus.WARNED
    assert found.detail.startswith("4 files keep their names, more than the 3 that I remember")
    assert scene.begin(plan).effects().results["before"] == {"versions": {}, "etags": {}}


@pytest.mark.parametrize(
    ("front", "status", "said"),
    [
        (Distribution("E1", enabled=True, origins=("site.s3.r.amazonaws.com",)), "passed", "E1 is enabled"),
        (Distribution("E1", enabled=False, origins=("site.s3.r.amazonaws.com",)), "warned", "E1 is disabled"),
        (
            *(Distribution("E1", enabled=True, origins=("other.s3.r.amazonaws.com",)), "warned"),
            "E1 gets nothing from site but from other.s3.r.amazonaws.com",
        ),
        (
            *(Distribution("E1", True, ("site.s3.amazonaws.com",), invalidating=15), "warned"),
            "E1 has 15 invalidations in progress; this one will wait",
        ),
    ],
)
def test_the_distribution_is_looked_at(scene: SiteScene, front: Distribution, status: str, said: str) -> None:
    scene.sites.front = front
    found = checks(scene.plan("v1"))["distribution"]
    assert (found.status, found.detail) == (status, said)


def test_a_distribution_that_does_not_exist_stops_it(scene: SiteScene) -> None:
    scene.sites.failures.add("distribution", NotFoundError("CloudFront has no distribution E1."))
    found = checks(scene.plan("v1"))["distribution"]
    assert (found.status, found.override) == (CheckStatus.BLOCKING, Override.NEVER)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UpstreamError("AWS denied cloudfront:GetDistribution."), "AWS denied cloudfront:GetDistribution."),
        (TimeoutError(), "AWS did not answer in time"),
    ],
)
def test_a_distribution_that_cannot_be_read_is_unknown(scene: SiteScene, error: Exception, said: str) -> None:
    scene.sites.failures.add("distribution", error)
    found = checks(scene.plan("v1"))["distribution"]
    assert (found.status, found.detail) == (CheckStatus.UNKNOWN, said)


def test_red_alarms_are_warned_of() -> None:
    scene = SiteScene(alarms=[{"name": "web-errors"}])
    scene.publish("v1", V1)
    scene.metrics.states = {"web-errors": "ALARM"}
    assert checks(scene.plan("v1"))["alarms"].status is CheckStatus.WARNED


def test_a_name_that_looks_hashed_but_had_other_content_is_asked_for_again_from_then_on(scene: SiteScene) -> None:
    scene.ship("v1")
    scene.publish("v2", {**V2, "assets/app-1a2b3c4d.js": "other"})
    plan = scene.plan("v2")
    assert checks(plan)["names of assets"].status is CheckStatus.WARNED
    assert "assets/app-1a2b3c4d.js had other content before" in checks(plan)["names of assets"].detail
    scene.ship("v2")
    assert scene.served()["assets/app-1a2b3c4d.js"] == ("other", ASK_AGAIN)
    scene.publish("v3", {**V2, "assets/app-1a2b3c4d.js": "third", "index.html": "i3"})
    operation = scene.ship("v3")
    assert "assets/app-1a2b3c4d.js" in operation.results["before"]["versions"]


def test_a_plan_is_stale_once_the_site_or_the_release_moved(scene: SiteScene) -> None:
    scene.ship("v1")
    seen = scene.plan("v2").fingerprint()
    scene.clock.advance(3600)
    assert scene.plan("v2").fingerprint() == seen, "time alone changes nothing"
    scene.publish("v2", {**V2, "sw.js": "s3"})
    other_release = scene.plan("v2").fingerprint()
    assert other_release != seen
    scene.publish("v2", V2)
    scene.sites.put("index.html", "by hand", "")
    assert scene.plan("v2").fingerprint() not in (seen, other_release)


def test_a_release_that_changed_after_its_confirmation_is_not_shipped(scene: SiteScene) -> None:
    operation = scene.begin(scene.plan("v1"))
    scene.publish("v1", {**V1, "sw.js": "other"})
    with pytest.raises(ConflictError, match="The files of v1 are not those that were confirmed"):
        operation.effects()
    assert scene.sites.writes == []


def test_a_missing_release_is_built_first(scene: SiteScene) -> None:
    scene = SiteScene(build={"codebuild": "web-build"})
    plan = scene.plan("v9")
    assert [each.what for each in plan.changes] == ["build", "Release"]
    assert checks(plan)["build"].status is CheckStatus.WARNED
    operation = scene.begin(plan)
    assert operation.names == ["build", "before", "assets:0", "other", "html", "invalidate"]
    operation.keep("build")
    assert list(scene.builds.keys) == [operation.id]
    scene.publish("v9", V1)
    operation.effects()
    assert scene.served()["index.html"] == ("i1", ASK_AGAIN)


@pytest.mark.parametrize("left", [{}, {"dist/index.html": "i"}])
def test_a_build_that_left_no_site_ships_nothing(left: dict[str, str]) -> None:
    scene = SiteScene(build={"codebuild": "web-build"})
    operation = scene.begin(scene.plan("v9"))
    operation.keep("build")
    scene.publish("v9", left)
    with pytest.raises(ConflictError, match=r"has no index\.html, so nothing was shipped"):
        operation.effects()
    assert scene.sites.writes == []


def test_suggestions_are_the_releases_with_their_age(scene: SiteScene) -> None:
    scene.sites.offered = (Release("v2", scene.clock.now() - 3600), Release("v1", scene.clock.now() - 86400 * 3))
    found = SITE.versions(scene.target, scene.world)
    assert [(each.label, each.word) for each in found] == [("v2 · 1 h old", "v2"), ("v1 · 3 days old", "v1")]
    assert SITE.versions(SiteScene(artifact="").target, scene.world) == ()


def test_hostile_names_are_shipped_as_they_are(scene: SiteScene) -> None:
    hostile = {
        key: key for key in ("/lead.js", "a b.html", "ü/日本.html", "100%.js", "a+b-1a2b3c4d.js", "<!here>.html")
    }
    scene.publish("v3", {**hostile, "index.html": "i"})
    scene.ship("v3")
    assert {key: etag for key, (etag, _) in scene.served().items()} == {**hostile, "index.html": "i"}


def test_a_plan_of_a_hostile_world_is_words_not_a_crash(scene: SiteScene) -> None:
    for read in ("versioned", "versions", "distribution"):
        scene.sites.failures.add(read, UpstreamError("<!channel> & <x>"))
    plan = scene.plan("v1")
    unknown = [each for each in plan.checks if each.status is CheckStatus.UNKNOWN and each.name != "alarms"]
    assert [each.name for each in unknown] == ["way back", "distribution"]


def test_the_asker_s_name_falls_back_to_their_id(scene: SiteScene) -> None:
    scene.ship("v1")
    scene.chat.failures.add("person", BotError("Slack is away."))
    assert any("by U0ALICE" in line for line in scene.plan("v2").details)


def test_nobody_ships_more_at_once_than_a_chunk() -> None:
    assert sites_plan.AT_A_TIME == 500


def test_a_deployment_keeps_what_later_plans_need(scene: SiteScene) -> None:
    scene.ship("v1")
    facts: dict[str, Any] = scene.plan("v2").facts
    assert facts["from"] == "v1" and facts["from_operation"] == "op-1"
    assert facts["address"] == ADDRESS.format(version="v2")
    assert replace(scene.recent.pasts[0], facts=facts).version == "v2"
