"""``/health`` as people see it: all well, then one thing after the other is not, and why stands in the first line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.proxy import Response
from sandbox.seed.catalogue import US, service_of
from tests.stories.conftest import Places
from tests.stories.town import ALICE, DAVE, EVE, Town, measured

pytestmark = pytest.mark.story

ARBOR, PHOTO, ELSEWHERE = "#arbor-energy", "#rapid-photo", "#bi-platform"
ASKED = "/health arbor production"
BACKEND = service_of("arbor", "backend")
GREEN, RED, AMBER = ":large_green_circle:", ":red_circle:", ":large_yellow_circle:"
HERE = "*Arbor Energy Plan Agent* · production"


@pytest.fixture(scope="module")
def town(places: Places) -> Town:
    """A town of its own, where nothing was shipped and no other story's alarm is red; its bot has asked AWS once."""
    made = places.new_town("socket")
    made.ask(ALICE, ARBOR, ASKED)
    return made


@pytest.fixture(autouse=True)
def _mended(town: Town) -> Iterator[None]:
    yield
    town.sandbox.health.instead(BACKEND, None)
    town.sandbox.stores.postgres.open = 42


def lines(town: Town, text: str = ASKED, channel: str = ARBOR, user: str = ALICE) -> list[str]:
    """What ``/health`` shows the asker: the notification's text, the worst and why, and so on."""
    began = time.monotonic()
    said = town.ask(user, channel, text).splitlines()
    measured(f"{text} answered after {time.monotonic() - began:.2f} s")
    return said


def test_when_all_is_well_every_point_of_the_checklist_is_answered_in_one_message(town: Town) -> None:
    said = lines(town)
    assert said[0] == "2 services: 2 green"
    assert said[1] == f"{GREEN} {HERE}: all well, 2 services"
    backend, frontend = said[2], said[3]
    for part in (
        "*backend* · 2/2 tasks · 2 healthy targets",
        "in 30 min",
        "health 200",
        "(status healthy, database connected, redis connected)",
        "5 alarms quiet",
        "database 42 of 197 connections, 6 active",
        "Redis ping",
        "379 MiB of 1 GiB (37 %)",
        "`v1.4.2` deployed 3 days ago by somebody outside the bot",
    ):
        assert part in backend
    assert "*frontend* · 2/2 tasks · 2 healthy targets" in frontend


def test_other_kinds_of_services_are_looked_at_as_well(town: Town) -> None:
    said = "\n".join(lines(town, "/health photo", PHOTO))
    assert "*backend* · 3/3 tasks" in said
    assert "connections · `v1.4.2` deployed" in said
    assert "*image-processor* · function active ·" in said
    assert "`release v1.1.0 (version 2)` published " in said
    assert "queue rapid-photo-prod-image-queue: 0 messages waiting · no dead letters" in said
    assert "*web* · CloudFront deployed" in said
    said = "\n".join(lines(town, "/health bi production", ELSEWHERE))
    assert re.search(r"table bi_datasets: [\d,]+ capacity units used in 15 min, nothing throttled", said)


def test_in_the_channel_of_a_system_no_words_are_needed_and_all_systems_are_a_line_each(town: Town) -> None:
    assert lines(town, "/health")[1].startswith(f"{GREEN} {HERE}")
    said = "\n".join(lines(town, "/health production", "#ops"))
    for title in ("Arbor Energy Plan Agent", "BI platform", "Image Caption Generator", "RapidPhotoUpload", "newcomer"):
        assert said.count(f"*{title}* · production: ") == 1
    assert "staging" not in said


def test_of_all_systems_cloudwatch_is_asked_for_numbers_once_in_each_region(town: Town) -> None:
    mark = town.mark()
    said = "\n".join(lines(town, "/health production", "#ops"))
    assert "GetMetricData" not in said
    calls = town.calls("cloudwatch:GetMetricData", mark)
    names = {"rapid-photo-prod-image-queue", "image_captions", "bi_datasets"}
    # A picture that is owed to another thread may be read at the same time.
    asked = [found for call in calls if (found := names & _measured_of(call["params"]["MetricDataQueries"]))]
    assert sorted(asked, key=len) == [{"bi_datasets"}, names - {"bi_datasets"}]


def _measured_of(queries: list[dict[str, Any]]) -> set[str]:
    """What the metrics of one call are of: the values of their dimensions."""
    metrics = [each["MetricStat"]["Metric"] for each in queries]
    return {dimension["Value"] for metric in metrics for dimension in metric["Dimensions"]}


def test_a_health_address_that_breaks_its_contract_is_red_and_what_it_says_is_text(town: Town) -> None:
    body = {"status": "<!channel> *down*", "database": "connected", "redis": "connected"}
    town.sandbox.health.instead(BACKEND, Response.of_json(200, body))
    said = lines(town)
    why = 'health address: status is "&lt;!channel&gt; *down*" instead of "healthy"'
    assert said[1] == f"{RED} {HERE}: *backend*: {why}"
    assert said[0] == "2 services: 1 red, 1 green"


