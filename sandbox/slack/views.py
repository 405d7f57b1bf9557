"""Modals in stacks, home tabs, and the methods that open and change them."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.slack import seed
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import check_view, interactive, with_block_ids
from sandbox.slack.errors import SlackError
from sandbox.slack.files import check_pictures
from sandbox.slack.installation import Installation
from sandbox.slack.interactions import Interactions
from sandbox.slack.web_api import Method
from sandbox.slack.workspace import Tell, Workspace

DEEPEST_STACK = 3

View = dict[str, Any]


class Views:
    """Everybody's open modals, oldest first, and home tabs."""

    def __init__(
        self, workspace: Workspace, interactions: Interactions, tell: Tell, installation: Installation
    ) -> None:
        self._installation = installation
        self._workspace = workspace
        self._interactions = interactions
        self._tell = tell
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {
            "views.open": self._open,
            "views.push": self._push,
            "views.update": self._update,
            "views.publish": self._publish,
        }

    def stack(self, user: str) -> list[View]:
        """A person's open views, oldest first."""
        return self._stacks.setdefault(user, [])

    def home(self, user: str) -> View | None:
        """A person's home tab, if the bot has published one."""
        return self._homes.get(user)

    def of(self, user: str, view_id: str) -> View:
        """An open view, or the person's home tab. Raises SlackError not_found."""
        home = self._homes.get(user)
        shown = [*self.stack(user), *([home] if home is not None else [])]
        found = next((view for view in shown if view["id"] == view_id), None)
        if found is None:
            raise SlackError("not_found")
        return found

    def open(self, user: str, view: Any) -> View:
        """Show a view as the only one."""
        made = self._made(view, [])
        self._stacks[user] = [made]
        self.show(user)
        return made

    def push(self, user: str, view: Any) -> View:
        """Show a view over the others. Raises SlackError push_limit_reached."""
        stack = self.stack(user)
        if len(stack) >= DEEPEST_STACK:
            raise SlackError("push_limit_reached")
        made = self._made(view, stack)
        stack.append(made)
        self.show(user)
        return made

    def replace(self, user: str, old: View, view: Any) -> View:
        """Change a view in place."""
        made = self._made(view, self.stack(user)) | {
            name: old[name] for name in ("id", "root_view_id", "previous_view_id")
        }
        _keep_beginnings(old["blocks"], made["blocks"])
        old.clear()
        old.update(made)
        self.show(user)
        return old

    def close(self, user: str, view: View | None = None) -> None:
        """Close one view, or all of a person's."""
        self._stacks[user] = [] if view is None else [one for one in self.stack(user) if one is not view]
        self.show(user)

    def show(self, user: str) -> None:
        """Tell the person's page what is open."""
        self._tell("view", {"user": user, "views": self.stack(user)}, frozenset((user,)))

    def _made(self, view: Any, below: list[View]) -> View:
        check_view(view)
        check_pictures(view["blocks"], self._workspace.files, "/view/blocks")
        view_id = self._workspace.new_id("V")
        shown: View = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
            **view,
            "id": view_id,
            "team_id": seed.TEAM,
            "app_id": seed.APP,
            "app_installed_team_id": seed.TEAM,
            "bot_id": seed.BOT,
            "state": {"values": {}},
            "hash": f"{int(self._workspace.clock.now())}.{secrets.token_hex(4)}",
            "root_view_id": below[0]["id"] if below else view_id,
            "previous_view_id": below[-1]["id"] if below else None,
        }
        shown["blocks"] = with_block_ids(view["blocks"], self._workspace.number)
        return shown

    def _modal(self, arguments: Arguments) -> Any:
        view = arguments.structure("view", "invalid_arguments")
        if isinstance(view, dict) and view.get("type") == "home":
            raise SlackError("invalid_arguments", ["must be one of: modal [json-pointer:/view/type]"])
        check_view(view)
        external = view.get("external_id")
        if external and any(one["external_id"] == external for stack in self._stacks.values() for one in stack):
            raise SlackError("duplicate_external_id")
        return view

    def _open(self, arguments: Arguments) -> dict[str, Any]:
        view = self._modal(arguments)
        trigger = self._interactions.use_trigger(arguments.required("trigger_id"))
        return {"view": self.open(trigger.user, view)}

    def _push(self, arguments: Arguments) -> dict[str, Any]:
        view = self._modal(arguments)
        trigger = self._interactions.use_trigger(arguments.required("trigger_id"), from_view=True)
        if not self.stack(trigger.user):
            raise SlackError("not_found")
        return {"view": self.push(trigger.user, view)}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        wanted, external = arguments.text("view_id"), arguments.text("external_id")
        for user, stack in self._stacks.items():
            for old in stack:
                if old["id"] == wanted or (external and old["external_id"] == external):
                    _check_hash(arguments, old)
                    return {"view": self.replace(user, old, arguments.structure("view", "invalid_arguments"))}
        raise SlackError("not_found")

    def _publish(self, arguments: Arguments) -> dict[str, Any]:
        if not self._installation.home_tab:
            raise SlackError("not_enabled")
        user = arguments.required("user_id")
        if user not in self._workspace.users:
            raise SlackError("user_not_found")
        view = arguments.structure("view", "invalid_arguments")
        if not isinstance(view, dict) or view.get("type") != "home":
            raise SlackError("invalid_arguments", ["must be one of: home [json-pointer:/view/type]"])
        old = self._homes.get(user)
        if old is not None:
            _check_hash(arguments, old)
        made = self._made(view, [])
        self._homes[user] = made if old is None else made | {"id": old["id"], "root_view_id": old["id"]}
        self._tell("home", {"user": user, "view": self._homes[user]}, frozenset((user,)))
        return {"view": self._homes[user]}


def _check_hash(arguments: Arguments, old: View) -> None:
    if arguments.text("hash") not in ("", old["hash"]):
        raise SlackError("hash_conflict")


def _keep_beginnings(before: list[Any], after: list[Any]) -> None:
    """An input that Slack knows by its ids goes on as it was, whatever an update wants it to begin with.

    https://github.com/slackapi/bolt-python/issues/572
    """
    known = {(block["block_id"], element["action_id"]): element for block, element in interactive(before)}
    for block, element in interactive(after):
        old = known.get((block["block_id"], element["action_id"]))
        if old is None or old["type"] != element["type"]:
            continue
        kept = {name: value for name, value in old.items() if name.startswith("initial_")}
        for name in [name for name in element if name.startswith("initial_")]:
            del element[name]
        element.update(kept)
