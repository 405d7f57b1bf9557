"""Every step looks by itself, whatever the others do, and what it brings back is bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.playbook import MOST_FACTS, MOST_LINES, Playbook, gather, suspected
from bot.domain import Alarm, AlarmState, Fact, Finding
from bot.errors import UpstreamError
from bot.parallel import Parallel
from bot.steps.base import Scene as Sight
from bot.steps.log_errors import LogErrorsStep
from bot.steps.recent_changes import RecentChangesStep
from bot.steps.stopped_tasks import StoppedTasksStep
from tests.fakes import NOON
from tests.scene import Scene

ALARM = Alarm(arn="arn:aws:cloudwatch:eu-west-1:1:alarm:x", name="x", state=AlarmState.ALARM, at=NOON)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gather with steps that do as they are told here."""
    scene = Scene(tmp_path)
    world = replace(scene.world, gather=Parallel(4))

    def gathered(seconds: float = 2.0, **does: Callable[[], Finding | None]) -> tuple[Finding, ...]:
        for kind in (StoppedTasksStep, LogErrorsStep, RecentChangesStep):
            monkeypatch.setattr(kind, "run", lambda self, *_: does[self.do]())
        playbook = Playbook.model_validate({"title": "T", "steps": [{"do": do} for do in does]})
        return gather(playbook, Sight(ALARM, scene.api, NOON), world, seconds=seconds)

    yield gathered
    scene.close()


def found(weight: int, summary: str = "s", **more: Any) -> Callable[[], Finding]:
    return lambda: Finding(step="log_errors", title="T", summary=summary, weight=weight, **more)


def refused() -> Finding:
    raise UpstreamError("AWS refused logs:FilterLogEvents on /ecs/api.")


def broken() -> Finding:
    raise ZeroDivisionError("a bug with a secret in it")


def test_the_strongest_finding_comes_first_and_what_could_not_be_looked_at_last(look: Any) -> None:
    findings = look(stopped_tasks=found(10), log_errors=refused, recent_changes=found(90, "the cause"))
    assert [(each.weight, each.failed) for each in findings] == [(90, False), (10, False), (0, True)]
    assert suspected(findings) == "the cause"


def test_a_permission_that_is_missing_is_named(look: Any) -> None:
    (finding,) = look(log_errors=refused)
    assert (finding.title, finding.summary) == ("Log errors", "AWS refused logs:FilterLogEvents on /ecs/api.")
    assert suspected((finding,)) == ""


def test_a_step_with_a_bug_keeps_its_details_out_of_the_thread(look: Any) -> None:
    _, finding = look(stopped_tasks=found(10), log_errors=broken)
    assert finding.failed and finding.summary == "the step itself failed; it is in the bot's log"


def test_a_step_that_does_not_apply_says_nothing(look: Any) -> None:
    assert look(stopped_tasks=lambda: None) == ()


def test_a_step_that_answers_megabytes_is_cut(look: Any) -> None:
    facts = tuple(Fact(name=f"x.{number}", value="v" * 10_000) for number in range(1000))
    (finding,) = look(log_errors=found(10, "s" * 10**6, lines=("l" * 10**5,) * 1000, facts=facts))
    assert (len(finding.lines), len(finding.facts)) == (MOST_LINES, MOST_FACTS)
    assert len(finding.model_dump_json()) < 50_000


def test_numbers_survive_the_cut(look: Any) -> None:
    (finding,) = look(log_errors=found(10, facts=(Fact(name="x.y", value=1.5),)))
    assert finding.fact("x.y") == 1.5
