"""The e-mails that were sent through the pretend SES, for the page."""

from __future__ import annotations

from email import message_from_string
from email.message import Message as Email
from typing import Any

from moto.ses.models import ses_backends

from sandbox.seed.account import ACCOUNT


def mails() -> list[dict[str, Any]]:
    """Oldest first in each region: id, region, source, to, subject and text."""
    return [
        {"id": sent.id, "region": region, "source": sent.source, **_letter(sent)}
        for region, backend in ses_backends[ACCOUNT].items()
        for sent in backend.sent_messages
        if hasattr(sent, "id")
    ]


def _letter(sent: Any) -> dict[str, Any]:
    if hasattr(sent, "raw_data"):
        parsed = message_from_string(sent.raw_data)
        to = sent.destinations or [parsed.get("To", "")]
        return {"to": list(dict.fromkeys(to)), "subject": str(parsed.get("Subject", "")), "text": _text(parsed)}
    named = sent.destinations
    to = [one for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for one in named.get(kind) or ()]
    if hasattr(sent, "template_data"):
        return {"to": to, "subject": f"Template {sent.template}", "text": str(sent.template_data)}
    return {"to": to, "subject": str(sent.subject), "text": str(sent.body)}


def _text(parsed: Email) -> str:
    """The plain text of a letter; of one that has none, its first part as it is."""
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), parts[0] if parts else parsed)
    content = plain.get_payload(decode=True)
    return content.decode(errors="replace") if isinstance(content, bytes) else str(content)
