"""The errors CloudWatch Logs answers with, as moto's serializable exceptions."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException


class LogsError(ServiceException):
    """An error of the Logs API with its code and message."""


def invalid(message: str) -> LogsError:
    """InvalidParameterException."""
    return LogsError("InvalidParameterException", message)


def not_found(what: str = "log group") -> LogsError:
    """ResourceNotFoundException for a log group, a log stream or a query."""
    return LogsError("ResourceNotFoundException", f"The specified {what} does not exist.")


def throttled() -> LogsError:
    """ThrottlingException."""
    return LogsError("ThrottlingException", "Rate exceeded")


class MalformedQuery(ServiceException):
    """MalformedQueryException with the place in the query, counted in characters from 0."""

    code = "MalformedQueryException"

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        location: dict[str, Any] = {"startCharOffset": start, "endCharOffset": end}
        self.query_compile_error = {"location": location, "message": message}
