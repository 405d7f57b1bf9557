"""What people do to messages, as /client/* takes it; the list of everything is in ``client``."""

from __future__ import annotations

from typing import Any

from sandbox.slack.client_answers import Act, Body, text
from sandbox.slack.errors import SlackError
from sandbox.slack.events import Events
from sandbox.slack.installation import Installation
from sandbox.slack.marking import Marking
from sandbox.slack.modals import Modals
from sandbox.slack.people import People
from sandbox.slack.shortcuts import Shortcuts
from sandbox.slack.views import Views
from sandbox.slack.writing import Writing


class ClientPeople:
    """A person's endpoints."""

    def __init__(
        self,
        people: People,
        writing: Writing,
        marking: Marking,
        shortcuts: Shortcuts,
        modals: Modals,
        views: Views,
        events: Events,
        installation: Installation,
    ) -> None:
        self._people = people
        self._writing = writing
        self._marking = marking
        self._shortcuts = shortcuts
        self._modals = modals
        self._views = views
        self._events = events
        self._installation = installation

    def acts(self) -> dict[str, Act]:
        """By the last word of their address."""
        return {
            "command": self._command,
            "message": self._message,
            "file": self._file,
            "edit": self._edit,
            "delete": self._delete,
            "reaction": self._reaction,
            "pin": self._pin,
            "action": self._action,
            "shortcut": self._shortcut,
            "view": self._view,
            "home": self._home,
        }

    async def _command(self, body: Body) -> Body:
        return await self._people.command(text(body, "user"), text(body, "channel"), text(body, "text"))

    async def _message(self, body: Body) -> Body:
        thread_ts = text(body, "thread_ts") or None
        said = self._writing.say(text(body, "user"), text(body, "channel"), text(body, "text"), thread_ts)
        return {"ts": said.ts}

    async def _file(self, body: Body) -> Body:
        thread_ts = text(body, "thread_ts") or None
        said = self._writing.post_file(text(body, "user"), text(body, "channel"), thread_ts, body)
        return {"ts": said.ts, "file": said.files[0].client()}

    async def _edit(self, body: Body) -> Body:
        self._writing.edit(*_where(body), text(body, "text"))
        return {}

    async def _delete(self, body: Body) -> Body:
        self._writing.delete(*_where(body))
        return {}

    async def _reaction(self, body: Body) -> Body:
        self._marking.react(*_where(body), text(body, "name"), remove=bool(body.get("remove")))
        return {}

    async def _pin(self, body: Body) -> Body:
        self._marking.pin(*_where(body), remove=bool(body.get("remove")))
        return {}

    async def _action(self, body: Body) -> Body:
        await self._people.press(*_where(body), body)
        return {}

    async def _shortcut(self, body: Body) -> Body:
        await self._shortcuts.use(*_where(body), text(body, "callback_id"))
        return {}

    async def _view(self, body: Body) -> Body:
        return await self._modals.act(text(body, "user"), text(body, "view_id"), body)

    async def _home(self, body: Body) -> Body:
        """Open the app's page, its tab "home" or "messages"."""
        user, tab = text(body, "user"), text(body, "tab") or "home"
        self._people.user(user)
        if tab not in ("home", "messages"):
            raise SlackError("invalid_tab", detail="tab is home or messages.")
        if tab == "home" and not self._installation.home_tab:
            raise SlackError("not_enabled", detail="The app's manifest enables no home tab.")
        view: dict[str, Any] | None = self._views.home(user)
        self._events.home_opened(user, tab, view if tab == "home" else None)
        return {"view": view}


def _where(body: Body) -> tuple[str, str, str]:
    return text(body, "user"), text(body, "channel"), text(body, "ts")
