"""``/metrics``: what is asked for in words, what the answer offers, and dashboards; errors are sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import arguments
from bot.catalog import Catalog
from bot.command import Plan
from bot.domain import Target
from bot.errors import NotFoundError, UpstreamError, UsageError
from bot.ports import Message
from bot.signals.looking import Wanted
from bot.telemetry import Dashboard
from commands.metrics import MetricsArgs, metrics, plan, target
from tests.bot.signals.readings import GROUP, a_metric, behind, every_minute
from tests.bot.views.limits import check
from tests.fakes import NOON, FakeRecent, a_past, texts
from tests.scene import ALICE, Scene, the_systems

HOUR = 3600.0


def typed(scene: Scene, text: str, about: float = 0.0) -> Plan:
    args = arguments.parse(metrics, "metrics", arguments.words(text))
    assert isinstance(args, MetricsArgs)
    return plan(args, scene.world, replace(scene.chat.people[ALICE], about=about))


def wanted(scene: Scene, text: str, about: float = 0.0) -> Wanted:
    """What the picture of an answer is of."""
    made = typed(scene, f"api production {text}", about)
    assert made.picture is not None
    return Wanted.model_validate(made.picture.parameters["wanted"])


def said(made: Plan) -> str:
    message = Message(text=made.answer_text, blocks=tuple(dict(block) for block in made.answer))
    check(message)
    return texts(message)


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """A service with a load balancer and values of the last minutes."""
    behind(scene, GROUP)
    minute = NOON - NOON % 60
    names = ("CPUUtilization", "RequestCount", "TargetResponseTime", "Visitors")
    scene.metrics.points = {name: every_minute(minute - 300, 40.0, 50.0) for name in names}
    return scene


def test_the_golden_signals_of_three_hours_are_the_answer_to_nothing_said(scene: Scene) -> None:
    made = typed(scene, "api production")
    assert not made.changes_anything
    text = said(made)
    assert text.startswith("bi/api production: Requests 50/min, Errors 0%, Latency 50 s, CPU 50%, Memory no data")
    assert "*bi/api production* · 2025-06-15 12:06–15:06 UTC (3 h)" in text
    assert made.picture is not None
    assert made.picture.parameters == {
        "target": "bi/production/api",
        "wanted": {
            "words": [],
            "statistic": "",
            "start": NOON - 3 * HOUR,
            "end": NOON,
            "yesterday": False,
            "zone": "UTC",
        },
    }


def test_signals_a_percentile_a_time_and_a_comparison_come_in_any_order(scene: Scene) -> None:
    for text in ("latency, cpu p99 last 1h vs yesterday", "vs yesterday p99 latency and cpu last 1h"):
        asked = wanted(scene, text)
        assert asked == Wanted(words=("latency", "cpu"), statistic="p99", start=NOON - HOUR, end=NOON, yesterday=True)


def test_the_picture_is_in_the_zone_in_which_the_answer_is(tmp_path: Path) -> None:
    (system,) = the_systems()
    far = Scene(tmp_path, catalog=Catalog([system.model_copy(update={"zone": "Asia/Tokyo"})]))
    far.metrics.points = {"CPUUtilization": every_minute(NOON - 300, 40.0, 50.0)}
    made = typed(far, "api production cpu")
    assert "2025-06-15 21:06 – 2025-06-16 00:06 Asia/Tokyo" in said(made)
    assert made.picture is not None
    assert made.picture.alt.endswith("2025-06-15 21:06 to 2025-06-16 00:06 Asia/Tokyo.")
    assert wanted(far, "cpu").zone == "Asia/Tokyo"
    assert wanted(far, "cpu 14:00-14:20 Europe/Berlin").zone == "Europe/Berlin"
    far.close()


@pytest.mark.parametrize("said", ["vs yesterday", "vs. Yesterday", "compared to yesterday", "against  yesterday"])
def test_yesterday_is_a_comparison_when_it_is_said_as_one(scene: Scene, said: str) -> None:
    asked = wanted(scene, f"cpu {said}")
    assert (asked.yesterday, asked.end, asked.words) == (True, NOON, ("cpu",))


@pytest.mark.parametrize(
    "said", ["vs last week", "last 24h vs 2025-06-01", "compared to the day before", "vs yesterday vs last week", "vs"]
)
def test_what_cannot_be_compared_with_is_refused_with_what_can(scene: Scene, said: str) -> None:
    with pytest.raises(UsageError, match="I compare with the same hours of yesterday only") as caught:
        wanted(scene, f"cpu {said}")
    assert caught.value.hint == "Say vs yesterday, as in cpu last 24h vs yesterday."


def test_what_happened_is_told_by_the_clocks_of_the_range(scene: Scene) -> None:
    past = a_past("bi/production/api", asked_at=NOON - 700, started_at=NOON - 600, facts={"version": "v2"})
    scene.world = replace(scene.world, recent=FakeRecent(past))
    text = said(typed(scene, "api production cpu last 1h"))
    assert "Meanwhile: 14:56 deploy v2" in text
    assert "Meanwhile: 16:56 deploy v2" in said(typed(scene, "api production cpu 16:00-17:06 Europe/Berlin"))


def test_yesterday_by_itself_is_a_day(scene: Scene) -> None:
    asked = wanted(scene, "cpu yesterday")
    assert (asked.yesterday, asked.end - asked.start) == (False, 24 * HOUR)
    assert asked.end < NOON


def test_times_are_said_and_shown_in_the_zone_of_the_system(scene: Scene) -> None:
    (bi,) = the_systems()
    scene.world = replace(scene.world, catalog=Catalog((bi.model_copy(update={"zone": "Asia/Tokyo"}),)))
    text = said(typed(scene, "api production cpu 2025-06-15 21:00-22:00"))
    assert "2025-06-15 21:00–22:00 Asia/Tokyo (1 h)" in text
    assert wanted(scene, "cpu 2025-06-15 21:00-22:00").start == NOON // 3600 * 3600 - 3 * HOUR


def test_since_deploy_begins_with_the_last_deployment(scene: Scene) -> None:
    past = a_past("bi/production/api", asked_at=NOON - 700, started_at=NOON - 600, facts={"version": "v2"})
    scene.world = replace(scene.world, recent=FakeRecent(past))
    assert wanted(scene, "since deploy").start == NOON - 600
    with pytest.raises(NotFoundError, match="Nobody knows when bi/jobs production was deployed"):
        typed(scene, "jobs production since deploy")


def test_in_the_thread_of_an_incident_it_is_about_the_time_around_it_unless_another_is_said(scene: Scene) -> None:
    asked = wanted(scene, "cpu", about=NOON - 2 * HOUR)
    assert (asked.start, asked.end) == (NOON - 3 * HOUR, NOON - HOUR)
    fresh = wanted(scene, "cpu", about=NOON - 60)
    assert (fresh.start, fresh.end) == (NOON - 60 - HOUR, NOON)
    assert wanted(scene, "cpu last 10m", about=NOON - 2 * HOUR).start == NOON - 600


def test_any_metric_is_shown_by_its_name(scene: Scene) -> None:
    scene.metrics.known = [a_metric("BI/Api/Visitors", "", Environment="production")]
    made = typed(scene, "api production BI/Api/Visitors sum last 1h")
    assert "*Visitors*" in said(made)
    assert wanted(scene, "BI/Api/Visitors").words == ("BI/Api/Visitors",)


def test_a_name_in_quotes_keeps_its_blanks_and_commas_and_so_do_the_choices(scene: Scene) -> None:
    scene.metrics.known = [a_metric("BI/Api/Free, in use and max", "", Environment="production")]
    made = typed(scene, 'api production "BI/Api/Free, in use and max" cpu, last 1h')
    assert made.picture is not None
    names = ("BI/Api/Free, in use and max", "cpu")
    assert Wanted.model_validate(made.picture.parameters["wanted"]).words == names
    assert wanted(scene, made.choices[0].text.removeprefix("metrics bi/api production")).words == names


def test_a_statistic_is_what_is_told(scene: Scene) -> None:
    assert "highest task: now" in said(typed(scene, "api production cpu max"))


def test_yesterday_is_compared_with_a_day_at_most(scene: Scene) -> None:
    assert wanted(scene, "cpu vs yesterday last 24h").yesterday
    with pytest.raises(UsageError, match="Yesterday is compared with at most a day, and this is 60 days"):
        typed(scene, "api production cpu vs yesterday last 60d")
    assert "vs yesterday" not in [choice.label for choice in typed(scene, "api production cpu last 2d").choices]


def test_the_choices_are_what_would_be_typed(scene: Scene) -> None:
    made = typed(scene, "api prod cpu latency p99 last 1h")
    assert {choice.label: choice.text for choice in made.choices} == {
        "Last 24 h": "metrics bi/api production cpu latency p99 last 24h",
        "vs yesterday": "metrics bi/api production cpu latency p99 last 1h vs yesterday",
    }
    for choice in made.choices:
        typed(scene, choice.text.removeprefix("metrics "))


def test_no_data_has_no_picture_and_names_metric_and_window(scene: Scene) -> None:
    scene.metrics.points = {}
    made = typed(scene, "api production cpu 14:00-14:20")
    assert made.picture is None
    text = said(made)
    assert "CloudWatch has no `AWS/ECS CPUUtilization` (ClusterName=c, ServiceName=api) in this time." in text
    assert "2025-06-15 14:00–14:20 UTC (20 min)" in text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("api production latencu", "has no signal “latencu”. Did you mean latency?"),
        ("api production p99 p95", "I read two statistics: p99 and p95."),
        ("api production " + "cpu x " * 20, "These are 40 words"),
        ("api production errors p99", "None of these signals of bi/api production has a p99"),
        ("api production 2025-06-16 14:00-15:00", "is in the future"),
        ("dashboards production", "I do not know what to do with “production”"),
    ],
)
def test_what_is_typed_wrong_is_answered_in_a_sentence(scene: Scene, text: str, error: str) -> None:
    with pytest.raises(UsageError) as raised:
        typed(scene, text)
    assert error in str(raised.value)


def test_a_missing_permission_is_named(scene: Scene) -> None:
    scene.metrics.failures.add("several", UpstreamError("AWS denied cloudwatch:GetMetricData."))
    with pytest.raises(UpstreamError, match="cloudwatch:GetMetricData"):
        typed(scene, "api production")


def test_hostile_words_come_back_as_words(scene: Scene) -> None:
    scene.type("ops", "metrics api production <!channel> *x*")
    (message,) = scene.said_to(ALICE)
    check(message)
    assert "has no signal “channel”" in message.text


def test_it_is_asked_for_shown_and_its_picture_drawn(scene: Scene) -> None:
    scene.type("ops", "metrics api production cpu")
    scene.run(10)
    answered, *pictures = scene.said_to(ALICE)
    assert "*CPU*" in texts(answered)
    (block,) = pictures[0].blocks if pictures else scene.chat.whispers[-1].message.blocks
    assert block["type"] == "image"
    assert block["alt_text"].startswith("Graphs of CPU of bi/api production")
    (uploaded,) = scene.chat.files
    assert uploaded.content.startswith(b"\x89PNG")


def test_dashboards_of_a_service_are_linked_those_that_bear_its_name_first(scene: Scene) -> None:
    names = ("account-costs", "zz-bi-overview")
    scene.metrics.boards = {"eu-west-1": tuple(Dashboard(name, 0.0) for name in names)}
    text = texts(Message(text="", blocks=typed(scene, "api production dashboards").answer))
    assert text.index("zz-bi-overview") < text.index("account-costs")
    assert "*Dashboards of bi/api production* · eu-west-1" in text


def test_dashboards_alone_are_those_that_the_asker_may_read(scene: Scene) -> None:
    scene.metrics.boards = {"eu-west-1": (Dashboard("overview", 0.0),)}
    made = typed(scene, "dashboards")
    assert made.answer_text == "1 dashboard"
    assert "bi production, bi staging" in texts(Message(text="", blocks=made.answer))
    scene.world = replace(scene.world, may=lambda person, action, place: False)
    with pytest.raises(Exception, match="You may not read any of these systems"):
        typed(scene, "dashboards")


def test_dashboards_that_may_not_be_listed_name_the_permission(scene: Scene) -> None:
    scene.metrics.failures.add("dashboards", UpstreamError("AWS denied cloudwatch:ListDashboards."))
    made = typed(scene, "dashboards")
    assert "could not be read: AWS denied cloudwatch:ListDashboards." in said(made)


def test_a_service_that_does_not_exist_is_answered_with_those_that_do(scene: Scene) -> None:
    def aimed(**named: Any) -> Target | None:
        return target(MetricsArgs(**named), scene.catalog)

    assert aimed(service="dashboards") is None
    assert aimed(service="jobs") == scene.target("bi/production/jobs")
    with pytest.raises(NotFoundError, match="Say in which one"):
        aimed(service="api")
