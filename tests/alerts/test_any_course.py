"""Whatever happens in whatever order, with deaths in between: what must hold of incidents holds at the end."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.auditor import complaints
from bot.catalog import Catalog
from bot.domain import AlarmState, System
from bot.incident import ALARM, LIVE, Incident, Phase
from bot.rows import Row, Signal
from tests.scene import ALICE, BOB, Scene, the_systems

ALARMS = ("api-down", "api-errors", "jobs-errors", "nobodys")
PEOPLE = (ALICE, BOB)
LEVELS = [
    {"name": "L1", "who": "on call", "pagerduty": True},
    {"name": "L2", "who": "lead", "pagerduty_routing_key_env": "LEAD"},
]
REST = 30
"""Seconds in which everything that is owed is done."""

states = st.tuples(st.sampled_from(["ALARM", "OK", "INSUFFICIENT_DATA"]), st.sampled_from(ALARMS))
reordered = st.tuples(st.just("reordered"), st.sampled_from(ALARMS))
acts = st.tuples(
    st.sampled_from(["acknowledge", "take_over", "escalate", "snooze", "resolve", "split", "merge", "note"]),
    st.integers(0, 3),
)
deaths = st.tuples(
    st.just("death"),
    st.sampled_from(["before post", "after post", "before trigger", "after trigger", "before update", "after update"]),
)
moves = st.tuples(st.sampled_from(["some", "rest"]), st.integers(1, 6))
times = st.tuples(st.just("time"), st.sampled_from([1, 20, 301, 901, 1801, 86_400, -3600]))
courses = st.lists(st.one_of(states, states, reordered, acts, acts, deaths, moves, moves, times), max_size=30)


class Course:
    """A scene to which things happen."""

    def __init__(self, folder: Path) -> None:
        (system,) = the_systems()
        raised = System.model_validate({**system.model_dump(), "on_call": ("S0ONCALL",), "escalation": LEVELS})
        self.scene = Scene(folder, catalog=Catalog((raised,)))
        self._number = 0

    def happen(self, what: str, which: object) -> None:
        """One thing; whatever follows from it may be done later, in part, or after a death."""
        self._number += 1
        self.scene.clock.advance(1.0)
        if what in set(AlarmState):
            self.scene.metrics.states[str(which)] = what
            self.scene.alarm(what, f"m{self._number}", name=str(which))
        elif what == "reordered":
            self._reordered(str(which))
        elif what == "death":
            self._order(*str(which).split())
        elif what == "some":
            self._run(int(str(which)))
        elif what == "rest":
            self.live(int(str(which)))
        elif what == "time":
            self.scene.clock.advance(float(str(which)))
            self.live(2)
        else:
            self._act(what, int(str(which)))

    def _reordered(self, name: str) -> None:
        """It went to OK and to ALARM again, and what tells of it comes in the wrong order, and twice."""
        now = self.scene.clock.now()
        self.scene.metrics.states[name] = "ALARM"
        for word, at in (("ALARM", now), ("OK", now - 0.5), ("ALARM", now)):
            self.scene.alarm(word, f"r{self._number}:{word}", name=name, at=at)

    def _order(self, moment: str, effect: str) -> None:
        port = self.scene.pager if effect == "trigger" else self.scene.chat
        (port.failures if moment == "before" else port.lost_answers).add(effect, KeyboardInterrupt())

    def _act(self, name: str, which: int) -> None:
        rows = self.scene.store.rows("incident")
        if not rows:
            return
        row, other = rows[which % len(rows)], rows[(which + 1) % len(rows)]
        more = {"seconds": 1800.0, "alarm": ALARMS[which], "into": other.id, "text": "so it is"}
        signal = Signal(name, {"user": PEOPLE[which % 2], **more}, key=f"s{self._number}")
        self.scene.engine.signal(row.id, signal)

    def live(self, seconds: int) -> None:
        """Go on for a while, through every death on the way."""
        for _ in range(seconds):
            while self._run(100) == 100:
                pass
            self.scene.clock.advance(1.0)

    def _run(self, most: int) -> int:
        """Do so much at most of what is due; the bot dies and lives again on the way."""
        try:
            return self.scene.engine.run_due(limit=most)
        except KeyboardInterrupt:
            self.scene.store.release()
            return most

    # what must hold

    def check(self) -> None:
        self.live(REST)
        scene = self.scene
        assert complaints(scene.store, scene.clock.now()) == []
        assert scene.store.rows("post", states=("owed", "given_up"), limit=1000) == []
        posted = Counter(shown.key for shown in scene.chat.posts)
        assert {key: times for key, times in posted.items() if times > 1} == {}
        rows = scene.store.rows("incident", limit=1000)
        self._each_alarm_is_in_one_incident(rows)
        for row in rows:
            self._is_told_as_it_is(row)
            self._is_called_as_it_is(row)

    def _each_alarm_is_in_one_incident(self, rows: list[Row]) -> None:
        inside = {row.id: Incident.model_validate(row.body) for row in rows}
        for alarm in self.scene.store.rows(ALARM, limit=1000):
            mine = [row for row in rows if inside[row.id].member(alarm.key) is not None]
            live = [row for row in mine if row.state in LIVE]
            assert len(live) <= 1, alarm.key
            for row in live:
                member = inside[row.id].member(alarm.key)
                assert member is not None and member.state == alarm.body["state"], alarm.key
            if alarm.state == "firing" and not live:
                # Somebody said that it is over, and it has not fired again since.
                ended = [row for row in mine if row.state == Phase.RESOLVED]
                assert any(inside[row.id].member(alarm.key).at == alarm.body["at"] for row in ended), alarm.key  # type: ignore[union-attr]

    def _is_told_as_it_is(self, row: Row) -> None:
        shown = self.scene.chat.by_key(f"inc:{row.id}:headline").message.text
        green, over = shown.startswith(":large_green_circle:"), row.state == Phase.RESOLVED
        # Who says that it is over while an alarm is red does not make it green.
        assert shown.startswith(":ballot_box_with_check:") == (over and bool(Incident.model_validate(row.body).red))
        well = over or row.state in (Phase.RECOVERED, Phase.CLOSED)
        assert green == (well and not Incident.model_validate(row.body).red), (row.state, shown)

    def _is_called_as_it_is(self, row: Row) -> None:
        """PagerDuty's alerts of an incident are open while it is, and closed when it is over."""
        body, open_now = Incident.model_validate(row.body), set()
        for action, key in self.scene.pager.events:
            if key.split(":")[1] == row.id and action == "trigger":
                open_now.add(key)
            elif key.split(":")[1] == row.id and action == "resolve":
                open_now.discard(key)
        expected = {f"runbook-bot:{row.id}" + (f":{level - 1}" if level > 1 else "") for level in body.paged}
        over = row.state in (Phase.MERGED, Phase.RESOLVED, Phase.CLOSED)
        assert open_now == (set() if over else expected)


def run(course: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = Course(Path(folder))
        try:
            for what, which in course:
                told.happen(what, which)
            told.check()
        finally:
            told.scene.close()


MERGED_ON = [
    *(("ALARM", "api-down"), ("time", 86400), ("reordered", "nobodys"), ("reordered", "jobs-errors"), ("rest", 3)),
    *(("merge", 0), ("some", 2), ("merge", 1), ("OK", "jobs-errors")),
]
"""An incident that was merged into one that was merged on before anybody looked."""


@settings(max_examples=60)
@example(MERGED_ON)
@given(courses)
def test_whatever_happens_no_alarm_is_lost_and_nothing_is_told_twice(course: list[tuple[str, object]]) -> None:
    run(course)
