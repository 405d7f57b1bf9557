"""How a service is doing, asked in Slack: the numbers at once, the picture a moment later, and what is wrong."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from sandbox.seed.catalogue import service_of
from tests.stories.town import ALICE, BOB, Message, Town, labels, words

pytestmark = pytest.mark.story

PHOTO, BI = "#rapid-photo", "#bi-platform"
BACKEND = service_of("photo", "backend")
CPU_ALARM = "rapid-photo-prod-backend-cpu"


def test_the_numbers_are_there_at_once_and_then_the_picture(town: Town) -> None:
    said, picture = _asked(town, ALICE, PHOTO, "/metrics photo/backend production vs yesterday")
    for signal in ("Requests", "Errors", "Latency", "CPU", "Memory", "Tasks"):
        assert f"*{signal}*" in words(said)
    assert "yesterday" in words(said)
    assert "alarm &gt; 80%" in words(said)
    assert "None of its 5 alarms is red" in words(said)
    assert {"Share", "Again", "Last hour", "Last 24 h"} <= set(labels(said))
    assert picture.size == (1600, picture.height)
    assert picture.height > 2500


def test_an_alarm_that_fires_is_red_in_the_answer(town: Town) -> None:
    town.alarm(CPU_ALARM, BACKEND.region, "ALARM")
    assert "*CPU*" in town.until("the red alarm", lambda: _red(town))
    town.alarm(CPU_ALARM, BACKEND.region, "OK")


def test_a_function_a_site_and_any_metric(town: Town) -> None:
    function = town.ask(ALICE, PHOTO, "/metrics photo/image-processor production")
    assert "*Invocations*" in function
    assert "*Messages waiting in rapid-photo-prod-image-queue*" in function
    site = town.ask(ALICE, PHOTO, "/metrics photo/web prod last 1h")
    assert "5xx of all requests: now" in site
    rds = town.ask(ALICE, PHOTO, "/metrics arbor/backend production AWS/RDS/DatabaseConnections last 1h")
    assert "*DatabaseConnections*" in rds
    redis = town.ask(ALICE, PHOTO, "/metrics arbor/backend production redis last 1h")
    assert "*Cache memory*" in redis
    assert "no data" not in redis


def test_what_is_wrong_is_said_in_a_sentence(town: Town) -> None:
    assert "Did you mean latency?" in town.ask(BOB, PHOTO, "/metrics photo/backend production latencu")
    assert "is in the future" in town.ask(BOB, PHOTO, "/metrics photo/backend production 2999-01-01 10:00-11:00")
    assert "Did you mean DatabaseConnections?" in town.ask(
        BOB, PHOTO, "/metrics arbor/backend production AWS/RDS/DatabaseConnection"
    )


def test_what_the_bot_may_not_read_is_named(town: Town) -> None:
    town.fault("aws", "cloudwatch:GetMetricData", "AccessDenied")
    assert "cloudwatch:GetMetricData" in town.ask(BOB, BI, "/metrics bi/api production cpu")


def test_without_the_load_balancer_the_rest_is_shown(town: Town) -> None:
    town.fault("aws", "elasticloadbalancing:DescribeTargetGroups", "AccessDenied")
    said = town.ask(BOB, BI, "/metrics bi/api production")
    assert "Only what needs no load balancer is shown" in said
    assert "DescribeTargetGroups" in said
    assert "*CPU*" in said


def test_dashboards_are_linked(town: Town) -> None:
    said = town.ask(ALICE, PHOTO, "/metrics photo/backend production dashboards")
    assert "#dashboards/dashboard/rapid-photo-prod-dashboard|rapid-photo-prod-dashboard>" in said


def _red(town: Town) -> str | None:
    said = town.ask(ALICE, PHOTO, "/metrics photo/backend production cpu last 10m")
    return said if f"Red now: :red_circle: `{CPU_ALARM}`" in said else None


def _asked(town: Town, user: str, channel: str, text: str) -> tuple[Message, Image.Image]:
    """The answer of a command and its picture, as the asker alone sees them."""
    before = float(town.newest(channel))
    town.type(user, channel, text)

    def mine() -> list[Message]:
        return [one for one in town.messages(channel, user) if one["ephemeral"] and float(one["ts"]) > before]

    said = town.until("the answer", lambda: next((one for one in mine() if "Share" in labels(one)), None))
    block: dict[str, Any] = town.until("the picture", lambda: next(filter(None, map(_image, mine())), None))
    address = f"{town.sandbox.slack.url}/files/{block['slack_file']['id']}/picture"
    content = httpx.get(address, trust_env=False).content
    return said, Image.open(io.BytesIO(content))


def _image(message: Message) -> dict[str, Any] | None:
    return next((block for block in message["blocks"] if block["type"] == "image"), None)
