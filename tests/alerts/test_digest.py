"""The week of a system: what is counted, when it is posted, and that it is posted once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.digest import WEEK, Known, due, look_back, owe
from bot.domain import Alarm, AlarmState, Severity
from bot.errors import UpstreamError
from bot.incident import Incident, Member, Phase
from bot.settings.calendar import CalendarConfig
from bot.settings.digest import Digest
from bot.settings.models import BotConfig
from bot.views.digest import Week, digest
from tests.fakes import NOON, Shown, a_past, texts
from tests.scene import ALICE, BOB, Scene

API = "bi/production/api"
MONDAY = datetime(2025, 6, 16, 9, 0, tzinfo=UTC).timestamp()
"""The Monday after every test's noon, which is a Sunday."""


def known(number: int, **changes: Any) -> Known:
    phase = changes.pop("phase", Phase.RESOLVED)
    name, at = changes.pop("name", "api-errors"), changes.pop("at", NOON)
    fired = changes.pop("fired", 1)
    alarm = Alarm(arn="arn:a", name=name, state=AlarmState.ALARM, at=at)
    fields: dict[str, Any] = {
        "alarm": alarm,
        "members": (Member(key="a#", name=name, at=at, joined_at=at, fired=fired),),
        "target": API,
        "channel": "#bi",
        "opened_at": at,
        "severity": Severity.HIGH,
    }
    return Known(f"i{number}", phase, Incident(**(fields | changes)))


# what is counted


def test_an_incident_belongs_to_the_week_in_which_people_could_know_of_it() -> None:
    late = known(1, at=MONDAY - 8 * 86_400, heard_at=NOON, first_acked_at=NOON + 60, phase=Phase.OPEN)
    week = look_back([late], [], MONDAY)
    assert (week.severities, week.old, week.to_acknowledge) == ({"high": 1}, (), 60.0)


def test_incidents_are_counted_by_severity_and_alarms_by_how_often_they_fired() -> None:
    week = look_back(
        [
            known(1, fired=3),
            known(2, name="api-down", severity=Severity.CRITICAL),
            known(3, fired=2),
            known(4, phase=Phase.MERGED, name="merged"),
            known(5, at=MONDAY + 1, name="later"),
        ],
        [],
        MONDAY,
    )
    assert week.severities == {"high": 2, "critical": 1}
    assert week.noisiest == (("api-errors", 5), ("api-down", 1))


def test_times_are_medians_and_unknown_where_nobody_did_anything() -> None:
    acked = [known(number, first_acked_at=NOON + 60 * number, ended_at=NOON + 600 * number) for number in (1, 2, 9)]
    week = look_back([*acked, known(4, phase=Phase.OPEN)], [], MONDAY)
    assert (week.to_acknowledge, week.to_resolve) == (120, 1200)
    assert look_back([known(1)], [], MONDAY).to_acknowledge is None


def test_what_ended_and_nobody_ever_had_is_named() -> None:
    week = look_back(
        [
            known(1, phase=Phase.CLOSED, name="closed-alone"),
            known(2, phase=Phase.CLOSED, first_acked_at=NOON + 1),
            known(3, resolved_by="U0BOB"),
            known(4, phase=Phase.OPEN, name="still-open"),
        ],
        [],
        MONDAY,
    )
    assert week.unheard == ("closed-alone",)


def test_what_is_open_for_longer_than_a_week_is_named_with_who_has_it() -> None:
    old = MONDAY - WEEK - 1
    week = look_back([known(1, phase=Phase.OPEN, at=old, acked_by=BOB), known(2, at=old)], [], MONDAY)
    assert (week.severities, week.old) == ({}, ((old, "api-errors", BOB),))


