from __future__ import annotations

from typing import Any

import pytest

from benchmarks.wrong_verdicts.__main__ import (
    DEPLOYED,
    GAVE_UP,
    NOT_DEPLOYED,
    UNDECIDED,
    Case,
    Verdict,
    of_ecs_deploy,
    truth,
)

ACTIVE = {"status": "ACTIVE"}
TIMEOUT = "Deploying new task definition\n.....\n\nDeployment failed due to timeout. Please see: an address\n"
NO_PLACE = "2026-11-25\nERROR: (service api) was unable to place a task.\n\nDeployment failed\n"


@pytest.mark.parametrize(
    ("record", "verdict", "words"),
    [
        ({"status": "SUCCESSFUL"}, DEPLOYED, "SUCCESSFUL"),
        ({"status": "ROLLBACK_SUCCESSFUL", "rollback": {"reason": "alarm"}}, NOT_DEPLOYED, "alarm"),
        ({"status": "STOPPED", "statusReason": "newer"}, NOT_DEPLOYED, "STOPPED: newer"),
        ({"status": "IN_PROGRESS"}, UNDECIDED, "goes on"),
    ],
)
def test_the_truth_is_how_ecs_records_the_rollout(record: dict[str, Any], verdict: str, words: str) -> None:
    found = truth(record, ACTIVE)
    assert found.verdict == verdict
    assert words in found.words


@pytest.mark.parametrize(
    ("status", "words", "so", "verdict"),
    [
        (0, "Deployment successful\nDuration: 9 sec\n", NOT_DEPLOYED, DEPLOYED),
        (1, "Deployment Failed! tasks failed to start\n", NOT_DEPLOYED, NOT_DEPLOYED),
        (1, TIMEOUT, DEPLOYED, GAVE_UP),
        (1, TIMEOUT, NOT_DEPLOYED, GAVE_UP),
        (1, NO_PLACE, UNDECIDED, GAVE_UP),
        (1, NO_PLACE, NOT_DEPLOYED, NOT_DEPLOYED),
    ],
)
def test_an_exit_status_is_a_verdict_unless_a_clock_gave_it(status: int, words: str, so: str, verdict: str) -> None:
    assert of_ecs_deploy(status, words, so).verdict == verdict


@pytest.mark.parametrize(
    ("so", "said", "worth"),
    [
        (DEPLOYED, DEPLOYED, "right"),
        (UNDECIDED, UNDECIDED, "right"),
        (NOT_DEPLOYED, DEPLOYED, "**wrong**"),
        (UNDECIDED, NOT_DEPLOYED, "**wrong**"),
        (DEPLOYED, GAVE_UP, GAVE_UP),
    ],
)
def test_giving_up_is_neither_right_nor_wrong(so: str, said: str, worth: str) -> None:
    assert Case(Verdict(so, ""), Verdict(said, "")).worth == worth
