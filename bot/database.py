"""PostgreSQL, read only: one connection, one transaction, one statement."""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

from bot.domain import Account
from bot.errors import NotFoundError, UpstreamError
from bot.reach_ports import Cell, Credentials, Question, Rows
from bot.redact import clean
from bot.within import within

PORT = 5432
LONGEST_CELL = 200
"""Characters kept of one value."""
MOST_COLUMNS = 50
_LONGEST_RAW = 4_000
_AS_TEXT = ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "json", "jsonb")
"""Types whose values Python may be unable to hold (infinity, 25:00), and that are only shown."""
_MODES = {"prefer": "prefer", "require": "require", "verify": "verify-full"}

_BEGIN = "BEGIN TRANSACTION READ ONLY"
# SET LOCAL in a form that takes values. Settings of the session are left alone: behind PgBouncer another client would
# inherit them, and in the start-up packet (``options``) PgBouncer and RDS Proxy refuse them. This SELECT is also what
# makes the transaction's mode final: after the first query PostgreSQL refuses SET TRANSACTION READ WRITE.
# https://www.postgresql.org/docs/current/sql-set-transaction.html
_LIMITS = (
    "SELECT set_config('statement_timeout', %(all)s, true), set_config('lock_timeout', %(lock)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(idle)s, true)"
)

_TOO_MANY = "53300"
_SEVERAL = "cannot insert multiple commands into a prepared statement"
_FAILED = re.compile(r".*?failed: (?:FATAL: +)?", re.DOTALL)
_NO_CODE = (
    (re.compile(r"too many clients|connection slots|too many connections|max_client_conn"), _TOO_MANY),
    (re.compile(r"password authentication failed|no password supplied"), "28P01"),
    (re.compile(r"no pg_hba\.conf entry|role .* does not exist|not permitted to log in"), "28000"),
    (re.compile(r"database .* does not exist"), "3D000"),
    (re.compile(r"is starting up|is shutting down|in recovery mode"), "57P03"),
)
"""What a refused connection says in words: libpq keeps no SQLSTATE of it."""
GRACE_SECONDS = 0.5
"""How long the server, which stops a query in time itself, is given to say so."""


class PostgresDatabases:
    """Fills ``bot.reach_ports.Databases``.

    ``credentials`` looks a secret up by account and name; ``ca_file`` is a PEM file of the authorities that
    ``encryption="verify"`` trusts, the system's when there is none.
    """

    def __init__(self, credentials: Callable[[Account, str], Credentials], ca_file: Path | None = None) -> None:
        self._credentials = credentials
        self._ca_file = ca_file

    def ask(self, account: Account, question: Question) -> Rows:
        """The answer to one statement; whatever hangs, Secrets Manager included, is left after ``seconds``.

        Raises NotFoundError when the secret is not there or names no host, and UpstreamError as the port says.
        """
        asking = _Asking(question, lambda: self._login(account, question), self._tls(question))
        try:
            return within(question.seconds + GRACE_SECONDS, asking.run, late=asking.abandon)
        except TimeoutError:
            text = f"{asking.server} gave no answer within {question.seconds:g} s."
            raise UpstreamError(text, retryable=True) from None

    def _login(self, account: Account, question: Question) -> Credentials:
        known = self._credentials(account, question.secret)
        host, port = known.host, known.port or PORT
        if question.address:
            host, _, given = question.address.partition(":")
            port = int(given or PORT)
        for name, value in (("host", host), ("username", known.user), ("password", known.password)):
            if not value:
                hint = "give the step an address" if name == "host" else "RDS writes host, port, username, password"
                raise NotFoundError(f"The secret {question.secret} names no {name}; {hint}.")
        database = question.database or known.database or known.user
        return Credentials(known.secret, known.password, known.user, host, port, database)

    def _tls(self, question: Question) -> dict[str, str]:
        tls = {"sslmode": _MODES[question.encryption]}
        if question.encryption == "verify":
            tls["sslrootcert"] = str(self._ca_file) if self._ca_file else "system"
        return tls


