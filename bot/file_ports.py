"""The door for files in Slack, which ``bot.ports.Chat`` has too. Errors are as there."""

from __future__ import annotations

from typing import Protocol


class Files(Protocol):
    """Files in the threads of a channel."""

    def upload(
        self,
        channel: str,
        thread_ts: str,
        name: str,
        title: str,
        content: bytes,
        alt: str,
        comment: str = "",
        *,
        snippet_type: str = "",
    ) -> str:
        """Share a new file in a thread (in the channel itself when ``thread_ts`` is empty); the file's id.

        Without a channel it is shared with nobody: only an image block that names it shows it.

        ``alt`` says what a picture shows to those who do not see it. Slack shows the file some seconds later. When this
        raises the file may have been shared all the same: ``find_file`` knows, after those seconds.
        """
        ...

    def find_file(self, channel: str, thread_ts: str, name: str) -> str | None:
        """The id of the file of that name which was shared in a thread, or None."""
        ...
