"""Answers of the app: with the acknowledgement of a command, and later at a response URL."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.calls import Calls
from sandbox.slack import seed
from sandbox.slack.arguments import Arguments, arguments_of
from sandbox.slack.blocks import check_attachments, check_blocks, with_attachment_ids, with_block_ids
from sandbox.slack.errors import SlackError
from sandbox.slack.files import check_pictures
from sandbox.slack.interactions import Interactions, ResponseUrl
from sandbox.slack.message import Message
from sandbox.slack.workspace import Workspace


class Responses:
    """Turns what an app answers into messages."""

    def __init__(self, workspace: Workspace, interactions: Interactions, calls: Calls) -> None:
        self._workspace = workspace
        self._interactions = interactions
        self._calls = calls

    async def serve(self, request: Request) -> Response:
        """POST /response/<id>: Slack answers "ok", or why not with status 404 or 400."""
        arguments = Arguments({})
        try:
            arguments = await arguments_of(request)
            url = self._interactions.use_response_url(request.path_params["name"])
            self._answer(url, arguments)
        except SlackError as error:
            self._record(arguments, error.word)
            return JSONResponse(error.body(), 404 if error.word in ("used_url", "expired_url") else 400)
        self._record(arguments, "ok")
        return PlainTextResponse("ok")

    def _answer(self, url: ResponseUrl, arguments: Arguments) -> None:
        """Replace or delete the message that was pressed, or show a new one.

        What a command's URL showed is never replaced (https://github.com/slackapi/bolt-js/issues/2287).
        """
        channel, original = self._workspace.channels[url.channel], url.original
        if original is not None and channel.messages.get(original.ts) is not original:
            # Deleted since, so that only new messages can be made.
            original = None
        if arguments.flag("delete_original"):
            if original is None:
                raise SlackError("message_not_found")
            self._workspace.delete(original)
            return
        message = self.written(arguments, url.channel, url.user)
        if original is not None and arguments.flag("replace_original"):
            original.text, original.blocks, original.attachments = message.text, message.blocks, message.attachments
            if original.only_for is None:
                self._workspace.edit(original, seed.BOT_USER)
            else:
                self._workspace.changed(original)
            return
        self._workspace.add(channel, message)

    def written(self, arguments: Arguments, channel_id: str, user: str) -> Message:
        """The message of an answer: ephemeral unless ``response_type`` is in_channel.

        Wherever was pressed, it comes into the channel itself unless it says ``thread_ts``
        (https://github.com/slackapi/node-slack-sdk/issues/674), which Slack documents of answers in_channel alone.

        Raises SlackError no_text or what is wrong with its blocks.
        """
        blocks = arguments.structure("blocks", "invalid_blocks_format")
        attachments = arguments.structure("attachments", "invalid_attachments")
        if blocks is not None:
            check_blocks(blocks)
            check_pictures(blocks, self._workspace.files)
        if attachments is not None:
            check_attachments(attachments)
        if not (arguments.text("text") or blocks or attachments):
            raise SlackError("no_text")
        channel = self._workspace.channels[channel_id]
        ephemeral = arguments.text("response_type") != "in_channel"
        return Message(
            ts=self._workspace.next_ts(channel),
            channel=channel_id,
            user=seed.BOT_USER,
            text=arguments.text("text"),
            blocks=with_block_ids(blocks or [], self._workspace.number),
            attachments=with_attachment_ids(attachments or [], self._workspace.number),
            thread_ts=None if ephemeral else arguments.text("thread_ts") or None,
            only_for=user if ephemeral else None,
            from_app=True,
        )

    def _record(self, arguments: Arguments, status: str) -> None:
        self._calls.record("slack", "response_url", arguments.shown(), status, self._workspace.clock.now())


def answer_of(acknowledged: Any) -> Arguments | None:
    """The message in an acknowledgement of a command, if there is one."""
    if isinstance(acknowledged, dict) and any(acknowledged.get(name) for name in ("text", "blocks", "attachments")):
        return Arguments(acknowledged)
    return None