class _Asking:
    """One question on its way; ``server`` is what an answer is waited for from."""

    def __init__(self, question: Question, login: Callable[[], Credentials], tls: dict[str, str]) -> None:
        self._find_login = login
        self._login = Credentials(question.secret)
        self._question = question
        self._tls: dict[str, Any] = tls
        self._socket: socket.socket | None = None
        self._place = ""
        self.server = f"The secret {question.secret}"

    def run(self) -> Rows:
        deadline = time.monotonic() + self._question.seconds
        self._login = login = self._find_login()
        self._place = f"{login.database} on {login.host}:{login.port}"
        self.server = f"PostgreSQL at {login.host}:{login.port}"
        with self._in_words():
            connection = self._connect()
            try:
                return self._answer(connection, deadline)
            finally:
                # No rollback: with the connection goes its transaction, and a server that hangs is not waited for.
                connection.close()
                if self._socket is not None:
                    self._socket.close()

    def abandon(self) -> None:
        """End the connection from another thread: a server that was stopped keeps it open without a word."""
        with suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        login = self._login
        connection = psycopg.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            dbname=login.database,
            # Whole seconds, and libpq takes none below two.
            connect_timeout=max(2, math.ceil(self._question.seconds)),
            application_name="runbook-bot",
            client_encoding="utf8",
            gssencmode="disable",
            autocommit=True,
            **self._tls,
        )
        self._socket = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        return connection

    def _answer(self, connection: psycopg.Connection[tuple[Any, ...]], deadline: float) -> Rows:
        for name in _AS_TEXT:
            connection.adapters.register_loader(name, TextLoader)
        connection.execute(_BEGIN)
        left = max(100, round((deadline - time.monotonic()) * 1000))
        # The lock's limit is the shorter: else the statement's would always come first and hide what was waited for.
        limits = {"all": f"{left}ms", "lock": f"{left * 2 // 3}ms", "idle": f"{left + 1000}ms"}
        connection.execute(_LIMITS, limits)
        cursor = connection.cursor()
        found: list[tuple[Cell, ...]] = []
        more = False
        # stream() always speaks the extended protocol, in which a second statement behind a semicolon is refused, and
        # reads row by row, so that a million rows are never held.
        rows = cursor.stream(self._question.query)
        for row in rows:
            if len(found) == self._question.limit:
                more = True
                break
            found.append(tuple(_cell(value) for value in row[:MOST_COLUMNS]))
        columns = tuple(column.name for column in cursor.description or ())[:MOST_COLUMNS]
        # Before the stream ends: it would open a second connection to cancel what is still being sent.
        connection.close()
        return Rows(columns, tuple(found), more, self._place)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._worded(error) from None
        except (UnicodeError, ValueError) as error:
            text = f"The answer of {self._place} cannot be read ({type(error).__name__})."
            raise UpstreamError(text) from None

    def _worded(self, error: psycopg.Error) -> UpstreamError:
        said = self._without_password(_first_line(str(error)))
        code = error.sqlstate or next((code for words, code in _NO_CODE if words.search(str(error))), "")
        login, where = self._login, self.server
        seconds = f"{self._question.seconds:g} s"
        if _SEVERAL in said:
            return UpstreamError(f"{self._place}: only a single statement is sent, without a second one.", code=code)
        texts = {
            "25006": f"{self._place}: the query would change something, and I only ask in read-only transactions.",
            "57014": f"{self._place}: the query was stopped after {seconds} (statement_timeout).",
            "55P03": f"{self._place}: the query waited longer than {seconds} for a lock.",
            _TOO_MANY: f"{where} takes no more connections: {said}",
            "28P01": f"{where} refuses the password of {login.user} that the secret {login.secret} holds.",
        }
        if code in texts:
            return UpstreamError(texts[code], code=code, retryable=code not in ("25006", "28P01"))
        if error.sqlstate is None and code == "":
            return UpstreamError(f"{where} cannot be reached: {said}", retryable=True)
        hint = getattr(error.diag, "message_hint", None)
        hint = f" {self._without_password(_first_line(hint))}" if hint else ""
        return UpstreamError(f"{self._place}: {said} ({code}){hint}", code=code, retryable=code == "57P03")

    def _without_password(self, text: str) -> str:
        return clean(text.replace(self._login.password, "[redacted]"))[:300]


def _first_line(text: str) -> str:
    """Of a message the part that says something: libpq puts the address before it and a position after it."""
    lines = [line for line in text.strip().splitlines() if line.strip() and not line.startswith("Multiple connection")]
    return _FAILED.sub("", lines[0]).strip() if lines else "no reason given"


def _cell(value: Any) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        number = _number(value)
        return str(value)[:LONGEST_CELL] if number is None else number
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return " ".join(clean(str(value)[:_LONGEST_RAW]).split())[:LONGEST_CELL]


def _number(value: float | Decimal) -> float | None:
    """A number that JSON knows too; None for infinity, NaN and those that are too large."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
