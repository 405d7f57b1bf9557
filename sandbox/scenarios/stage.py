"""What a story can do: type, read, press, and call AWS; nothing that a person at two windows could not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sandbox.aws.trail import ALICE_KEY
from sandbox.seed.account import Account
from sandbox.seed.catalogue import EcsService, service_of

Found = TypeVar("Found")
Message = dict[str, Any]

ALICE, BOB = "U0ALICE", "U0BOB"
STAR = service_of("usage", "delivery-standard")
"""The service that the stories are about."""
STAR_CHANNEL = "#usage-metrics"

_LOOK_EVERY = 0.25


class StoryError(Exception):
    """The story did not go as it should; the message is a sentence."""


class StoppedError(StoryError):
    """Somebody stopped the sandbox in the middle of a story."""


@dataclass(frozen=True)
class Scenario:
    """A story by name; the summary tells people what they will see."""

    name: str
    summary: str
    play: Callable[[Stage], None]


class Stage:
    """The running sandbox, by the variables of ``.sandbox/env``. ``say`` is told what happens, sentence by sentence.

    ``account`` makes clients of the pretend AWS, and ``config_dir`` is the bot's configuration.
    """

    def __init__(
        self, variables: Mapping[str, str], say: Callable[[str], None], stopping: threading.Event | None = None
    ) -> None:
        self.say = say
        self._http = httpx.Client(base_url=variables["SANDBOX_URL"], timeout=30, trust_env=False)
        # What a story does in the account, Alice does, and not the bot.
        self.account = Account(variables["AWS_ENDPOINT_URL"], ALICE_KEY, variables["AWS_SECRET_ACCESS_KEY"])
        self.config_dir = Path(variables["BOT_CONFIG_DIR"])
        self._commands = dict(word.split("=", 1) for word in variables["SANDBOX_COMMANDS"].split())
        self._stopping = stopping or threading.Event()

    def close(self) -> None:
        """Give back every connection."""
        self._http.close()
        self.account.close()

    def aws(self, service: str, region: str) -> Any:
        """A boto3 client of the pretend account."""
        return self.account.client(service, region)

    def now(self) -> float:
        """The sandbox's time in seconds since the epoch, which may run faster than the world's."""
        return float(self._http.get("/client/clock").json()["now"])

    def slash(self, command: str) -> str:
        """What people type for one of the bot's commands, which may be registered under another name: "/deploy"."""
        return self._commands[command]

    def command(self, user: str, channel: str, text: str) -> None:
        """Type a slash command. Raises StoryError when Slack shows that it failed."""
        self.say(f"{user.removeprefix('U0').title()} types {text} in {channel}")
        answer = self._post("/client/command", {"user": user, "channel": channel, "text": text})
        if not answer["ok"]:
            raise StoryError(f"{text} failed with {answer.get('error')}: {answer.get('detail', '')}")

    def messages(self, channel: str, user: str = ALICE, thread_ts: str | None = None) -> list[Message]:
        """What the user sees in a channel, or in a thread of it, oldest first."""
        query = {"channel": channel, "user": user} | ({"thread_ts": thread_ts} if thread_ts else {})
        answer = self._http.get("/client/messages", params=query).json()
        if not answer["ok"]:
            raise StoryError(f"{channel} cannot be read: {answer.get('error')}")
        messages: list[Message] = answer["messages"]
        return messages

    def message(self, channel: str, ts: str) -> Message:
        """One message of a channel as it stands now. Raises StoryError when it is gone."""
        found = next((message for message in self.messages(channel) if message["ts"] == ts), None)
        if found is None:
            raise StoryError(f"a message of {channel} is gone")
        return found

    def press(self, user: str, channel: str, ts: str, action_id: str) -> None:
        """Press a button of a message. Raises StoryError when it is not there."""
        asked = {"user": user, "channel": channel, "ts": ts, "action_id": action_id}
        answer = self._post("/client/action", asked)
        if not answer["ok"]:
            raise StoryError(f"the button {action_id} cannot be pressed: {answer.get('error')}")

    def until(self, look: Callable[[], Found | None], seconds: float, otherwise: str) -> Found:
        """Look until there is something; StoryError with the sentence ``otherwise`` after so many seconds."""
        deadline = time.monotonic() + seconds
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise StoryError(otherwise)
            self.wait(_LOOK_EVERY)
        return found

    def wait(self, seconds: float) -> None:
        """Let so many seconds of the world's pass. Raises StoppedError when the sandbox stops meanwhile."""
        if self._stopping.wait(seconds):
            raise StoppedError("the sandbox is stopping")

    def newest(self, channel: str) -> str:
        """The ts of the newest message of a channel; "0" where there is none."""
        return max((message["ts"] for message in self.messages(channel)), default="0", key=float)

    def set_fate(self, service: EcsService, fate: str | None) -> None:
        """Decide what befalls the tasks of a service that run now ("oom"); None ends it."""
        ecs = self.aws("ecs", service.region)
        found = ecs.describe_services(cluster=service.cluster, services=[service.service])["services"]
        arn = found[0]["serviceArn"]
        if fate is None:
            ecs.untag_resource(resourceArn=arn, tagKeys=[FATE_TAG])
        else:
            ecs.tag_resource(resourceArn=arn, tags=[{"key": FATE_TAG, "value": fate}])

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(path, json=body).json()
        return answer


FATE_TAG = "sandbox:fate"
"""A tag of an ECS service that the pretend ECS obeys; its values are the fates of image tags."""


def button(message: Message, label: str) -> str | None:
    """The action_id of the button with that label, if the message has one."""
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if element.get("type") == "button" and element["text"]["text"] == label:
                return str(element["action_id"])
    return None
