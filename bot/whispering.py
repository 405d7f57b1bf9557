"""How a message reaches one person alone: through a response_url, or as a whisper in the channel or thread."""

from __future__ import annotations

from functools import partial

from bot.errors import UpstreamError
from bot.ports import Chat, Message


def tell(chat: Chat, channel: str, user: str, message: Message, *, response_url: str, thread_ts: str) -> None:
    """Show it to one person; what one way does not take goes the other.

    What is told through a response_url comes into the channel itself, wherever the button was
    (https://github.com/slackapi/node-slack-sdk/issues/674), and a whisper only where the bot is a member.
    """
    whisper = partial(chat.whisper, channel, user, message, thread_ts=thread_ts)
    if not response_url:
        whisper()
        return
    respond = partial(chat.respond, response_url, message)
    first, second = (whisper, respond) if thread_ts else (respond, whisper)
    try:
        first()
    except UpstreamError as error:
        if error.retryable:
            raise
        second()
