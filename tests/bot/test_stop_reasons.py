from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud import ContainerExit, StoppedTask
from bot.stop_reasons import cause, explain, is_failure

ESSENTIAL = ("EssentialContainerExited", "Essential container in task exited")
FAILED_TO_START = "TaskFailedToStart"


def a_task(code: str, reason: str, *containers: tuple[int | None, str]) -> StoppedTask:
    exits = tuple(ContainerExit(f"c{index}", exit_code, text) for index, (exit_code, text) in enumerate(containers))
    return StoppedTask("t1", "api:7", "ecs-svc/1", code, reason, 0.0, exits)


PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): "
INIT = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "

CASES = [
    (a_task(*ESSENTIAL, (137, "OutOfMemoryError: Container killed due to memory usage")), "oom", "out of memory"),
    (a_task(*ESSENTIAL, (137, "")), "killed", "stop timeout"),
    (a_task(*ESSENTIAL, (139, "")), "crash", "segmentation fault"),
    (a_task(*ESSENTIAL, (143, "")), "terminated", "SIGTERM"),
    (a_task(*ESSENTIAL, (0, "")), "exited", "exit code 0"),
    (a_task(*ESSENTIAL, (1, "")), "crash", "exit code 1"),
    (a_task(*ESSENTIAL, (127, "")), "crash", "does not exist in the image"),
    (a_task(*ESSENTIAL, (0, ""), (3, "")), "crash", "c1"),
    (a_task(FAILED_TO_START, PULL + "failed to resolve ref api:9: api:9: not found"), "pull", "no such image or tag"),
    (a_task(FAILED_TO_START, PULL + "manifest unknown"), "pull", "no such image or tag"),
    (a_task(FAILED_TO_START, PULL + "no basic auth credentials"), "pull", "execution role"),
    (a_task(FAILED_TO_START, PULL + "unexpected status code 403 Forbidden"), "pull", "execution role"),
    (a_task(FAILED_TO_START, PULL + "dial tcp 10.0.0.1:443: i/o timeout"), "pull", "NAT"),
    (a_task(FAILED_TO_START, PULL + "write /var/lib: no space left on device"), "pull", "disk is full"),
    (a_task(FAILED_TO_START, PULL + "toomanyrequests: You have reached your pull rate limit"), "pull", "rate limit"),
    (
        a_task(FAILED_TO_START, PULL + "image Manifest does not contain descriptor matching platform 'linux/arm64'"),
        "arch",
        "CPU",
    ),
    (a_task(*ESSENTIAL, (1, "CannotStartContainerError: exec /app: exec format error")), "arch", "CPU"),
    (a_task(FAILED_TO_START, INIT + "AccessDeniedException: not authorized"), "secrets", "may not read"),
    (
        a_task(FAILED_TO_START, INIT + "retrieved secret from Secrets Manager did not contain json key jwt"),
        "secrets",
        "JSON key",
    ),
    (
        a_task(FAILED_TO_START, INIT + "ResourceNotFoundException: Secrets Manager can't find it"),
        "secrets",
        "does not exist",
    ),
    (a_task(FAILED_TO_START, INIT + "context deadline exceeded"), "secrets", "VPC endpoints"),
    (
        a_task(
            FAILED_TO_START,
            "ResourceInitializationError: failed to validate logger args: create stream: log group does not exist",
        ),
        "logs",
        "log",
    ),
    (
        a_task(FAILED_TO_START, "Timeout waiting for network interface provisioning to complete."),
        "start",
        "network interface",
    ),
    (a_task(FAILED_TO_START, "Capacity is unavailable at this time."), "start", "Capacity"),
    (
        a_task(
            "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:aws:tg/api/1)", (143, "")
        ),
        "unhealthy",
        "arn:aws:tg/api/1",
    ),
    (a_task("ServiceSchedulerInitiated", "Task failed container health checks", (137, "")), "unhealthy", "health"),
    (a_task("SpotInterruption", "Your Spot Task was interrupted.", (143, "")), "spot", "Spot"),
    (a_task("TerminationNotice", "", (143, "")), "host", "host"),
    (a_task("", ""), "unknown", "no reason"),
]


@pytest.mark.parametrize(("task", "word", "said"), CASES)
def test_a_failed_task_is_explained(task: StoppedTask, word: str, said: str) -> None:
    assert cause(task) == word
    assert said in explain(task)
    assert is_failure(task)


@pytest.mark.parametrize("exit_code", [0, 137, 143, None])
def test_a_task_that_scaling_stopped_is_normal_whatever_its_exit_code(exit_code: int | None) -> None:
    task = a_task(
        "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/123)", (exit_code, "")
    )
    assert cause(task) == "normal"
    assert not is_failure(task)


def test_a_task_that_a_person_stopped_is_no_failure_and_quotes_the_reason() -> None:
    task = a_task("UserInitiated", "Task stopped by user: drain", (143, ""))
    assert cause(task) == "stopped"
    assert not is_failure(task)
    assert "drain" in explain(task)


def test_memory_is_the_cause_even_when_scaling_stopped_the_task_afterwards() -> None:
    task = a_task(
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by (deployment ecs-svc/1)",
        (137, "OutOfMemoryError: x"),
    )
    assert cause(task) == "oom"


def test_a_sidecar_with_exit_code_zero_does_not_hide_the_container_that_failed() -> None:
    assert explain(a_task(*ESSENTIAL, (0, ""), (1, ""), (143, ""))).startswith("c1: ")


def test_a_very_long_reason_is_shortened() -> None:
    assert len(explain(a_task(FAILED_TO_START, PULL + "x" * 100_000))) < 600


TEXTS = st.text() | st.sampled_from(
    ["CannotPullContainerError: ", "ResourceInitializationError", "failed health check"]
)
EXITS = st.builds(ContainerExit, st.text(), st.none() | st.integers(), TEXTS)


@given(st.builds(StoppedTask, st.text(), st.text(), st.text(), TEXTS, TEXTS, st.floats(), st.lists(EXITS).map(tuple)))
def test_any_task_gets_a_sentence(task: StoppedTask) -> None:
    assert explain(task)
    assert cause(task)
