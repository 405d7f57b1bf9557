"""Which incident each alarm is in, as triage knows it and keeps it in its row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from alerts.correlation import Arrival, Open
from bot.domain import Alarm
from bot.incident import LIVE, MOST_MEMBERS, Phase
from bot.rows import Row, Store


@dataclass
class Placement:
    """``placed`` is the incident of each alarm by its row's key, ``live`` what is known of each live incident."""

    placed: dict[str, str]
    live: dict[str, Open]

    @classmethod
    def read(cls, body: Mapping[str, Any], store: Store) -> Placement:
        """What is known, without what has ended since; what was merged is found where it went."""
        placed = dict(body.get("placed", {}))
        live = {name: _read(stored) for name, stored in body.get("live", {}).items()}
        for name in list(live):
            row = store.get(name)
            if row is None or row.state not in LIVE:
                known = live.pop(name)
                into = _went(row, store)
                if into in live:
                    live[into] = _grown(live[into], known.targets, known.arns, known.composites, known.last_at)
                for key in [key for key, incident in placed.items() if incident == name]:
                    placed[key] = into
        return cls({key: incident for key, incident in placed.items() if incident in live}, live)

    def body(self) -> dict[str, Any]:
        """As it is stored: only what is still live."""
        kept = {key: incident for key, incident in self.placed.items() if incident in self.live}
        return {"placed": kept, "live": {each.id: _stored(each) for each in self.live.values()}}

    def of(self, key: str) -> str:
        """The live incident an alarm is in; empty for none."""
        return self.placed.get(key, "")

    def with_room(self) -> list[Open]:
        """The live incidents that can take one more alarm in."""
        members = Counter(self.placed.values())
        return [each for each in self.live.values() if members[each.id] < MOST_MEMBERS]

    def knows_series_of(self, arn: str) -> bool:
        """Whether series of that alarm are placed: EventBridge tells of the alarm as a whole besides."""
        return any(key.startswith(arn) and key.rpartition("#")[0] == arn for key in self.placed)

    def take_out(self, key: str) -> str:
        """An alarm is in no incident any more; the one it was in."""
        return self.placed.pop(key)

    def join(self, key: str, incident: str, alarm: Alarm, target: str) -> None:
        """An alarm came into a live incident; ``target`` is empty where it belongs to no service."""
        self.placed[key] = incident
        arns, composites = frozenset((alarm.arn, *alarm.children)), frozenset(alarm.children)
        self.live[incident] = _grown(self.live[incident], (target,) if target else (), arns, composites, alarm.at)

    def open(self, key: str, incident: str, arrival: Arrival) -> None:
        """An incident was opened for an alarm."""
        alarm, target = arrival.alarm, arrival.target
        self.placed[key] = incident
        self.live[incident] = Open(
            id=incident,
            place=arrival.place,
            targets=(target.key,) if target else (),
            arns=frozenset((alarm.arn, *alarm.children)),
            composites=frozenset(alarm.children),
            deployment=arrival.deployment,
            opened_at=alarm.at,
            last_at=alarm.at,
        )

    def set_apart(self, key: str, incident: str, arrival: Arrival, opened_at: float) -> None:
        """A person put an alarm into an incident of its own: nothing new joins it merely for being close in time."""
        self.open(key, incident, arrival)
        opened, arns = self.live[incident], frozenset((arrival.alarm.arn,))
        self.live[incident] = replace(
            opened, arns=arns, composites=frozenset(), deployment="", opened_at=opened_at, last_at=0.0
        )


def whole_key(arn: str) -> str:
    """The key of an alarm's row, as against those of its series."""
    return f"{arn}#"


def _grown(each: Open, targets: tuple[str, ...], arns: frozenset[str], composites: frozenset[str], at: float) -> Open:
    return replace(
        each,
        targets=tuple(dict.fromkeys((*each.targets, *targets))),
        arns=each.arns | arns,
        composites=each.composites | composites,
        last_at=max(each.last_at, at),
    )


def _stored(each: Open) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(each).items()}


def _went(row: Row | None, store: Store) -> str:
    """The live incident into which one that is over was merged, by however many merges; empty for none."""
    seen: set[str] = set()
    while row is not None and row.state == Phase.MERGED and row.id not in seen:
        seen.add(row.id)
        row = store.get(str(row.body.get("merged_into", "")))
    return row.id if row is not None and row.state in LIVE else ""


def _read(stored: Mapping[str, Any]) -> Open:
    sets = {name: frozenset(stored[name]) for name in ("arns", "composites")}
    return Open(**{**stored, **sets, "targets": tuple(stored["targets"])})
