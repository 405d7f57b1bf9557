"""What an alarm's datapoints mean: CloudWatch's rules for M out of N and for missing data, and its wording.

The rules follow "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide: a few
periods more than EvaluationPeriods are looked at, missing ones are filled only when fewer real datapoints
than EvaluationPeriods were found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.aws.cloudwatch_alarms import Alarm, moment, stamp

EXTRA_PERIODS = 2
_JAVA_SCIENTIFIC_FROM = 1e7

WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
OPERATORS = tuple(WORDS)
BELOW, ABOVE = "less than the lower thresholds", "greater than the upper thresholds"
BAND_OPERATORS = {
    "LessThanLowerOrGreaterThanUpperThreshold": (True, True),
    "LessThanLowerThreshold": (True, False),
    "GreaterThanUpperThreshold": (False, True),
}
"""What anomaly detection alarms compare with: whether the lower and the upper bound of the band count."""
_TREATMENTS = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Window:
    """The periods of one evaluation, newest first (period starts), and the datapoints that exist in them.

    ``band`` is what an anomaly detection alarm expects: the lower and the upper bound.
    """

    slots: Sequence[float]
    points: Mapping[float, float]
    samples: Mapping[float, float]
    evaluated_at: float
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Verdict:
    """The state the datapoints ask for, with CloudWatch's reason and its StateReasonData."""

    state: str
    reason: str
    evidence: dict[str, Any]


def breaches(value: float, operator: str, threshold: float) -> bool:
    """Whether a datapoint is on the wrong side of the threshold."""
    if operator == "GreaterThanThreshold":
        return value > threshold
    if operator == "GreaterThanOrEqualToThreshold":
        return value >= threshold
    return value < threshold if operator == "LessThanThreshold" else value <= threshold


def is_bad(alarm: Alarm, window: Window, at: float) -> bool:
    """Whether the datapoint of a period is one that the alarm is about."""
    operator, value = alarm.settings["ComparisonOperator"], window.points[at]
    if operator not in BAND_OPERATORS:
        return breaches(value, operator, float(alarm.settings["Threshold"]))
    low, high = BAND_OPERATORS[operator]
    lower, upper = window.band or (value, value)
    return (low and value < lower) or (high and value > upper)


def judge(alarm: Alarm, window: Window) -> Verdict | None:
    """What the alarm's state should be; None when it should stay as it is."""
    wanted = int(alarm.settings["EvaluationPeriods"])
    needed = int(alarm.settings.get("DatapointsToAlarm") or wanted)
    treatment = alarm.settings.get("TreatMissingData") or "missing"
    existing = [at for at in window.slots if at in window.points][:wanted]
    bad = [at for at in existing if is_bad(alarm, window, at)]
    missing = wanted - len(existing)
    if len(bad) >= needed:
        return _crossed(alarm, window, existing, bad, "ALARM")
    if missing and treatment == "breaching" and len(bad) + missing >= needed:
        return _filled(alarm, window, existing, bad, missing, "ALARM")
    if missing and treatment == "notBreaching":
        return _filled(alarm, window, existing, bad, missing, "OK")
    if missing and len(bad) == len(existing) and treatment != "breaching":
        return _undecided(alarm, window, existing, needed, treatment)
    return _crossed(alarm, window, existing, bad, "OK")


def _undecided(alarm: Alarm, window: Window, existing: list[float], needed: int, treatment: str) -> Verdict | None:
    """Nothing, or too little but all of it breaching."""
    if treatment == "ignore":
        return None
    if not existing:
        count = int(alarm.settings["EvaluationPeriods"])
        words = "1 datapoint was unknown." if count == 1 else f"{count} datapoints were unknown."
        return Verdict("INSUFFICIENT_DATA", f"Insufficient Data: {words}", _evidence(alarm, window, []))
    if window.slots.index(existing[-1]) + 1 >= needed:
        return _crossed(alarm, window, existing, existing, "ALARM")
    return None


