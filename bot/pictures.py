"""Pictures of answers, for one pair of eyes.

A file cannot be whispered (https://github.com/slackapi/node-slack-sdk/issues/1790), but an image block may name one
that the bot uploaded and shared with nobody, some seconds after Slack took it. Where Slack shows no such block the
picture goes into the asker's conversation with the bot.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.command import Attachment
from bot.domain import Actor, as_json
from bot.engine import Lease, Machine
from bot.errors import BotError, UpstreamError
from bot.files import Maker, file
from bot.ports import Message, World
from bot.posts import whisper
from bot.rows import NewRow, Received, Row, Step

log = logging.getLogger("bot.pictures")

KIND = "picture"
OWED, TAKEN, SHOWN, SENT, GIVEN_UP = "owed", "taken", "shown", "sent", "given_up"
READY_SECONDS = 1.5
"""Between two looks whether Slack has made a file ready for a block."""
LOOKS = 5
NOT_READY = "invalid_blocks"


def picture(operation_id: str, actor: Actor, drawn: Attachment) -> NewRow:
    """A picture owed to whoever asked."""
    body = {"actor": as_json(actor), "picture": as_json(drawn), "operation": operation_id}
    return NewRow(kind=KIND, key=f"op:{operation_id}:picture", state=OWED, body=body, group=actor.user)


def owed_file(
    key: str, channel: str, attachment: Attachment, *, thread_key: str = "", asker: Actor | None = None
) -> NewRow:
    """The same as a file of a thread, or of a conversation; whoever asked for it hears when it cannot be had."""
    return file(
        *(key, channel, attachment.make, attachment.parameters),
        name=attachment.name,
        title=attachment.title,
        alt=attachment.alt,
        thread_key=thread_key,
        snippet_type="text" if attachment.name.endswith(".txt") else "",
        asker=asker,
    )


class Pictures(Machine):
    """The machine of pictures; ``makers`` are those of ``bot.files``."""

    kind = KIND
    is_urgent = True

    def __init__(self, world: World, makers: Mapping[str, Maker]) -> None:
        self._world = world
        self._makers = makers

    def advance(self, row: Row, signals: list[Received], lease: Lease) -> Step:
        """Draw and upload it, then show it as soon as Slack is ready."""
        drawn, actor = Attachment.model_validate(row.body["picture"]), Actor.model_validate(row.body["actor"])
        if row.state == OWED:
            content = self._makers[drawn.make](self._world, drawn.parameters)
            if content is None:
                return Step(SENT, None, dict(row.body))
            lease.before_effect()
            taken = self._world.chat.upload("", "", drawn.name, drawn.title, content, drawn.alt)
            return Step(TAKEN, self._world.clock.now() + READY_SECONDS, {**row.body, "file": taken, "looks": 0})
        if row.state != TAKEN:
            return Step(row.state, None, dict(row.body), consumed=tuple(signal.number for signal in signals))
        return self._show(row, actor, drawn, lease)

    def _show(self, row: Row, actor: Actor, drawn: Attachment, lease: Lease) -> Step:
        lease.before_effect()
        block = {"type": "image", "slack_file": {"id": row.body["file"]}, "alt_text": drawn.alt or drawn.title}
        message = Message(text=drawn.title, blocks=(block,))
        try:
            self._world.chat.whisper(actor.channel, actor.user, message, thread_ts=actor.thread_ts)
        except UpstreamError as error:
            if error.code != NOT_READY:
                raise
            looks = int(row.body["looks"]) + 1
            if looks < LOOKS:
                return Step(TAKEN, self._world.clock.now() + READY_SECONDS, {**row.body, "looks": looks})
            log.warning("Slack shows no uploaded picture in a whisper", extra={"row": row.id})
            return Step(SENT, None, dict(row.body), new=self._instead(row, actor, drawn))
        return Step(SHOWN, None, dict(row.body))

    @staticmethod
    def _instead(row: Row, actor: Actor, drawn: Attachment) -> tuple[NewRow, ...]:
        said = Message(text="The picture is in your conversation with me.")
        return (
            owed_file(f"{row.key}:file", actor.user, drawn),
            whisper(f"{row.key}:said", actor.channel, actor.user, said, thread_ts=actor.thread_ts),
        )

    def give_up(self, row: Row, signals: list[Received], error: BotError) -> Step:
        """The numbers stand in words beside it: one sentence is all."""
        actor = Actor.model_validate(row.body["actor"])
        said = Message(text=f"The picture could not be shown: {error}")
        told = whisper(f"{row.key}:said", actor.channel, actor.user, said, thread_ts=actor.thread_ts)
        return Step(GIVEN_UP, None, dict(row.body), new=(told,))
