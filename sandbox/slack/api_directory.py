"""auth.*, apps.*, users.*, usergroups.*: who is who."""

from __future__ import annotations

from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.paging import page
from sandbox.slack.sockets import Sockets
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Workspace


class Directory:
    """Methods that tell who is who, and the one that opens a socket."""

    def __init__(self, workspace: Workspace, sockets: Sockets, url: str) -> None:
        self._workspace = workspace
        self._sockets = sockets
        self._url = url

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "api.test": self._test,
            "auth.test": self._who_am_i,
            "apps.connections.open": self._open_connection,
            "users.info": self._user,
            "users.list": self._users,
            "usergroups.list": self._groups,
            "usergroups.users.list": self._group_users,
            "bots.info": self._bot,
        }

    def _test(self, arguments: Arguments) -> dict[str, Any]:
        if arguments.text("error"):
            raise SlackError(arguments.text("error"))
        return {"args": {name: value for name, value in arguments.given.items() if name != "token"}}

    def _who_am_i(self, arguments: Arguments) -> dict[str, Any]:
        return {
            "url": f"{self._url}/",
            "team": "Sandbox",
            "user": seed.BOT_NAME,
            "team_id": seed.TEAM,
            "user_id": seed.BOT_USER,
            "bot_id": seed.BOT,
            "is_enterprise_install": False,
        }

    def _open_connection(self, arguments: Arguments) -> dict[str, Any]:
        address = self._url.replace("http", "ws", 1)
        return {"url": f"{address}/link/?ticket={self._sockets.ticket()}&app_id={seed.APP}"}

    def _user(self, arguments: Arguments) -> dict[str, Any]:
        user = self._workspace.users.get(arguments.required("user", "user_not_found"))
        if user is None:
            raise SlackError("user_not_found")
        return {"user": user}

    def _users(self, arguments: Arguments) -> dict[str, Any]:
        found, more = page(list(self._workspace.users.values()), arguments, default=1000, highest=1000)
        return {"members": found, "cache_ts": int(self._workspace.clock.now()), "response_metadata": more}

    def _groups(self, arguments: Arguments) -> dict[str, Any]:
        return {"usergroups": [self._group(group, arguments) for group in self._workspace.usergroups.values()]}

    def _group(self, group: dict[str, Any], arguments: Arguments) -> dict[str, Any]:
        shown = {"team_id": seed.TEAM, "is_usergroup": True, "description": "", "date_delete": 0, **group}
        if not arguments.flag("include_users"):
            del shown["users"]
        if arguments.flag("include_count"):
            shown["user_count"] = len(group["users"])
        return shown

    def _group_users(self, arguments: Arguments) -> dict[str, Any]:
        group = self._workspace.usergroups.get(arguments.text("usergroup"))
        if group is None:
            raise SlackError("no_such_subteam")
        return {"users": group["users"]}

    def _bot(self, arguments: Arguments) -> dict[str, Any]:
        if arguments.text("bot") != seed.BOT:
            raise SlackError("bot_not_found")
        return {"bot": {"id": seed.BOT, "app_id": seed.APP, "user_id": seed.BOT_USER, "name": seed.BOT_NAME}}
