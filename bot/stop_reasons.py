"""Why an ECS task stopped, in words.

ECS says it in three places: the stop code, the task's reason, and each container's exit code and reason. None is
enough alone: 137 is out of memory only when the container's reason says so, and a task that scaling stopped ends
with 143 or 137 and nothing is wrong.
"""

from __future__ import annotations

import re

from bot.cloud import ContainerExit, StoppedTask

# Cause → its sentence. The causes are the machine words that ``cause`` returns.
_WORDS = {
    "oom": "ran out of memory: a container used more than its limit and was killed",
    "arch": "wrong CPU architecture: the image was not built for the platform the task runs on",
    "pull": "the image could not be pulled",
    "secrets": "secrets or registry credentials could not be read when the task started",
    "logs": "the log driver could not start",
    "start": "the task could not be started",
    "unhealthy": "the health check kept failing",
    "killed": "killed by SIGKILL",
    "crash": "the application ended with an error",
    "exited": "the application ended by itself with exit code 0, though a service is expected to keep running",
    "terminated": "stopped by SIGTERM that did not come from scaling or a deployment",
    "spot": "AWS took the Spot capacity back",
    "host": "the host went away or is being maintained",
    "stopped": "stopped by a person or a program through the API",
    "normal": "stopped by scaling or a deployment, as it should be",
    "unknown": "ECS gave no reason",
}
_EXPECTED = frozenset({"normal", "stopped"})

# First match wins, over everything ECS wrote about the task.
_REASONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (cause, re.compile(pattern, re.IGNORECASE))
    for cause, pattern in (
        ("oom", r"OutOfMemory|out of memory|memory usage"),
        (
            "arch",
            r"exec format error|no matching manifest|descriptor matching platform|does not match the .{0,40}platform",
        ),
        ("pull", r"CannotPull|CannotPullImageManifest"),
        (
            "logs",
            r"failed to validate logger args|log group does not exist|CannotStartLogging|failed to create .{0,20}log",
        ),
        ("secrets", r"unable to pull secrets|unable to retrieve secret|ResourceInitializationError.{0,80}(secret|ssm)"),
        (
            "start",
            r"ResourceInitializationError|CannotStart|CannotCreate|CannotInspect|network interface|EFS|Capacity is",
        ),
        ("unhealthy", r"failed .{0,20}health checks?"),
        ("normal", r"Scaling activity initiated by|deployment replaced|Service scheduler initiated"),
        ("spot", r"Spot .{0,20}interrupt"),
        ("host", r"maintenance|host ec2|instance .{0,60}terminated"),
    )
)

_BY_CODE = {
    "ServiceSchedulerInitiated": "normal",
    "UserInitiated": "stopped",
    "SpotInterruption": "spot",
    "TerminationNotice": "host",
    "TaskFailedToStart": "start",
}

_PULLS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"toomanyrequests|rate limit", "the registry's rate limit was reached"),
        (
            r"no basic auth|403|denied|unauthorized",
            "the registry refused: check the execution role and the repository's policy",
        ),
        (r"not found|manifest unknown|does not exist", "no such image or tag in the registry"),
        (
            r"i/o timeout|timeout|deadline|no route|connection refused|dial tcp",
            "the registry was not reachable: check NAT or VPC endpoints",
        ),
        (r"no space left", "the disk is full: the image is larger than the task's storage"),
    )
)

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"json key|did not contain", "the secret lacks the JSON key the task definition asks for"),
        (r"AccessDenied|not authorized", "the execution role may not read it"),
        (r"ResourceNotFound|can't find|ParameterNotFound|invalid parameters", "the secret or parameter does not exist"),
        (r"timeout|timed out|deadline|connection", "the service was not reachable: check NAT or VPC endpoints"),
    )
)

_EXITS = {
    126: "the command is not executable",
    127: "the command does not exist in the image",
    132: "illegal instruction (SIGILL), often an image for another CPU",
    134: "the process aborted itself (SIGABRT)",
    135: "bus error (SIGBUS)",
    136: "arithmetic error (SIGFPE)",
    139: "segmentation fault (SIGSEGV)",
}
# SIGKILL comes 30 s after SIGTERM by default; the kernel's own memory killer is reported for the main process only.
_KILLED = (
    "exit code 137 without an out-of-memory report: it did not stop within its stop timeout, "
    "or a child process ran out of memory"
)
_DETAIL = 300


def cause(task: StoppedTask) -> str:
    """One machine word for why a task stopped.

    One of oom, arch, pull, secrets, logs, start, unhealthy, killed, crash, exited, terminated, spot, host, stopped,
    normal, unknown. What ECS wrote goes before exit codes, since a scaled-in task may well end with 137.
    """
    text = _text(task)
    for word, pattern in _REASONS:
        if pattern.search(text):
            return word
    if task.stop_code in _BY_CODE:
        return _BY_CODE[task.stop_code]
    worst = _worst(task)
    code = worst.exit_code if worst else None
    if code is None:
        return "unknown"
    return {0: "exited", 137: "killed", 143: "terminated"}.get(code, "crash")


def is_failure(task: StoppedTask) -> bool:
    """False for what is meant to happen: scaling in, a deployment replacing tasks, a person stopping one."""
    return cause(task) not in _EXPECTED


def explain(task: StoppedTask) -> str:
    """Why a task stopped, as one sentence without a full stop; plain text, not redacted.

    Names the container where there are several, says what to check where the reason tells, and quotes ECS itself
    where it tells more than the words do.
    """
    word = cause(task)
    words = _WORDS[word]
    worst = _worst(task)
    several = len(task.containers) > 1 and word in ("oom", "killed", "crash", "exited", "terminated")
    name = f"{worst.name}: " if worst and worst.name and several else ""
    detail = _detail(word, task, worst)
    return f"{name}{words}{f' ({detail})' if detail else ''}"


def _detail(word: str, task: StoppedTask, worst: ContainerExit | None) -> str:
    text = _text(task)
    code = worst.exit_code if worst else None
    if word == "oom":
        return f"exit code {code}" if code is not None else ""
    if word == "crash" and code is not None:
        return f"exit code {code}" + (f": {_EXITS[code]}" if code in _EXITS else "")
    if word == "killed":
        return _KILLED
    if word == "terminated":
        return "exit code 143"
    if word in ("normal", "exited"):
        return ""
    known = {"pull": _PULLS, "secrets": _SECRETS}.get(word, ())
    advice = next((words for pattern, words in known if pattern.search(text)), "")
    quoted = _shortened(next((part for part in _parts(task) if part), ""))
    return "; ".join(part for part in (advice, quoted) if part)


def _worst(task: StoppedTask) -> ContainerExit | None:
    """The container that tells most: one with a reason, then one that failed, then any that ended."""

    def rank(container: ContainerExit) -> tuple[bool, bool, bool]:
        code = container.exit_code
        return (bool(container.reason), code not in (None, 0, 143), code is not None)

    return max(task.containers, key=rank, default=None)


def _parts(task: StoppedTask) -> list[str]:
    generic = re.fullmatch(r"(?i)essential container in task exited\.?|", task.reason.strip())
    reasons = [container.reason for container in task.containers]
    return [*reasons, "" if generic else task.reason]


def _text(task: StoppedTask) -> str:
    return " ".join(_parts(task))[:20_000]


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _DETAIL else flat[: _DETAIL - 1] + "…"
