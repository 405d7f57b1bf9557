"""Whole lives of incidents for the random drill: alarms come and go, people take, merge, escalate and resolve."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from tests.chaos.drill import Drill
from tests.chaos.incidents import Matter

MATTERS = 5
"""Alarms of a round's lives, so many of each severity."""

SAID_AGAIN = 8.0
"""Real seconds after which people say again what seems to have been lost; Slack itself may wait for minutes."""

Look = Callable[[], bool]
Act = Callable[[], object]


@dataclass
class Life:
    """What happens to one or two matters, step by step: each act once its look is true.

    Of each matter: ``levels`` (from 1) were called by the end and are called off, ``parts`` are in its thread.
    ``again`` says how often a level may rightly be called once more, since what it was called for had recovered.
    """

    name: str
    matters: tuple[Matter, ...]
    steps: list[tuple[Look, Act]]
    levels: tuple[tuple[int, ...], ...]
    parts: tuple[tuple[str, ...], ...]
    again: int = 0
    done: int = 0

    def go_on(self) -> None:
        """Do what is to be done at this moment; a press that the app did not answer is made again."""
        if self.done < len(self.steps):
            look, act = self.steps[self.done]
            if look() and act() is not False:
                self.done += 1

    def left(self) -> list[str]:
        """What has not come to its end."""
        if self.done < len(self.steps):
            return [f"{self.name}: step {self.done}"]
        missing = [
            f"{self.name}: {part} of {matter.alarm}"
            for matter, parts in zip(self.matters, self.parts, strict=True)
            for part, times in zip(parts, matter.replies(*parts), strict=True)
            if not times
        ]
        return missing or [
            f"{self.name}: {pages} of {matter.alarm}"
            for matter, levels in zip(self.matters, self.levels, strict=True)
            if (pages := matter.pages()).keys() != set(levels) or set(chain(*pages.values())) != {"resolved"}
        ]

    def end(self) -> str:
        """ "settled", as operations say it, or what is not as it should be."""
        return "; ".join(self.left()) or "settled"

    def effects(self) -> Counter[str]:
        """How often each message was posted and each level called; once is right for all of them."""
        found: Counter[str] = Counter()
        for matter in self.matters:
            found.update({f"{matter.alarm} {part}": times for part, times in matter.parts().items()})
            calls = {level: len(each) for level, each in matter.pages().items()}
            found.update({f"{matter.alarm} page {level}": max(1, n - self.again) for level, n in calls.items()})
        return found

    def expected(self) -> set[str]:
        """The names of effects there must be, whoever decided how they are called further."""
        called = zip(self.matters, self.levels, strict=True)
        names = {f"{matter.alarm} page {level}" for matter, levels in called for level in levels}
        return names | {f"{matter.alarm} headline" for matter in self.matters}


def lives(drill: Drill, number: int) -> list[Life]:
    """The lives of a round: what people take in time and what is merged, or what nobody takes and what flaps."""
    first = number * MATTERS
    if number % 2 == 0:
        return [_taken(Matter(drill, first + 1)), _merged(Matter(drill, first + 2), Matter(drill, first + 3))]
    return [_called(Matter(drill, first + 1, "high")), _flapping(Matter(drill, first + 4))]


def _found(matter: Matter) -> Look:
    return lambda: matter.replies("findings") == [1]


def _taken(matter: Matter) -> Life:
    """Somebody has it, somebody else takes it over, and it recovers."""
    return Life(
        "taken",
        (matter,),
        [
            (_found(matter), lambda: matter.press("Acknowledge")),
            (lambda: "<@U0ALICE> has it" in matter.text(), lambda: matter.press("Take over", "U0BOB")),
            (lambda: "<@U0BOB> has it" in matter.text(), lambda: matter.turn("OK")),
        ],
        ((1,),),
        (("ack", "ok"),),
    )


def _merged(matter: Matter, into: Matter) -> Life:
    """Two incidents become one, which recovers when both alarms have."""

    said: list[float] = []

    def merge() -> None:
        said.append(time.monotonic())
        matter.say(f"merge {into.id}")

    def is_merged() -> bool:
        if into.replies("absorbed") == [1]:
            return True
        if time.monotonic() - said[-1] > SAID_AGAIN:
            merge()
        return False

    def both_ok() -> None:
        matter.turn("OK")
        into.turn("OK")

    return Life(
        "merged",
        (matter, into),
        [
            (lambda: _found(matter)() and _found(into)(), merge),
            (is_merged, both_ok),
        ],
        ((1,), (1,)),
        (("merge",), ("absorbed", "alarms", "ok")),
    )


def _called(matter: Matter) -> Life:
    """Nobody takes it until the second level was called; then somebody resolves it."""
    return Life(
        "called",
        (matter,),
        [
            (lambda: matter.replies("level") == [2], lambda: matter.press("Acknowledge")),
            (lambda: "<@U0ALICE> has it" in matter.text(), lambda: matter.press("Resolve")),
        ],
        ((1, 2),),
        (("level", "ack"),),
    )


def _flapping(matter: Matter) -> Life:
    """It comes and goes and comes again at once, somebody escalates it, and it goes."""

    def come_and_go() -> None:
        matter.turn("OK")
        matter.turn("ALARM")

    return Life(
        "flapping",
        (matter,),
        [
            (_found(matter), come_and_go),
            (lambda: matter.fired() > 1 and "Escalate" in matter.text(), lambda: matter.press("Escalate")),
            (lambda: matter.replies("level") == [1], lambda: matter.turn("OK")),
        ],
        ((1, 2),),
        (("level",),),
        again=1,
    )
