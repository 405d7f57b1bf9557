"""files.*: the upload in three steps, and what can be asked of files."""

from __future__ import annotations

from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import MOST_DIGITS, Arguments
from sandbox.slack.blocks import check_blocks, with_block_ids
from sandbox.slack.channel import Channel
from sandbox.slack.errors import SlackError
from sandbox.slack.files import File, check_pictures
from sandbox.slack.message import Message
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Workspace

MOST_CHANNELS = 100
LONGEST_ALT_TEXT = 1_000
LARGEST_SNIPPET = 1_048_576
LOOKING_SECONDS = 1.0
"""How long Slack looks into a file that was uploaded before it knows what it is and shows it in image blocks."""


class Uploads:
    """``looking`` is how long Slack looks into what was uploaded, in seconds of the clock."""

    def __init__(self, workspace: Workspace, looking: float = LOOKING_SECONDS) -> None:
        self._workspace = workspace
        self._looking = looking

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "files.getUploadURLExternal": self._begin,
            "files.completeUploadExternal": self._complete,
            "files.info": self._info,
            "files.list": self._list,
            "files.delete": self._delete,
        }

    def _begin(self, arguments: Arguments) -> dict[str, Any]:
        name = arguments.required("filename")
        size = arguments.text("length")
        if not size.isdecimal() or len(size) > MOST_DIGITS or int(size) < 1:
            raise SlackError("invalid_arguments", ["must be more than 0 [json-pointer:/length]"])
        snippet_type = arguments.text("snippet_type")
        if snippet_type and int(size) > LARGEST_SNIPPET:
            raise SlackError("snippet_too_large")
        alt_txt = arguments.text("alt_txt")
        if len(alt_txt) > LONGEST_ALT_TEXT:
            raise SlackError("alt_txt_too_large")
        file = self._workspace.file(name, int(size), alt_txt, seed.BOT_USER, snippet_type)
        return {"file_id": file.id, "upload_url": f"{file.url}/files/upload/{file.id}"}

    def _complete(self, arguments: Arguments) -> dict[str, Any]:
        named = arguments.structure("files", "invalid_arguments")
        if not isinstance(named, list) or not named or not all(isinstance(one, dict) for one in named):
            raise SlackError("invalid_arguments", ["must provide an array [json-pointer:/files]"])
        channels = self._channels(arguments)
        files = [self._finished(one) for one in named]
        for channel in channels:
            self._share(channel, files, arguments)
        return {"files": [file.info() for file in files]}

    def _channels(self, arguments: Arguments) -> list[Channel]:
        names = [arguments.text("channel_id"), *arguments.text("channels").split(",")]
        ids = list(dict.fromkeys(name for name in names if name))
        if len(ids) > MOST_CHANNELS:
            raise SlackError("invalid_arguments", [f"no more than {MOST_CHANNELS} items allowed"])
        channels = [self._workspace.channel(name) for name in ids]
        for channel in channels:
            if channel.is_archived:
                raise SlackError("is_archived")
            if not channel.is_member:
                raise SlackError("not_in_channel")
        return channels

    def _finished(self, named: dict[str, Any]) -> File:
        file = self._workspace.files.get(str(named.get("id")))
        if file is None or file.content is None:
            raise SlackError("file_not_found")
        if file.is_complete:
            raise SlackError("file_update_failed")
        self._workspace.complete(file, str(named.get("title") or file.name), self._looking)
        return file

    def _share(self, channel: Channel, files: list[File], arguments: Arguments) -> None:
        thread_ts = arguments.text("thread_ts") or None
        if thread_ts is not None:
            parent = self._workspace.message(channel, thread_ts, "invalid_thread_ts")
            thread_ts = parent.thread_ts or parent.ts
        blocks = arguments.structure("blocks", "invalid_blocks_format")
        if blocks is not None:
            check_blocks(blocks)
            check_pictures(blocks, self._workspace.files)
        message = Message(
            ts=self._workspace.next_ts(channel),
            channel=channel.id,
            user=seed.BOT_USER,
            text=arguments.text("initial_comment"),
            blocks=with_block_ids(blocks or [], self._workspace.number),
            thread_ts=thread_ts,
            from_app=True,
        )
        self._workspace.share(message, files)

    def _file(self, arguments: Arguments) -> File:
        file = self._workspace.files.get(arguments.text("file"))
        if file is None or not file.is_complete or file.is_deleted:
            raise SlackError("file_not_found")
        return file

    def _info(self, arguments: Arguments) -> dict[str, Any]:
        return {"file": self._file(arguments).info()}

    def _list(self, arguments: Arguments) -> dict[str, Any]:
        """Newest first, by pages that are counted: https://docs.slack.dev/reference/methods/files.list"""
        channel, user = arguments.text("channel"), arguments.text("user")
        oldest, latest = _seconds(arguments, "ts_from", 0), _seconds(arguments, "ts_to", 10**12)
        found = [
            file
            for file in self._workspace.files.values()
            if file.is_complete
            and not file.is_deleted
            and oldest <= file.created <= latest
            and (not user or file.user == user)
            and (not channel or any(share["channel"] == channel for share in file.shares))
        ][::-1]
        count = arguments.number("count", 100, highest=1000)
        number = arguments.number("page", 1, highest=10**6)
        shown = found[count * (number - 1) : count * number]
        paging = {"count": count, "total": len(found), "page": number, "pages": -(-len(found) // count)}
        return {"files": [file.info() for file in shown], "paging": paging}

    def _delete(self, arguments: Arguments) -> dict[str, Any]:
        file = self._file(arguments)
        if file.user != seed.BOT_USER:
            raise SlackError("cant_delete_file")
        self._workspace.forget(file)
        return {}


def _seconds(arguments: Arguments, name: str, default: int) -> int:
    given = arguments.text(name).partition(".")[0]
    if given and (not given.isdecimal() or len(given) > MOST_DIGITS):
        raise SlackError("invalid_arguments", [f"must be a timestamp [json-pointer:/{name}]"])
    return int(given) if given else default