@pytest.mark.parametrize(
    ("past", "counts"),
    [
        ([], (0, 0)),
        ([("deploy", 0, "done")], (1, 0)),
        ([("deploy", 0, "failed")], (1, 1)),
        ([("deploy", 0, "done"), ("rollback", 60, "done")], (1, 1)),
        ([("deploy", 0, "done"), ("rollback", 60, "failed")], (1, 0)),
        ([("deploy", 0, "done"), ("deploy", 30, "done"), ("rollback", 60, "soaking")], (2, 1)),
        ([("deploy", 0, "done"), ("restart", 30, "done"), ("rollback", 60, "done")], (1, 1)),
        ([("rollback", 60, "done"), ("scale", 90, "done")], (0, 0)),
        ([("deploy", -8 * 86_400, "failed")], (0, 0)),
    ],
)
def test_deployments_that_failed_or_were_rolled_back_are_failures(
    past: list[tuple[str, float, str]], counts: tuple[int, int]
) -> None:
    operations = [a_past(API, command=command, started_at=NOON + at, state=state) for command, at, state in past]
    week = look_back([], operations, MONDAY)
    assert (week.deployments, week.failed) == counts


def test_a_rollback_of_another_service_is_no_failure_of_this_one() -> None:
    operations = [
        a_past(API, started_at=NOON),
        a_past("bi/production/web", command="rollback", started_at=NOON + 60),
    ]
    assert look_back([], operations, MONDAY).failed == 0


# what is said


def test_the_digest_word_by_word() -> None:
    week = Week(
        severities={"high": 2, "critical": 1},
        noisiest=(("api-errors", 5), ("api-down", 1)),
        unheard=("jobs-errors",),
        to_acknowledge=120.0,
        to_resolve=7200.0,
        deployments=4,
        failed=1,
        old=((NOON, "api-slow", BOB), (NOON, "api-<odd>", "")),
    )
    message = digest("BI platform", "2025-W25", week)
    since = f"<!date^{int(NOON)}^{{date_short_pretty}} {{time}}|2025-06-15 15:06 UTC>"
    assert message.text == "The week of BI platform: 3 incidents, 4 deployments"
    assert [block["type"] for block in message.blocks] == ["header", "section", "context"]
    assert message.blocks[1]["text"]["text"].split("\n") == [
        "*Incidents:* 3 (1 critical, 2 high)",
        "*Noisiest alarms:* `api-errors` (5×), `api-down` (1×)",
        "*Nobody ever acknowledged:* `jobs-errors`",
        "*Median time* to acknowledge 2 min, to resolve 2 h",
        "*Deployments:* 4, of which 1 failed or were rolled back (change failure rate 25 %)",
        f":hourglass: `api-slow` has been open since {since}; <@U0BOB> has it",
        f":hourglass: `api-&lt;odd&gt;` has been open since {since}; nobody has it",
    ]


def test_a_quiet_week_with_deployments_says_so() -> None:
    (_, said, _) = digest("BI", "2025-W25", Week(deployments=1)).blocks
    assert said["text"]["text"] == (
        "*Incidents:* none\n*Deployments:* 1, of which 0 failed or were rolled back (change failure rate 0 %)"
    )


# when


@pytest.mark.parametrize(
    ("zone", "now", "week", "at"),
    [
        ("UTC", "2025-06-15T23:59", "2025-W24", "2025-06-09T09:00"),
        ("UTC", "2025-06-16T00:00", "2025-W25", "2025-06-16T09:00"),
        ("Asia/Tokyo", "2025-06-15T15:00", "2025-W25", "2025-06-16T00:00"),
        ("Europe/Berlin", "2025-12-31T12:00", "2026-W01", "2025-12-29T08:00"),
        ("Europe/Berlin", "2025-06-20T12:00", "2025-W25", "2025-06-16T07:00"),
    ],
)
def test_it_is_due_at_its_time_in_the_systems_zone(zone: str, now: str, week: str, at: str) -> None:
    found = due(Digest(), ZoneInfo(zone), datetime.fromisoformat(f"{now}+00:00").timestamp())
    assert found == (week, datetime.fromisoformat(f"{at}+00:00").timestamp())


def test_another_day_and_hour_are_kept() -> None:
    friday = Digest.model_validate({"day": "friday", "hour": "16:30"})
    assert due(friday, ZoneInfo("UTC"), MONDAY) == ("2025-W25", MONDAY + 4 * 86_400 + 7.5 * 3600)


def remind(scene: Scene, calendar: CalendarConfig | None = None, **settings: Any) -> None:
    """What the bot does every minute."""
    bot = BotConfig.model_validate({"default_channel": "#ops", **settings})
    owe(scene.engine, scene.catalog.systems, bot, calendar or CalendarConfig(), scene.clock.now())
    scene.run(2)


