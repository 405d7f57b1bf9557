"""What people of a story do besides commands and buttons: write, mark, open the home tab, answer the pager."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from sandbox.scenarios.stage import button

BOT = "U0RUNBOOK"


class Townspeople:
    """People at the pretend Slack's page and in PagerDuty's app."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Give back the connection."""
        self._http.close()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """An answer of the pretend Slack's page."""
        answer: dict[str, Any] = self._http.get(f"/client/{path}", params=query).json()
        assert answer["ok"], answer
        return answer

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Do something on the pretend Slack's page; the answer says whether it worked."""
        answer: dict[str, Any] = self._http.post(f"/client/{path}", json=body).json()
        return answer

    def say(self, user: str, channel: str, text: str, thread: str = "") -> str:
        """Write a message, or a reply in a thread; its ts."""
        answer = self.post("message", user=user, channel=channel, text=text, thread_ts=thread or None)
        assert answer["ok"], answer
        return str(answer["ts"])

    def mention(self, user: str, channel: str, text: str, thread: str = "") -> str:
        """Mention the bot, in a thread where one is given: "ack" is "@runbook-bot ack"; the message's ts.

        People and groups in the text are as Slack's client sends them: ``<@U0BOB>``, ``<!subteam^S0ONCALL>``.
        """
        return self.say(user, channel, f"<@{BOT}> {text}", thread)

    def attach(self, user: str, channel: str, name: str, content: bytes, *, text: str = "", thread: str = "") -> str:
        """Post a file, with words or none; the message's ts."""
        given = {"name": name, "content": base64.b64encode(content).decode(), "text": text}
        answer = self.post("file", user=user, channel=channel, thread_ts=thread or None, **given)
        assert answer["ok"], answer
        return str(answer["ts"])

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Write one's own message anew."""
        self._do("edit", user=user, channel=channel, ts=ts, text=text)

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Take one's own message away."""
        self._do("delete", user=user, channel=channel, ts=ts)

    def react(self, user: str, channel: str, ts: str, emoji: str, *, remove: bool = False) -> None:
        """Put an emoji ("pushpin") on a message, or take one's own away."""
        self._do("reaction", user=user, channel=channel, ts=ts, name=emoji, remove=remove)

    def pin(self, user: str, channel: str, ts: str, *, remove: bool = False) -> None:
        """Pin a message to its channel, or take the pin away."""
        self._do("pin", user=user, channel=channel, ts=ts, remove=remove)

    def shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> None:
        """Pick one of the bot's shortcuts in a message's menu."""
        self._do("shortcut", user=user, channel=channel, ts=ts, callback_id=callback_id)

    def open_home(self, user: str) -> None:
        """Open the bot's home tab; what it shows is ``home``."""
        self._do("home", user=user)

    def home(self, user: str) -> dict[str, Any]:
        """What the bot's home tab shows somebody now; empty where nothing was published."""
        return self.get("views", user=user)["home"] or {}

    def press_home(self, user: str, label: str) -> None:
        """Press the button with that label on somebody's home tab; it must be there."""
        view = self.home(user)
        action = button({"blocks": [*view["blocks"], *_accessories(view["blocks"])]}, label)
        assert action is not None, f"no button {label} on {view['blocks']}"
        self._do("view", user=user, view_id=view["id"], action="block_action", action_id=action)

    def incidents(self, key: str = "") -> list[dict[str, Any]]:
        """PagerDuty's incidents whose dedup key has this in it, oldest first."""
        return [one for one in self.get("pagerduty")["incidents"] if key in one["dedup_key"]]

    def pager(self, user: str, key: str, action: str, **more: Any) -> None:
        """What somebody does in PagerDuty's app to the newest incident of a key.

        The action is acknowledge, unacknowledge, resolve, reopen, escalate, reassign (``to``) or note (``note``).
        """
        newest = self.incidents(key)[-1]
        self._do("pagerduty", user=user, incident=newest["id"], action=action, **more)

    def mails(self) -> list[dict[str, Any]]:
        """The e-mails that were sent through SES, oldest first: source, to, subject, text."""
        found: list[dict[str, Any]] = self.get("mails")["mails"]
        return found

    def _do(self, path: str, **body: Any) -> None:
        answer = self.post(path, **body)
        assert answer["ok"], answer


def _accessories(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands beside sections, as blocks of its own."""
    return [{"elements": [block["accessory"]]} for block in blocks if "accessory" in block]
