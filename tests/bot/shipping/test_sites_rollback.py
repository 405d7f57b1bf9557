"""Which state of a site is gone back to, and what comes back of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.command import Check, CheckStatus, Plan
from bot.errors import ConflictError, NotFoundError, UpstreamError
from bot.shipping.sites import SITE
from tests.bot.shipping.site_scene import ASK_AGAIN, FOR_A_YEAR, SiteScene

V1 = {"assets/app-1a2b3c4d.js": "a1", "sw.js": "s1", "about.html": "p1", "index.html": "i1"}
V2 = {"assets/app-2b3c4d5e.js": "a2", "sw.js": "s2", "about.html": "p2", "new.html": "n2", "index.html": "i2"}
V3 = {"assets/app-3c4d5e6f.js": "a3", "sw.js": "s3", "about.html": "p3", "index.html": "i3"}


@pytest.fixture
def scene() -> SiteScene:
    made = SiteScene()
    for name, release in {"v1": V1, "v2": V2, "v3": V3}.items():
        made.publish(name, release)
    return made


def etags(scene: SiteScene) -> dict[str, str]:
    return {key: etag for key, (etag, _) in scene.served().items()}


def checks(plan: Plan) -> dict[str, Check]:
    return {each.name: each for each in plan.checks}


def test_the_newest_other_release_that_proved_good_comes_back(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    plan = scene.plan_back()
    assert plan.title == "Roll back bi/web production → v1"
    assert [(each.before, each.after) for each in plan.changes] == [
        ("v2", "v1"),
        ("6 on the site", "3 restored, 1 hidden"),
    ]
    assert plan.details[0] == "Chosen because it is the newest other release that proved good"
    assert plan.warnings == ("Came later and will be hidden: new.html; S3 keeps the versions",)
    assert checks(plan)["proved good"].status is CheckStatus.PASSED
    scene.sites.writes.clear()
    operation = scene.back()
    assert operation.names == ["before", "other", "html", "hide", "invalidate"]
    assert scene.sites.writes == [
        "restore {'sw.js': 'v2'}",
        "restore {'about.html': 'v3'}",
        "restore {'index.html': 'v4'}",
        "remove new.html",
    ]
    assert scene.served() == {
        "assets/app-1a2b3c4d.js": ("a1", FOR_A_YEAR),
        "assets/app-2b3c4d5e.js": ("a2", FOR_A_YEAR),
        "sw.js": ("s1", ASK_AGAIN),
        "about.html": ("p1", ASK_AGAIN),
        "index.html": ("i1", ASK_AGAIN),
    }
    assert operation.look().headline.startswith("Settled: the site serves v1;")


def test_a_release_that_is_not_yet_known_to_be_good_is_passed_over(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=None)
    scene.ship("v3", good=None)
    assert scene.plan_back().title.endswith("→ v1")


def test_a_release_that_somebody_went_back_from_is_not_chosen_again(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.back()
    assert etags(scene)["index.html"] == "i1"
    with pytest.raises(ConflictError, match="know of no earlier release") as caught:
        scene.plan_back()
    assert "v2 (1 min ago, somebody went back from it)" in caught.value.hint


def test_a_release_shipped_anew_after_a_rollback_counts_again(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.back()
    scene.ship("v2", good=True)
    scene.ship("v3", good=False)
    assert scene.plan_back().title.endswith("→ v2")


def test_going_back_twice_goes_further_back(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.ship("v3", good=False)
    scene.back()
    assert etags(scene)["index.html"] == "i2"
    assert etags(scene)["new.html"] == "n2"
    scene.back()
    assert etags(scene)["index.html"] == "i1"
    assert "new.html" not in etags(scene)


def test_what_was_there_before_the_first_deployment_can_come_back(scene: SiteScene) -> None:
    scene.sites.put("index.html", "by hand", "no-store")
    scene.sites.put("old.html", "old", "")
    scene.ship("v2", good=False)
    plan = scene.plan_back()
    assert plan.title == "Roll back bi/web production → what was there before v2"
    assert checks(plan)["proved good"].status is CheckStatus.WARNED
    assert checks(plan)["assets"].detail.startswith("I do not know where its release lies")
    scene.back()
    assert scene.served()["index.html"] == ("by hand", "no-store")
    assert etags(scene).keys() == {"index.html", "old.html", "sw.js", "assets/app-2b3c4d5e.js"}


def test_a_state_that_nobody_of_this_bot_shipped_has_a_word_too(scene: SiteScene) -> None:
    scene.sites.put("index.html", "by hand", "")
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.back("before-v1")
    assert etags(scene)["index.html"] == "by hand"
    operation = scene.recent.pasts[0]
    assert (operation.version, operation.facts["word"]) == ("", "before-v1")
    plan = scene.plan("v3")
    assert plan.changes[0].before == "what was there before v1"
    scene.ship("v3", good=False)
    scene.back("before-v1")
    assert etags(scene)["index.html"] == "by hand"


def test_previous_is_what_the_last_operation_found(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=None)
    scene.ship("v3", good=None)
    plan = scene.plan_back("previous")
    assert plan.title.endswith("→ v2")
    assert plan.details[0] == "Chosen because it is what was there before “Deploy bi/web production → v3”"
    assert checks(plan)["proved good"].status is CheckStatus.WARNED
    scene.recent.judge("op-2", True)
    assert checks(scene.plan_back("Previous"))["proved good"].status is CheckStatus.PASSED
    scene.back("previous")
    assert etags(scene)["index.html"] == "i2"
    scene.back("previous")
    assert etags(scene)["index.html"] == "i3"


def test_a_release_can_be_named(scene: SiteScene) -> None:
    scene.ship("v1", good=None)
    scene.ship("v2", good=True)
    scene.ship("v3", good=True)
    plan = scene.plan_back("v1")
    assert plan.title.endswith("→ v1")
    assert plan.details[0] == "Chosen because you named it"
    assert [each.text for each in plan.choices] == ["rollback bi/web production to v2"]


def test_a_name_that_is_not_remembered_is_answered_with_those_that_are(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    with pytest.raises(NotFoundError) as caught:
        scene.plan_back("v9")
    assert caught.value.message == "I remember no v9 of bi/web production."
    assert caught.value.hint == "I remember v1 (1 min ago, good)."


def test_with_nothing_known_there_is_a_sentence(scene: SiteScene) -> None:
    with pytest.raises(ConflictError) as caught:
        scene.plan_back()
    assert caught.value.message == "I know of no earlier release of bi/web production that proved good."
    assert caught.value.hint == "Nothing else is remembered: deploy the release you want."
    with pytest.raises(ConflictError, match="I do not remember what bi/web production served before"):
        scene.plan_back("previous")


def test_the_first_deployment_to_an_empty_site_has_nothing_before_it(scene: SiteScene) -> None:
    scene.ship("v1", good=False)
    with pytest.raises(ConflictError, match="deploy the release you want"):
        scene.plan_back()


def test_a_bucket_that_keeps_no_versions_has_no_way_back(scene: SiteScene) -> None:
    scene.sites.keeps_versions = False
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    with pytest.raises(ConflictError, match="I know of no earlier release"):
        scene.plan_back()


def test_versions_that_are_gone_are_named(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.ship("v3", good=False)
    scene.sites.kept = [each for each in scene.sites.kept if each.etag not in ("i2", "p2")]
    with pytest.raises(ConflictError) as caught:
        scene.plan_back()
    assert caught.value.message == "v2 cannot come back: S3 no longer has its version of about.html, index.html."
    assert caught.value.hint.startswith("Deploy that release again, or pick another. I remember v2 (")


def test_nothing_happens_where_it_is_there_already(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    plan = scene.plan_back("v1")
    assert not plan.changes_anything
    assert plan.answer_text == "bi/web production already serves v1, file by file."


def test_a_page_changed_by_hand_comes_back_too(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.sites.put("about.html", "p1", "")
    plan = scene.plan_back("v1")
    assert plan.changes[1].after == "1 restored, 0 hidden", "the content is the same, the header is not"
    scene.back("v1")
    assert scene.served()["about.html"] == ("p1", ASK_AGAIN)


def test_a_hidden_page_comes_back(scene: SiteScene) -> None:
    scene.ship("v2", good=True)
    scene.sites.put("new.html", "", "", deleted=True)
    scene.back("v2")
    assert scene.served()["new.html"] == ("n2", ASK_AGAIN)


def test_assets_that_were_deleted_by_hand_are_copied_again(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    scene.sites.put("assets/app-1a2b3c4d.js", "", "", deleted=True)
    plan = scene.plan_back()
    assert plan.changes[1].after == "3 restored, 1 hidden, 1 assets copied again"
    assert checks(plan)["assets"].detail == "assets/app-1a2b3c4d.js left the site and will be copied again"
    scene.sites.writes.clear()
    operation = scene.back()
    assert operation.names == ["before", "assets:0", "other", "html", "hide", "invalidate"]
    assert scene.sites.writes[0] == f"copy assets/app-1a2b3c4d.js ({FOR_A_YEAR})"
    assert scene.served()["assets/app-1a2b3c4d.js"] == ("a1", FOR_A_YEAR)


def test_assets_that_have_other_content_now_are_warned_of(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.publish("v2", {**V2, "assets/app-1a2b3c4d.js": "other"})
    scene.ship("v2", good=False)
    found = checks(scene.plan_back())["assets"]
    assert found.status is CheckStatus.WARNED
    assert found.detail == "assets/app-1a2b3c4d.js had other content in v1: better deploy it again"


@pytest.mark.parametrize(
    ("error", "said"),
    [(UpstreamError("AWS denied s3:ListBucket."), "AWS denied s3:ListBucket."), (None, "nothing lies at")],
)
def test_assets_that_cannot_be_looked_at_are_unknown(scene: SiteScene, error: Exception | None, said: str) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    if error:
        scene.sites.failures.add("artifact", error)
    else:
        scene.sites.artifacts.clear()
    found = checks(scene.plan_back())["assets"]
    assert found.status is CheckStatus.UNKNOWN
    assert found.detail.startswith(said)
    scene.sites.artifacts.clear()
    scene.back()
    assert etags(scene)["index.html"] == "i1", "what is not known does not hold a rollback up"


@pytest.mark.parametrize("done", [["before"], ["before", "assets:0"], ["before", "assets:0", "other"]])
def test_a_deployment_that_did_not_get_to_its_end_is_undone(scene: SiteScene, done: list[str]) -> None:
    scene.ship("v3", good=True)
    scene.ship("v1", good=True)
    operation = scene.begin(scene.plan("v2"))
    for name in done:
        operation.keep(name)
    operation.fail()
    plan = scene.plan_back()
    if "other" not in done:
        assert plan.answer_text == "bi/web production already serves v1, file by file."
        return
    assert plan.details[0].startswith("Chosen because “Deploy bi/web production → v2” did not get to its end")
    scene.back()
    assert {key: etags(scene)[key] for key in V1} == V1


def test_a_deployment_killed_between_pages_is_undone(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    operation = scene.begin(scene.plan("v2"))
    for name in ("before", "assets:0", "other"):
        operation.keep(name)
    scene.sites.put("about.html", "p2", ASK_AGAIN)
    operation.fail()
    scene.back()
    assert {key: etags(scene)[key] for key in V1} == V1


def test_an_operation_that_saw_nothing_of_the_site_is_no_state_to_go_back_to(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    scene.begin(scene.plan("v3")).fail()
    assert scene.plan_back().title.endswith("→ v1")


def test_a_rollback_whose_goal_left_the_ledger_changes_nothing(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    operation = scene.begin(scene.plan_back())
    scene.recent.pasts = [each for each in scene.recent.pasts if each.id != "op-1"]
    scene.sites.writes.clear()
    with pytest.raises(ConflictError, match="The ledger no longer knows"):
        operation.effects()
    assert scene.sites.writes == []


def test_a_plan_is_stale_once_the_site_moved(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    seen = scene.plan_back().fingerprint()
    scene.clock.advance(3600)
    assert scene.plan_back().fingerprint() == seen
    scene.sites.put("index.html", "by hand", "")
    assert scene.plan_back().fingerprint() != seen


def test_what_could_be_gone_back_to_is_offered_newest_first(scene: SiteScene) -> None:
    scene.sites.put("index.html", "by hand", "")
    scene.ship("v1", good=True)
    scene.ship("v2", good=False)
    scene.ship("v1", good=None)
    found = SITE.earlier(scene.target, scene.world)
    assert [(each.word, each.label) for each in found] == [
        ("v1", "v1 · 0 s ago"),
        ("v2", "v2 · 1 min ago"),
        ("before-v1", "before-v1 · 2 min ago"),
    ]
    scene.recent.judge("op-3", True)
    assert SITE.earlier(scene.target, scene.world)[0].label == "v1 · 0 s ago · good"


def test_operations_of_other_services_are_none_of_it(scene: SiteScene) -> None:
    scene.ship("v1", good=True)
    scene.ship("v2", good=True)
    scene.recent.pasts = [replace(each, target="bi/staging/web") for each in scene.recent.pasts]
    with pytest.raises(ConflictError, match="Nothing else is remembered"):
        scene.plan_back()


def test_hostile_names_come_back_as_they_were(scene: SiteScene) -> None:
    names = ("/lead.js", "a b.html", "ü/日本.html", "100%.js", "a+b.js", "<!here>.html", "index.html")
    scene.publish("v8", {name: f"8 {name}" for name in names})
    scene.publish("v9", {name: f"9 {name}" for name in names})
    scene.ship("v8", good=True)
    scene.ship("v9", good=False)
    scene.back()
    assert etags(scene) == {name: f"8 {name}" for name in names}