def _filled(alarm: Alarm, window: Window, existing: list[float], bad: list[float], missing: int, state: str) -> Verdict:
    told = bad if state == "ALARM" else [at for at in existing if at not in bad]
    if told:
        return _crossed(alarm, window, existing, bad, state)
    treated = _TREATMENTS[alarm.settings["TreatMissingData"]]
    one = missing == 1
    reason = (
        f"Threshold Crossed: no datapoints were received for {missing} period{'' if one else 's'} and {missing} "
        f"missing datapoint{' was' if one else 's were'} treated as [{treated}]."
    )
    return Verdict(state, reason, _evidence(alarm, window, existing))


def _crossed(alarm: Alarm, window: Window, existing: list[float], bad: list[float], state: str) -> Verdict:
    total = int(alarm.settings["EvaluationPeriods"])
    needed = int(alarm.settings.get("DatapointsToAlarm") or total)
    told = bad if state == "ALARM" else [at for at in existing if at not in bad]
    least = needed if state == "ALARM" else total - needed + 1
    change = "OK -> ALARM" if state == "ALARM" else "ALARM -> OK"
    listed = ", ".join(f"{number(window.points[at])} ({moment(at):%d/%m/%y %H:%M:%S})" for at in told)
    verb = ("was" if len(told) == 1 else "were") + ("" if state == "ALARM" else " not")
    crossed, compared = "Threshold Crossed", _compared(alarm, window, state)
    if alarm.settings["ComparisonOperator"] in BAND_OPERATORS:
        crossed = "Thresholds Crossed"
    reason = (
        f"{crossed}: {len(told)} out of the last {total} datapoints [{listed}] {verb} {compared} "
        f"(minimum {least} datapoint{'' if least == 1 else 's'} for {change} transition)."
    )
    return Verdict(state, reason, _evidence(alarm, window, existing))


def _compared(alarm: Alarm, window: Window, state: str) -> str:
    operator = alarm.settings["ComparisonOperator"]
    if operator not in BAND_OPERATORS:
        return f"{WORDS[operator]} the threshold ({number(float(alarm.settings['Threshold']))})"
    bounds = zip(BAND_OPERATORS[operator], (BELOW, ABOVE), window.band or (0.0, 0.0), strict=True)
    parts = [f"{words} [{number(bound)}]" for counts, words, bound in bounds if counts]
    return " or ".join(parts) if state == "ALARM" else " or not ".join(parts)


def number(value: float) -> str:
    """A number as CloudWatch's Java prints it: 5 is 5.0, ten million is 1.0E7."""
    if value and not 1e-3 <= abs(value) < _JAVA_SCIENTIFIC_FROM:
        mantissa, exponent = f"{value:.15e}".split("e")
        return f"{float(mantissa)}E{int(exponent)}"
    return repr(float(value))


def _evidence(alarm: Alarm, window: Window, existing: list[float]) -> dict[str, Any]:
    oldest_first = existing[::-1]
    settings = alarm.settings
    evidence: dict[str, Any] = {
        "version": "1.0",
        "queryDate": stamp(window.evaluated_at),
        "startDate": stamp(oldest_first[0]) if oldest_first else None,
        "unit": settings.get("Unit"),
        "statistic": settings.get("Statistic") or settings.get("ExtendedStatistic"),
        "period": settings.get("Period"),
        "recentDatapoints": [window.points[at] for at in oldest_first],
        "recentLowerThresholds": [window.band[0]] * len(oldest_first) if window.band else None,
        "recentUpperThresholds": [window.band[1]] * len(oldest_first) if window.band else None,
        "threshold": None if settings.get("Threshold") is None else float(settings["Threshold"]),
        "evaluatedDatapoints": [
            {"timestamp": stamp(at), "sampleCount": window.samples.get(at), "value": window.points[at]}
            for at in existing
        ],
    }
    for each in evidence["evaluatedDatapoints"]:
        if each["sampleCount"] is None:
            del each["sampleCount"]
    return {key: value for key, value in evidence.items() if value is not None}
