"""Which playbook an alarm gets: the most specific one that fits, always the same for the same alarm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from alerts.playbook import Playbook, step_key
from bot.domain import Alarm, Target

DEFAULT = "default"
OWN_BY_NAME, OWN_BY_METRIC, BY_NAME, BY_METRIC, OWN = 5, 4, 3, 2, 1
"""How specific a fit is: a system's own before a shared one, the alarm's name before its metric."""


class Playbooks:
    """All playbooks by name, each with what it extends filled in."""

    def __init__(self, loaded: Mapping[str, Playbook]) -> None:
        """Raises ValueError without a playbook called default, for an unknown one extended, and for a circle."""
        if DEFAULT not in loaded:
            raise ValueError(f"there is no playbook called {DEFAULT}")
        self._whole = {name: _whole(name, loaded) for name in sorted(loaded)}

    def __getitem__(self, name: str) -> Playbook:
        """A playbook with what it extends. Raises KeyError."""
        return self._whole[name]

    def __iter__(self) -> Iterator[str]:
        """The names of all playbooks."""
        return iter(self._whole)

    def choose(self, alarm: Alarm, target: Target | None) -> tuple[str, Playbook]:
        """The playbook for an alarm, and its name.

        Of those that fit, the most specific; then the one whose pattern says most, then the one that names kinds, then
        the first by name.
        """
        fits = {name: _fit(each, alarm, target) for name, each in self._whole.items() if name != DEFAULT}
        # The names are sorted, and the first of equals wins.
        best = max(fits, key=lambda name: fits[name], default=DEFAULT)
        name = best if fits.get(best, _NO_FIT) > _NO_FIT else DEFAULT
        return name, self._whole[name]


_NO_FIT = (0, 0, False)


def _fit(playbook: Playbook, alarm: Alarm, target: Target | None) -> tuple[int, int, bool]:
    if playbook.kinds and (target is None or target.service.kind not in playbook.kinds):
        return _NO_FIT
    if playbook.systems and (target is None or target.system not in playbook.systems):
        return _NO_FIT
    own = bool(playbook.systems)
    by_name = _best(playbook.alarms, [alarm.name])
    if by_name:
        return OWN_BY_NAME if own else BY_NAME, by_name, bool(playbook.kinds)
    # A composite alarm has no metric, but children with names.
    by_metric = _best(playbook.metrics, _metrics(alarm))
    by_metric = by_metric or _best(playbook.alarms, [child.rsplit(":", 1)[-1] for child in alarm.children])
    if by_metric:
        return OWN_BY_METRIC if own else BY_METRIC, by_metric, bool(playbook.kinds)
    return (OWN, 0, bool(playbook.kinds)) if own and not playbook.alarms and not playbook.metrics else _NO_FIT


def _metrics(alarm: Alarm) -> list[str]:
    metric = alarm.metric
    return [metric.name, f"{metric.namespace}/{metric.name}"] if metric is not None and metric.name else []


def _best(patterns: Iterable[str], names: Iterable[str]) -> int:
    """How much the best of the patterns that match says: its letters, one more than without wildcards; 0 for none."""
    lower = [name.lower() for name in names]
    said = [
        1 + len(pattern.replace("*", "").replace("?", ""))
        for pattern in patterns
        if any(fnmatchcase(name, pattern.lower()) for name in lower)
    ]
    return max(said, default=0)


def _whole(name: str, loaded: Mapping[str, Playbook], above: tuple[str, ...] = ()) -> Playbook:
    if name in above:
        raise ValueError(f"{' extends '.join((*above, name))}: a circle")
    own = loaded.get(name)
    if own is None:
        raise ValueError(f"{above[-1]} extends {name}, which there is none of")
    if not own.extends:
        return own
    base = _whole(own.extends, loaded, (*above, name))
    steps = {step_key(step): step for step in base.steps} | {step_key(step): step for step in own.steps}
    changes: dict[str, object] = {"steps": tuple(steps.values()), "remedies": (*base.remedies, *own.remedies)}
    if not own.alarms and not own.metrics:
        changes |= {"alarms": base.alarms, "metrics": base.metrics}
    if not own.kinds:
        changes["kinds"] = base.kinds
    if not own.runbook:
        changes["runbook"] = base.runbook
    return own.model_copy(update=changes)