def digests(scene: Scene) -> list[Shown]:
    return [shown for shown in scene.chat.posts if shown.key.startswith("digest:")]


def happened(scene: Scene) -> None:
    """Something to tell of, on the Sunday before."""
    scene.alarm("ALARM", "m1", name="api-errors")
    scene.run(60)
    scene.press_incident("acknowledge", ALICE)
    scene.run(60)
    scene.press_incident("resolve", ALICE)
    scene.run(20)
    scene.alarm("OK", "m2", name="api-errors")
    scene.run(3)


def test_a_system_is_told_of_its_week_once_in_its_channel(scene: Scene) -> None:
    happened(scene)
    remind(scene)
    assert digests(scene) == [], "what was due on the Monday before had nothing to tell of"
    scene.clock.set(MONDAY - 1)
    remind(scene)
    assert digests(scene) == []
    scene.clock.set(MONDAY)
    for _ in range(3):
        remind(scene)
    (shown,) = digests(scene)
    assert (shown.channel, shown.key) == ("C0BI", "digest:bi:2025-W25")
    said = texts(shown.message)
    assert "*Incidents:* 1 (1 high)" in said
    assert "to acknowledge 1 min, to resolve 2 min" in said


def test_a_bot_that_was_down_tells_the_same_later_in_the_week(scene: Scene) -> None:
    happened(scene)
    scene.clock.set(MONDAY + 6 * 86_400)
    scene.alarm("ALARM", "m9", name="jobs-errors")
    scene.run(3)
    remind(scene)
    (shown,) = digests(scene)
    assert "*Incidents:* 1 (1 high)" in texts(shown.message), "what happened since is of the next week"


def test_the_next_week_has_a_digest_of_its_own(scene: Scene) -> None:
    happened(scene)
    scene.clock.set(MONDAY)
    remind(scene)
    scene.alarm("ALARM", "m9", name="jobs-errors")
    scene.run(20)
    scene.clock.set(MONDAY + WEEK)
    remind(scene)
    assert [shown.key for shown in digests(scene)] == ["digest:bi:2025-W25", "digest:bi:2025-W26"]


def test_what_belongs_to_no_system_is_told_of_where_its_incidents_are(scene: Scene) -> None:
    happened(scene)
    scene.alarm("ALARM", "m5", name="nobody-listed-it")
    scene.run(20)
    scene.clock.set(MONDAY)
    remind(scene)
    told = {shown.channel: shown.message for shown in digests(scene)}
    assert told["C0BI"].text == "The week of BI platform: 1 incident, 0 deployments"
    assert told["C0OPS"].text == "The week of alarms that belong to no system: 1 incident, 0 deployments"
    assert "`nobody-listed-it` (1×)" in texts(told["C0OPS"])
    assert len(told) == len(digests(scene))


def test_where_nothing_happened_nothing_is_said(scene: Scene) -> None:
    scene.clock.set(MONDAY)
    remind(scene)
    assert digests(scene) == []
    assert [row.state for row in scene.store.rows("digest")] == ["nothing"] * 2


def test_whoever_wants_no_digest_gets_none(scene: Scene) -> None:
    happened(scene)
    scene.clock.set(MONDAY)
    remind(scene, digest="never")
    assert scene.store.rows("digest") == []


def test_the_time_is_that_of_the_systems_working_hours(scene: Scene) -> None:
    happened(scene)
    tokyo = CalendarConfig.model_validate({"working_hours": {"bi": {"zone": "Asia/Tokyo"}}})
    scene.clock.set(MONDAY - 9 * 3600)
    remind(scene)
    assert digests(scene) == []
    remind(scene, tokyo)
    assert len(digests(scene)) == 1


def test_slack_being_away_delays_it(scene: Scene) -> None:
    happened(scene)
    scene.clock.set(MONDAY)
    scene.chat.failures.add("post", UpstreamError("Slack cannot be reached.", retryable=True))
    remind(scene)
    scene.run(5)
    assert len(digests(scene)) == 1
