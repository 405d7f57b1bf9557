"""Structured logs: one JSON line an event, redacted; the operation's or incident's id stands in ``row``."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from bot.redact import redact

_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}

_LIBRARIES = ("apscheduler", "botocore", "httpcore", "httpx", "slack_bolt", "slack_sdk", "urllib3", "uvicorn")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time (UTC), level, logger, message and extra fields."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _PLAIN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, default=str, ensure_ascii=False))


def configure(level: int = logging.INFO) -> None:
    """Send everything to standard error as JSON lines."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonLines())
    output.addFilter(_worth_a_line)
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Libraries speak up from warnings on: Bolt's information includes whole bodies of refused requests.

    Bolt also reads SLACK_BOT_TOKEN by itself and then warns that it was given a client and an authorization instead.
    """
    if not record.name.startswith(_LIBRARIES):
        return True
    return record.levelno >= logging.WARNING and "`token`" not in record.getMessage()
