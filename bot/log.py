"""Structured logs: one JSON line an event, redacted; the operation's or incident's id stands in ``row``."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from bot.redact import redact

_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


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
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    # Bolt reads SLACK_BOT_TOKEN by itself and then warns that it was given a client and an authorization instead.
    logging.getLogger("slack_bolt.App").addFilter(lambda record: "`token`" not in record.getMessage())
    for name in (
        "httpx",
        "httpx2",
        "httpcore",
        "uvicorn.error",
        "urllib3",
        "botocore",
        "apscheduler",
        "uvicorn.access",
        "slack_bolt.App",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