def test_fewer_tasks_than_desired_are_red(town: Town) -> None:
    ecs = town.aws("ecs", US)
    town.speed(0)
    ecs.update_service(cluster=BACKEND.cluster, service=BACKEND.service, desiredCount=3)
    try:
        assert lines(town)[1].startswith(f"{RED} {HERE}: *backend*: 2 of 3 tasks run")
    finally:
        ecs.update_service(cluster=BACKEND.cluster, service=BACKEND.service, desiredCount=2)


def test_a_red_alarm_is_told_with_its_incident_and_who_has_it(town: Town) -> None:
    alarm = "arbor-production-backend-5xx"
    town.alarm(alarm, US, "ALARM")
    incident = town.until("a headline", lambda: town.shown(ARBOR, f"`{alarm}`"))[0]
    first = lines(town)[1]
    assert first.startswith(f"{RED} {HERE}: *backend*: alarm `{alarm}` for ")
    assert "(critical) · <http" in first
    assert first.endswith("|incident>: nobody has it yet")
    town.press(ALICE, ARBOR, incident["ts"], "Acknowledge")
    town.until("Alice's name", lambda: lines(town)[1].endswith("|incident>: alice has it"))
    town.alarm(alarm, US, "OK")
    town.press(ALICE, ARBOR, incident["ts"], "Resolve")
    town.until("all well", lambda: lines(town)[1] == f"{GREEN} {HERE}: all well, 2 services")


def test_an_open_incident_is_told_while_aws_is_slow(town: Town) -> None:
    alarm = "arbor-production-backend-connection-pool"
    town.alarm(alarm, US, "ALARM")
    incident = town.until("a headline", lambda: town.shown(ARBOR, f"`{alarm}`"))[0]
    for operation in ("cloudwatch:DescribeAlarms", "ecs:DescribeServices"):
        town.fault("aws", operation, None, latency_ms=8000)
    first = lines(town)[1]
    assert first.startswith(f"{RED} {HERE}: *backend*: alarm `{alarm}` for ")
    assert "(high) · <http" in first
    assert "|incident>: nobody has it yet" in first
    town.calm()
    town.alarm(alarm, US, "OK")
    town.press(ALICE, ARBOR, incident["ts"], "Resolve")
    town.until("all well", lambda: lines(town)[1] == f"{GREEN} {HERE}: all well, 2 services")


def test_what_is_slow_is_amber_and_hides_nothing(town: Town) -> None:
    town.fault("aws", "sqs:GetQueueAttributes", None, latency_ms=6000)
    said = lines(town, "/health photo", PHOTO)
    assert said[1] == (
        f"{AMBER} *RapidPhotoUpload* · production: *image-processor*: queue rapid-photo-prod-image-queue: "
        "no answer in 2.5 s"
    )
    assert any("*backend* · 3/3 tasks · 3 healthy targets" in line for line in said)


def test_what_the_bot_may_not_see_names_the_permission(town: Town) -> None:
    town.fault("aws", "elasticloadbalancing:DescribeTargetHealth", "AccessDenied")
    said = lines(town)
    assert said[1].startswith(f"{AMBER} {HERE}: *backend*")
    assert "target health: AWS denied elasticloadbalancing:DescribeTargetHealth" in said[1]
    assert "*backend* · 2/2 tasks ·" in "\n".join(said)


def test_a_database_whose_connections_run_out_is_red(town: Town) -> None:
    town.sandbox.stores.postgres.open = 196
    assert lines(town)[1] == f"{RED} {HERE}: *backend*: database 196 of 197 connections, 6 active"


def test_who_may_not_read_sees_a_refusal(town: Town) -> None:
    mark = town.mark()
    assert "You may not look at anything" in town.ask(EVE, ARBOR, ASKED)
    assert town.calls("ecs:DescribeServices", mark) == []
    assert lines(town, user=DAVE)[0] == "2 services: 2 green"


def test_error_lines_are_those_that_a_search_of_the_service_finds(town: Town) -> None:
    said = "\n".join(lines(town, "/health lab staging", "#ops"))
    found = town.ask(ALICE, "#ops", "/logs lab/storefront staging level error last 30m")
    counted = re.search(r"\*storefront\* .* · ([\d,]+) error lines in 30 min · ", said)
    matched = re.search(r"\*([\d,]+)\* lines match", found)
    assert counted and matched, f"{said}\n{found}"
    count, whole = (int(each[1].replace(",", "")) for each in (counted, matched))
    assert count > 500
    # Both are of the last half hour, one a moment later than the other.
    assert abs(count - whole) < whole / 20
    assert "error lines in 30 min in `/ecs/lab-checkout` (`/lab/checkout/audit` is read by Logs Insights only)" in said
