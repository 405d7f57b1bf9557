"""Looks of many incidents at once: a few at a time, and none is lost."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest

from alerts.diagnosis import AT_ONCE, Diagnoses, diagnosis
from alerts.playbook import Playbook
from alerts.playbooks import DEFAULT, Playbooks
from bot.domain import Alarm, AlarmState
from bot.engine import Lease
from bot.rows import Row
from tests.scene import Scene

ALARM = Alarm(arn="arn:aws:cloudwatch:us-east-1:1:alarm:a", name="a", state=AlarmState.ALARM, at=1.0)


def test_looks_that_find_no_room_wait_for_their_turn(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Diagnoses(scene.world, Playbooks({DEFAULT: Playbook(title="Default")}), scene.settings)
    looking, go_on = [Event() for _ in range(AT_ONCE)], Event()
    begun = iter(looking)

    def look(*_: Any, **__: Any) -> tuple[()]:
        next(begun).set()
        assert go_on.wait(10)
        return ()

    monkeypatch.setattr("alerts.diagnosis.gather", look)
    rows = [_row(scene, number) for number in range(AT_ONCE + 1)]
    ends: list[str] = []
    threads = [Thread(target=lambda row=row: ends.append(_advance(scene, machine, row).state)) for row in rows[:-1]]
    for thread in threads:
        thread.start()
    assert all(event.wait(10) for event in looking)
    waits = _advance(scene, machine, rows[-1])
    assert (waits.state, waits.consumed, waits.signals) == ("owed", (), ())
    assert waits.due_at is not None
    assert 0 < waits.due_at - scene.clock.now() <= 1
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert ends == ["done"] * AT_ONCE
    begun = iter([Event()])
    assert _advance(scene, machine, rows[-1]).state == "done"


def _row(scene: Scene, number: int) -> Row:
    return scene.store.add(diagnosis(f"incident{number}", ALARM, "", "look"), scene.clock.now())[0]


def _advance(scene: Scene, machine: Diagnoses, row: Row) -> Any:
    return machine.advance(row, [], Lease(scene.store, scene.clock, row))
