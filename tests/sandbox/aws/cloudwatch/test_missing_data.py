"""The tables of "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide."""

from __future__ import annotations

import pytest

from sandbox.aws.cloudwatch_alarms import Alarm
from sandbox.aws.cloudwatch_composite import RuleError, parse_rule
from sandbox.aws.cloudwatch_verdict import Window, judge, number

STAY = "as it was"
THREE_OF_THREE = {
    "0-X-X": ("OK", "OK", "OK", "OK"),
    "0----": ("OK", "OK", "OK", "OK"),
    "-----": ("INSUFFICIENT_DATA", STAY, "ALARM", "OK"),
    "0XX-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "--X--": ("ALARM", STAY, "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0-X-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "00X0X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0-X--": ("OK", "OK", "ALARM", "OK"),
    "----0": ("OK", "OK", "ALARM", "OK"),
    "---X-": ("ALARM", STAY, "ALARM", "OK"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
CASES = [
    (needed, points, treatment, expected)
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, row in table.items()
    for treatment, expected in zip(TREATMENTS, row, strict=True)
]


@pytest.mark.parametrize(("needed", "points", "treatment", "expected"), CASES)
def test_the_documented_tables_hold(needed: int, points: str, treatment: str, expected: str) -> None:
    settings = {
        "AlarmName": "x",
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": needed,
        "TreatMissingData": treatment,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Period": 60,
        "Statistic": "Average",
    }
    values = {60.0 * place: {"0": 1.0, "X": 9.0}[mark] for place, mark in enumerate(points) if mark != "-"}
    slots = [60.0 * place for place in reversed(range(5))]
    verdict = judge(Alarm(settings, "1", "us-east-1", 0.0), Window(slots, values, {}, 300.0))
    assert (verdict.state if verdict else STAY) == expected


@pytest.mark.parametrize(("value", "shown"), [(5, "5.0"), (0.25, "0.25"), (12_000_000, "1.2E7"), (0, "0.0")])
def test_numbers_look_as_java_prints_them(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize("rule", ["", "ALARM()", "ALARM(a) AND", "a", "ALARM(a) OK(b)", "(ALARM(a)"])
def test_broken_rules_are_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(rule)


def test_a_rule_takes_names_with_spaces_and_arns() -> None:
    rule, names = parse_rule('OK("a b") or INSUFFICIENT_DATA(arn:aws:cloudwatch:eu-west-1:1:alarm:c)')
    assert names == ["a b", "c"]
    assert rule({"a b": "ALARM", "c": "INSUFFICIENT_DATA"}.__getitem__).because == ("c",)
