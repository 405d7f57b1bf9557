"""Mail through Amazon SES."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.aws.errors import ask
from bot.aws.session import Sessions
from bot.domain import Account
from bot.errors import UpstreamError
from bot.paging import OUTCOME_UNKNOWN
from bot.redact import clean

SUBJECT, TEXT, RECIPIENTS = 200, 100_000, 50
"""Characters of a subject and of a text, and how many people one mail may go to (SES's own limit)."""
KEY_HEADER = "X-Runbook-Bot-Key"
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_UNSURE = {
    "ReadTimeoutError",
    "ConnectionClosedError",
    "IncompleteReadError",
    "ResponseParserError",
    "ResponseStreamingError",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceError",
    "ServiceUnavailable",
    "500",
    "502",
    "503",
    "504",
}
"""Codes after which a mail may be on its way: the answer was lost, or AWS failed after it had taken the mail."""


class SesMailer:
    """Fills ``bot.paging.Mailer`` with SES v2. ``sender`` is an identity that is verified in the account it sends from.

    SES knows no idempotency key: the key only travels in the header X-Runbook-Bot-Key, where mail rules and people find
    it. A call is therefore never repeated by botocore; whoever repeats it may have the mail sent twice.
    """

    def __init__(self, sessions: Sessions, sender: str) -> None:
        self._sessions = sessions
        self._sender = sender

    def send(self, account: Account, to: Sequence[str], subject: str, text: str, *, key: str) -> None:
        """Send one mail of plain text in UTF-8 (SendEmail). Secrets are taken out of subject and text.

        Raises UpstreamError; its code is ``OUTCOME_UNKNOWN`` where the mail may have been sent all the same.
        """
        if not self._sender:
            raise UpstreamError("No mail can be sent: BOT_MAIL_FROM is not set.", code="NoSender")
        wrong = [each for each in to if not _ADDRESS.fullmatch(each)]
        if wrong or not to or len(to) > RECIPIENTS:
            said = (
                f"'{clean(wrong[0])[:60]}' is no mail address" if wrong else f"a mail has 1 to {RECIPIENTS} recipients"
            )
            raise UpstreamError(f"No mail was sent: {said}.", code="BadRecipient")
        client = self._sessions.client(account, "sesv2", repeat=False)
        message = {
            "Subject": {"Data": _one_line(subject) or "(no subject)", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": clean(text)[:TEXT] or " ", "Charset": "UTF-8"}},
            "Headers": [{"Name": KEY_HEADER, "Value": _printable(key)}],
        }
        try:
            ask(
                *(client, "send_email"),
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": list(to)},
                Content={"Simple": message},
            )
        except UpstreamError as error:
            if error.code not in _UNSURE:
                raise
            raise UpstreamError(error.message, hint=error.hint, retryable=True, code=OUTCOME_UNKNOWN) from error


def _one_line(text: str) -> str:
    """A line end in a subject would begin another header."""
    return " ".join(clean(text).split())[:SUBJECT]


def _printable(key: str) -> str:
    """A header of SES holds printable ASCII only."""
    return re.sub(r"[^!-~]", "_", key)[:500] or "-"
