from __future__ import annotations

import pytest

from sandbox.calls import Calls
from sandbox.faults import Faults


def test_a_fault_with_a_count_is_used_up() -> None:
    faults = Faults()
    faults.add("slack", "chat.postMessage", "ratelimited", count=2)
    taken = [faults.take("slack", "chat.postMessage") for _ in range(3)]
    assert [fault.error if fault else None for fault in taken] == ["ratelimited", "ratelimited", None]


def test_a_fault_expires_by_real_time() -> None:
    now = 100.0
    faults = Faults(monotonic=lambda: now)
    faults.add("aws", "ecs:UpdateService", "500", seconds=5)
    assert faults.take("aws", "ecs:UpdateService") is not None
    now = 105.0
    assert faults.take("aws", "ecs:UpdateService") is None


def test_a_fault_without_limits_stays_until_cleared() -> None:
    faults = Faults()
    faults.add("aws", "*", None, latency_ms=50)
    faults.add("slack", "*", "timeout")
    for _ in range(5):
        fault = faults.take("aws", "ecs:ListTasks")
        assert fault is not None and fault.latency_ms == 50
    faults.clear("aws")
    assert faults.take("aws", "ecs:ListTasks") is None
    assert faults.take("slack", "chat.update") is not None
    faults.clear()
    assert faults.take("slack", "chat.update") is None


def test_a_fault_meets_only_its_target_and_operation() -> None:
    faults = Faults()
    faults.add("aws", "ecs:*", "ThrottlingException")
    assert faults.take("slack", "ecs:ListTasks") is None
    assert faults.take("aws", "logs:GetLogEvents") is None
    assert faults.take("aws", "ecs:ListTasks") is not None


def test_an_older_fault_is_met_before_a_newer_one() -> None:
    faults = Faults()
    faults.add("aws", "*", "first", count=1)
    faults.add("aws", "*", "second", count=1)
    taken = [faults.take("aws", "x") for _ in range(2)]
    assert [fault.error for fault in taken if fault] == ["first", "second"]


def test_looking_at_the_faults_uses_none_up() -> None:
    faults = Faults()
    faults.add("aws", "ecs:*", "AccessDenied", count=1)
    faults.add("aws", "*", "500", count=0)
    for _ in range(3):
        assert [fault.error for fault in faults.peek("aws", "ecs:StopTask")] == ["AccessDenied"]
    assert faults.peek("slack", "ecs:StopTask") == []
    assert faults.take("aws", "ecs:StopTask") is not None
    assert faults.peek("aws", "ecs:StopTask") == []


def test_the_waiting_faults_are_listed_with_what_is_left_of_them() -> None:
    now = 100.0
    faults = Faults(monotonic=lambda: now)
    faults.add("slack", "*", "ratelimited", seconds=20)
    faults.add("aws", "ecs:*", "500", count=2, latency_ms=5)
    faults.add("aws", "sqs:*", "500", seconds=3)
    faults.take("aws", "ecs:StopTask")
    now = 105.0
    assert faults.waiting() == [
        {"target": "slack", "operation": "*", "error": "ratelimited", "count": None, "seconds": 15.0, "latency_ms": 0},
        {"target": "aws", "operation": "ecs:*", "error": "500", "count": 1, "seconds": None, "latency_ms": 5},
    ]


def test_a_negative_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Faults().add("aws", "*", None, count=-1)


def test_calls_are_listed_in_order_and_filtered() -> None:
    calls = Calls()
    calls.record("aws", "ecs:ListTasks", {"cluster": "c"}, "ok", 1.0)
    calls.record("slack", "chat.update", {}, "ok", 2.0)
    calls.record("aws", "ecs:StopTask", {}, "AccessDeniedException", 3.0)
    assert [call["seq"] for call in calls.list()] == [1, 2, 3]
    assert [call["operation"] for call in calls.list("aws")] == ["ecs:ListTasks", "ecs:StopTask"]
    assert calls.list(operation="ecs:StopTask")[0]["status"] == "AccessDeniedException"


def test_the_oldest_calls_are_forgotten_first() -> None:
    calls = Calls(kept=2)
    for number in range(3):
        calls.record("aws", f"op{number}", {}, "ok", float(number))
    assert [call["operation"] for call in calls.list()] == ["op1", "op2"]


def test_secrets_are_not_remembered() -> None:
    calls = Calls()
    calls.record(
        "slack", "auth", {"token": "abc", "deep": [{"Password": "x"}], "nextToken": "n", "tokens": [1]}, "ok", 0
    )
    assert calls.list()[0]["params"] == {"token": "***", "deep": [{"Password": "***"}], "nextToken": "n", "tokens": [1]}
