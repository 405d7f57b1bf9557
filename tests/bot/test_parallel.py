from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from bot import ports
from bot.parallel import Parallel

INCIDENT: ContextVar[str] = ContextVar("incident", default="")
PATIENCE = 10.0


@pytest.fixture
def gather() -> Iterator[Parallel]:
    parallel = Parallel(threads=4)
    yield parallel
    parallel.close()


def test_it_fills_the_port(gather: Parallel) -> None:
    port: ports.Gather = gather
    assert port


def test_every_read_is_answered_by_name_in_the_order_given(gather: Parallel) -> None:
    found = gather({"b": lambda: 1, "a": lambda: 2}, seconds=PATIENCE)
    assert list(found.items()) == [("b", 1), ("a", 2)]


def test_a_read_that_fails_is_its_error_and_the_others_are_answered(gather: Parallel) -> None:
    def fail() -> int:
        raise LookupError("nothing there")

    found = gather({"fails": fail, "works": lambda: 3}, seconds=PATIENCE)
    assert isinstance(found["fails"], LookupError)
    assert found["works"] == 3


def test_reads_run_at_the_same_time(gather: Parallel) -> None:
    meeting = threading.Barrier(4)
    found = gather({str(number): lambda: meeting.wait(PATIENCE) for number in range(4)}, seconds=PATIENCE)
    assert sorted(int(each) for each in found.values() if isinstance(each, int)) == [0, 1, 2, 3]


def test_a_read_that_is_late_is_a_timeout_and_its_answer_is_dropped(gather: Parallel) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def late() -> str:
        go_on.wait(PATIENCE)
        ended.set()
        return "late"

    found = gather({"late": late, "works": lambda: "now"}, seconds=0.02)
    go_on.set()
    assert ended.wait(PATIENCE)
    assert isinstance(found["late"], TimeoutError)


def test_a_read_that_had_not_begun_never_begins(gather: Parallel) -> None:
    go_on = threading.Event()
    begun = threading.Event()

    def fifth() -> bool:
        begun.set()
        return True

    busy = {str(number): lambda: go_on.wait(PATIENCE) for number in range(4)}
    found = gather({**busy, "fifth": fifth}, seconds=1.0)
    assert isinstance(found["fifth"], TimeoutError)
    go_on.set()
    assert gather({"after": lambda: True}, seconds=PATIENCE) == {"after": True}
    assert not begun.is_set()


def test_the_log_context_of_the_caller_holds_in_its_reads(gather: Parallel) -> None:
    INCIDENT.set("inc-7")
    assert gather({"a": INCIDENT.get, "b": INCIDENT.get}, seconds=PATIENCE) == {"a": "inc-7", "b": "inc-7"}


def test_no_reads_need_no_time(gather: Parallel) -> None:
    assert gather({}, seconds=0) == {}


def test_a_read_that_gathers_itself_is_never_starved_by_its_own_kind() -> None:
    parallel = Parallel(threads=2)

    def outer() -> str:
        return str(parallel({"inner": inner}, seconds=5)["inner"])

    def inner() -> str:
        return str(parallel({"innermost": lambda: "seen"}, seconds=5)["innermost"])

    found = parallel({f"{number}": outer for number in range(4)}, seconds=10)
    parallel.close()
    assert set(found.values()) == {"seen"}
