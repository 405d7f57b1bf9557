"""chat.*: what the bot says."""

from __future__ import annotations

from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import check_attachments, check_blocks, with_attachment_ids, with_block_ids
from sandbox.slack.channel import Channel
from sandbox.slack.errors import SlackError
from sandbox.slack.files import check_pictures
from sandbox.slack.message import Message
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Workspace

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
LONGEST_MARKDOWN = 12_000


class Chat:
    """The family of chat methods; ``url`` begins the addresses of messages."""

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._workspace = workspace
        self._url = url

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.getPermalink": self._permalink,
        }

    def _channel(self, arguments: Arguments) -> Channel:
        name = arguments.required("channel", "channel_not_found")
        if name in self._workspace.users:
            return self._workspace.direct(name)
        return self._workspace.channel(name)

    def _writable(self, arguments: Arguments) -> Channel:
        channel = self._channel(arguments)
        if channel.is_archived:
            raise SlackError("is_archived")
        if not channel.is_member:
            raise SlackError("channel_not_found" if channel.is_private else "not_in_channel")
        return channel

    def _written(self, arguments: Arguments, channel: Channel, only_for: str | None = None) -> Message:
        """A message of the bot's out of the arguments. Raises SlackError for what Slack refuses."""
        blocks, attachments = self._parts(arguments)
        text = _text(arguments)
        if not (text or blocks or attachments):
            raise SlackError("no_text")
        thread_ts = arguments.text("thread_ts") or None
        if thread_ts is not None:
            parent = channel.messages.get(thread_ts)
            if parent is None or parent.only_for is not None:
                raise SlackError("thread_not_found" if only_for is None else "invalid_thread_ts")
            thread_ts = parent.thread_ts or parent.ts
        broadcast = thread_ts is not None and arguments.flag("reply_broadcast")
        return Message(
            ts=self._workspace.next_ts(channel),
            channel=channel.id,
            user=seed.BOT_USER,
            text=text[:LONGEST_TEXT],
            blocks=with_block_ids(blocks or [], self._workspace.number),
            attachments=with_attachment_ids(attachments or [], self._workspace.number),
            thread_ts=thread_ts,
            subtype="thread_broadcast" if broadcast else None,
            metadata=_metadata(arguments),
            only_for=only_for,
            from_app=True,
            username=arguments.text("username") or None,
            link_names=arguments.flag("link_names") or arguments.text("parse") == "full",
        )

    def _parts(self, arguments: Arguments) -> tuple[list[Any] | None, list[Any] | None]:
        """Blocks and attachments, checked; None where not given."""
        blocks = arguments.structure("blocks", "invalid_blocks_format")
        attachments = arguments.structure("attachments", "invalid_attachments")
        if blocks is not None:
            check_blocks(blocks)
            check_pictures(blocks, self._workspace.files)
        if attachments is not None:
            check_attachments(attachments)
            check_pictures(attachments, self._workspace.files, "/attachments")
        return blocks, attachments

    def _post(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._writable(arguments)
        message = self._workspace.add(channel, self._written(arguments, channel))
        return {"channel": channel.id, "ts": message.ts, "message": message.api(metadata=True)}

    def _post_ephemeral(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._writable(arguments)
        user = arguments.required("user", "user_not_found")
        if user not in channel.members:
            raise SlackError("user_not_in_channel" if user in self._workspace.users else "user_not_found")
        message = self._workspace.add(channel, self._written(arguments, channel, only_for=user))
        return {"message_ts": message.ts}

    def _own(self, arguments: Arguments, word: str) -> Message:
        channel = self._channel(arguments)
        message = self._workspace.message(channel, arguments.required("ts", "message_not_found"))
        if message.subtype == "tombstone":
            raise SlackError("message_not_found")
        if not message.from_app:
            raise SlackError(word)
        return message

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        given = _text(arguments)
        if len(arguments.text("text")) > LONGEST_UPDATE:
            raise SlackError("msg_too_long")
        blocks, attachments = self._parts(arguments)
        if not any(arguments.has(name) for name in ("text", "markdown_text", "blocks", "attachments")):
            raise SlackError("no_text")
        message = self._own(arguments, "cant_update_message")
        # A text that comes without blocks takes their place: https://docs.slack.dev/reference/methods/chat.update
        shown = blocks if blocks is not None else [] if given else message.blocks
        kept = message.attachments if attachments is None else attachments
        metadata = message.metadata if arguments.given.get("metadata") is None else _metadata(arguments)
        text = given if given or arguments.has("text") else message.text
        if not (text or shown or kept):
            raise SlackError("no_text")
        message.text = text
        message.attachments = with_attachment_ids(kept, self._workspace.number)
        message.blocks = with_block_ids(shown, self._workspace.number)
        message.metadata = metadata
        if arguments.flag("reply_broadcast") and message.thread_ts:
            message.subtype = "thread_broadcast"
        self._workspace.edit(message, seed.BOT_USER)
        return {"channel": message.channel, "ts": message.ts, "text": text, "message": message.api(metadata=True)}

    def _delete(self, arguments: Arguments) -> dict[str, Any]:
        message = self._own(arguments, "cant_delete_message")
        self._workspace.delete(message)
        return {"channel": message.channel, "ts": message.ts}

    def _permalink(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._channel(arguments)
        message = self._workspace.message(channel, arguments.required("message_ts", "message_not_found"))
        return {"channel": channel.id, "permalink": permalink(self._url, message)}


def permalink(url: str, message: Message) -> str:
    """Where a message is on the page, in the shape of Slack's addresses."""
    link = f"{url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
    return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else link


def _text(arguments: Arguments) -> str:
    """``text`` or, alone, ``markdown_text``. Raises SlackError markdown_text_conflict or msg_too_long."""
    markdown = arguments.text("markdown_text")
    if not markdown:
        return arguments.text("text")
    if arguments.text("text") or arguments.given.get("blocks"):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > LONGEST_MARKDOWN:
        raise SlackError("msg_too_long")
    return markdown


def _metadata(arguments: Arguments) -> dict[str, Any] | None:
    """Raises SlackError as Slack does for metadata of another shape."""
    metadata = arguments.structure("metadata", "invalid_metadata_format")
    if metadata is None or metadata == {}:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}
