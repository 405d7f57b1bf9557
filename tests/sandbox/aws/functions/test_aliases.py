from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.server import AwsServer
from tests.sandbox.aws.functions.mill import ZIP, Mill

WEIGHTED = {"AdditionalVersionWeights": {"2": 0.1}}
NOTHING: dict[str, Any] = {"AdditionalVersionWeights": {}}


def test_an_alias_shares_its_calls_between_two_versions(mill: Mill) -> None:
    mill.publish("v2")
    moved = mill.move(FunctionVersion="1", RoutingConfig=WEIGHTED)
    assert (moved["FunctionVersion"], moved["RoutingConfig"]) == ("1", WEIGHTED)


def test_weights_stay_when_they_are_left_out(mill: Mill) -> None:
    mill.publish("v2")
    mill.publish("v3-errors")
    mill.move(FunctionVersion="1", RoutingConfig=WEIGHTED)
    assert mill.move(FunctionVersion="3")["RoutingConfig"] == WEIGHTED
    assert "RoutingConfig" not in mill.move(FunctionVersion="3", RoutingConfig=NOTHING)


@pytest.mark.parametrize(
    ("version", "weights", "expected"),
    [
        ("$LATEST", {"2": 0.1}, "is not supported for an alias pointing to more than 1 version"),
        ("1", {"$LATEST": 0.1}, "is not supported for an alias pointing to more than 1 version"),
        ("2", {"2": 0.1}, "already included"),
        ("1", {"2": 0.1, "3": 0.1}, "cannot be greater than 1"),
        ("1", {"2": 1.1}, "constraint"),
        ("1", {"9": 0.1}, "Function not found"),
        ("9", {}, "Function not found"),
    ],
)
def test_weights_that_lambda_does_not_know_are_refused(
    mill: Mill, version: str, weights: dict[str, float], expected: str
) -> None:
    mill.publish("v2")
    with pytest.raises(ClientError, match=expected):
        mill.move(FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": weights})
    assert mill.alias()["FunctionVersion"] == "1"


def test_moving_to_the_weighted_version_without_clearing_the_weights_is_refused(mill: Mill) -> None:
    mill.publish("v2")
    mill.move(FunctionVersion="1", RoutingConfig=WEIGHTED)
    with pytest.raises(ClientError, match="already included"):
        mill.move(FunctionVersion="2")


def test_a_stale_revision_of_an_alias_is_refused(mill: Mill) -> None:
    mill.publish("v2")
    before = mill.alias()["RevisionId"]
    after = mill.move(FunctionVersion="2", RevisionId=before)["RevisionId"]
    assert after != before
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        mill.move(FunctionVersion="1", RevisionId=before)


def test_an_unknown_alias_is_not_found(mill: Mill) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        mill.functions.get_alias(FunctionName=ZIP, Name="nobody")


def test_failing_calls_of_a_share_raise_the_alarm_and_its_end_lets_it_go(mill: Mill, aws: AwsServer) -> None:
    mill.watch_errors()
    mill.publish("v3-errors")
    aws.tick()
    assert mill.alarm() == "OK"
    mill.move(FunctionVersion="1", RoutingConfig=WEIGHTED)
    seconds = 0
    while mill.alarm() == "OK" and seconds < 60:
        seconds += 1
        aws.clock.advance(1)
        aws.tick()
    assert 5 < seconds < 15
    mill.move(FunctionVersion="1", RoutingConfig=NOTHING)
    for _ in range(13):
        aws.clock.advance(10)
        aws.tick()
    assert mill.alarm() == "OK"


def test_calls_of_good_versions_raise_no_alarm(mill: Mill, aws: AwsServer) -> None:
    mill.watch_errors()
    mill.publish("v2")
    mill.move(FunctionVersion="2", RoutingConfig=NOTHING)
    aws.clock.advance(60)
    aws.tick()
    assert mill.alarm() == "OK"
