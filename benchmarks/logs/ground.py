"""A log group of 50,000 events in the sandbox, and the two that are asked about it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer
from benchmarks.town import Town, until
from sandbox.scenarios.stage import BOB, STAR, STAR_CHANNEL
from sandbox.seed.busy_group import BENCHMARK, make_busy_group

PERIOD = 72.0
"""Milliseconds between two events: all of them are an hour's."""
LONGEST = 60.0
WORD = "QueuePool"
EVENTS, STREAMS, ANSWER = "logs:FilterLogEvents", "logs:GetLogEvents", "response_url"

LOOKING = "Looking: logs"
_COUNTED = re.compile(r"\*(at least )?([\d,]+)\* lines? match")


@dataclass(frozen=True)
class Question:
    """A search: for a word or, without one, for everything; ``minutes`` are of the middle of the hour, 0 is all."""

    word: str
    minutes: int


@dataclass(frozen=True)
class Round:
    """One contender's answer: seconds, the events it has, and when its calls came in.

    ``calls`` are those of FilterLogEvents, ``of_streams`` those of GetLogEvents.
    """

    seconds: float
    events: int
    calls: tuple[float, ...]
    of_streams: tuple[float, ...]


class Ground:
    """The sandbox with the real bot, and the group in place of what its service had logged."""

    def __init__(self, folder: Path, peer: Peer) -> None:
        self._peer = peer
        self.town = Town(folder)
        self.town.stage.aws("logs", STAR.region).delete_log_group(logGroupName=STAR.log_group)
        self._end = self.town.sandbox.clock.now() // 60 * 60
        make_busy_group(STAR.region, STAR.log_group, end=self._end, period=PERIOD)

    def delay(self, seconds: float) -> None:
        """Have every call of AWS take so much longer from now on."""
        self.town.sandbox.faults.clear("aws")
        if seconds:
            self.town.sandbox.faults.add("aws", "*", None, latency_ms=seconds * 1000)

    def bot(self, question: Question) -> Round:
        """A person who is on call types it; until Slack has taken the finished answer, with masked fields."""
        start, end = (f"{moment:%Y-%m-%dT%H:%M}" for moment in self._range(question))
        text = f"/logs {STAR.system}/{STAR.name} {STAR.environment} {question.word} {start} to {end} UTC"
        asked = time.time()
        self.town.stage.command(BOB, STAR_CHANNEL, " ".join(text.split()))
        answer, events = until(lambda: self._answer(asked), f"the answer to {text}", LONGEST)
        return Round(answer["at"] - asked, events, self._calls(EVENTS, asked), self._calls(STREAMS, asked))

    def awslogs(self, question: Question) -> Round:
        """The whole process, from its start to its end; what it writes is read as it comes."""
        start, end = (f"{moment:%Y-%m-%d %H:%M}" for moment in self._range(question))
        pattern = ["--filter-pattern", f'"{question.word}"'] if question.word else []
        arguments = ["get", STAR.log_group, "ALL", "--aws-region", STAR.region, "--start", start, "--end", end]
        asked = time.time()
        said = self._peer.start([*arguments, *pattern], self.town.variables).ended(LONGEST)
        if said.status != 0:
            raise AssertionError(said.words[-500:])
        events = sum(line.startswith(f"{STAR.log_group} ") for line in said.words.splitlines())
        return Round(said.at - asked, events, self._calls(EVENTS, asked), self._calls(STREAMS, asked))

    def _range(self, question: Question) -> Sequence[datetime]:
        first, last = self._end - BENCHMARK * PERIOD / 1000, self._end
        if question.minutes:
            first += (last - first) / 2
            last = first + question.minutes * 60
        return [datetime.fromtimestamp(at, UTC) for at in (first, last)]

    def _answer(self, since: float) -> tuple[dict[str, Any], int] | None:
        """The finished answer with the number in it. Raises AssertionError when it is not all there is."""
        for call in self.town.calls(ANSWER, since):
            # Whoever waits longer than a second and a half reads first that it is being looked for.
            if call["status"] != "ok" or LOOKING in str(call["params"].get("text")):
                continue
            counted = _COUNTED.search(json.dumps(call["params"]))
            if counted is None or counted[1]:
                raise AssertionError(f"no whole answer, the machine may be too busy: {call['params'].get('text')}")
            return call, int(counted[2].replace(",", ""))
        return None

    def _calls(self, operation: str, since: float) -> tuple[float, ...]:
        return tuple(sorted(call["began"] for call in self.town.calls(operation, since)))
