"""One round of everything at the same time: a deployment, a rollback, a change of number, incidents."""

from __future__ import annotations

from collections import Counter

from sandbox.seed.catalogue import EcsService
from tests.chaos import counts
from tests.chaos.drill import Drill
from tests.chaos.lives import MATTERS, lives
from tests.chaos.people import ARBOR, CHANNELS, PHOTO, USAGE, Asked, ask, fire, incident, new_card, place

VERSIONS = ("v1.5.0", "v1.5.7", "v1.6.0")
"""Good ones that nobody ran before; after each a rollback follows, so that none runs when it is asked for again."""
TASKS = (7, 8)
"""Above the ceiling of the service that is scaled."""


class Round:
    """What is under way at once. USAGE, whose deployments need an approval, and ARBOR take turns in going back."""

    def __init__(self, drill: Drill, number: int) -> None:
        self.drill = drill
        self.deployed, self.rolled_back = (USAGE, ARBOR) if number % 2 == 0 else (ARBOR, USAGE)
        version, self.tasks = VERSIONS[number // 2 % len(VERSIONS)], TASKS[number % len(TASKS)]
        self.bounds = counts.bounds(drill, PHOTO)
        self._known = set(drill.keys(CHANNELS[PHOTO]))
        self.deployment = self._ask(self.deployed, f"/deploy {place(self.deployed)} {version}")
        self.rollback = self._ask(self.rolled_back, f"/rollback {place(self.rolled_back)} previous")
        self.scaling = self._ask(PHOTO, f"/scale {place(PHOTO)} {self.tasks} raise 1m")
        self.alarm = fire(drill, number * MATTERS)
        self.lives = lives(drill, number)

    def _ask(self, service: EcsService, text: str) -> Asked:
        return ask(self.drill, CHANNELS[service], text)

    @property
    def people_asked(self) -> tuple[Asked, ...]:
        """The operations that people asked for."""
        return (self.deployment, self.rollback, self.scaling)

    @property
    def put_back(self) -> Asked | None:
        """The operation that the bot begins by itself, once it has."""
        key = new_card(self.drill, CHANNELS[PHOTO], self._known, "Put the autoscaling")
        return Asked(self.drill, CHANNELS[PHOTO], key.split(":")[1], self.scaling.since) if key else None

    @property
    def incident(self) -> str:
        """Empty until its headline is there."""
        return incident(self.drill, self.alarm)

    def press_on(self) -> None:
        """People tick, confirm and approve what is asked of them at this moment."""
        for asked in self.people_asked:
            asked.press_on()
        for life in self.lives:
            life.go_on()

    def left(self) -> list[str]:
        """What has not had its last effect yet."""
        put_back, opened = self.put_back, self.incident
        ended = {
            "deployment": self.deployment.ended("soak"),
            "rollback": self.rollback.ended("soak"),
            "change of number": self.scaling.ended(),
            "putting back": put_back and put_back.ended(),
            "findings": f"inc:{opened}:findings" in self.drill.all_keys(CHANNELS[PHOTO]),
            "page": counts.pages(self.drill, opened) == ["triggered"],
        }
        return [name for name, end in ended.items() if not end] + [each for life in self.lives for each in life.left()]

    def ends(self) -> dict[str, str]:
        """How each operation and each incident's life ended."""
        put_back = self.put_back
        asked = {"deployment": self.deployment, "rollback": self.rollback, "scaling": self.scaling}
        ends = {name: each.ended() for name, each in asked.items()}
        ends |= {life.name: life.end() for life in self.lives}
        return ends | {"put back": put_back.ended() if put_back else "never began"}

    def effects(self) -> Counter[str]:
        """How often each effect happened, by a name that no other effect has; once is right for all of them."""
        found: Counter[str] = Counter()
        shipped = ((self.deployment, self.deployed), (self.rollback, self.rolled_back))
        for asked, service in shipped:
            found.update({f"{asked.id} {what}": times for what, times in counts.shipped(asked, service).items()})
        put_back = self.put_back
        for scaled in (self.scaling, *([put_back] if put_back else [])):
            found.update({f"{scaled.id} {part}": times for part, times in scaled.parts().items()})
        found.update(f"{self.scaling.id} bounds {each}" for each in self._bounds_set())
        told = counts.updates(self.scaling, PHOTO)
        found.update({f"{self.scaling.id} {what}": times for what, times in told.items()})
        found[f"incident {self.incident}"] = len(counts.pages(self.drill, self.incident))
        for life in self.lives:
            found.update(life.effects())
        return found

    def expected(self) -> set[str]:
        """The names of all effects there must be."""
        shipping = ("updates", "card", "outcome", "soak")
        names = {f"{asked.id} {what}" for asked in (self.deployment, self.rollback) for what in shipping}
        # A rollback to a revision that is pinned already registers nothing.
        names.add(f"{self.deployment.id} registrations")
        if self.deployed is USAGE:
            names.add(f"{self.deployment.id} approve")
        put_back = self.put_back
        scaled = [self.scaling, *([put_back] if put_back else [])]
        names |= {f"{asked.id} {part}" for asked in scaled for part in ("card", "outcome")}
        names |= {f"{self.scaling.id} bounds {each}" for each in ((self.bounds[0], self.tasks), self.bounds)}
        names |= {name for life in self.lives for name in life.expected()}
        return names | {f"{self.scaling.id} desiredCount", f"incident {self.incident}"}

    def _bounds_set(self) -> list[tuple[int, int]]:
        return counts.bounds_set(self.drill, PHOTO, self.scaling.since)
