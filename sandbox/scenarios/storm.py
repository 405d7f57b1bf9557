"""A storm of alarms: planned to the last notification, so that a test or a benchmark knows what must arrive.

What a plan has: alarms that go off, composite alarms that go off with them, alarms that flap, one alarm over many
series, notifications that SNS delivers twice; and at the end some alarms that recover, while the others stay red.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sandbox.aws import sns
from sandbox.seed.account import Account
from sandbox.seed.catalogue import US
from sandbox.seed.storm import Stormy, put_throttles

NOTIFICATIONS = 500
SECONDS = 10.0
_RECOVERY_BEGINS = 0.85
_DUPLICATES_BEGIN = 0.25
"""Shares of the whole time."""
_LATEST = 20
"""Of how many messages the latest are that may be delivered twice."""
_REASONS = {"ALARM": "Threshold Crossed: 1 datapoint was greater than the threshold (90.0).", "OK": "It is over."}
_BREACHING = 99.0


@dataclass(frozen=True)
class Step:
    """One thing that happens after ``share`` of the time. ``alarm`` is "" where a message is delivered again.

    ``series`` are the services whose series turn red in the alarm over them all.
    """

    share: float
    alarm: str = ""
    state: str = ""
    region: str = US
    series: tuple[Stormy, ...] = ()


@dataclass
class Storm:
    """What happens in a storm, in the order of time, and what it leaves behind.

    ``notifications`` arrive, ``messages`` different ones. ``states`` are the last states of all alarms that moved,
    composite ones included, without those of the alarm over many series, which stay red.
    """

    steps: list[Step]
    notifications: int
    messages: int
    flapping: tuple[str, ...]
    states: dict[str, str] = field(default_factory=dict)

    def red(self) -> list[str]:
        """The alarms that stay red."""
        return sorted(name for name, state in self.states.items() if state == "ALARM")


def plan_storm(
    services: Sequence[Stormy], notifications: int = NOTIFICATIONS, *, with_series: bool = True, seed: int = 1
) -> Storm:
    """A storm of so many notifications over these services; the same for the same arguments.

    Raises ValueError when there are no services, or fewer than ten notifications.
    """
    if not services or notifications < 10:
        raise ValueError("a storm needs services, and at least ten notifications")
    return _Planner(services, notifications, with_series=with_series, seed=seed).plan()


class _Planner:
    def __init__(self, services: Sequence[Stormy], notifications: int, *, with_series: bool, seed: int) -> None:
        self.services = tuple(services)
        self.total = notifications
        self.chance = random.Random(seed)
        self.states: dict[str, str] = {}
        self.steps: list[Step] = []
        self.of = {alarm: service for service in services for alarm in service.alarms}
        self.duplicates = notifications // 20
        self.recoveries = notifications // 8
        self.series = services[: min(len(services), notifications // 25)] if with_series else ()
        flapping = [service.flapping for service in services if service.flapping]
        self.flapping = tuple(flapping[: max(1, len(services) // 5)])

    def plan(self) -> Storm:
        left = self.total - self.duplicates - self.recoveries - len(self.series)
        if self.series:
            self.steps.append(Step(self.chance.uniform(0.1, 0.5), series=tuple(self.series)))
        left -= self._fire(left - left // 4 if self.flapping else left)
        # Should there be nothing that can flap, what went off goes off again.
        self._flap(left)
        self._recover()
        first = [_DUPLICATES_BEGIN, _RECOVERY_BEGINS]
        self.steps += [Step(self.chance.uniform(*first)) for _ in range(self.duplicates)]
        self.steps.sort(key=lambda step: step.share)
        return Storm(self.steps, self.total, self.total - self.duplicates, self.flapping, self.states)

    def _fire(self, budget: int) -> int:
        """Let alarms go off, each once; answers with how many notifications."""
        waiting = [alarm for alarm in self.of if alarm not in self.flapping]
        self.chance.shuffle(waiting)
        spent = 0
        for alarm in waiting:
            cost = self._cost(alarm, "ALARM")
            if spent + cost <= budget:
                spent += self._set(alarm, "ALARM", self.chance.uniform(0.0, _RECOVERY_BEGINS))
        return spent

    def _flap(self, count: int) -> None:
        names = self.flapping or tuple(alarm for alarm in self.of if self._is_alone(alarm))
        turns: dict[str, int] = {}
        for number in range(count):
            turns[names[number % len(names)]] = turns.get(names[number % len(names)], 0) + 1
        for alarm, times in turns.items():
            for share in sorted(self.chance.uniform(0.0, _RECOVERY_BEGINS) for _ in range(times)):
                self._set(alarm, "OK" if self.states.get(alarm) == "ALARM" else "ALARM", share)

    def _recover(self) -> None:
        red = [alarm for alarm, state in self.states.items() if state == "ALARM" and self._is_alone(alarm)]
        self.chance.shuffle(red)
        for number in range(self.recoveries):
            alarm = red[number % len(red)]
            share = _RECOVERY_BEGINS + (1 - _RECOVERY_BEGINS) * (number + 1) / self.recoveries
            self._set(alarm, "OK" if self.states[alarm] == "ALARM" else "ALARM", share)

    def _is_alone(self, alarm: str) -> bool:
        return alarm in self.of and alarm not in self.of[alarm].composed_of

    def _cost(self, alarm: str, state: str) -> int:
        composite = self.of[alarm].composite
        moves = alarm in self.of[alarm].composed_of and self.states.get(composite, "OK") != state
        return 1 + (bool(composite) and moves)

    def _set(self, alarm: str, state: str, share: float) -> int:
        service = self.of[alarm]
        cost = self._cost(alarm, state)
        self.states[alarm] = state
        if cost > 1:
            self.states[service.composite] = state
        self.steps.append(Step(share, alarm, state, service.region))
        return cost


def unleash(
    account: Account,
    storm: Storm,
    seconds: float = SECONDS,
    *,
    wait: Callable[[float], object] = time.sleep,
    seed: int = 1,
) -> Iterator[Step]:
    """Let it happen, spread over so many seconds of the world's; yields each step when it is done.

    Every notification takes CloudWatch's own way: a state changes, SNS signs and delivers. ``wait`` is called with
    seconds. What takes longer than its time is made up for.
    """
    chance, began = random.Random(seed), time.monotonic()
    for step in storm.steps:
        ahead = began + step.share * seconds - time.monotonic()
        if ahead > 0:
            wait(ahead)
        if step.series:
            put_throttles(account, step.series, _BREACHING)
            # Looked at at once, not at the next tick.
            account.client("cloudwatch", step.region).describe_alarms(MaxRecords=1)
        elif step.alarm:
            account.client("cloudwatch", step.region).set_alarm_state(
                AlarmName=step.alarm, StateValue=step.state, StateReason=_REASONS[step.state]
            )
        else:
            sns.redeliver(chance.choice(sns.latest_messages(_LATEST)))
        yield step
