"""The expected errors; everything else is a bug.

BotError            the message is written for the person in Slack
├── UsageError      typed wrong                    → the usage line, and the nearest right spelling
├── DeniedError     may not                        → who may
├── NotFoundError   no such service, tag, plan     → what exists
├── ConflictError   someone or something is ahead  → who, and a fresh plan
└── UpstreamError   AWS, Slack, PagerDuty said no  → which, and the permission or limit it named
ConfigError         for the operator: refuses to start, names file, line and key
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BotError(Exception):
    """Something a person in Slack is told in a sentence: what happened and what to do.

    The text is plain; it is escaped where it is shown.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(BotError):
    """The command was typed wrong; the hint carries the usage line or the nearest right spelling."""


class DeniedError(BotError):
    """The person may not do this; the hint says who may."""


class NotFoundError(BotError):
    """Something named does not exist; the hint lists what does."""


class ConflictError(BotError):
    """Someone or something is ahead; the hint says who or what to do next."""


class UpstreamError(BotError):
    """AWS, Slack or PagerDuty refused or could not be reached.

    ``retryable`` is true when the same call may succeed later (throttling, time-outs, 5xx), ``retry_after``
    is in seconds where the service named one, and ``code`` is the service's own error code.
    """

    def __init__(
        self, message: str, *, hint: str = "", retryable: bool = False, retry_after: float = 0.0, code: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.retry_after = retry_after
        self.code = code


@dataclass(frozen=True)
class Problem:
    """One thing wrong in the configuration, as ``file:line: key: message``; line 0 when there is none."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.message}"


class ConfigError(Exception):
    """The configuration is wrong; the operator is told every problem at once and the bot does not start."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
