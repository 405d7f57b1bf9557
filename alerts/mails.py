"""Mails that are owed: one row a mail, sent when its time has come, unless it is called off before.

SES takes no idempotency key. A mail whose sending was interrupted is sent once more, and so may arrive twice; it is
never sent a third time. What SES refused for certain may be tried for longer. What a mail says is written when its time
has come: it tells what was found meanwhile, and says the same in a second attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from bot.domain import Account
from bot.engine import Lease, Machine
from bot.errors import BotError, NotFoundError, UpstreamError
from bot.incident import Incident, headline_key
from bot.paging import OUTCOME_UNKNOWN, Mailer
from bot.ports import Clock, World
from bot.posts import address, post, posted
from bot.rows import NewRow, Received, Row, Signal, Step, Store
from bot.settings.models import BotConfig
from bot.views import mail as view

log = logging.getLogger("alerts.mails")

KIND = "mail"
OWED, SENDING, SENT, CALLED_OFF, GIVEN_UP = "owed", "sending", "sent", "called_off", "given_up"
OFF = "off"
TRIES = 2
"""How often a mail is sent at most while nobody knows whether the first one arrived."""
TRY_EVERY, TRY_FOR = 60.0, 6 * 3600.0
"""Seconds between attempts while SES does not take a mail for now, and for how long."""


def mail(
    incident_id: str,
    key: str,
    to: Sequence[str],
    due_at: float,
    channel: str,
    *,
    account: Account | None = None,
) -> NewRow:
    """A mail that is owed at ``due_at`` (seconds since the epoch), once for each ``key`` of an incident.

    ``account`` is where SES is asked, the bot's own when left out; ``channel`` is the incident's.
    """
    body = {
        "incident": incident_id,
        "mark": key,
        "to": list(to),
        "due_at": due_at,
        "channel": channel,
        "account": asdict(account) if account else {},
    }
    return NewRow(kind=KIND, key=_key(incident_id, key), state=OWED, body=body, due_at=due_at, group=incident_id)


def called_off(incident_id: str, key: str) -> NewRow:
    """Nobody need read that mail any more: it is not sent, unless it was before. The key is used up."""
    row_key = _key(incident_id, key)
    return NewRow(
        kind=KIND, key=row_key, state=CALLED_OFF, body={}, due_at=None, group=incident_id, else_signal=Signal(OFF)
    )


def _key(incident_id: str, key: str) -> str:
    return f"{incident_id}:{key}"


Write: TypeAlias = Callable[[str], tuple[str, str]]
"""Subject and text of a mail about an incident of that id."""


def writing(store: Store, world: World, settings: BotConfig) -> Write:
    """Mails that tell what is known of an incident at that moment. What is returned raises NotFoundError."""

    def write(incident_id: str) -> tuple[str, str]:
        row = store.get(incident_id)
        if row is None:
            raise NotFoundError("The incident it is about is no longer known.")
        incident = Incident.model_validate(row.body)
        target = world.catalog.target(incident.target) if incident.target else None
        response = settings.response(incident.severity, world.catalog.system(target.system) if target else None)
        thread = address(world.chat, posted(store, headline_key(incident_id)))
        return view.written(incident, target.label if target else "", response.label, thread)

    return write


class Mails(Machine):
    """The machine of mails; ``home`` is the bot's own account.

    Of a row's body ``unsure`` counts the attempts that may have sent it, ``failing_since`` is when SES began to refuse.
    """

    kind = KIND

    def __init__(self, clock: Clock, mailer: Mailer, home: Account, write: Write) -> None:
        self._clock = clock
        self._write = write
        self._mailer = mailer
        self._home = home

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Wait until it is due, then send it."""
        body, consumed = dict(row.body), tuple(signal.number for signal in signals)
        if row.state not in (OWED, SENDING):
            return Step(row.state, None, body, consumed=consumed)
        if any(signal.name == OFF for signal in signals):
            return Step(CALLED_OFF, None, body, consumed=consumed)
        if row.state == OWED:
            due = float(body["due_at"])
            if self._clock.now() < due:
                return Step(OWED, due, body, consumed=consumed)
            # Whatever died before the next state is saved has sent nothing.
            body["subject"], body["text"] = self._write(str(body["incident"]))
            return Step(SENDING, 0.0, body, consumed=consumed)
        return self._send(row, body, consumed, lease)

    def _send(self, row: Row, body: dict[str, Any], consumed: tuple[int, ...], lease: Lease) -> Step:
        # An attempt that left no trace died, perhaps after SES had taken the mail.
        body["unsure"] = int(body.get("unsure", 0)) + row.attempts - 1
        if body["unsure"] >= TRIES:
            return self._given_up(row, body, consumed, "Sending it was interrupted twice.")
        lease.before_effect()
        now = self._clock.now()
        account = Account(**body["account"]) if body["account"] else self._home
        to = [str(each) for each in body["to"]]
        try:
            self._mailer.send(account, to, str(body["subject"]), str(body["text"]), key=row.key)
        except UpstreamError as error:
            if not error.retryable:
                raise
            body["unsure"] += error.code == OUTCOME_UNKNOWN
            body["failing_since"] = float(body.get("failing_since") or now)
            if body["unsure"] >= TRIES or now - body["failing_since"] >= TRY_FOR:
                return self._given_up(row, body, consumed, str(error))
            log.warning("mail will be tried again", extra={"row": row.id, "error": error.message})
            return Step(SENDING, now + (error.retry_after or TRY_EVERY), body, consumed=consumed)
        return Step(SENT, None, body, consumed=consumed)

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """SES will not take it: the thread says so, since somebody has to be told in another way."""
        return self._given_up(row, dict(row.body), tuple(signal.number for signal in signals), str(error))

    @staticmethod
    def _given_up(row: Row, body: dict[str, Any], consumed: tuple[int, ...], error: str) -> Step:
        log.error("mail given up", extra={"row": row.id, "key": row.key, "error": error})
        incident = str(body["incident"])
        said = view.mail_failed(body["to"], str(body.get("subject", "")), error, perhaps_sent=bool(body.get("unsure")))
        key = f"inc:{incident}:mail:{body['mark']}"
        told = post(key, str(body["channel"]), said, thread_key=headline_key(incident))
        return Step(GIVEN_UP, None, body, consumed=consumed, new=(told,))
