"""What can wait is written about in time: when, to whom, and what the mail then says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.catalog import Catalog
from bot.domain import System
from bot.incident import Incident
from tests.scene import ALICE, Scene, the_systems


def start(scene: Scene) -> None:
    scene.alarm("ALARM", "first", name="api-errors")
    scene.run(3)


def wait(scene: Scene, seconds: float) -> None:
    scene.clock.advance(seconds)
    scene.run(3)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Scene]:
    """A system whose high alarms may wait for the next business day."""
    (system,) = the_systems()
    response = {"high": {"route": "email", "within": "never"}}
    raised = System.model_validate({**system.model_dump(), "email": ("team@example.com",), "severities": response})
    scene = Scene(tmp_path, catalog=Catalog((raised,)))
    yield scene
    scene.close()


def test_what_can_wait_is_written_about_on_the_next_business_day(office: Scene) -> None:
    start(office)  # on a Sunday, at 15:06 UTC
    wait(office, 17 * 3600)
    assert office.mailer.sent == []
    wait(office, 3600)
    ((_, to, subject, text, _),) = office.mailer.sent
    assert to == ("team@example.com",)
    assert subject == "[HIGH] bi/api production: api-errors"
    assert "nobody has it yet" in text


def test_a_mail_tells_what_was_found_since_it_was_owed_and_where_it_is_discussed(office: Scene) -> None:
    start(office)
    office.run(3)
    wait(office, 18 * 3600)
    ((_, _, _, text, _),) = office.mailer.sent
    found = [
        f"Found: {finding.summary}"
        for finding in Incident.model_validate(office.incidents()[0].body).findings
        if not finding.failed
    ]
    assert found and all(line in text for line in found)
    assert f"https://slack.example.com/C0BI/p{office.headline().ts}" in text


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_somebody_has_taken_is_not_written_about(office: Scene, action: str) -> None:
    start(office)
    office.press_incident(action, ALICE)
    office.run(3)
    wait(office, 40 * 3600)
    assert office.mailer.sent == []


def test_what_recovered_by_itself_is_not_written_about(office: Scene) -> None:
    start(office)
    office.alarm("OK", "ok", name="api-errors")
    office.run(3)
    wait(office, 40 * 3600)
    assert office.mailer.sent == []
