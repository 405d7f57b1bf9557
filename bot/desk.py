"""Takes in what people do in Slack, and hands it to the road or to the incidents; nothing here waits for anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.front import PREFIX as INCIDENT_PREFIX
from alerts.front import Front
from alerts.mentions import helped, unpunctuated, without_mention
from alerts.shortcuts import Shortcuts, thread_of
from bot.answers import Answers
from bot.domain import Actor
from bot.engine import Engine
from bot.errors import BotError
from bot.flow import UMBRELLA, Flow
from bot.home import opened
from bot.ports import Message
from bot.posts import whisper
from bot.prompts import asks
from bot.submissions import Submissions
from bot.views import incident_asks
from bot.views.answer import PREFIX as ANSWER_PREFIX
from bot.views.home import OPENS_FORM
from bot.views.incident import REMEDY
from bot.views.operation import sentence


class Desk:
    """Takes in what people do, and hands it to the road or to the incidents."""

    def __init__(
        self, engine: Engine, flow: Flow, submissions: Submissions, front: Front, answers: Answers, shortcuts: Shortcuts
    ) -> None:
        self._engine = engine
        self._shortcuts = shortcuts
        self._answers = answers
        self._flow = flow
        self._submissions = submissions
        self._front = front
        self.view_acted = submissions.act
        self.view_closed = submissions.close
        self.marked = front.marked
        self.changed = front.changed

    def receive(
        self, slash: str, text: str, actor: Actor, *, response_url: str = "", key: str = "", trigger_id: str = ""
    ) -> Message | None:
        """A slash command was typed."""
        return self._flow.receive(slash, text, actor, response_url=response_url, key=key, trigger_id=trigger_id)

    def press(
        self,
        action_id: str,
        value: str,
        actor: Actor,
        *,
        key: str,
        response_url: str = "",
        trigger_id: str = "",
        ts: str = "",
        thread_ts: str = "",
    ) -> None:
        """A button was pressed; what cannot be done is whispered, and what is asked is told, where the button is."""
        said: Message | None = None
        actor, _ = self._there(actor, thread_ts)
        if asks(action_id):
            said = self._submissions.prompt(
                action_id, value, actor, trigger_id=trigger_id, response_url=response_url, key=key
            )
        elif action_id.startswith(ANSWER_PREFIX):
            said = self._answers.press(action_id, value, actor, key=key, response_url=response_url)
        elif action_id.startswith("operation:"):
            said = self._flow.press(action_id, value, actor, key=key)
        elif action_id.startswith(INCIDENT_PREFIX):
            said = self._front.press(action_id, value, actor, key=key, response_url=response_url, trigger_id=trigger_id)
        elif action_id.startswith(OPENS_FORM):
            said = self._flow.fill_in(value, actor, response_url=response_url, key=key, trigger_id=trigger_id)
        elif action_id.startswith(REMEDY):
            self._front.remedied(value, actor, thread_ts=thread_ts or ts, key=key)
            said = self._flow.receive(
                *(UMBRELLA, value, actor), response_url=response_url, key=key, trigger_id=trigger_id, asks=True
            )
        if said is not None:
            new = whisper(
                *(f"press:{key}", actor.channel, actor.user, said), response_url=response_url, thread_ts=thread_ts
            )
            self._engine.add(new, safe=False)

    def picked(
        self, shortcut: str, message: Mapping[str, Any], actor: Actor, *, key: str, response_url: str = ""
    ) -> None:
        """A shortcut was picked in a message's menu; what cannot be done is whispered."""
        said = self._shortcuts.picked(shortcut, message, actor, key=key, response_url=response_url)
        if said is not None:
            new = whisper(
                *(f"shortcut:{key}", actor.channel, actor.user, said),
                response_url=response_url,
                thread_ts=thread_of(message),
            )
            self._engine.add(new, safe=False)

    def view_submitted(self, shown: Mapping[str, Any], actor: Actor) -> dict[str, str] | None:
        """A modal was submitted."""
        if shown.get("callback_id") == incident_asks.CALLBACK:
            return self._front.submitted(shown, actor)
        return self._submissions.submit(shown, actor)

    def home_opened(self, user: str, *, seen: str, key: str) -> None:
        """Somebody looks at the home tab."""
        self._engine.add(opened(user, self._engine.now(), seen=seen, key=key), safe=False)

    def mentioned(self, text: str, bot: str, actor: Actor, *, thread_ts: str, key: str, at: float = 0.0) -> None:
        """The bot was mentioned: about an incident in whose thread that was, or with a command."""
        words = without_mention(text, bot)
        try:
            about_incident, said = self._front.mentioned(words, actor, thread_ts=thread_ts, key=key, at=at)
            if not about_incident:
                words = unpunctuated(words)
                there, near = self._there(actor, thread_ts)
                if near and not self._flow.knows(words):
                    said = helped(words, self._flow.names)
                else:
                    said = self._flow.receive(UMBRELLA, words, there, key=f"mention:{key}", near=near)
        except BotError as error:
            said = sentence(error.message, error.hint)
        if said is not None:
            told = whisper(f"mention:{key}", actor.channel, actor.user, said, thread_ts=thread_ts)
            self._engine.add(told, safe=False)

    def _there(self, actor: Actor, thread_ts: str) -> tuple[Actor, str]:
        """Somebody in a thread: whoever asks there is told there; and the key of the service that it is about."""
        near, about = self._front.talk_of(actor.channel, thread_ts)
        return actor.model_copy(update={"thread_ts": thread_ts, "about": about}), near
