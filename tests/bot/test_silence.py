"""What a silence covers, and which of several counts."""

from __future__ import annotations

from typing import Any

import pytest

from bot.silence import Held, NamedAlarm, Silence, covering

ARN = "arn:aws:cloudwatch:eu-west-1:1:alarm:api: 5xx"


def a_silence(**changes: Any) -> Silence:
    values: dict[str, Any] = {"id": "s", "name": "n", "reason": "r", "since": 0.0, "until": 60.0}
    return Silence.model_validate(values | changes)


@pytest.mark.parametrize(
    ("place", "target", "covered"),
    [
        ("bi/production/api", "bi/production/api", True),
        ("bi/production", "bi/production/api", True),
        ("bi/production/api", "bi/production/api-2", False),
        ("bi/production", "bi/staging/api", False),
        ("bi/production", "", False),
        ("", "", False),
    ],
)
def test_a_place_covers_what_lies_in_it_and_never_an_alarm_of_no_service(
    place: str, target: str, covered: bool
) -> None:
    assert a_silence(places=(place,)).covers("any", ARN, target) is covered


def test_a_named_alarm_is_meant_where_it_is_listed_or_by_its_arn() -> None:
    listed = a_silence(alarms=(NamedAlarm(name="api: 5xx", target="bi/production/api"),))
    assert listed.covers("api: 5xx", "", "bi/production/api")
    assert not listed.covers("api: 5xx", ARN, "zoo/production/api")
    assert not listed.covers("other", ARN, "bi/production/api")
    told = a_silence(alarms=(NamedAlarm(name="api: 5xx", arn=ARN),))
    assert told.covers("api: 5xx", ARN, "")
    assert not told.covers("api: 5xx", "", "")
    assert not told.covers("api: 5xx", ARN.replace("eu-west-1", "us-east-1"), "")


def test_of_several_the_one_that_ends_last_counts() -> None:
    several = [a_silence(id=name, until=until, places=("bi",)) for name, until in (("a", 60.0), ("b", 90.0))]
    found = covering(several, "x", ARN, "bi/production/api")
    assert found is not None
    assert found.id == "b"
    assert covering(several, "x", ARN, "zoo/production/api") is None


def test_it_holds_from_its_beginning_until_its_end() -> None:
    silence = a_silence(since=10.0)
    assert [silence.holds_at(at) for at in (9.9, 10.0, 59.9, 60.0)] == [False, True, True, False]


def test_a_held_alarm_is_counted_whatever_the_order_of_its_times() -> None:
    held = Held(key=f"{ARN}#", name="api: 5xx", first_at=20.0, last_at=20.0).again(10.0).again(30.0)
    assert (held.count, held.first_at, held.last_at, held.arn) == (3, 10.0, 30.0, ARN)
