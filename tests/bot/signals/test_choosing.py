"""Which signals words mean, and where a percentile fits."""

from __future__ import annotations

import pytest

from bot.errors import UsageError
from bot.signals import ecs, functions, stores
from bot.signals.choosing import chosen, statistic_of, with_statistic
from tests.bot.signals.readings import a_service

JOBS = a_service(kind="lambda", cluster="", function="jobs", alias="live")
KNOWN = (*functions.signals(JOBS), *stores.queues(["work"]))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["errors"], ["errors"]),
        (["ERRORS", "error"], ["errors"]),
        (["duration", "invocations"], ["latency", "requests"]),
        (["queue"], ["depth", "age"]),
        (["sqs", "age"], ["depth", "age"]),
        ([], []),
    ],
)
def test_words_mean_signals_each_once_and_groups_mean_several(words: list[str], names: list[str]) -> None:
    assert [signal.name for signal in chosen(JOBS, words, KNOWN)] == names


def test_an_unknown_word_is_answered_with_the_nearest_and_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="has no signal “latencu”") as raised:
        chosen(JOBS, ["latencu"], KNOWN)
    assert raised.value.hint.startswith("Did you mean latency? It has requests, errors, latency")


def test_a_word_of_another_kind_of_service_is_not_guessed_at() -> None:
    with pytest.raises(UsageError, match="has no signal “memory”") as raised:
        chosen(JOBS, ["memory"], KNOWN)
    assert "Did you mean" not in raised.value.hint


def test_a_whole_page_that_was_pasted_is_cut() -> None:
    with pytest.raises(UsageError) as raised:
        chosen(JOBS, ["x" * 2000], KNOWN)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("word", "statistic"),
    [
        ("p99", "p99"),
        ("P99.9", "p99.9"),
        ("p100", "p100"),
        ("max", "Maximum"),
        ("avg", "Average"),
        ("p101", ""),
        ("p", ""),
        ("latency", ""),
        ("p99x", ""),
    ],
)
def test_statistics_are_words(word: str, statistic: str) -> None:
    assert statistic_of(word) == statistic


def test_a_percentile_takes_the_place_of_those_of_latency_and_leaves_counts_alone() -> None:
    requests, latency = chosen(JOBS, ["requests", "latency"], KNOWN)
    left, changed = with_statistic(JOBS, (requests, latency), "p99.9")
    assert left == requests
    assert [(line.label, line.statistic) for line in changed.lines] == [("p99.9", "p99.9")]


def test_a_statistic_that_a_signal_has_is_told_first() -> None:
    api = a_service()
    (cpu,) = with_statistic(api, chosen(api, ["cpu"], ecs.of_tasks(api)), "Maximum")
    assert [line.label for line in cpu.lines] == ["highest task", "average"]
    (cpu,) = with_statistic(api, chosen(api, ["cpu"], ecs.of_tasks(api)), "Average")
    assert [line.label for line in cpu.lines] == ["average", "highest task"]


def test_a_percentile_of_what_has_none_is_said() -> None:
    with pytest.raises(UsageError, match="None of these signals of bi/api production has a p99"):
        with_statistic(JOBS, chosen(JOBS, ["errors"], KNOWN), "p99")
